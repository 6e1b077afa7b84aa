/* Numbers of density curves: how spread out a channel's values are, and how far apart those of two datasets
 * are. Integrals are sums over a grid of DC3_DENSITY_GRID points from -6 h to 1 + 6 h. */
#ifndef DC3_METRICS_DENSITY_DISTANCE_H
#define DC3_METRICS_DENSITY_DISTANCE_H

#include "metrics/density.h"

enum { DC3_DENSITY_GRID = 1024 };

/* A curve on the grid; NaN where nothing was counted. */
typedef struct dc3_density_curve {
    double step;                /* between the grid's points */
    double p[DC3_DENSITY_GRID]; /* probabilities of the points, which sum to 1 */
} dc3_density_curve;
void dc3_density_curve_of(const int64_t count[DC3_LEVELS], double bandwidth, dc3_density_curve *curve);

/* Differential entropy -integral p log2 p of the curve, in bits: about 0 where all levels are equally
 * frequent, below that the more the values crowd together. NaN where nothing was counted. */
double dc3_density_entropy(const dc3_density_curve *curve);
/* Jensen-Shannon distance of two curves of one bandwidth, sqrt((KL(p || m) + KL(q || m)) / 2) with m = (p +
 * q) / 2 in bits: 0 (equal) to 1 (nothing in common). NaN where nothing was counted in one. */
double dc3_density_distance(const dc3_density_curve *a, const dc3_density_curve *b);
/* Wasserstein-1 distance of the levels themselves, integral |F - G|, in units of the normalised value (0 to
 * 1): how far values must be moved on average. It needs no bandwidth. */
double dc3_levels_distance(const int64_t a[DC3_LEVELS], const int64_t b[DC3_LEVELS]);

#endif
