/* Colourfulness of an image (Hasler and Suesstrunk 2003, "Measuring colourfulness in natural images"). */
#ifndef DC3_METRICS_COLOURFULNESS_H
#define DC3_METRICS_COLOURFULNESS_H

#include <stdint.h>

/* rgb [pixels, 3]. With rg = R - G and yb = (R + G) / 2 - B over all pixels:
 * sqrt(var(rg) + var(yb)) + 0.3 sqrt(mean(rg)^2 + mean(yb)^2); 0 is grey, over 100 is extremely colourful. */
double dc3_colourfulness(const uint8_t *rgb, int64_t pixels);

#endif
