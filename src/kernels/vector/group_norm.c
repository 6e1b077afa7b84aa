/* Group normalisation and its gradient, channels-last. Sums are taken over fixed blocks of pixels
 * and added in the order of the blocks, so that the result does not depend on the number of threads. */
#include <stdlib.h>
#include "kernels/cpu.h"
#include "kernels/vector/lanes.h"
#include "kernels/vector/vector.h"

enum { BLOCKS = DC3_NORM_BLOCKS, SOME_ROWS = 32, MOST_CHANNELS = 8192 };

DC3_INLINE vec load(dc3_dtype type, const void *x, int64_t at, vec_span s)
{
    return type == DC3_BF16 ? v_load_bf16((const uint16_t *)x + at, s)
                            : v_load_span((const float *)x + at, s);
}

/* Sums of x + add and of its square over pixels [from, to), of `count` vectors of channels from j on. */
DC3_INLINE void vector_sums(dc3_dtype type, int count, const void *x, const float *add, int64_t from,
                            int64_t to, int64_t c, int64_t j, float *first, float *second)
{
    vec sum[2] = {v_zero(), v_zero()}, square[2] = {v_zero(), v_zero()}, shift[2];
    vec_span s[2];
    for (int i = 0; i < count; i++)
        s[i] = v_span(c - j - i * LANES), shift[i] = v_load_span(add + j + i * LANES, s[i]);
    for (int64_t p = from; p < to; p++)
        for (int i = 0; i < count; i++) {
            vec v = v_add(load(type, x, p * c + j + i * LANES, s[i]), shift[i]);
            sum[i] = v_add(sum[i], v);
            square[i] = v_mul_add(v, v, square[i]);
        }
    for (int i = 0; i < count; i++) {
        v_store_span(first + j + i * LANES, s[i], sum[i]);
        v_store_span(second + j + i * LANES, s[i], square[i]);
    }
}

/* Sums of x + add and of its square over pixels [from, to) for every group: sums [groups, 2]. */
DC3_INLINE void block_sums(dc3_dtype type, const void *x, const float *add, int64_t from, int64_t to,
                           int64_t c, int64_t groups, double *sums)
{
    enum { SOME = 64 };
    float first[MOST_CHANNELS], second[MOST_CHANNELS];
    int64_t width = c / groups;
    for (int64_t g = 0; g < 2 * groups; g++) sums[g] = 0;
    for (int64_t start = from; start < to; start += SOME) {
        int64_t stop = start + SOME < to ? start + SOME : to, j = 0;
        for (; c - j > LANES; j += 2 * LANES) vector_sums(type, 2, x, add, start, stop, c, j, first, second);
        if (j < c) vector_sums(type, 1, x, add, start, stop, c, j, first, second);
        for (int64_t g = 0, at = 0; g < groups; g++)
            for (int64_t i = 0; i < width; i++, at++)
                sums[g * 2] += (double)first[at], sums[g * 2 + 1] += (double)second[at];
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

/* The same for `rows` of them; native: the processor converts to bf16. */
static void apply_rows(dc3_dtype type, int native, int64_t rows, int64_t c, const void *x, const float *scale,
                       const float *offset, int silu, void *y)
{
#if defined(__AVX512F__)
    if (type == DC3_BF16 && native) {
        dc3_avx512_scale_rows_bf16(rows, c, x, scale, offset, silu, y);
        return;
    }
#endif
    (void)native;
    for (int64_t r = 0; r < rows; r++)
        if (type == DC3_BF16)
            apply_row(DC3_BF16, (const uint16_t *)x + r * c, scale, offset, c, silu, (uint16_t *)y + r * c);
        else
            apply_row(DC3_F32, (const float *)x + r * c, scale, offset, c, silu, (float *)y + r * c);
}

/* What is added to each channel before the sums: less the group's first value, so that a mean far from zero
 * does not eat the variance's digits. */
static void make_add(dc3_dtype type, const void *x, int64_t c, int64_t width, float *add)
{
    for (int64_t j = 0; j < c; j++) add[j] = -dc3_load(type, x, j / width * width);
}

/* Mean, less `add`, and 1 / sqrt(variance + eps) of group g from the summed blocks. */
static void moments(const double *sums, int64_t g, int64_t groups, double count, float eps, double *mean,
                    double *rate)
{
    double sum = 0, square = 0;
    for (int b = 0; b < BLOCKS; b++)
        sum += sums[(b * groups + g) * 2], square += sums[(b * groups + g) * 2 + 1];
    *mean = sum / count;
    double variance = square / count - *mean * *mean;
    *rate = 1 / sqrt((variance > 0 ? variance : 0) + (double)eps);
}

/* Per channel scale and offset from the summed blocks. */
static void make_scale(const double *sums, const float *add, int64_t pixels, int64_t c, int64_t groups,
                       const float *gamma, const float *beta, float eps, float *scale, float *offset)
{
    int64_t width = c / groups;
    double count = (double)(pixels * width);
    for (int64_t g = 0; g < groups; g++) {
        double mean, rate;
        moments(sums, g, groups, count, eps, &mean, &rate);
        for (int64_t j = g * width; j < (g + 1) * width; j++) {
            scale[j] = (float)(rate * gamma[j]);
            offset[j] = (float)(((double)add[j] - mean) * rate * gamma[j] + beta[j]);
        }
    }
}

void VECTOR(group_norm)(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, int64_t groups, const void *x,
                        const float *gamma, const float *beta, float eps, dc3_activation act, void *y)
{
    double *sums = malloc((size_t)(BLOCKS * groups * 2) * sizeof *sums);
    if (c > MOST_CHANNELS || !sums || (act != DC3_ACT_NONE && act != DC3_ACT_SILU)) {
        free(sums);
        dc3_kernels_ref()->group_norm(type, n, pixels, c, groups, x, gamma, beta, eps, act, y);
        return;
    }
    float add[MOST_CHANNELS], scale[MOST_CHANNELS], offset[MOST_CHANNELS];
    size_t pixel = (size_t)c * (type == DC3_BF16 ? 2 : 4);
    int native = dc3_cpu_has_bf16();
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
            for (int64_t b = 0; b < BLOCKS; b++) {
                int64_t from = pixels * b / BLOCKS, to = pixels * (b + 1) / BLOCKS;
                size_t at = (size_t)from * pixel;
                apply_rows(type, native, to - from, c, in + at, scale, offset, act == DC3_ACT_SILU, out + at);
            }
        }
    }
    free(sums);
}

