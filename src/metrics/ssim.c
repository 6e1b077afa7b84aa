#include "metrics/ssim.h"

#include <math.h>
#include <stdlib.h>

/* Weighted sums under a window: of x, y, x^2, y^2, x y. */
enum { SUMS = 5, W = DC3_SSIM_WINDOW };

static void fill_gaussian(double g[W])
{
    const int middle = W / 2;
    double sum = 0;
    for (int i = 0; i < W; i++) {
        double d = (i - middle) / 1.5;
        sum += g[i] = exp(-0.5 * d * d);
    }
    for (int i = 0; i < W; i++) g[i] /= sum;
}

static double luminance(const uint8_t *p)
{
    return 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
}

/* The sums down the W rows from `a`, `b` on, for each column: columns [width, SUMS]. */
static void down(const double g[W], const uint8_t *a, const uint8_t *b, int width, double *columns)
{
    for (int x = 0; x < width; x++) {
        double s[SUMS] = {0};
        for (int i = 0; i < W; i++) {
            size_t at = ((size_t)i * (size_t)width + (size_t)x) * 3;
            double p = luminance(a + at), q = luminance(b + at);
            s[0] += g[i] * p, s[1] += g[i] * q;
            s[2] += g[i] * p * p, s[3] += g[i] * q * q, s[4] += g[i] * p * q;
        }
        for (int k = 0; k < SUMS; k++) columns[x * SUMS + k] = s[k];
    }
}

/* Of one window: its W columns. */
static double window(const double g[W], const double *columns)
{
    const double c1 = 0.01 * 255 * 0.01 * 255, c2 = 0.03 * 255 * 0.03 * 255;
    double s[SUMS] = {0};
    for (int i = 0; i < W; i++)
        for (int k = 0; k < SUMS; k++) s[k] += g[i] * columns[i * SUMS + k];
    double vx = s[2] - s[0] * s[0], vy = s[3] - s[1] * s[1], vxy = s[4] - s[0] * s[1];
    return (2 * s[0] * s[1] + c1) * (2 * vxy + c2) / ((s[0] * s[0] + s[1] * s[1] + c1) * (vx + vy + c2));
}

dc3_status dc3_ssim(const uint8_t *a, const uint8_t *b, int width, int height, double *ssim)
{
    double g[W], sum = 0;
    *ssim = NAN;
    if (width < W || height < W) return DC3_OK;
    double *columns = malloc((size_t)width * SUMS * sizeof *columns);
    if (!columns) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    fill_gaussian(g);
    for (int y = 0; y + W <= height; y++) {
        size_t at = (size_t)y * (size_t)width * 3;
        down(g, a + at, b + at, width, columns);
        for (int x = 0; x + W <= width; x++) sum += window(g, columns + x * SUMS);
    }
    free(columns);
    *ssim = sum / ((double)(width - W + 1) * (height - W + 1));
    return DC3_OK;
}
