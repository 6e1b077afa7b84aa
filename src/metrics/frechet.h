/* The Frechet distance of two normal distributions (Dowson and Landau 1982), which on Inception's features is
 * the FID (Heusel et al. 2017). */
#ifndef DC3_METRICS_FRECHET_H
#define DC3_METRICS_FRECHET_H

#include "metrics/moments.h"

/* |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)), 0 or more, of as many features. The root's trace is the sum of
 * the roots of the eigenvalues of B^T S2 B with S1 = B B^T, which are those of S1 S2; both problems are
 * symmetric, so covariances of fewer rows than features need nothing added. Time d^3. DC3_ERR_ARGUMENT for
 * fewer than two rows. */
dc3_status dc3_frechet_distance(dc3_moments *a, dc3_moments *b, double *distance);

#endif
