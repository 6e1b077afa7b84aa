/* The colour difference CIEDE2000 (CIE 142-2001; formulas as Sharma, Wu and Dalal 2005 write them). */
#ifndef DC3_METRICS_DELTA_E_2000_H
#define DC3_METRICS_DELTA_E_2000_H

#include <stdint.h>

/* a, b: L*, a*, b*. Weights kL = kC = kH = 1. 0: equal; about 1 can just be seen; black to white is 100. */
double dc3_delta_e_2000(const double a[3], const double b[3]);
/* The mean over pixels: a, b [pixels, 3] of sRGB. NaN where pixels < 1. */
double dc3_mean_delta_e_2000(const uint8_t *a, const uint8_t *b, int64_t pixels);

#endif
