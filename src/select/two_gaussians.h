/* A mixture of two normal distributions of one variable. */
#ifndef DC3_SELECT_TWO_GAUSSIANS_H
#define DC3_SELECT_TWO_GAUSSIANS_H

#include <stdint.h>

typedef struct dc3_two_gaussians {
    double weight[2], mean[2], variance[2]; /* mean[0] <= mean[1] */
} dc3_two_gaussians;

/* Fits x [n], ascending, n >= 2, by expectation maximisation, as scikit-learn's GaussianMixture with two
 * components does by default: 1e-6 is added to variances, and it ends once the mean log-likelihood changes by
 * less than 1e-3, or after 100 rounds. It starts from the best split into two by squares, which
 * scikit-learn's k-means may miss. parts [n, 2] is scratch. 0 where all values are equal: there are no two.
 */
int dc3_fit_two_gaussians(int64_t n, const double *x, double *parts, dc3_two_gaussians *mixture);

/* Where weight[0] N_0 falls below weight[1] N_1 between the means; INFINITY where it does not. */
double dc3_gaussians_meet(const dc3_two_gaussians *mixture);

#endif
