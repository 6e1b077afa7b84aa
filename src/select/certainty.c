#include "select/certainty.h"

#include <math.h>
#include <stdlib.h>

/* log sum_k exp z_k without k = skip; -1: of all. */
static double log_sum(int64_t c, const float *z, int64_t skip)
{
    double most = -INFINITY, sum = 0;
    for (int64_t k = 0; k < c; k++)
        if (k != skip && z[k] > most) most = z[k];
    if (isinf(most)) return most;
    for (int64_t k = 0; k < c; k++)
        if (k != skip) sum += exp(z[k] - most);
    return most + log(sum);
}

double dc3_entropy(int64_t c, const float *z)
{
    double all = log_sum(c, z, -1), entropy = 0;
    for (int64_t k = 0; k < c; k++) entropy -= exp(z[k] - all) * (z[k] - all);
    return entropy > 0 ? entropy : 0;
}

double dc3_log_odds(int64_t c, const float *z, int64_t y)
{
    return z[y] - log_sum(c, z, y);
}

int dc3_is_correct(int64_t c, const float *z, int64_t y)
{
    for (int64_t k = 0; k < c; k++)
        if (z[k] > z[y]) return 0;
    return 1;
}

static int by_key(const void *a, const void *b, void *of)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    const double *keys = of;
    if (keys[x] != keys[y]) return keys[x] < keys[y] ? -1 : 1;
    return (x > y) - (x < y);
}

void dc3_order_by(int64_t n, const double *keys, int64_t *order)
{
    for (int64_t i = 0; i < n; i++) order[i] = i;
    qsort_r(order, (size_t)n, sizeof *order, by_key, (void *)(uintptr_t)keys);
}
