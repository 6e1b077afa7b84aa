/* k-means clustering of one class. */
#ifndef DC3_SELECT_KMEANS_H
#define DC3_SELECT_KMEANS_H

#include <stdint.h>
#include "base/status.h"
#include "select/memory.h"

/* x [n, d] to cluster numbers [n] in 0..k-1, 1 <= k <= n. The best of `starts` runs. Every cluster gets a
 * point unless there are fewer different points than k. The same (seed, item) gives the same clusters.
 * inertia: the sum of squared distances to the centres, or NULL. */
dc3_status dc3_kmeans(dc3_meter *meter, int64_t n, int64_t d, const float *x, int k, int starts,
                      uint64_t seed, uint64_t item, int *clusters, double *inertia);

#endif
