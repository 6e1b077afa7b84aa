/* Group and layer normalisation and their gradients, channels-last. Sums are taken over fixed blocks of
 * pixels and added in the order of the blocks, so that the result does not depend on the number of threads.
 */
#include <stdlib.h>
#include "kernels/x86/avx512.h"
#include "kernels/x86/math.h"

enum { BLOCKS = 16, SOME_ROWS = 32, MOST_CHANNELS = 8192 };

/* Sums of x + add and of its square over pixels [from, to) for every group: sums [groups, 2]. */
DC3_INLINE void block_sums(dc3_dtype type, const void *x, const float *add, int64_t from, int64_t to,
                           int64_t c, int64_t groups, double *sums)
{
    float first[MOST_CHANNELS], second[MOST_CHANNELS];
    int64_t width = c / groups;
    for (int64_t g = 0; g < 2 * groups; g++) sums[g] = 0;
    for (int64_t start = from; start < to; start += 64) {
        int64_t stop = start + 64 < to ? start + 64 : to;
        memset(first, 0, (size_t)c * sizeof *first);
        memset(second, 0, (size_t)c * sizeof *second);
        for (int64_t p = start; p < stop; p++) {
            const char *row = (const char *)x + (size_t)(p * c) * (type == DC3_BF16 ? 2 : 4);
#pragma omp simd
            for (int64_t j = 0; j < c; j++) {
                float v = dc3_load(type, row, j) + add[j];
                first[j] += v;
                second[j] += v * v;
            }
        }
        for (int64_t j = 0; j < c; j++) {
            sums[j / width * 2] += first[j];
            sums[j / width * 2 + 1] += second[j];
        }
    }
}

/* y = act(x * scale + offset) for one row of channels. */
DC3_INLINE void apply_row(dc3_dtype type, const void *x, const float *scale, const float *offset, int64_t c,
                          int silu, void *y)
{
    if (silu) {
#pragma omp simd
        for (int64_t j = 0; j < c; j++) {
            float v = dc3_load(type, x, j) * scale[j] + offset[j];
            dc3_store(type, y, j, v / (1.0f + dc3_exp(-v)));
        }
    } else {
#pragma omp simd
        for (int64_t j = 0; j < c; j++) dc3_store(type, y, j, dc3_load(type, x, j) * scale[j] + offset[j]);
    }
}

/* What is added to each channel before the sums: less the group's first value, so that a mean far from zero
 * does not eat the variance's digits. */
static void make_add(dc3_dtype type, const void *x, int64_t c, int64_t width, float *add)
{
    for (int64_t j = 0; j < c; j++) add[j] = -dc3_load(type, x, j / width * width);
}

/* Per channel scale and offset from the summed blocks. */
static void make_scale(const double *sums, const float *add, int64_t pixels, int64_t c, int64_t groups,
                       const float *gamma, const float *beta, float eps, float *scale, float *offset)
{
    int64_t width = c / groups;
    double count = (double)(pixels * width);
    for (int64_t g = 0; g < groups; g++) {
        double sum = 0, square = 0;
        for (int b = 0; b < BLOCKS; b++)
            sum += sums[(b * groups + g) * 2], square += sums[(b * groups + g) * 2 + 1];
        double mean = sum / count, variance = square / count - mean * mean;
        double rate = 1 / sqrt((variance > 0 ? variance : 0) + (double)eps);
        for (int64_t j = g * width; j < (g + 1) * width; j++) {
            scale[j] = (float)(rate * gamma[j]);
            offset[j] = (float)(((double)add[j] - mean) * rate * gamma[j] + beta[j]);
        }
    }
}

void dc3_avx512_group_norm(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, int64_t groups,
                           const void *x, const float *gamma, const float *beta, float eps,
                           dc3_activation act, void *y)
{
    double *sums = malloc((size_t)(BLOCKS * groups * 2) * sizeof *sums);
    if (c > MOST_CHANNELS || !sums || (act != DC3_ACT_NONE && act != DC3_ACT_SILU)) {
        free(sums);
        dc3_kernels_ref()->group_norm(type, n, pixels, c, groups, x, gamma, beta, eps, act, y);
        return;
    }
    float add[MOST_CHANNELS], scale[MOST_CHANNELS], offset[MOST_CHANNELS];
    size_t pixel = (size_t)c * (type == DC3_BF16 ? 2 : 4);
    for (int64_t i = 0; i < n; i++) {
        const char *in = (const char *)x + (size_t)(i * pixels) * pixel;
        char *out = (char *)y + (size_t)(i * pixels) * pixel;
        make_add(type, in, c, c / groups, add);
#pragma omp parallel
        {
#pragma omp for
            for (int b = 0; b < BLOCKS; b++) {
                int64_t from = pixels * b / BLOCKS, to = pixels * (b + 1) / BLOCKS;
                double *block = sums + (int64_t)b * groups * 2;
                if (type == DC3_BF16)
                    block_sums(DC3_BF16, in, add, from, to, c, groups, block);
                else
                    block_sums(DC3_F32, in, add, from, to, c, groups, block);
            }
#pragma omp single
            make_scale(sums, add, pixels, c, groups, gamma, beta, eps, scale, offset);
#pragma omp for
            for (int64_t p = 0; p < pixels; p++) {
                size_t at = (size_t)p * pixel;
                if (type == DC3_BF16)
                    apply_row(DC3_BF16, in + at, scale, offset, c, act == DC3_ACT_SILU, out + at);
                else
                    apply_row(DC3_F32, in + at, scale, offset, c, act == DC3_ACT_SILU, out + at);
            }
        }
    }
    free(sums);
}

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

void dc3_avx512_layer_norm(dc3_dtype type, int64_t rows, int64_t c, const void *x, const float *gamma,
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

size_t dc3_avx512_norm_gradient_scratch(int64_t c)
{
    return (size_t)(BLOCKS * 2 * c) * sizeof(double);
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

void dc3_avx512_layer_norm_gradient(dc3_dtype type, int64_t rows, int64_t c, const void *x,
                                    const float *gamma, float eps, const void *dy, void *dx, float *dgamma,
                                    float *dbeta, void *scratch)
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
