/* CIELAB (CIE 1976) of 8-bit sRGB under D65, 2 degree observer. */
#ifndef DC3_METRICS_LAB_H
#define DC3_METRICS_LAB_H

#include <stdint.h>

/* rgb [pixels, 3] to lab [pixels, 3]: L* 0 to 100, a* and b* about -108 to 98. Matrix, white point and
 * constants are scikit-image's (rgb2lab). Grey has a* and b* of up to 0.01 in them, as there. */
void dc3_lab_of_srgb(const uint8_t *rgb, int64_t pixels, double *lab);

#endif