size_t VECTOR(norm_gradient_scratch)(int64_t c)
{
    return (size_t)(BLOCKS * 2 * c + 4 * c) * sizeof(double);
}

/* The gradient of a group norm: for one image, per channel, where v = x + add, z = v * scale + shift is
 * what the activation sees, dz the gradient there, and dx = dz * a + v * b + d. */
typedef struct channels {
    float add[MOST_CHANNELS], scale[MOST_CHANNELS], shift[MOST_CHANNELS];
    float a[MOST_CHANNELS], b[MOST_CHANNELS], d[MOST_CHANNELS];
} channels;

typedef struct image {
    int64_t pixels, c, groups;
    const char *x, *dy;
    char *dx; /* or NULL */
    const float *gamma, *beta;
    float eps;
} image;

DC3_INLINE float through(int silu, float dy, float z)
{
    if (!silu) return dy;
    float s = 1.0f / (1.0f + dc3_exp(-z));
    return dy * (s + z * s * (1.0f - s));
}

/* Sums of dz and of dz * v over pixels [from, to): [2, c]. */
DC3_INLINE void gradient_sums(dc3_dtype type, int silu, const image *p, const channels *k, int64_t from,
                              int64_t to, double *sums)
{
    float first[MOST_CHANNELS], second[MOST_CHANNELS];
    int64_t c = p->c;
    memset(sums, 0, (size_t)(2 * c) * sizeof *sums);
    for (int64_t start = from; start < to; start += SOME_ROWS) {
        memset(first, 0, (size_t)c * sizeof *first);
        memset(second, 0, (size_t)c * sizeof *second);
        for (int64_t r = start; r < to && r < start + SOME_ROWS; r++) {
            size_t at = (size_t)(r * c) * (type == DC3_BF16 ? 2 : 4);
            const char *x = p->x + at, *dy = p->dy + at;
#pragma omp simd
            for (int64_t j = 0; j < c; j++) {
                float v = dc3_load(type, x, j) + k->add[j];
                float dz = through(silu, dc3_load(type, dy, j), v * k->scale[j] + k->shift[j]);
                first[j] += dz;
                second[j] += dz * v;
            }
        }
        for (int64_t j = 0; j < c; j++) sums[j] += (double)first[j], sums[c + j] += (double)second[j];
    }
}

DC3_INLINE void gradient_row(dc3_dtype type, int silu, const channels *k, int64_t c, const void *x,
                             const void *dy, void *dx)
{
#pragma omp simd
    for (int64_t j = 0; j < c; j++) {
        float v = dc3_load(type, x, j) + k->add[j];
        float dz = through(silu, dc3_load(type, dy, j), v * k->scale[j] + k->shift[j]);
        dc3_store(type, dx, j, dz * k->a[j] + (v * k->b[j] + k->d[j]));
    }
}

/* scale and shift from the blocks' sums [groups, 2] of v; the groups' mean of v and rate into moment [groups,
 * 2]. */
static void make_forward(const image *p, const double *sums, channels *k, double *moment)
{
    int64_t width = p->c / p->groups;
    for (int64_t g = 0; g < p->groups; g++) {
        double mean, rate;
        moments(sums, g, p->groups, (double)(p->pixels * width), p->eps, &mean, &rate);
        moment[2 * g] = mean, moment[2 * g + 1] = rate;
        for (int64_t j = g * width; j < (g + 1) * width; j++) {
            k->scale[j] = (float)(rate * p->gamma[j]);
            k->shift[j] = (float)(p->beta[j] - mean * rate * p->gamma[j]);
        }
    }
}

