/* Batch norm, what follows it, and its gradient, channels-last. Rows are pixels; sums are taken over a fixed
 * number of blocks of rows and added in the order of the blocks, so that they do not depend on the number of
 * threads. A pass is bound by memory: each is one reading of its operands. Rows are visited in chunks that
 * stay in the first cache, two vectors of channels at a time, whose coefficients and sums stay in registers.
 */
#include "kernels/vector/lanes.h"
#include "kernels/vector/vector.h"

enum { BLOCKS = 32, CHUNK = 48, PAIR = 2 * LANES };

/* Two vectors of f32, and which of their lanes are channels. */
typedef struct pair {
    vec a, b;
} pair;
typedef struct lanes {
    vec_span a, b;
} lanes;

DC3_INLINE lanes lanes_of(int64_t c, int64_t first)
{
    int64_t left = c - first;
    return (lanes){v_span(left), v_span(left > LANES ? left - LANES : 0)};
}

DC3_INLINE size_t width_of(dc3_dtype type)
{
    return type == DC3_BF16 ? 2 : 4;
}

DC3_INLINE vec load_one(dc3_dtype type, const char *x, vec_span s)
{
    return type == DC3_F32 ? v_load_span(x, s) : v_load_bf16(x, s);
}

DC3_INLINE void store_one(dc3_dtype type, char *y, vec_span s, vec v)
{
    if (type == DC3_F32)
        v_store_span(y, s, v);
    else
        v_store_bf16(y, s, v);
}

DC3_INLINE pair load(dc3_dtype type, const char *x, lanes m)
{
    return (pair){load_one(type, x, m.a), load_one(type, x + LANES * width_of(type), m.b)};
}

DC3_INLINE void store(dc3_dtype type, char *y, lanes m, pair v)
{
    store_one(type, y, m.a, v.a);
    store_one(type, y + LANES * width_of(type), m.b, v.b);
}

DC3_INLINE pair vector(const float *x, lanes m)
{
    return load(DC3_F32, (const char *)x, m);
}

#define EACH(expression_a, expression_b) ((pair){expression_a, expression_b})
DC3_INLINE pair add(pair x, pair y)
{
    return EACH(v_add(x.a, y.a), v_add(x.b, y.b));
}

DC3_INLINE pair sub(pair x, pair y)
{
    return EACH(v_sub(x.a, y.a), v_sub(x.b, y.b));
}

DC3_INLINE pair mul_add(pair x, pair y, pair z)
{
    return EACH(v_mul_add(x.a, y.a, z.a), v_mul_add(x.b, y.b, z.b));
}

DC3_INLINE pair scaled(pair x, float factor)
{
    vec f = v_set(factor);
    return EACH(v_mul(x.a, f), v_mul(x.b, f));
}

/* ReLU; of NaN it is NaN, as the second operand wins then. */
DC3_INLINE pair positive(pair x)
{
    vec zero = v_zero();
    return EACH(v_max(zero, x.a), v_max(zero, x.b));
}

/* x where z > 0, else 0. */
DC3_INLINE pair gated(pair x, pair z)
{
    vec zero = v_zero();
    return EACH(v_where(v_greater(z.a, zero), x.a), v_where(v_greater(z.b, zero), x.b));
}

/* sums [up to PAIR] += x. */
DC3_INLINE void add_to(double *sums, pair x, int64_t count)
{
    float v[PAIR] __attribute__((aligned(64)));
    v_store(v, x.a);
    v_store(v + LANES, x.b);
    for (int64_t j = 0; j < count && j < PAIR; j++) sums[j] += (double)v[j];
}

size_t VECTOR(batch_norm_scratch)(const dc3_batch_norm_shape *s)
{
    return (size_t)(BLOCKS * 2 * s->c) * sizeof(double);
}

/* The blocks' sums [2, c], in order, into the first block's. */
static void join_blocks(int64_t c, double *sums)
{
#pragma omp parallel for
    for (int64_t j = 0; j < 2 * c; j++)
        for (int64_t b = 1; b < BLOCKS; b++) sums[j] += sums[b * 2 * c + j];
}

