#include "metrics/density.h"

#include <math.h>

void dc3_levels_add(dc3_levels *levels, const uint8_t *rgb, int64_t pixels)
{
    for (int64_t i = 0; i < pixels; i++)
        for (int c = 0; c < 3; c++) levels->count[c][rgb[3 * i + c]]++;
}

void dc3_levels_merge(dc3_levels *to, const dc3_levels *from)
{
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < DC3_LEVELS; i++) to->count[c][i] += from->count[c][i];
}

double dc3_scott_bandwidth(const int64_t count[DC3_LEVELS])
{
    const double least = 1.0 / 255;
    double n = 0, mean = 0, squares = 0;
    for (int i = 0; i < DC3_LEVELS; i++) n += (double)count[i], mean += (double)count[i] * i / 255;
    if (n < 2) return least;
    mean /= n;
    for (int i = 0; i < DC3_LEVELS; i++)
        squares += (double)count[i] * (i / 255.0 - mean) * (i / 255.0 - mean);
    double h = sqrt(squares / (n - 1)) * pow(n, -0.2);
    return h > least ? h : least;
}

/* Levels farther away than this many bandwidths add less than 1e-17 of their share. */
static const double reach = 9;

static double density_at(const int64_t count[DC3_LEVELS], double h, double x)
{
    double first = ceil((x - reach * h) * 255), last = floor((x + reach * h) * 255), sum = 0;
    int low = first > 0 ? (int)fmin(first, DC3_LEVELS) : 0,
        high = last < DC3_LEVELS - 1 ? (int)last : DC3_LEVELS - 1;
    for (int i = low; i <= high; i++) {
        double d = (x - i / 255.0) / h;
        if (count[i]) sum += (double)count[i] * exp(-0.5 * d * d);
    }
    return sum;
}

void dc3_density(const int64_t count[DC3_LEVELS], double h, int64_t n, const double *x, double *density)
{
    const double root = 2.50662827463100050242; /* sqrt(2 pi) */
    double pixels = 0;
    for (int i = 0; i < DC3_LEVELS; i++) pixels += (double)count[i];
    for (int64_t k = 0; k < n; k++)
        density[k] = pixels > 0 ? density_at(count, h, x[k]) / (pixels * h * root) : 0;
}
