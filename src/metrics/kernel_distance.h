/* The kernel distance of features, which on Inception's is the KID (Binkowski et al. 2018): the unbiased
 * squared maximum mean discrepancy with the kernel k(x, y) = (x y / d + 1)^3. */
#ifndef DC3_METRICS_KERNEL_DISTANCE_H
#define DC3_METRICS_KERNEL_DISTANCE_H

#include "metrics/feature_sample.h"

/* Mean and deviation (n) over `subsets` draws of `size` rows of each, without repetition; `size` is at most
 * the rows of either, and 2 or more, else NaN. The mean may lie a little below 0. */
dc3_status dc3_kernel_distance(const dc3_feature_sample *a, const dc3_feature_sample *b, int subsets,
                               int64_t size, uint64_t seed, double *mean, double *deviation);
/* The standard error of the distance from its values on `blocks` disjoint parts: their deviation (n - 1)
 * divided by sqrt(blocks). Of `count` rows block i has rows floor((t blocks + i) count / (size blocks)) for t
 * in 0..size-1, with the size that the fewer rows allow: spread evenly, as rows stand in the order of their
 * classes. NaN where a block would have fewer than two rows. */
dc3_status dc3_kernel_error(const dc3_feature_sample *a, const dc3_feature_sample *b, int blocks,
                            double *error);

#endif
