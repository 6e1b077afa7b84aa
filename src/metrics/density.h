/* The density of a colour channel over all pixels of a dataset: a Gaussian kernel density estimate
 *
 *   p(x) = 1 / (n h sqrt(2 pi)) sum_i exp(-(x - x_i)^2 / (2 h^2)),   x_i = level / 255.
 *
 * Pixels have 256 levels, so their counts hold all of them: an image is added in time linear in its pixels,
 * the memory does not depend on their number, and the curve is that of all pixels without any error of
 * binning. */
#ifndef DC3_METRICS_DENSITY_H
#define DC3_METRICS_DENSITY_H

#include <stdint.h>

enum { DC3_LEVELS = 256 };

/* Pixels by their level of red, green, blue; zero to begin with. */
typedef struct dc3_levels {
    int64_t count[3][DC3_LEVELS];
} dc3_levels;

/* rgb [pixels, 3] */
void dc3_levels_add(dc3_levels *levels, const uint8_t *rgb, int64_t pixels);
void dc3_levels_merge(dc3_levels *to, const dc3_levels *from);

/* Scott's rule (1992): h = s n^(-1/5) with the deviation s (n - 1) of the normalised values, as scipy's
 * gaussian_kde; but at least 1 / 255, below which the curve would show the levels themselves. */
double dc3_scott_bandwidth(const int64_t count[DC3_LEVELS]);
/* p at x [n]; 0 everywhere where nothing was counted. */
void dc3_density(const int64_t count[DC3_LEVELS], double bandwidth, int64_t n, const double *x,
                 double *density);

#endif
