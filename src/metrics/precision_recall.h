/* How far two sets of features cover each other. The manifold of a set is the union of balls about its rows,
 * each as wide as the distance to the row's k-th nearest other one. */
#ifndef DC3_METRICS_PRECISION_RECALL_H
#define DC3_METRICS_PRECISION_RECALL_H

#include <stdint.h>
#include "base/status.h"

/* Neighbours: of precision and recall as in Kynkaanniemi et al. 2019, of density and coverage as in Naeem et
 * al. 2020. */
enum { DC3_MANIFOLD_K = 3, DC3_DENSITY_K = 5 };

/* NaN where a set has no k-th neighbour. */
typedef struct dc3_precision_recall {
    double precision, recall; /* shares of made rows in the real manifold, of real ones in the made */
    double density;           /* real balls that a made row lies in, on average, divided by k; may exceed 1 */
    double coverage;          /* share of real balls with a made row in them */
} dc3_precision_recall;

/* real [n, d], made [m, d]. Time (n + m)^2 d, memory n + m. DC3_ERR_CANCELLED or DC3_ERR_MEMORY. */
dc3_status dc3_precision_recall_of(int64_t d, int64_t n, const float *real, int64_t m, const float *made,
                                   dc3_precision_recall *result);

#endif