DC3_INLINE void statistics_rows(dc3_dtype type, int64_t from, int64_t to, int64_t c, const char *x,
                                double *sums)
{
    size_t row = (size_t)c * width_of(type);
    pair none = EACH(v_zero(), v_zero());
    memset(sums, 0, (size_t)(2 * c) * sizeof *sums);
    for (int64_t start = from; start < to; start += CHUNK) {
        int64_t stop = start + CHUNK < to ? start + CHUNK : to;
        for (int64_t j = 0; j < c; j += PAIR) {
            lanes m = lanes_of(c, j);
            const char *at = x + (size_t)j * width_of(type);
            pair base = load(type, at, m), first = none,
                 second = none; /* less the first row: no digits lost */
            for (int64_t p = start; p < stop; p++) {
                pair v = sub(load(type, at + (size_t)p * row, m), base);
                first = add(first, v);
                second = mul_add(v, v, second);
            }
            add_to(sums + j, first, c - j);
            add_to(sums + c + j, second, c - j);
        }
    }
}

void VECTOR(batch_norm_statistics)(const dc3_batch_norm_shape *s, const void *x, float *mean, float *variance,
                                   void *scratch)
{
    int64_t rows = s->n * s->h * s->w, c = s->c;
    double *sums = scratch;
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

/* y = relu(x * scale + offset + residual) for a chunk of rows. */
DC3_INLINE void apply_rows(dc3_dtype type, int64_t from, int64_t to, int64_t c, const char *x,
                           const float *scale, const float *offset, const char *residual, int relu, char *y)
{
    size_t row = (size_t)c * width_of(type);
    for (int64_t j = 0; j < c; j += PAIR) {
        lanes m = lanes_of(c, j);
        pair rate = vector(scale + j, m), shift = vector(offset + j, m);
        for (int64_t p = from; p < to; p++) {
            size_t at = (size_t)p * row + (size_t)j * width_of(type);
            pair v = mul_add(load(type, x + at, m), rate, shift);
            if (residual) v = add(v, load(type, residual + at, m));
            store(type, y + at, m, relu ? positive(v) : v);
        }
    }
}

/* One row of pooled pixels from two of x. */
DC3_INLINE void pool_line(dc3_dtype type, int64_t w, int64_t c, const char *x, size_t line,
                          const float *scale, const float *offset, int relu, char *y)
{
    size_t pixel = (size_t)c * width_of(type);
    for (int64_t j = 0; j < c; j += PAIR) {
        lanes m = lanes_of(c, j);
        pair rate = vector(scale + j, m), shift = vector(offset + j, m);
        for (int64_t k = 0; k < w; k++) {
            const char *at = x + (size_t)(2 * k) * pixel + (size_t)j * width_of(type);
            const size_t corners[] = {0, pixel, line, line + pixel};
            pair sum = EACH(v_zero(), v_zero());
            for (int i = 0; i < 4; i++) {
                pair v = mul_add(load(type, at + corners[i], m), rate, shift);
                sum = add(sum, relu ? positive(v) : v);
            }
            store(type, y + (size_t)k * pixel + (size_t)j * width_of(type), m, scaled(sum, 0.25f));
        }
    }
}

DC3_INLINE void apply_all(dc3_dtype type, const dc3_batch_norm_shape *s, const char *x, const float *scale,
                          const float *offset, const char *residual, int relu, char *y)
{
    int64_t c = s->c, w = s->w / 2, h = s->h / 2, rows = s->n * s->h * s->w;
    size_t pixel = (size_t)c * width_of(type), line = pixel * (size_t)s->w;
    if (!s->pool) {
#pragma omp parallel for
        for (int64_t p = 0; p < rows; p += CHUNK) {
            int64_t to = p + CHUNK < rows ? p + CHUNK : rows;
            if (residual)
                apply_rows(type, p, to, c, x, scale, offset, residual, relu, y);
            else
                apply_rows(type, p, to, c, x, scale, offset, NULL, relu, y);
        }
        return;
    }
#pragma omp parallel for
    for (int64_t p = 0; p < s->n * h; p++)
        pool_line(type, w, c, x + (size_t)(p / h * s->h + p % h * 2) * line, line, scale, offset, relu,
                  y + (size_t)(p * w) * pixel);
}

void VECTOR(batch_norm)(const dc3_batch_norm_shape *s, const void *x, const float *scale, const float *offset,
                        const void *residual, void *y)
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

/* The rows of dy above pixels from..to-1, NULL where the pool left them out. */
static void find_rows(const dc3_batch_norm_shape *s, const char *dy, int64_t from, int64_t to,
                      const char *rows[CHUNK])
{
    size_t pixel = (size_t)s->c * width_of(s->type);
    int64_t h = s->h / 2, w = s->w / 2, column = from % s->w, row = from / s->w % s->h,
            image = from / s->w / s->h;
    for (int64_t p = from; p < to && !s->pool; p++) rows[p - from] = dy + (size_t)p * pixel;
    for (int64_t p = from; p < to && s->pool; p++) {
        int is = row / 2 < h && column / 2 < w;
        rows[p - from] = is ? dy + (size_t)((image * h + row / 2) * w + column / 2) * pixel : NULL;
        if (++column < s->w) continue;
        column = 0;
        if (++row < s->h) continue;
        row = 0, image++;
    }
}

enum gate { OPEN, BY_X, BY_Y };

/* What sums and gradients read and write. */
typedef struct operands {
    const dc3_batch_norm_shape *s;
    const char *dy, *x, *y;
    const float *scale, *offset, *mean, *a, *b, *d;
    char *dz, *dx;
} operands;

DC3_INLINE void sums_chunk(dc3_dtype type, enum gate gate, const operands *o, int64_t from, int64_t to,
                           double *sums)
{
    int64_t c = o->s->c;
    size_t row = (size_t)c * width_of(type);
    const char *rows[CHUNK];
    float factor = o->s->pool ? 0.25f : 1.0f;
    pair none = EACH(v_zero(), v_zero());
    find_rows(o->s, o->dy, from, to, rows);
    for (int64_t j = 0; j < c; j += PAIR) {
        lanes m = lanes_of(c, j);
        pair rate = vector(o->scale + j, m), shift = vector(o->offset + j, m), mean = vector(o->mean + j, m);
        pair first = none, second = none;
        for (int64_t p = from; p < to; p++) {
            size_t at = (size_t)p * row + (size_t)j * width_of(type);
            if (!rows[p - from]) continue;
            pair v = load(type, o->x + at, m), g = load(type, rows[p - from] + (size_t)j * width_of(type), m);
            if (gate == BY_X) g = gated(g, mul_add(v, rate, shift));
            if (gate == BY_Y) g = gated(g, load(type, o->y + at, m));
            if (o->dz) store(type, o->dz + at, m, g);
            first = add(first, g);
            second = mul_add(g, sub(v, mean), second);
        }
        add_to(sums + j, scaled(first, factor), c - j);
        add_to(sums + c + j, scaled(second, factor), c - j);
    }
}

DC3_INLINE void sums_rows(dc3_dtype type, enum gate gate, const operands *o, int64_t from, int64_t to,
                          double *sums)
{
    memset(sums, 0, (size_t)(2 * o->s->c) * sizeof *sums);
    for (int64_t p = from; p < to; p += CHUNK)
        sums_chunk(type, gate, o, p, p + CHUNK < to ? p + CHUNK : to, sums);
}

void VECTOR(batch_norm_sums)(const dc3_batch_norm_shape *s, const void *dy, const void *x, const void *y,
                             const float *scale, const float *offset, const float *mean, void *dz, float *sum,
                             float *product, void *scratch)
{
    int64_t rows = s->n * s->h * s->w, c = s->c;
    double *sums = scratch;
    operands o = {.s = s, .dy = dy, .x = x, .y = y, .scale = scale, .offset = offset, .mean = mean, .dz = dz};
    enum gate gate = s->act != DC3_ACT_RELU ? OPEN : y ? BY_Y : BY_X;
#pragma omp parallel for
    for (int64_t b = 0; b < BLOCKS; b++) {
        int64_t from = rows * b / BLOCKS, to = rows * (b + 1) / BLOCKS;
#define CASE(T, G)                                                                                           \
    if (s->type == T && gate == G) sums_rows(T, G, &o, from, to, sums + b * 2 * c)
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

DC3_INLINE void gradient_chunk(dc3_dtype type, enum gate gate, const operands *o, int64_t from, int64_t to)
{
    int64_t c = o->s->c;
    size_t row = (size_t)c * width_of(type);
    const char *rows[CHUNK];
    float factor = o->s->pool ? 0.25f : 1.0f;
    find_rows(o->s, o->dy, from, to, rows);
    for (int64_t j = 0; j < c; j += PAIR) {
        lanes m = lanes_of(c, j);
        pair rate = vector(o->scale + j, m), shift = vector(o->offset + j, m);
        pair a = scaled(vector(o->a + j, m), factor), b = vector(o->b + j, m), d = vector(o->d + j, m);
        for (int64_t p = from; p < to; p++) {
            size_t at = (size_t)p * row + (size_t)j * width_of(type);
            pair v = load(type, o->x + at, m), out = mul_add(v, b, d);
            if (rows[p - from]) {
                pair g = load(type, rows[p - from] + (size_t)j * width_of(type), m);
                if (gate == BY_X) g = gated(g, mul_add(v, rate, shift));
                out = mul_add(g, a, out);
            }
            store(type, o->dx + at, m, out);
        }
    }
}

void VECTOR(batch_norm_gradient)(const dc3_batch_norm_shape *s, const void *dy, const void *x,
                                 const float *scale, const float *offset, const float *a, const float *b,
                                 const float *d, void *dx)
{
    int64_t rows = s->n * s->h * s->w;
    operands o = {
        .s = s, .dy = dy, .x = x, .scale = scale, .offset = offset, .a = a, .b = b, .d = d, .dx = dx};
    int relu = s->act == DC3_ACT_RELU;
#pragma omp parallel for
    for (int64_t p = 0; p < rows; p += CHUNK) {
        int64_t to = p + CHUNK < rows ? p + CHUNK : rows;
        if (s->type == DC3_BF16 && relu)
            gradient_chunk(DC3_BF16, BY_X, &o, p, to);
        else if (s->type == DC3_BF16)
            gradient_chunk(DC3_BF16, OPEN, &o, p, to);
        else if (relu)
            gradient_chunk(DC3_F32, BY_X, &o, p, to);
        else
            gradient_chunk(DC3_F32, OPEN, &o, p, to);
    }
}

/* A pair of vectors of channels at a time, so that the sum's order does not depend on the number of threads.
 */
void VECTOR(add_rows)(dc3_dtype type, int64_t rows, int64_t c, const void *x, float *sums)
{
#pragma omp parallel for
    for (int64_t j = 0; j < c; j += PAIR) {
        lanes m = lanes_of(c, j);
        double sum[PAIR] = {0};
        for (int64_t start = 0; start < rows; start += CHUNK) {
            pair some = EACH(v_zero(), v_zero());
            for (int64_t r = start; r < rows && r < start + CHUNK; r++) {
                const char *at = (const char *)x + (size_t)(r * c + j) * width_of(type);
                some = add(some, type == DC3_BF16 ? load(DC3_BF16, at, m) : load(DC3_F32, at, m));
            }
            add_to(sum, some, c - j);
        }
        for (int64_t k = 0; k < PAIR && j + k < c; k++) sums[j + k] += (float)sum[k];
    }
}
