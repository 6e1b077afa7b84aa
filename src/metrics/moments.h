/* Mean and covariance of rows that come one after the other, in f64: memory d^2, whatever their number. */
#ifndef DC3_METRICS_MOMENTS_H
#define DC3_METRICS_MOMENTS_H

#include <stdint.h>
#include "base/status.h"

typedef struct dc3_moments dc3_moments;

/* Of rows of d values. The caller closes it. */
dc3_status dc3_moments_open(int64_t d, dc3_moments **moments);
/* Accepts NULL; nulls. */
void dc3_moments_close(dc3_moments **moments);
/* x [n, d]. How the rows are cut into calls changes nothing. */
void dc3_moments_add(dc3_moments *moments, int64_t n, const float *x);
int64_t dc3_moments_count(const dc3_moments *moments);
int64_t dc3_moments_size(const dc3_moments *moments);
/* The rows [n, d], each less the first of them, while they are few; else NULL. Until the next is added. */
const double *dc3_moments_rows(const dc3_moments *moments);
/* mean [d] and covariance [d, d] (over n - 1) of two rows or more; DC3_ERR_ARGUMENT of fewer. */
dc3_status dc3_moments_get(dc3_moments *moments, double *mean, double *covariance);

#endif
