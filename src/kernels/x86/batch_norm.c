/* Batch norm, what follows it, and its gradient, channels-last. Rows are pixels; sums are taken over a fixed
 * number of blocks of rows and added in the order of the blocks, so that they do not depend on the number of
 * threads. A pass is bound by memory: each is one reading of its operands. */
#include "kernels/x86/avx512.h"
#include "kernels/x86/math.h"

enum { BLOCKS = 32, SOME_ROWS = 32, MOST_CHANNELS = 4096 };

static size_t width_of(dc3_dtype type)
{
    return type == DC3_BF16 ? 2 : 4;
}

size_t dc3_avx512_batch_norm_scratch(const dc3_batch_norm_shape *s)
{
    return (size_t)(BLOCKS * 2 * s->c) * sizeof(double);
}

/* The block's sums [2, c], in order, into the first block's. */
static void join_blocks(int64_t c, double *sums)
{
#pragma omp parallel for
    for (int64_t j = 0; j < 2 * c; j++)
        for (int64_t b = 1; b < BLOCKS; b++) sums[j] += sums[b * 2 * c + j];
}

DC3_INLINE void flush(int64_t c, const float *first, const float *second, double *sums)
{
#pragma omp simd
    for (int64_t j = 0; j < c; j++) sums[j] += (double)first[j], sums[c + j] += (double)second[j];
}

DC3_INLINE void statistics_rows(dc3_dtype type, int64_t from, int64_t to, int64_t c, const void *x,
                                double *sums)
{
    float first[MOST_CHANNELS], second[MOST_CHANNELS];
    memset(sums, 0, (size_t)(2 * c) * sizeof *sums);
    for (int64_t start = from; start < to; start += SOME_ROWS) {
        memset(first, 0, (size_t)c * sizeof *first);
        memset(second, 0, (size_t)c * sizeof *second);
        for (int64_t p = start; p < to && p < start + SOME_ROWS; p++) {
            const char *row = (const char *)x + (size_t)(p * c) * width_of(type);
#pragma omp simd
            for (int64_t j = 0; j < c; j++) {
                float v =
                    dc3_load(type, row, j) - dc3_load(type, x, j); /* less the first row: no digits lost */
                first[j] += v;
                second[j] += v * v;
            }
        }
        flush(c, first, second, sums);
    }
}

void dc3_avx512_batch_norm_statistics(const dc3_batch_norm_shape *s, const void *x, float *mean,
                                      float *variance, void *scratch)
{
    int64_t rows = s->n * s->h * s->w, c = s->c;
    double *sums = scratch;
    if (c > MOST_CHANNELS) {
        dc3_kernels_ref()->batch_norm_statistics(s, x, mean, variance, scratch);
        return;
    }
#pragma omp parallel for
    for (int64_t b = 0; b < BLOCKS; b++) {
        int64_t from = rows * b / BLOCKS, to = rows * (b + 1) / BLOCKS;
        if (s->type == DC3_BF16)
            statistics_rows(DC3_BF16, from, to, c, x, sums + b * 2 * c);
        else
            statistics_rows(DC3_F32, from, to, c, x, sums + b * 2 * c);
    }
    join_blocks(c, sums);
    for (int64_t j = 0; j < c; j++) {
        double m = sums[j] / (double)rows, v = sums[c + j] / (double)rows - m * m;
        mean[j] = (float)(m + (double)dc3_load(s->type, x, j));
        variance[j] = (float)(v > 0 ? v : 0);
    }
}

DC3_INLINE void apply_row(dc3_dtype type, int64_t c, const void *x, const float *scale, const float *offset,
                          const void *residual, int relu, void *y)
{
#pragma omp simd
    for (int64_t j = 0; j < c; j++) {
        float v = dc3_load(type, x, j) * scale[j] + offset[j];
        if (residual) v += dc3_load(type, residual, j);
        dc3_store(type, y, j, relu && !(v > 0) ? 0 : v);
    }
}

DC3_INLINE void pool_row(dc3_dtype type, int64_t c, const void *x, size_t right, size_t down,
                         const float *scale, const float *offset, int relu, void *y)
{
    const char *a = x, *b = a + right, *d = a + down, *e = d + right;
#pragma omp simd
    for (int64_t j = 0; j < c; j++) {
        float v = dc3_load(type, a, j) * scale[j] + offset[j],
              w = dc3_load(type, b, j) * scale[j] + offset[j];
        float p = dc3_load(type, d, j) * scale[j] + offset[j],
              q = dc3_load(type, e, j) * scale[j] + offset[j];
        if (relu) {
            v = v > 0 ? v : 0, w = w > 0 ? w : 0;
            p = p > 0 ? p : 0, q = q > 0 ? q : 0;
        }
        dc3_store(type, y, j, 0.25f * ((v + w) + (p + q)));
    }
}