/* With xhat = (v - mean) rate: a, b and d from the blocks' sums [2, c], which are joined; adds sum dz and sum
 * dz xhat to totals [2, c]. */
static void make_backward(const image *p, double *sums, const double *moment, channels *k, double *totals)
{
    int64_t c = p->c, width = c / p->groups;
    double count = (double)(p->pixels * width);
    for (int64_t j = 0; j < 2 * c; j++)
        for (int64_t b = 1; b < BLOCKS; b++) sums[j] += sums[b * 2 * c + j];
    for (int64_t g = 0; g < p->groups; g++) {
        double mean = moment[2 * g], rate = moment[2 * g + 1], sum = 0, product = 0;
        for (int64_t j = g * width; j < (g + 1) * width; j++) {
            double dgamma = (sums[c + j] - mean * sums[j]) * rate;
            totals[j] += sums[j], totals[c + j] += dgamma;
            sum += p->gamma[j] * sums[j], product += p->gamma[j] * dgamma;
        }
        double b = -rate * rate * product / count, d = -rate * sum / count - b * mean;
        for (int64_t j = g * width; j < (g + 1) * width; j++)
            k->a[j] = k->scale[j], k->b[j] = (float)b, k->d[j] = (float)d;
    }
}

/* FUNCTION compiled for each type, with SiLU and without, and the one that `type` and `silu` name run. */
#define EACH(FUNCTION, ...)                                                                                  \
    do {                                                                                                     \
        if (type == DC3_BF16 && silu)                                                                        \
            FUNCTION(DC3_BF16, 1, __VA_ARGS__);                                                              \
        else if (type == DC3_BF16)                                                                           \
            FUNCTION(DC3_BF16, 0, __VA_ARGS__);                                                              \
        else if (silu)                                                                                       \
            FUNCTION(DC3_F32, 1, __VA_ARGS__);                                                               \
        else                                                                                                 \
            FUNCTION(DC3_F32, 0, __VA_ARGS__);                                                               \
    } while (0)

/* One image; sums [BLOCKS, 2, c], moment and totals [2, c]. */
static void image_gradient(dc3_dtype type, int silu, const image *p, channels *k, double *sums,
                           double *moment, double *totals)
{
    int64_t c = p->c, pixels = p->pixels;
    make_add(type, p->x, c, c / p->groups, k->add);
#pragma omp parallel
    {
#pragma omp for
        for (int64_t b = 0; b < BLOCKS; b++) {
            int64_t from = pixels * b / BLOCKS, to = pixels * (b + 1) / BLOCKS;
            double *block = sums + b * p->groups * 2;
            if (type == DC3_BF16)
                block_sums(DC3_BF16, p->x, k->add, from, to, c, p->groups, block);
            else
                block_sums(DC3_F32, p->x, k->add, from, to, c, p->groups, block);
        }
#pragma omp single
        make_forward(p, sums, k, moment);
#pragma omp for
        for (int64_t b = 0; b < BLOCKS; b++)
            EACH(gradient_sums, p, k, pixels * b / BLOCKS, pixels * (b + 1) / BLOCKS, sums + b * 2 * c);
#pragma omp single
        make_backward(p, sums, moment, k, totals);
#pragma omp for
        for (int64_t r = 0; r < (p->dx ? pixels : 0); r++) {
            size_t at = (size_t)(r * c) * (type == DC3_BF16 ? 2 : 4);
            EACH(gradient_row, k, c, p->x + at, p->dy + at, p->dx + at);
        }
    }
}

void VECTOR(group_norm_gradient)(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, int64_t groups,
                                 const void *x, const float *gamma, const float *beta, float eps,
                                 dc3_activation act, const void *dy, void *dx, float *dgamma, float *dbeta,
                                 void *scratch)
{
    if (c > MOST_CHANNELS || (act != DC3_ACT_NONE && act != DC3_ACT_SILU)) {
        dc3_kernels_ref()->group_norm_gradient(type, n, pixels, c, groups, x, gamma, beta, eps, act, dy, dx,
                                               dgamma, dbeta, scratch);
        return;
    }
    channels k;
    double *sums = scratch, *moment = sums + BLOCKS * 2 * c, *totals = moment + 2 * c;
    memset(totals, 0, (size_t)(2 * c) * sizeof *totals);
    for (int64_t i = 0; i < n; i++) {
        size_t at = (size_t)(i * pixels * c) * (type == DC3_BF16 ? 2 : 4);
        image p = {
            pixels, c,    groups, (const char *)x + at, (const char *)dy + at, dx ? (char *)dx + at : NULL,
            gamma,  beta, eps};
        image_gradient(type, act == DC3_ACT_SILU, &p, &k, sums, moment, totals);
    }
    for (int64_t j = 0; dbeta && j < c; j++) dbeta[j] += (float)totals[j];
    for (int64_t j = 0; dgamma && j < c; j++) dgamma[j] += (float)totals[c + j];
}
