/* Attention of Swin Transformer V2 (Liu et al. 2022): within windows of side w of the map, cyclically shifted
 * by s. For token i and j of a window, of one head,
 *   S_ij = t cos(q_i, k_j) + B_ij + M_ij,   y_i = sum_j softmax(S_i)_j v_j,
 * t = exp(min(scale, log 100)), B the position bias, M_ij = -100 where the shift has brought i and j together
 * from opposite edges. A map that windows do not cover is padded at the bottom and right with tokens of
 * zeros, whose q and v are their biases and whose k is zero. Forward and backward of one window and head fit
 * into a scratch of their own. Plain C, in f32. */
#include <math.h>
#include <omp.h>
#include <string.h>
#include "ops/element.h"
#include "ops/ops.h"
#include "ops/tape.h"

enum {
    CHUNKS = 16, /* parts of the batch whose sums over windows are added up in order: not the number of
                    threads, so that the result does not depend on it */
    MOST = 64    /* tokens of a window */
};

typedef struct sizes {
    dc3_dtype type;
    int64_t n, h, w, c, heads, dim, side, shift_h, shift_w, rows, columns; /* rows, columns: of windows */
    int64_t tokens;                                                        /* of a window */
    const float *bias, *scale;
} sizes;
_Static_assert(sizeof(sizes) <= DC3_RECORD_BYTES, "fits into a record");

/* One window and head: [tokens, dim] or [tokens, tokens] each. */
typedef struct work {
    int64_t pixel[MOST]; /* of each token in the batch's maps; -1: padding */
    int region[MOST];
    float *q, *k, *v, *y, *p; /* q, k of length one; p the softmax */
    float *dq, *dk, *dv, *dy, *dp;
    float *cosine; /* then dS */
    float norm_q[MOST], norm_k[MOST];
} work;

static int64_t floats_of(const sizes *s)
{
    return 8 * s->tokens * s->dim + 3 * s->tokens * s->tokens;
}

static void lay_out(const sizes *s, float *memory, work *t)
{
    int64_t narrow = s->tokens * s->dim, i = 0;
    float **arrays[] = {&t->q, &t->k, &t->v, &t->y, &t->dq, &t->dk, &t->dv, &t->dy};
    for (; i < 8; i++) *arrays[i] = memory + i * narrow;
    t->p = memory + i * narrow;
    t->cosine = t->p + s->tokens * s->tokens;
    t->dp = t->cosine + s->tokens * s->tokens;
}

/* The part of a shifted axis that a row or column comes from: whole windows, the last one's own, the other
 * edge's. */
static int region_of(int64_t at, int64_t padded, int64_t side, int64_t shift)
{
    return !shift ? 0 : at < padded - side ? 0 : at < padded - shift ? 1 : 2;
}

static void find_tokens(const sizes *s, int64_t image, int64_t window, work *t)
{
    int64_t height = s->rows * s->side, width = s->columns * s->side;
    for (int64_t i = 0; i < s->tokens; i++) {
        int64_t y = window / s->columns * s->side + i / s->side,
                x = window % s->columns * s->side + i % s->side;
        int64_t from_y = (y + s->shift_h) % height, from_x = (x + s->shift_w) % width;
        int inside = from_y < s->h && from_x < s->w;
        t->pixel[i] = inside ? (image * s->h + from_y) * s->w + from_x : -1;
        t->region[i] =
            3 * region_of(y, height, s->side, s->shift_h) + region_of(x, width, s->side, s->shift_w);
    }
}

/* Part 0, 1, 2 of qkv is q, k, v; k has no bias. */
static void gather(const sizes *s, const void *qkv, int64_t head, int part, const work *t, float *to)
{
    const float *bias = s->bias + part * s->c + head * s->dim;
    for (int64_t i = 0; i < s->tokens; i++)
        for (int64_t d = 0; d < s->dim; d++) {
            int64_t at = t->pixel[i] * 3 * s->c + part * s->c + head * s->dim + d;
            to[i * s->dim + d] = (t->pixel[i] >= 0 ? load(qkv, s->type, at) : 0) + (part == 1 ? 0 : bias[d]);
        }
}