DC3_INLINE void apply_all(dc3_dtype type, const dc3_batch_norm_shape *s, const char *x, const float *scale,
                          const float *offset, const char *residual, int relu, char *y)
{
    int64_t c = s->c, w = s->w / 2, h = s->h / 2;
    size_t pixel = (size_t)c * width_of(type), line = pixel * (size_t)s->w;
    if (!s->pool) {
#pragma omp parallel for
        for (int64_t p = 0; p < s->n * s->h * s->w; p++) {
            size_t at = (size_t)p * pixel;
            if (residual)
                apply_row(type, c, x + at, scale, offset, residual + at, relu, y + at);
            else
                apply_row(type, c, x + at, scale, offset, NULL, relu, y + at);
        }
        return;
    }
#pragma omp parallel for
    for (int64_t p = 0; p < s->n * h; p++)
        for (int64_t k = 0; k < w; k++)
            pool_row(type, c, x + (size_t)(p / h * s->h + p % h * 2) * line + (size_t)(2 * k) * pixel, pixel,
                     line, scale, offset, relu, y + (size_t)(p * w + k) * pixel);
}

void dc3_avx512_batch_norm(const dc3_batch_norm_shape *s, const void *x, const float *scale,
                           const float *offset, const void *residual, void *y)
{
    int relu = s->act == DC3_ACT_RELU;
    if (s->type == DC3_BF16 && relu)
        apply_all(DC3_BF16, s, x, scale, offset, residual, 1, y);
    else if (s->type == DC3_BF16)
        apply_all(DC3_BF16, s, x, scale, offset, residual, 0, y);
    else if (relu)
        apply_all(DC3_F32, s, x, scale, offset, residual, 1, y);
    else
        apply_all(DC3_F32, s, x, scale, offset, residual, 0, y);
}

/* The row of dy above pixel p, or NULL where the pool left it out. */
DC3_INLINE const char *row_of(const dc3_batch_norm_shape *s, const void *dy, int64_t p)
{
    size_t pixel = (size_t)s->c * width_of(s->type);
    if (!s->pool) return (const char *)dy + (size_t)p * pixel;
    int64_t line = p / s->w, row = line % s->h / 2, column = p % s->w / 2, h = s->h / 2, w = s->w / 2;
    if (row >= h || column >= w) return NULL;
    return (const char *)dy + (size_t)((line / s->h * h + row) * w + column) * pixel;
}

enum gate { OPEN, BY_X, BY_Y };

DC3_INLINE float gated(dc3_dtype type, enum gate gate, const void *dy, float x, const void *y,
                       const float *scale, const float *offset, float factor, int64_t j)
{
    float g = dc3_load(type, dy, j) * factor;
    if (gate == BY_X) return x * scale[j] + offset[j] > 0 ? g : 0;
    if (gate == BY_Y) return dc3_load(type, y, j) > 0 ? g : 0;
    return g;
}

typedef struct sums_input {
    const dc3_batch_norm_shape *s;
    const void *dy, *x, *y;
    const float *scale, *offset, *mean;
    void *dz;
} sums_input;

DC3_INLINE void sums_rows(dc3_dtype type, enum gate gate, const sums_input *in, int64_t from, int64_t to,
                          double *sums)
{
    const dc3_batch_norm_shape *s = in->s;
    const float *scale = in->scale, *offset = in->offset, *mean = in->mean;
    int64_t c = s->c;
    float first[MOST_CHANNELS], second[MOST_CHANNELS], factor = s->pool ? 0.25f : 1.0f;
    memset(sums, 0, (size_t)(2 * c) * sizeof *sums);
    for (int64_t start = from; start < to; start += SOME_ROWS) {
        memset(first, 0, (size_t)c * sizeof *first);
        memset(second, 0, (size_t)c * sizeof *second);
        for (int64_t p = start; p < to && p < start + SOME_ROWS; p++) {
            size_t at = (size_t)(p * c) * width_of(type);
            const char *x = (const char *)in->x + at, *dy = row_of(s, in->dy, p);
            const char *y = gate == BY_Y ? (const char *)in->y + at : NULL;
            if (!dy) continue;
#pragma omp simd
            for (int64_t j = 0; j < c; j++) {
                float v = dc3_load(type, x, j), g = gated(type, gate, dy, v, y, scale, offset, factor, j);
                first[j] += g;
                second[j] += g * (v - mean[j]);
            }
            if (!in->dz) continue;
            char *dz = (char *)in->dz + at;
#pragma omp simd
            for (int64_t j = 0; j < c; j++)
                dc3_store(type, dz, j,
                          gated(type, gate, dy, dc3_load(type, x, j), y, scale, offset, factor, j));
        }
        flush(c, first, second, sums);
    }
}

