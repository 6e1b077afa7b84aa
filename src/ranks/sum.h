/* Vectors that all ranks add up, as the gradients of a batch's parts: in the order of the parts, so that the
 * sum has the same bytes whoever has which part. Each rank makes the same calls; with one rank all parts are
 * its own. */
#ifndef DC3_RANKS_SUM_H
#define DC3_RANKS_SUM_H

#include <stdint.h>
#include "base/status.h"

typedef struct dc3_sum dc3_sum;

/* Of `parts` vectors of `values` values each, 1 or more of both. Only one is open at a time. DC3_ERR_MEMORY.
 */
dc3_status dc3_sum_open(int parts, int64_t values, dc3_sum **sum);
/* Accepts NULL; nulls. */
void dc3_sum_close(dc3_sum **sum);
/* Whether this rank has the part: every n-th, of n ranks. */
int dc3_sum_has(const dc3_sum *sum, int part);
/* Hands in a part of this rank's, in ascending order, and takes what has come of the others'. */
dc3_status dc3_sum_add(dc3_sum *sum, int part, const float *values);
/* When all of this rank's have been handed in: waits for the others', and for ((part 0 + part 1) + part 2) +
 * ... in total [values]. The next call of dc3_sum_add begins another round. Fails where a rank is lost, or
 * with DC3_ERR_CANCELLED, also where rank 0 ends. */
dc3_status dc3_sum_take(dc3_sum *sum, float *total);
/* Waits until all ranks have come here, while no sum is open; fails as dc3_sum_take does. */
dc3_status dc3_ranks_meet(void);

#endif
