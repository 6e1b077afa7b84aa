/* Layer normalisation and its gradient. Sums over rows are taken over fixed blocks and added in their order.
 */
#include "kernels/math.h"
#include "kernels/vector/vector.h"

enum { BLOCKS = DC3_NORM_BLOCKS, SOME_ROWS = 32, MOST_CHANNELS = 8192 };

DC3_INLINE void layer_norm_row(dc3_dtype type, int64_t c, const void *x, const float *gamma,
                               const float *beta, float eps, void *y)
{
    float sum = 0, square = 0, base = dc3_load(type, x, 0);
#pragma omp simd reduction(+ : sum, square)
    for (int64_t j = 0; j < c; j++) {
        float v = dc3_load(type, x, j) - base;
        sum += v;
        square += v * v;
    }
    float mean = sum / (float)c, variance = square / (float)c - mean * mean;
    float rate = 1 / sqrtf((variance > 0 ? variance : 0) + eps);
#pragma omp simd
    for (int64_t j = 0; j < c; j++)
        dc3_store(type, y, j, (dc3_load(type, x, j) - base - mean) * rate * gamma[j] + beta[j]);
}

void VECTOR(layer_norm)(dc3_dtype type, int64_t rows, int64_t c, const void *x, const float *gamma,
                        const float *beta, float eps, void *y)
{
#pragma omp parallel for
    for (int64_t r = 0; r < rows; r++) {
        size_t at = (size_t)(r * c) * (type == DC3_BF16 ? 2 : 4);
        if (type == DC3_BF16)
            layer_norm_row(DC3_BF16, c, (const char *)x + at, gamma, beta, eps, (char *)y + at);
        else
            layer_norm_row(DC3_F32, c, (const char *)x + at, gamma, beta, eps, (char *)y + at);
    }
}

/* The blocks' sums [2, c] in order, to dbeta and dgamma. */
static void join_blocks(int64_t c, const double *sums, float *dbeta, float *dgamma)
{
    for (int64_t j = 0; j < c; j++) {
        double first = 0, second = 0;
        for (int64_t b = 0; b < BLOCKS; b++) first += sums[b * 2 * c + j], second += sums[b * 2 * c + c + j];
        if (dbeta) dbeta[j] += (float)first;
        if (dgamma) dgamma[j] += (float)second;
    }
}

/* One row; adds dy to first and dy * xhat to second. */
DC3_INLINE void layer_norm_gradient_row(dc3_dtype type, int64_t c, const void *x, const float *gamma,
                                        float eps, const void *dy, void *dx, float *first, float *second)
{
    float sum = 0, square = 0, g_sum = 0, g_product = 0, base = dc3_load(type, x, 0);
#pragma omp simd reduction(+ : sum, square)
    for (int64_t j = 0; j < c; j++) {
        float v = dc3_load(type, x, j) - base;
        sum += v;
        square += v * v;
    }
    float mean = sum / (float)c, variance = square / (float)c - mean * mean;
    float rate = 1 / sqrtf((variance > 0 ? variance : 0) + eps);
#pragma omp simd reduction(+ : g_sum, g_product)
    for (int64_t j = 0; j < c; j++) {
        float g = dc3_load(type, dy, j), product = g * (dc3_load(type, x, j) - base - mean) * rate;
        first[j] += g;
        second[j] += product;
        g_sum += g * gamma[j];
        g_product += product * gamma[j];
    }
    if (!dx) return;
    g_sum /= (float)c, g_product /= (float)c;
#pragma omp simd
    for (int64_t j = 0; j < c; j++) {
        float xhat = (dc3_load(type, x, j) - base - mean) * rate;
        dc3_store(type, dx, j, rate * (dc3_load(type, dy, j) * gamma[j] - g_sum - xhat * g_product));
    }
}

typedef struct layer_norm_rows {
    int64_t c;
    const char *x, *dy;
    char *dx; /* or NULL */
    const float *gamma;
    float eps;
} layer_norm_rows;

/* Rows [from, to); their sums [2, c]. */
DC3_INLINE void layer_norm_gradient_rows(dc3_dtype type, const layer_norm_rows *in, int64_t from, int64_t to,
                                         double *sums)
{
    float first[MOST_CHANNELS], second[MOST_CHANNELS];
    int64_t c = in->c;
    memset(sums, 0, (size_t)(2 * c) * sizeof *sums);
    for (int64_t start = from; start < to; start += SOME_ROWS) {
        memset(first, 0, (size_t)c * sizeof *first);
        memset(second, 0, (size_t)c * sizeof *second);
        for (int64_t r = start; r < to && r < start + SOME_ROWS; r++) {
            size_t at = (size_t)(r * c) * (type == DC3_BF16 ? 2 : 4);
            layer_norm_gradient_row(type, c, in->x + at, in->gamma, in->eps, in->dy + at,
                                    in->dx ? in->dx + at : NULL, first, second);
        }
        for (int64_t j = 0; j < c; j++) sums[j] += (double)first[j], sums[c + j] += (double)second[j];
    }
}

void VECTOR(layer_norm_gradient)(dc3_dtype type, int64_t rows, int64_t c, const void *x, const float *gamma,
                                 float eps, const void *dy, void *dx, float *dgamma, float *dbeta,
                                 void *scratch)
{
    layer_norm_rows in = {c, x, dy, dx, gamma, eps};
    double *sums = scratch;
    if (c > MOST_CHANNELS) {
        dc3_kernels_ref()->layer_norm_gradient(type, rows, c, x, gamma, eps, dy, dx, dgamma, dbeta, scratch);
        return;
    }
#pragma omp parallel for
    for (int64_t b = 0; b < BLOCKS; b++) {
        int64_t from = rows * b / BLOCKS, to = rows * (b + 1) / BLOCKS;
        if (type == DC3_BF16)
            layer_norm_gradient_rows(DC3_BF16, &in, from, to, sums + b * 2 * c);
        else
            layer_norm_gradient_rows(DC3_F32, &in, from, to, sums + b * 2 * c);
    }
    join_blocks(c, sums, dbeta, dgamma);
}
