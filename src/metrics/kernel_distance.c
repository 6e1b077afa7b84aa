#include "metrics/kernel_distance.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include "base/rng.h"

/* Draws `size` of the rows into out [size, d]; order [count] is scratch. */
static void draw(const dc3_feature_sample *s, int64_t size, dc3_rng *rng, int64_t *order, double *out)
{
    int64_t count = dc3_feature_sample_count(s), d = dc3_feature_sample_size(s);
    const float *rows = dc3_feature_sample_rows(s);
    for (int64_t i = 0; i < count; i++) order[i] = i;
    for (int64_t i = 0; i < size; i++) {
        int64_t k = i + (int64_t)dc3_rng_below(rng, (uint64_t)(count - i)), row = order[k];
        order[k] = order[i];
        for (int64_t j = 0; j < d; j++) out[i * d + j] = rows[row * d + j];
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

/* The distance of m rows of either. products [m, m] */
static double distance(int64_t m, int64_t d, const double *x, const double *y, double *products)
{
    double n = (double)m;
    double inside = sum_of_kernel(m, d, x, x, 1, products) + sum_of_kernel(m, d, y, y, 1, products);
    return inside / (n * (n - 1)) - 2 * sum_of_kernel(m, d, x, y, 0, products) / (n * n);
}

/* For m rows of either and their products, which the caller frees. */
static double *open_rows(int64_t m, int64_t d)
{
    return malloc((size_t)(2 * m * d + m * m) * sizeof(double));
}

dc3_status dc3_kernel_distance(const dc3_feature_sample *a, const dc3_feature_sample *b, int subsets,
                               int64_t size, uint64_t seed, double *mean, double *deviation)
{
    int64_t first = dc3_feature_sample_count(a), second = dc3_feature_sample_count(b);
    int64_t most = first > second ? first : second, least = first + second - most;
    int64_t m = size < least ? size : least, d = dc3_feature_sample_size(a);
    double sum = 0, squares = 0;
    *mean = *deviation = NAN;
    if (m < 2 || subsets < 1) return DC3_OK;
    int64_t *order = calloc((size_t)most, sizeof *order); /* draw fills it, which the analyzer does not see */
    double *x = open_rows(m, d), *y = x + m * d, *products = y + m * d;
    dc3_status status =
        order && x ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory for the kernel distance");
    for (int i = 0; status == DC3_OK && i < subsets; i++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_MEASURE, (uint64_t)i + 1);
        draw(a, m, &rng, order, x);
        draw(b, m, &rng, order, y);
        double value = distance(m, d, x, y, products);
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

/* Rows of block `block` of `blocks` into out [size, d]. */
static void take_block(const dc3_feature_sample *s, int block, int blocks, int64_t size, double *out)
{
    int64_t count = dc3_feature_sample_count(s), d = dc3_feature_sample_size(s);
    for (int64_t t = 0; t < size; t++) {
        const float *row = dc3_feature_sample_rows(s) + (t * blocks + block) * count / (size * blocks) * d;
        for (int64_t j = 0; j < d; j++) out[t * d + j] = row[j];
    }
}

dc3_status dc3_kernel_error(const dc3_feature_sample *a, const dc3_feature_sample *b, int blocks,
                            double *error)
{
    int64_t first = dc3_feature_sample_count(a), second = dc3_feature_sample_count(b);
    int64_t m = (first < second ? first : second) / blocks, d = dc3_feature_sample_size(a);
    double mean = 0, squares = 0; /* of the deviations from the mean of those before (Welford 1962) */
    *error = NAN;
    if (m < 2 || blocks < 2) return DC3_OK;
    double *x = open_rows(m, d), *y = x + m * d, *products = y + m * d;
    dc3_status status = x ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory for the kernel distance");
    for (int i = 0; status == DC3_OK && i < blocks; i++) {
        take_block(a, i, blocks, m, x);
        take_block(b, i, blocks, m, y);
        double value = distance(m, d, x, y, products), off = value - mean;
        mean += off / (i + 1);
        squares += off * (value - mean);
        status = dc3_check_cancel();
    }
    free(x);
    if (status == DC3_OK) *error = sqrt(squares / (blocks - 1) / blocks);
    return status;
}
