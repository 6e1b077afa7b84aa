/* Adaptive layer norm and gated residuals (Peebles and Xie 2023), factors of channels, and their gradients.
 * Sums over tokens are taken over blocks of them, in their order. */
#include "kernels/math.h"
#include "kernels/vector/vector.h"

enum { WIDE = 64, SOME_TOKENS = 32 }; /* channels, and tokens, that are summed at once */

typedef struct moments {
    float mean, rate; /* 1 / sqrt(variance + eps) */
} moments;
_Static_assert(sizeof(moments) <= 2 * sizeof(double), "fits into the scratch of the plain kernel");

static size_t bytes_of(dc3_dtype type, int64_t count)
{
    return (size_t)count * (type == DC3_BF16 ? 2 : 4);
}

DC3_INLINE moments moments_of(dc3_dtype type, int64_t c, const void *x, float eps)
{
    float sum = 0, square = 0, base = dc3_load(type, x, 0);
#pragma omp simd reduction(+ : sum, square)
    for (int64_t j = 0; j < c; j++) {
        float v = dc3_load(type, x, j) - base;
        sum += v;
        square += v * v;
    }
    float mean = sum / (float)c, variance = square / (float)c - mean * mean;
    return (moments){base + mean, 1 / sqrtf((variance > 0 ? variance : 0) + eps)};
}

DC3_INLINE void norm_row(dc3_dtype type, int64_t c, const void *x, const void *shift, const void *scale,
                         float eps, void *y)
{
    moments m = moments_of(type, c, x, eps);
#pragma omp simd
    for (int64_t j = 0; j < c; j++)
        dc3_store(type, y, j,
                  (dc3_load(type, x, j) - m.mean) * m.rate * (1.0f + dc3_load(type, scale, j)) +
                      dc3_load(type, shift, j));
}

void VECTOR(adaptive_norm)(dc3_dtype type, const dc3_adaptive_shape *s, const void *x, const void *shift,
                           const void *scale, void *y)
{
#pragma omp parallel for
    for (int64_t r = 0; r < s->n * s->tokens; r++) {
        size_t at = bytes_of(type, r * s->c), vector = bytes_of(type, r / s->tokens * s->stride);
        const char *from = (const char *)x + at, *add = (const char *)shift + vector,
                   *times = (const char *)scale + vector;
        if (type == DC3_BF16)
            norm_row(DC3_BF16, s->c, from, add, times, s->eps, (char *)y + at);
        else
            norm_row(DC3_F32, s->c, from, add, times, s->eps, (char *)y + at);
    }
}

/* The row's dx, if it is wanted; returns its moments. */
DC3_INLINE moments gradient_row(dc3_dtype type, int64_t c, const void *x, const void *scale, float eps,
                                const void *dy, void *dx)
{
    moments m = moments_of(type, c, x, eps);
    float sum = 0, product = 0;
    if (!dx) return m;
#pragma omp simd reduction(+ : sum, product)
    for (int64_t j = 0; j < c; j++) {
        float g = dc3_load(type, dy, j) * (1.0f + dc3_load(type, scale, j));
        sum += g;
        product += g * (dc3_load(type, x, j) - m.mean) * m.rate;
    }
    sum /= (float)c, product /= (float)c;
#pragma omp simd
    for (int64_t j = 0; j < c; j++) {
        float g = dc3_load(type, dy, j) * (1.0f + dc3_load(type, scale, j));
        dc3_store(type, dx, j, m.rate * (g - sum - (dc3_load(type, x, j) - m.mean) * m.rate * product));
    }
    return m;
}

/* Columns [0, width) of `tokens` rows: sums of dy and of dy times the normalised x. */
DC3_INLINE void norm_columns(dc3_dtype type, int64_t tokens, int64_t c, int64_t width, const char *x,
                             const char *dy, const moments *m, void *dshift, void *dscale)
{
    double first[WIDE] = {0}, second[WIDE] = {0};
    for (int64_t start = 0; start < tokens; start += SOME_TOKENS) {
        float sum[WIDE] = {0}, product[WIDE] = {0};
        for (int64_t t = start; t < tokens && t < start + SOME_TOKENS; t++) {
            const char *from = x + bytes_of(type, t * c), *above = dy + bytes_of(type, t * c);
#pragma omp simd
            for (int64_t j = 0; j < width; j++) {
                float g = dc3_load(type, above, j);
                sum[j] += g;
                product[j] += g * (dc3_load(type, from, j) - m[t].mean) * m[t].rate;
            }
        }
        for (int64_t j = 0; j < width; j++) first[j] += (double)sum[j], second[j] += (double)product[j];
    }
    for (int64_t j = 0; j < width; j++) {
        dc3_store(type, dshift, j, (float)first[j]);
        dc3_store(type, dscale, j, (float)second[j]);
    }
}

