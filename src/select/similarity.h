/* Similarities of the rows of one bin, never as one large feature matrix. */
#ifndef DC3_SELECT_SIMILARITY_H
#define DC3_SELECT_SIMILARITY_H

#include <stdint.h>
#include "dc3/select.h"
#include "base/status.h"
#include "select/memory.h"

/* Unit factors a [m, ca] and b [m, cb] with cos(f_i, f_j) = <a_i, a_j> <b_i, b_j>; b is NULL for plain
 * features. */
typedef struct dc3_similarity {
    int64_t m, ca, cb;
    double *a, *b;
    dc3_meter *meter;
} dc3_similarity;

/* Rows rows[0..m) of embeddings [.., d] and logits [.., c] (or NULL); label is theirs. */
dc3_status dc3_similarity_open(dc3_meter *meter, int64_t m, const int64_t *rows, int64_t d, int64_t c,
                               const float *embeddings, const float *logits, int64_t label,
                               dc3_gradient gradient, dc3_similarity *similarity);
void dc3_similarity_close(dc3_similarity *similarity);
/* s_ij = 0.5 + 0.5 cos for rows i = first .. first + count - 1 and all j: out [count, m]. scratch [count, m].
 */
void dc3_similarity_block(const dc3_similarity *similarity, int64_t first, int64_t count, double *out,
                          double *scratch);
enum { DC3_SIMILARITY_BLOCK = 64 };
/* sums[j] = sum_i s_ij over all rows i: by blocks, O(m^2 (ca + cb)), or, where that is less, of the rows'
 * mean feature, O(m ca cb). block is scratch [2 DC3_SIMILARITY_BLOCK, m]. DC3_ERR_MEMORY. */
dc3_status dc3_similarity_sums(const dc3_similarity *similarity, double *block, double *sums);

#endif
