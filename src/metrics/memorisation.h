/* Whether a generator gives back what it was trained on. */
#ifndef DC3_METRICS_MEMORISATION_H
#define DC3_METRICS_MEMORISATION_H

#include <stdint.h>
#include "base/status.h"

/* The share of made rows that lie no farther from their nearest training row than that one lies from its
 * nearest other training row: those that Alaa et al. 2022 call not authentic. Of copies it is 1; what
 * it is of rows that are drawn like the training rows depends on their distribution. train [n, d], made [m,
 * d]; NaN for n < 2 or m < 1. Time n m d. DC3_ERR_CANCELLED or DC3_ERR_MEMORY. */
dc3_status dc3_memorised(int64_t d, int64_t n, const float *train, int64_t m, const float *made,
                         double *share);

#endif
