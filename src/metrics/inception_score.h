/* The Inception score (Salimans et al. 2016): exp of the mean of KL(p(y | x) || p(y)), over parts of the
 * images. */
#ifndef DC3_METRICS_INCEPTION_SCORE_H
#define DC3_METRICS_INCEPTION_SCORE_H

#include <stdint.h>
#include "base/status.h"

typedef struct dc3_inception_score dc3_inception_score;

/* Of `classes` classes, over `parts` parts (usually 10). The caller closes it. */
dc3_status dc3_inception_score_open(int64_t classes, int parts, dc3_inception_score **score);
/* Accepts NULL; nulls. */
void dc3_inception_score_close(dc3_inception_score **score);
/* Adds an image's logits [classes] to a part. */
void dc3_inception_score_add(dc3_inception_score *score, int part, const float *logits);
/* The part of the image of this rank among n: rank p n / parts begins part p, rounded down. */
int dc3_inception_score_part(int64_t rank, int64_t n, int parts);
/* Mean and deviation (n) over the parts that have an image, 1 (no classes) to `classes`; NaN without any. */
void dc3_inception_score_get(const dc3_inception_score *score, double *mean, double *deviation);

#endif