static void normalise(const sizes *s, float *x, float *norms)
{
    for (int64_t i = 0; i < s->tokens; i++) {
        float sum = 0, *row = x + i * s->dim;
        for (int64_t d = 0; d < s->dim; d++) sum += row[d] * row[d];
        norms[i] = fmaxf(sqrtf(sum), 1e-12f);
        for (int64_t d = 0; d < s->dim; d++) row[d] /= norms[i];
    }
}

/* out [tokens, tokens] = x [tokens, dim] y [tokens, dim]^T. The rows are queries here and below, and those of
 * padding are left out. */
static void products(const sizes *s, const work *t, const float *x, const float *y, float *out)
{
    for (int64_t i = 0; i < s->tokens; i++)
        for (int64_t j = 0; j < s->tokens && t->pixel[i] >= 0; j++) {
            float sum = 0;
#pragma omp simd reduction(+ : sum)
            for (int64_t d = 0; d < s->dim; d++) sum += x[i * s->dim + d] * y[j * s->dim + d];
            out[i * s->tokens + j] = sum;
        }
}

/* out [tokens, dim] = a [tokens, tokens] x, or with `turned` a^T x. */
static void combine(const sizes *s, const work *t, const float *a, int turned, const float *x, float *out)
{
    memset(out, 0, (size_t)(s->tokens * s->dim) * sizeof *out);
    for (int64_t i = 0; i < s->tokens; i++)
        for (int64_t j = 0; j < s->tokens && t->pixel[i] >= 0; j++) {
            float rate = a[i * s->tokens + j];
            int64_t to = turned ? j : i, from = turned ? i : j;
            for (int64_t d = 0; d < s->dim; d++) out[to * s->dim + d] += rate * x[from * s->dim + d];
        }
}

static float temperature(const sizes *s, int64_t head)
{
    return expf(fminf(s->scale[head], logf(100.0f)));
}

/* t->p from the cosines. */
static void softmax(const sizes *s, int64_t head, const float *position, work *t)
{
    float rate = temperature(s, head);
    for (int64_t i = 0; i < s->tokens; i++) {
        if (t->pixel[i] < 0) continue;
        float most = -INFINITY, sum = 0, *row = t->p + i * s->tokens;
        for (int64_t j = 0; j < s->tokens; j++) {
            row[j] = rate * t->cosine[i * s->tokens + j] + position[i * s->tokens + j] -
                     (t->region[i] != t->region[j] ? 100 : 0);
            most = fmaxf(most, row[j]);
        }
        for (int64_t j = 0; j < s->tokens; j++) sum += row[j] = expf(row[j] - most);
        for (int64_t j = 0; j < s->tokens; j++) row[j] /= sum;
    }
}

/* Everything up to the softmax. */
static void forward(const sizes *s, const void *qkv, const float *position, int64_t item, work *t)
{
    int64_t head = item % s->heads, window = item / s->heads % (s->rows * s->columns);
    find_tokens(s, item / s->heads / (s->rows * s->columns), window, t);
    gather(s, qkv, head, 0, t, t->q);
    gather(s, qkv, head, 1, t, t->k);
    gather(s, qkv, head, 2, t, t->v);
    normalise(s, t->q, t->norm_q);
    normalise(s, t->k, t->norm_k);
    products(s, t, t->q, t->k, t->cosine);
    softmax(s, head, position + head * s->tokens * s->tokens, t);
}

/* Sums over windows that a chunk keeps for one head: dB, the biases of q and v, the scale. */
typedef struct sums {
    float *position, *q, *v, *scale;
} sums;

static int64_t sums_of_head(const sizes *s)
{
    return s->tokens * s->tokens + 2 * s->dim + 1;
}

/* Of x / |x|: dx = (dn - n (n dn)) / |x|. */
static void normalise_gradient(const sizes *s, const float *x, const float *norms, float *dx)
{
    for (int64_t i = 0; i < s->tokens; i++) {
        float along = 0;
        for (int64_t d = 0; d < s->dim; d++) along += x[i * s->dim + d] * dx[i * s->dim + d];
        for (int64_t d = 0; d < s->dim; d++)
            dx[i * s->dim + d] = (dx[i * s->dim + d] - x[i * s->dim + d] * along) / norms[i];
    }
}

