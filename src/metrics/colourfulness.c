#include "metrics/colourfulness.h"

#include <math.h>

double dc3_colourfulness(const uint8_t *rgb, int64_t pixels)
{
    double rg = 0, rg2 = 0, yb = 0, yb2 = 0, n = (double)pixels;
    if (pixels < 1) return 0;
    for (int64_t i = 0; i < pixels; i++) {
        double r = rgb[3 * i], g = rgb[3 * i + 1], b = rgb[3 * i + 2];
        double first = r - g, second = 0.5 * (r + g) - b;
        rg += first, rg2 += first * first;
        yb += second, yb2 += second * second;
    }
    rg /= n, yb /= n;
    double variance = rg2 / n - rg * rg + yb2 / n - yb * yb;
    return sqrt(variance > 0 ? variance : 0) + 0.3 * sqrt(rg * rg + yb * yb);
}