void VECTOR(adaptive_norm_gradient)(dc3_dtype type, const dc3_adaptive_shape *s, const void *x,
                                    const void *scale, const void *dy, void *dx, void *dshift, void *dscale,
                                    void *scratch)
{
    int64_t c = s->c, blocks = (c + WIDE - 1) / WIDE;
    moments *m = scratch;
#pragma omp parallel for
    for (int64_t r = 0; r < s->n * s->tokens; r++) {
        size_t at = bytes_of(type, r * c);
        const char *from = (const char *)x + at, *above = (const char *)dy + at,
                   *times = (const char *)scale + bytes_of(type, r / s->tokens * s->stride);
        char *to = dx ? (char *)dx + at : NULL;
        m[r] = type == DC3_BF16 ? gradient_row(DC3_BF16, c, from, times, s->eps, above, to)
                                : gradient_row(DC3_F32, c, from, times, s->eps, above, to);
    }
#pragma omp parallel for
    for (int64_t k = 0; k < (dshift ? s->n * blocks : 0); k++) {
        int64_t i = k / blocks, first = k % blocks * WIDE, width = c - first < WIDE ? c - first : WIDE;
        size_t at = bytes_of(type, i * s->tokens * c + first), vector = bytes_of(type, i * s->stride + first);
        const char *from = (const char *)x + at, *above = (const char *)dy + at;
        const moments *of = m + i * s->tokens;
        char *shift = (char *)dshift + vector, *times = (char *)dscale + vector;
        if (type == DC3_BF16)
            norm_columns(DC3_BF16, s->tokens, c, width, from, above, of, shift, times);
        else
            norm_columns(DC3_F32, s->tokens, c, width, from, above, of, shift, times);
    }
}

/* y = gate * branch, plus x if there is one. */
DC3_INLINE void gated_row(dc3_dtype type, int64_t c, const void *x, const void *branch, const void *gate,
                          void *y)
{
    if (x) {
#pragma omp simd
        for (int64_t j = 0; j < c; j++)
            dc3_store(type, y, j, dc3_load(type, x, j) + dc3_load(type, gate, j) * dc3_load(type, branch, j));
    } else {
#pragma omp simd
        for (int64_t j = 0; j < c; j++)
            dc3_store(type, y, j, dc3_load(type, gate, j) * dc3_load(type, branch, j));
    }
}

static void gated_rows(dc3_dtype type, const dc3_adaptive_shape *s, const void *x, const void *branch,
                       const void *gate, void *y)
{
#pragma omp parallel for
    for (int64_t r = 0; r < s->n * s->tokens; r++) {
        size_t at = bytes_of(type, r * s->c);
        const char *from = x ? (const char *)x + at : NULL, *more = (const char *)branch + at,
                   *times = (const char *)gate + bytes_of(type, r / s->tokens * s->stride);
        if (type == DC3_BF16)
            gated_row(DC3_BF16, s->c, from, more, times, (char *)y + at);
        else
            gated_row(DC3_F32, s->c, from, more, times, (char *)y + at);
    }
}

void VECTOR(gated_add)(dc3_dtype type, const dc3_adaptive_shape *s, const void *x, const void *branch,
                       const void *gate, void *y)
{
    gated_rows(type, s, x, branch, gate, y);
}

/* Columns [0, width) of `tokens` rows: sums of branch times dy. */
DC3_INLINE void gate_columns(dc3_dtype type, int64_t tokens, int64_t c, int64_t width, const char *branch,
                             const char *dy, void *dgate)
{
    double total[WIDE] = {0};
    for (int64_t start = 0; start < tokens; start += SOME_TOKENS) {
        float sum[WIDE] = {0};
        for (int64_t t = start; t < tokens && t < start + SOME_TOKENS; t++) {
            const char *from = branch + bytes_of(type, t * c), *above = dy + bytes_of(type, t * c);
#pragma omp simd
            for (int64_t j = 0; j < width; j++) sum[j] += dc3_load(type, from, j) * dc3_load(type, above, j);
        }
        for (int64_t j = 0; j < width; j++) total[j] += (double)sum[j];
    }
    for (int64_t j = 0; j < width; j++) dc3_store(type, dgate, j, (float)total[j]);
}

void VECTOR(gated_add_gradient)(dc3_dtype type, const dc3_adaptive_shape *s, const void *branch,
                                const void *gate, const void *dy, void *dbranch, void *dgate)
{
    int64_t c = s->c, blocks = (c + WIDE - 1) / WIDE;
#pragma omp parallel for
    for (int64_t k = 0; k < (dgate ? s->n * blocks : 0); k++) {
        int64_t i = k / blocks, first = k % blocks * WIDE, width = c - first < WIDE ? c - first : WIDE;
        size_t at = bytes_of(type, i * s->tokens * c + first);
        const char *from = (const char *)branch + at, *above = (const char *)dy + at;
        char *to = (char *)dgate + bytes_of(type, i * s->stride + first);
        if (type == DC3_BF16)
            gate_columns(DC3_BF16, s->tokens, c, width, from, above, to);
        else
            gate_columns(DC3_F32, s->tokens, c, width, from, above, to);
    }
    if (dbranch) gated_rows(type, s, NULL, dy, gate, dbranch);
}

/* Factors are a gate of their own columns, without a residual. */
static dc3_adaptive_shape of_factors(int64_t n, int64_t pixels, int64_t c)
{
    return (dc3_adaptive_shape){.n = n, .tokens = pixels, .c = c, .stride = c};
}

void VECTOR(scale_channels)(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x,
                            const void *scale, void *y)
{
    dc3_adaptive_shape s = of_factors(n, pixels, c);
    gated_rows(type, &s, NULL, x, scale, y);
}

void VECTOR(scale_channels_gradient)(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x,
                                     const void *dy, void *dscale)
{
    dc3_adaptive_shape s = of_factors(n, pixels, c);
    VECTOR(gated_add_gradient)(type, &s, x, NULL, dy, NULL, dscale);
}
