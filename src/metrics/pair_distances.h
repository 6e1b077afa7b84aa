/* Squared Euclidean distances of all pairs of two sets of rows, a tile at a time, so that memory does not
 * grow with the number of pairs. */
#ifndef DC3_METRICS_PAIR_DISTANCES_H
#define DC3_METRICS_PAIR_DISTANCES_H

#include <stdint.h>
#include "base/status.h"

/* squares [rows, columns]: those of rows i.. of x and j.. of y, in f64 as |x|^2 + |y|^2 - 2 x y, 0 or more:
 * relative to |x|^2 + |y|^2 about 1e-15 off. */
typedef void dc3_pair_visit(void *user, int64_t i, int64_t rows, int64_t j, int64_t columns,
                            const double *squares);

/* x [n, d], y [m, d]. Tiles come in the order of i, for each in the order of j. DC3_ERR_CANCELLED or
 * DC3_ERR_MEMORY. Time n m d. */
dc3_status dc3_pair_distances(int64_t d, int64_t n, const float *x, int64_t m, const float *y,
                              dc3_pair_visit *visit, void *user);
/* Of two rows [d], summed as it is written, so that of equal rows it is 0. */
double dc3_squared_distance(int64_t d, const float *x, const float *y);

#endif
