/* Peak signal-to-noise ratio. */
#ifndef DC3_METRICS_PSNR_H
#define DC3_METRICS_PSNR_H

#include <stdint.h>

/* a, b [values] in 0 to 255: 10 log10(255^2 / mean squared difference) in dB; infinite where they are equal.
 */
double dc3_psnr(const uint8_t *a, const uint8_t *b, int64_t values);

#endif
