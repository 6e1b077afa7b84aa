#include "metrics/density_distance.h"

#include <math.h>

enum { N = DC3_DENSITY_GRID };

void dc3_density_curve_of(const int64_t count[DC3_LEVELS], double h, dc3_density_curve *curve)
{
    double x[N], sum = 0;
    curve->step = (1 + 12 * h) / (N - 1);
    for (int i = 0; i < N; i++) x[i] = -6 * h + i * curve->step;
    dc3_density(count, h, N, x, curve->p);
    for (int i = 0; i < N; i++) sum += curve->p[i];
    for (int i = 0; i < N; i++) curve->p[i] /= sum;
}

double dc3_density_entropy(const dc3_density_curve *curve)
{
    const double *p = curve->p;
    double sum = 0;
    for (int i = 0; i < N; i++)
        if (!(p[i] <= 0)) sum -= p[i] * log2(p[i] / curve->step);
    return sum;
}

double dc3_density_distance(const dc3_density_curve *a, const dc3_density_curve *b)
{
    const double *p = a->p, *q = b->p;
    double sum = 0;
    for (int i = 0; i < N; i++) {
        double m = (p[i] + q[i]) / 2;
        if (!(p[i] <= 0)) sum += p[i] * log2(p[i] / m);
        if (!(q[i] <= 0)) sum += q[i] * log2(q[i] / m);
    }
    return isnan(sum) ? NAN : sqrt(fmax(0, sum / 2));
}

double dc3_levels_distance(const int64_t a[DC3_LEVELS], const int64_t b[DC3_LEVELS])
{
    double n = 0, m = 0, f = 0, g = 0, sum = 0;
    for (int i = 0; i < DC3_LEVELS; i++) n += (double)a[i], m += (double)b[i];
    for (int i = 0; i < DC3_LEVELS; i++) {
        f += (double)a[i], g += (double)b[i];
        sum += fabs(f / n - g / m);
    }
    return sum / 255;
}