void dc3_avx512_batch_norm_sums(const dc3_batch_norm_shape *s, const void *dy, const void *x, const void *y,
                                const float *scale, const float *offset, const float *mean, void *dz,
                                float *sum, float *product, void *scratch)
{
    int64_t rows = s->n * s->h * s->w, c = s->c;
    double *sums = scratch;
    sums_input in = {s, dy, x, y, scale, offset, mean, dz};
    enum gate gate = s->act != DC3_ACT_RELU ? OPEN : y ? BY_Y : BY_X;
    if (c > MOST_CHANNELS) {
        dc3_kernels_ref()->batch_norm_sums(s, dy, x, y, scale, offset, mean, dz, sum, product, scratch);
        return;
    }
#pragma omp parallel for
    for (int64_t b = 0; b < BLOCKS; b++) {
        int64_t from = rows * b / BLOCKS, to = rows * (b + 1) / BLOCKS;
#define CASE(T, G)                                                                                           \
    if (s->type == T && gate == G) sums_rows(T, G, &in, from, to, sums + b * 2 * c)
        CASE(DC3_BF16, OPEN);
        CASE(DC3_BF16, BY_X);
        CASE(DC3_BF16, BY_Y);
        CASE(DC3_F32, OPEN);
        CASE(DC3_F32, BY_X);
        CASE(DC3_F32, BY_Y);
#undef CASE
    }
    join_blocks(c, sums);
    for (int64_t j = 0; j < c; j++) sum[j] = (float)sums[j], product[j] = (float)sums[c + j];
}

DC3_INLINE void gradient_all(dc3_dtype type, enum gate gate, const dc3_batch_norm_shape *s, const void *dy,
                             const void *x, const float *scale, const float *offset, const float *a,
                             const float *b, const float *d, void *dx)
{
    int64_t c = s->c;
    float factor = s->pool ? 0.25f : 1.0f;
#pragma omp parallel for
    for (int64_t p = 0; p < s->n * s->h * s->w; p++) {
        size_t at = (size_t)(p * c) * width_of(type);
        const char *in = (const char *)x + at, *above = row_of(s, dy, p);
        char *out = (char *)dx + at;
        if (above) {
#pragma omp simd
            for (int64_t j = 0; j < c; j++) {
                float v = dc3_load(type, in, j),
                      g = gated(type, gate, above, v, NULL, scale, offset, factor, j);
                dc3_store(type, out, j, g * a[j] + (v * b[j] + d[j]));
            }
        } else {
#pragma omp simd
            for (int64_t j = 0; j < c; j++) dc3_store(type, out, j, dc3_load(type, in, j) * b[j] + d[j]);
        }
    }
}

void dc3_avx512_batch_norm_gradient(const dc3_batch_norm_shape *s, const void *dy, const void *x,
                                    const float *scale, const float *offset, const float *a, const float *b,
                                    const float *d, void *dx)
{
    if (s->type == DC3_BF16 && s->act == DC3_ACT_RELU)
        gradient_all(DC3_BF16, BY_X, s, dy, x, scale, offset, a, b, d, dx);
    else if (s->type == DC3_BF16)
        gradient_all(DC3_BF16, OPEN, s, dy, x, scale, offset, a, b, d, dx);
    else if (s->act == DC3_ACT_RELU)
        gradient_all(DC3_F32, BY_X, s, dy, x, scale, offset, a, b, d, dx);
    else
        gradient_all(DC3_F32, OPEN, s, dy, x, scale, offset, a, b, d, dx);
}

/* A block of channels at a time, so that the sum's order does not depend on the number of threads. */
void dc3_avx512_add_rows(dc3_dtype type, int64_t rows, int64_t c, const void *x, float *sums)
{
    enum { WIDE = 32 };
#pragma omp parallel for
    for (int64_t first = 0; first < c; first += WIDE) {
        int64_t count = c - first < WIDE ? c - first : WIDE;
        double sum[WIDE] = {0};
        for (int64_t start = 0; start < rows; start += SOME_ROWS) {
            float some[WIDE] = {0};
            for (int64_t r = start; r < rows && r < start + SOME_ROWS; r++) {
#pragma omp simd
                for (int64_t j = 0; j < count; j++) some[j] += dc3_load(type, x, r * c + first + j);
            }
            for (int64_t j = 0; j < count; j++) sum[j] += (double)some[j];
        }
        for (int64_t j = 0; j < count; j++) sums[first + j] += (float)sum[j];
    }
}
