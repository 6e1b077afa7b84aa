#include "metrics/lab.h"

#include <math.h>
#include <pthread.h>

/* What the 256 levels of sRGB (IEC 61966-2-1) are in linear light; made once for all threads. */
static double linear[256];
static pthread_once_t made = PTHREAD_ONCE_INIT;

static void fill_linear(void)
{
    for (int i = 0; i < 256; i++) {
        double v = i / 255.0;
        linear[i] = v > 0.04045 ? pow((v + 0.055) / 1.055, 2.4) : v / 12.92;
    }
}

static double root(double t)
{
    return t > 0.008856 ? cbrt(t) : 7.787 * t + 16.0 / 116.0;
}

void dc3_lab_of_srgb(const uint8_t *rgb, int64_t pixels, double *lab)
{
    pthread_once(&made, fill_linear);
    for (int64_t i = 0; i < pixels; i++) {
        double r = linear[rgb[3 * i]], g = linear[rgb[3 * i + 1]], b = linear[rgb[3 * i + 2]];
        double x = root((0.412453 * r + 0.357580 * g + 0.180423 * b) / 0.95047);
        double y = root(0.212671 * r + 0.715160 * g + 0.072169 * b);
        double z = root((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.08883);
        lab[3 * i] = 116 * y - 16;
        lab[3 * i + 1] = 500 * (x - y);
        lab[3 * i + 2] = 200 * (y - z);
    }
}
