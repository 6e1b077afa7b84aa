/* How a method chooses rows of one class: a file a method. Features arrive as tensors. */
#ifndef DC3_SELECT_CHOOSE_H
#define DC3_SELECT_CHOOSE_H

#include <stdint.h>
#include "base/rng.h"
#include "base/status.h"
#include "dc3/select.h"
#include "select/memory.h"

/* The rows to choose from: m rows of one class, or of one bin of it. */
typedef struct dc3_candidates {
    dc3_meter *meter;
    const dc3_select_options *options;
    int64_t m, d, c;
    const int64_t *rows;              /* [m], their numbers in embeddings and logits */
    const float *embeddings, *logits; /* [.., d] and [.., c]; NULL where the method needs none */
    int64_t label;                    /* of all of them; names their random numbers */
    uint64_t item;                    /* names the bin's random numbers */
    const int64_t *first;             /* in 0..m-1, that an objective's choice is to begin with; NULL: any */
    double *gains; /* [count] to fill by a chooser that maximises: what each pick added to the set function;
                      or NULL */
} dc3_candidates;

/* picks [count], 1 <= count <= m: different numbers in 0..m-1, in the order chosen. The same for any number
 * of threads. */
typedef dc3_status dc3_chooser(const dc3_candidates *from, int64_t count, int64_t *picks);

/* Objective and maximizer as the options say; the chooser of each bin of dc3. */
dc3_chooser dc3_choose_submodular;
dc3_chooser dc3_choose_graph_cut, dc3_choose_nearest_to_centres, dc3_choose_herding, dc3_choose_k_center,
    dc3_choose_dataset_quantization;
/* Which need a teacher's embeddings and logits. */
dc3_chooser dc3_choose_balanced_patterns, dc3_choose_confident_then_hard;
/* As nearest_to_centres, in another order. */
dc3_chooser dc3_choose_largest_clusters;

/* Exactly options->ipc rows of each class, from the whole class at once: as dc3_select_rows, but for the
 * chooser. logits may be NULL. */
dc3_status dc3_select_by(const dc3_select_options *options, dc3_chooser *chooser, int64_t n, int64_t d,
                         int64_t c, const float *embeddings, const float *logits, const int64_t *labels,
                         dc3_selection *selection);

/* The first `count` numbers of a random permutation of 0..n-1 into order [n], which becomes that permutation
 * as far. They do not depend on `count`. */
void dc3_shuffle(dc3_rng *rng, int64_t n, int64_t count, int64_t *order);
/* The random order of a class: what the method `random` takes the first rows of. */
void dc3_random_order(uint64_t seed, int64_t label, int64_t n, int64_t count, int64_t *order);

/* The bins of dataset quantization: bins [m] in 0..count-1, 1 <= count <= m. */
dc3_status dc3_quantization_bins(const dc3_candidates *from, int64_t count, int64_t *bins);

#endif
