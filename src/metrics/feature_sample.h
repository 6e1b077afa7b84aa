/* Rows drawn evenly from a stream (reservoir sampling, algorithm R of Vitter 1985): all of it while they are
 * no more than `most`. */
#ifndef DC3_METRICS_FEATURE_SAMPLE_H
#define DC3_METRICS_FEATURE_SAMPLE_H

#include <stdint.h>
#include "base/status.h"

typedef struct dc3_feature_sample dc3_feature_sample;

/* Of rows of d values. The caller closes it. */
dc3_status dc3_feature_sample_open(int64_t d, int64_t most, uint64_t seed, dc3_feature_sample **sample);
/* Accepts NULL; nulls. */
void dc3_feature_sample_close(dc3_feature_sample **sample);
/* x [d] */
dc3_status dc3_feature_sample_add(dc3_feature_sample *sample, const float *x);
int64_t dc3_feature_sample_count(const dc3_feature_sample *sample);
int64_t dc3_feature_sample_size(const dc3_feature_sample *sample); /* d */
/* [count, d], those of the first images first while it has all; until the next is added. */
const float *dc3_feature_sample_rows(const dc3_feature_sample *sample);

#endif
