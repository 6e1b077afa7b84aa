#include "metrics/kernel_distance.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"

struct dc3_feature_sample {
    int64_t d, most, count, room;
    uint64_t seen;
    dc3_rng rng;
    float *rows; /* [room, d] */
};

dc3_status dc3_feature_sample_open(int64_t d, int64_t most, uint64_t seed, dc3_feature_sample **sample)
{
    dc3_feature_sample *s = *sample = calloc(1, sizeof *s);
    if (!s) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *s = (dc3_feature_sample){.d = d, .most = most, .rng = dc3_rng_make(seed, DC3_RNG_MEASURE, 0)};
    return DC3_OK;
}

void dc3_feature_sample_close(dc3_feature_sample **sample)
{
    if (*sample) free((*sample)->rows);
    free(*sample);
    *sample = NULL;
}

static dc3_status more_room(dc3_feature_sample *s)
{
    int64_t room = s->room ? 2 * s->room : 64;
    if (room > s->most) room = s->most;
    float *rows = realloc(s->rows, (size_t)room * (size_t)s->d * sizeof *rows);
    if (!rows) return dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld rows of features", (long long)room);
    s->rows = rows;
    s->room = room;
    return DC3_OK;
}

dc3_status dc3_feature_sample_add(dc3_feature_sample *s, const float *x)
{
    int64_t at = s->count < s->most ? s->count : (int64_t)dc3_rng_below(&s->rng, s->seen + 1);
    s->seen++;
    if (at >= s->most) return DC3_OK;
    if (at == s->room) DC3_TRY(more_room(s));
    memcpy(s->rows + at * s->d, x, (size_t)s->d * sizeof *x);
    if (at == s->count) s->count++;
    return DC3_OK;
}

int64_t dc3_feature_sample_count(const dc3_feature_sample *s)
{
    return s->count;
}

/* Draws `size` of the rows into out [size, d]; order [count] is scratch. */
static void draw(const dc3_feature_sample *s, int64_t size, dc3_rng *rng, int64_t *order, double *out)
{
    for (int64_t i = 0; i < s->count; i++) order[i] = i;
    for (int64_t i = 0; i < size; i++) {
        int64_t k = i + (int64_t)dc3_rng_below(rng, (uint64_t)(s->count - i)), row = order[k];
        order[k] = order[i];
        for (int64_t j = 0; j < s->d; j++) out[i * s->d + j] = s->rows[row * s->d + j];
    }
}

/* The sum of k(x_i, y_j) over all pairs; with `apart` over those with i != j. products [m, m] */
static double sum_of_kernel(int64_t m, int64_t d, const double *x, const double *y, int apart,
                            double *products)
{
    double sum = 0;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)m, (int)m, (int)d, 1.0 / (double)d, x, (int)d,
                y, (int)d, 0, products, (int)m);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < m; j++) {
            double k = products[i * m + j] + 1;
            if (!apart || i != j) sum += k * k * k;
        }
    return sum;
}

dc3_status dc3_kernel_distance(const dc3_feature_sample *a, const dc3_feature_sample *b, int subsets,
                               int64_t size, uint64_t seed, double *mean, double *deviation)
{
    int64_t most = a->count > b->count ? a->count : b->count, least = a->count + b->count - most;
    int64_t m = size < least ? size : least, d = a->d;
    double sum = 0, squares = 0, n = (double)m;
    *mean = *deviation = NAN;
    if (m < 2 || subsets < 1) return DC3_OK;
    int64_t *order = calloc((size_t)most, sizeof *order); /* draw fills it, which the analyzer does not see */
    double *x = malloc((size_t)(2 * m * d + m * m) * sizeof *x), *y = x + m * d, *products = y + m * d;
    dc3_status status =
        order && x ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory for the kernel distance");
    for (int i = 0; status == DC3_OK && i < subsets; i++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_MEASURE, (uint64_t)i + 1);
        draw(a, m, &rng, order, x);
        draw(b, m, &rng, order, y);
        double inside = sum_of_kernel(m, d, x, x, 1, products) + sum_of_kernel(m, d, y, y, 1, products);
        double value = inside / (n * (n - 1)) - 2 * sum_of_kernel(m, d, x, y, 0, products) / (n * n);
        sum += value, squares += value * value;
        status = dc3_check_cancel();
    }
    free(order);
    free(x);
    if (status != DC3_OK) return status;
    *mean = sum / subsets;
    *deviation = sqrt(fmax(0, squares / subsets - *mean * *mean));
    return DC3_OK;
}
