/* The kernel distance of features, which on Inception's is the KID (Binkowski et al. 2018): the unbiased
 * squared maximum mean discrepancy with the kernel k(x, y) = (x y / d + 1)^3, over random subsets. */
#ifndef DC3_METRICS_KERNEL_DISTANCE_H
#define DC3_METRICS_KERNEL_DISTANCE_H

#include <stdint.h>
#include "base/status.h"

/* Rows drawn evenly from a stream (reservoir sampling, algorithm R of Vitter 1985): all of it while they are
 * no more than `most`. */
typedef struct dc3_feature_sample dc3_feature_sample;

/* Of rows of d values. The caller closes it. */
dc3_status dc3_feature_sample_open(int64_t d, int64_t most, uint64_t seed, dc3_feature_sample **sample);
/* Accepts NULL; nulls. */
void dc3_feature_sample_close(dc3_feature_sample **sample);
/* x [d] */
dc3_status dc3_feature_sample_add(dc3_feature_sample *sample, const float *x);
int64_t dc3_feature_sample_count(const dc3_feature_sample *sample);

/* Mean and deviation (n) over `subsets` draws of `size` rows of each, without repetition; `size` is at most
 * the rows of either, and 2 or more, else NaN. The mean may lie a little below 0. */
dc3_status dc3_kernel_distance(const dc3_feature_sample *a, const dc3_feature_sample *b, int subsets,
                               int64_t size, uint64_t seed, double *mean, double *deviation);

#endif