static void scatter(const sizes *s, const work *t, int64_t head, int part, const float *from, float *bias,
                    void *to)
{
    for (int64_t i = 0; i < s->tokens; i++)
        for (int64_t d = 0; d < s->dim; d++) {
            float value = from[i * s->dim + d];
            if (bias) bias[d] += value;
            if (t->pixel[i] >= 0)
                store(to, s->type, t->pixel[i] * 3 * s->c + part * s->c + head * s->dim + d, value);
        }
}

/* t->cosine becomes dS, its gradient with respect to the scores; the scale's is summed on the way. */
static void score_gradient(const sizes *s, float rate, work *t, sums *sum)
{
    for (int64_t i = 0; i < s->tokens; i++) {
        if (t->pixel[i] < 0) continue;
        float *p = t->p + i * s->tokens, *cosine = t->cosine + i * s->tokens, mean = 0;
        const float *dp = t->dp + i * s->tokens;
        for (int64_t j = 0; j < s->tokens; j++) {
            mean += p[j] * dp[j];
        }
        for (int64_t j = 0; j < s->tokens; j++) {
            float ds = p[j] * (dp[j] - mean);
            *sum->scale += ds * cosine[j] * rate;
            sum->position[i * s->tokens + j] += ds;
            cosine[j] = ds;
        }
    }
}

static void window_backward(const sizes *s, const void *dy, int64_t head, work *t, sums *sum, void *dqkv)
{
    float rate = temperature(s, head);
    for (int64_t i = 0; i < s->tokens; i++)
        for (int64_t d = 0; d < s->dim; d++)
            t->dy[i * s->dim + d] =
                t->pixel[i] < 0 ? 0 : load(dy, s->type, t->pixel[i] * s->c + head * s->dim + d);
    combine(s, t, t->p, 1, t->dy, t->dv);
    products(s, t, t->dy, t->v, t->dp);
    score_gradient(s, rate, t, sum);
    combine(s, t, t->cosine, 0, t->k, t->dq);
    combine(s, t, t->cosine, 1, t->q, t->dk);
    for (int64_t i = 0; i < s->tokens * s->dim; i++) t->dq[i] *= rate, t->dk[i] *= rate;
    normalise_gradient(s, t->q, t->norm_q, t->dq);
    normalise_gradient(s, t->k, t->norm_k, t->dk);
    scatter(s, t, head, 0, t->dq, sum->q, dqkv);
    scatter(s, t, head, 1, t->dk, NULL, dqkv);
    scatter(s, t, head, 2, t->dv, sum->v, dqkv);
}

/* The chunks' sums, in their order, into the gradients. */
static void add_sums(const sizes *s, const float *all, dc3_record *record, float *dposition)
{
    int64_t square = s->tokens * s->tokens, each = sums_of_head(s);
    memset(dposition, 0, (size_t)(s->heads * square) * sizeof *dposition);
    for (int64_t k = 0; k < CHUNKS * s->heads; k++) {
        const float *from = all + k * each;
        int64_t head = k % s->heads;
        for (int64_t i = 0; i < square; i++) dposition[head * square + i] += from[i];
        if (record->gradient[0])
            for (int64_t d = 0; d < s->dim; d++) {
                record->gradient[0][head * s->dim + d] += from[square + d];
                record->gradient[0][2 * s->c + head * s->dim + d] += from[square + s->dim + d];
            }
        if (record->gradient[1] && s->scale[head] <= logf(100.0f))
            record->gradient[1][head] += from[square + 2 * s->dim];
    }
}

/* The windows of one chunk and head, one after the other. */
static void chunk_backward(const sizes *s, int64_t k, const dc3_record *record, const void *dy, float *memory,
                           float *sum, void *dqkv)
{
    int64_t windows = s->n * s->rows * s->columns, chunk = k / s->heads, head = k % s->heads;
    int64_t square = s->tokens * s->tokens;
    sums part = {sum, sum + square, sum + square + s->dim, sum + square + 2 * s->dim};
    work t;
    lay_out(s, memory, &t);
    memset(sum, 0, (size_t)sums_of_head(s) * sizeof *sum);
    for (int64_t i = chunk * windows / CHUNKS; i < (chunk + 1) * windows / CHUNKS; i++) {
        forward(s, record->saved[0].data, record->saved[1].data, i * s->heads + head, &t);
        window_backward(s, dy, head, &t, &part, dqkv);
    }
}

