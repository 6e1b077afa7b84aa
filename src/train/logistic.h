/* Multinomial logistic regression on arrays. */
#ifndef DC3_TRAIN_LOGISTIC_H
#define DC3_TRAIN_LOGISTIC_H

#include <stdint.h>
#include "base/status.h"

/* What is to be told apart. */
typedef struct dc3_logistic_data {
    int64_t n, d, classes;
    const float *x;   /* [n, d] */
    const int32_t *y; /* [n], 0 to classes - 1 */
    int threads;      /* 1 or more; results do not depend on it */
} dc3_logistic_data;

/* Minimises over W [classes, d] and b [classes]
 *     f(W, b) = 1/n sum_i -log softmax(W x_i + b)[y_i] + decay/2 |W|^2
 * (scikit-learn's with C = 1 / (n decay)) by L-BFGS (Nocedal 1980; the last ten steps), until no derivative
 * is above 1e-5 or f falls no more, at most 1,000 steps. weights [classes, d + 1], W with b as the last
 * column: where it begins, and the result. *loss: f there. decay is above 0. DC3_ERR_MEMORY,
 * DC3_ERR_CANCELLED; DC3_ERR_FORMAT where f is not finite. */
dc3_status dc3_logistic_fit(const dc3_logistic_data *data, double decay, double *weights, double *loss);

/* The mean of -log softmax(W x_i + b)[y_i], and the share of rows whose largest answer is y_i; of equal ones
 * the first counts. DC3_ERR_MEMORY. */
dc3_status dc3_logistic_test(const dc3_logistic_data *data, const double *weights, double *loss,
                             double *right);

#endif