/* saved: qkv, position. */
static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    sizes s;
    memcpy(&s, record->more, sizeof s);
    int64_t each = sums_of_head(&s);
    dc3_tensor dqkv = dc3_new(ctx, s.type, 4, record->saved[0].shape);
    dc3_tensor dposition = dc3_new(ctx, DC3_F32, 3, record->saved[1].shape);
    dc3_tensor all = dc3_new(ctx, DC3_F32, 3, (int64_t[]){CHUNKS, s.heads, each});
    dc3_tensor scratch = dc3_new(ctx, DC3_F32, 2, (int64_t[]){dc3_ctx_threads(ctx), floats_of(&s)});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_ATTENTION, 0)) return;
#pragma omp parallel for schedule(dynamic)
    for (int64_t k = 0; k < CHUNKS * s.heads; k++)
        chunk_backward(&s, k, record, dy.data, (float *)scratch.data + omp_get_thread_num() * floats_of(&s),
                       (float *)all.data + k * each, dqkv.data);
    add_sums(&s, all.data, record, dposition.data);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dqkv);
    dc3_give_gradient(ctx, record, 1, dposition);
}

static void window_forward(const sizes *s, const void *qkv, const float *position, int64_t item,
                           float *memory, void *y)
{
    work t;
    lay_out(s, memory, &t);
    forward(s, qkv, position, item, &t);
    combine(s, &t, t.p, 0, t.v, t.y);
    for (int64_t i = 0; i < s->tokens; i++)
        for (int64_t d = 0; d < s->dim && t.pixel[i] >= 0; d++)
            store(y, s->type, t.pixel[i] * s->c + item % s->heads * s->dim + d, t.y[i * s->dim + d]);
}

static sizes sizes_of(dc3_tensor qkv, const dc3_window_options *o)
{
    int64_t c = qkv.shape[3] / 3, side = o->side;
    sizes s = {.type = qkv.dtype,
               .n = qkv.shape[0],
               .h = qkv.shape[1],
               .w = qkv.shape[2],
               .c = c,
               .heads = o->heads,
               .dim = c / o->heads,
               .side = side,
               .rows = (qkv.shape[1] + side - 1) / side,
               .columns = (qkv.shape[2] + side - 1) / side,
               .tokens = side * side,
               .bias = o->bias,
               .scale = o->scale};
    s.shift_h = s.rows > 1 ? o->shift : 0; /* one window has nothing to shift to */
    s.shift_w = s.columns > 1 ? o->shift : 0;
    return s;
}

dc3_tensor dc3_window_attention(dc3_ctx *ctx, dc3_tensor qkv, dc3_tensor position,
                                const dc3_window_options *o)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    if (o->side * o->side > MOST)
        return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_INTERNAL, "window attention: windows of %lld pixels a side",
                                          (long long)o->side));
    sizes s = sizes_of(qkv, o);
    dc3_tensor y = dc3_new(ctx, s.type, 4, (int64_t[]){s.n, s.h, s.w, s.c});
    dc3_tensor scratch = dc3_new(ctx, DC3_F32, 2, (int64_t[]){dc3_ctx_threads(ctx), floats_of(&s)});
    int64_t items = s.n * s.rows * s.columns * s.heads;
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_ATTENTION, 4.0 * (double)(items * s.tokens * s.tokens * s.dim)))
        return y;
#pragma omp parallel for
    for (int64_t item = 0; item < items; item++)
        window_forward(&s, qkv.data, position.data, item,
                       (float *)scratch.data + omp_get_thread_num() * floats_of(&s), y.data);
    dc3_op_end(&op, DC3_OK);
    dc3_drop(ctx, scratch);
    float *dbias = dc3_parameter_gradient(ctx, o->bias), *dscale = dc3_parameter_gradient(ctx, o->scale);
    dc3_record *record = dc3_record_new(ctx, backward, &y, 2, (dc3_tensor[]){qkv, position}, dbias || dscale);
    if (!record) return y;
    memcpy(record->more, &s, sizeof s);
    record->gradient[0] = dbias, record->gradient[1] = dscale;
    dc3_record_save(ctx, record, 0, qkv);
    dc3_record_save(ctx, record, 1, position);
    return y;
}
