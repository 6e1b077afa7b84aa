/* Attention of Swin Transformer V2 (Liu et al. 2022): within windows of side w of the map, cyclically shifted
 * by s. For token i and j of a window, of one head,
 *   S_ij = t cos(q_i, k_j) + B_ij + M_ij,   y_i = sum_j softmax(S_i)_j v_j,
 * t = exp(min(scale, log 100)), B the position bias, M_ij = -100 where the shift has brought i and j together
 * from opposite edges. A map that windows do not cover is padded at the bottom and right with tokens of
 * zeros, whose q and v are their biases and whose k is zero. Forward and backward of one window and head fit
 * into a scratch of their own. In f32. */
#include <math.h>
#include <omp.h>
#include <string.h>
#include "kernels/ref/element.h"
#include "kernels/ref/ref.h"

enum {
    CHUNKS = 16, /* parts of the batch whose sums over windows are added up in order: not the number of
                    threads, so that the result does not depend on it */
    MOST = DC3_WINDOW_TOKENS
};

typedef dc3_window_shape sizes;

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
static void gather(const sizes *s, const dc3_window_gradient *g, int64_t head, int part, const work *t,
                   float *to)
{
    const float *bias = g->bias + part * s->c + head * s->dim;
    for (int64_t i = 0; i < s->tokens; i++)
        for (int64_t d = 0; d < s->dim; d++) {
            int64_t at = t->pixel[i] * 3 * s->c + part * s->c + head * s->dim + d;
            to[i * s->dim + d] =
                (t->pixel[i] >= 0 ? load(g->qkv, s->type, at) : 0) + (part == 1 ? 0 : bias[d]);
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

static float temperature(const float *scale, int64_t head)
{
    return expf(fminf(scale[head], logf(100.0f)));
}

/* t->p from the cosines. */
static void softmax(const sizes *s, float rate, const float *position, work *t)
{
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
static void forward(const sizes *s, const dc3_window_gradient *g, int64_t item, work *t)
{
    int64_t head = item % s->heads, window = item / s->heads % (s->rows * s->columns);
    find_tokens(s, item / s->heads / (s->rows * s->columns), window, t);
    gather(s, g, head, 0, t, t->q);
    gather(s, g, head, 1, t, t->k);
    gather(s, g, head, 2, t, t->v);
    normalise(s, t->q, t->norm_q);
    normalise(s, t->k, t->norm_k);
    products(s, t, t->q, t->k, t->cosine);
    softmax(s, temperature(g->scale, head), g->position + head * s->tokens * s->tokens, t);
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

static void window_backward(const sizes *s, const dc3_window_gradient *g, int64_t head, work *t, sums *sum)
{
    float rate = temperature(g->scale, head);
    for (int64_t i = 0; i < s->tokens; i++)
        for (int64_t d = 0; d < s->dim; d++)
            t->dy[i * s->dim + d] =
                t->pixel[i] < 0 ? 0 : load(g->dy, s->type, t->pixel[i] * s->c + head * s->dim + d);
    combine(s, t, t->p, 1, t->dy, t->dv);
    products(s, t, t->dy, t->v, t->dp);
    score_gradient(s, rate, t, sum);
    combine(s, t, t->cosine, 0, t->k, t->dq);
    combine(s, t, t->cosine, 1, t->q, t->dk);
    for (int64_t i = 0; i < s->tokens * s->dim; i++) t->dq[i] *= rate, t->dk[i] *= rate;
    normalise_gradient(s, t->q, t->norm_q, t->dq);
    normalise_gradient(s, t->k, t->norm_k, t->dk);
    scatter(s, t, head, 0, t->dq, sum->q, g->dqkv);
    scatter(s, t, head, 1, t->dk, NULL, g->dqkv);
    scatter(s, t, head, 2, t->dv, sum->v, g->dqkv);
}

/* The chunks' sums, in their order, into the gradients. */
static void add_sums(const sizes *s, const float *all, const dc3_window_gradient *g)
{
    int64_t square = s->tokens * s->tokens, each = sums_of_head(s);
    memset(g->dposition, 0, (size_t)(s->heads * square) * sizeof *g->dposition);
    for (int64_t k = 0; k < CHUNKS * s->heads; k++) {
        const float *from = all + k * each;
        int64_t head = k % s->heads;
        for (int64_t i = 0; i < square; i++) g->dposition[head * square + i] += from[i];
        if (g->dbias)
            for (int64_t d = 0; d < s->dim; d++) {
                g->dbias[head * s->dim + d] += from[square + d];
                g->dbias[2 * s->c + head * s->dim + d] += from[square + s->dim + d];
            }
        if (g->dscale && g->scale[head] <= logf(100.0f)) g->dscale[head] += from[square + 2 * s->dim];
    }
}

/* The windows of one chunk and head, one after the other. */
static void chunk_backward(const sizes *s, int64_t k, const dc3_window_gradient *g, float *memory, float *sum)
{
    int64_t windows = s->n * s->rows * s->columns, chunk = k / s->heads, head = k % s->heads;
    int64_t square = s->tokens * s->tokens;
    sums part = {sum, sum + square, sum + square + s->dim, sum + square + 2 * s->dim};
    work t;
    lay_out(s, memory, &t);
    memset(sum, 0, (size_t)sums_of_head(s) * sizeof *sum);
    for (int64_t i = chunk * windows / CHUNKS; i < (chunk + 1) * windows / CHUNKS; i++) {
        forward(s, g, i * s->heads + head, &t);
        window_backward(s, g, head, &t, &part);
    }
}

size_t dc3_ref_window_attention_gradient_scratch(const dc3_window_shape *s, int threads)
{
    return (size_t)(CHUNKS * s->heads * sums_of_head(s) + threads * floats_of(s)) * sizeof(float);
}

void dc3_ref_window_attention_gradient(const dc3_window_shape *s, const dc3_window_gradient *g, void *scratch)
{
    int64_t each = sums_of_head(s);
    float *all = scratch, *work_of = all + CHUNKS * s->heads * each;
#pragma omp parallel for schedule(dynamic)
    for (int64_t k = 0; k < CHUNKS * s->heads; k++)
        chunk_backward(s, k, g, work_of + omp_get_thread_num() * floats_of(s), all + k * each);
    add_sums(s, all, g);
}

static void window_forward(const sizes *s, const dc3_window_gradient *g, int64_t item, float *memory, void *y)
{
    work t;
    lay_out(s, memory, &t);
    forward(s, g, item, &t);
    combine(s, &t, t.p, 0, t.v, t.y);
    for (int64_t i = 0; i < s->tokens; i++)
        for (int64_t d = 0; d < s->dim && t.pixel[i] >= 0; d++)
            store(y, s->type, t.pixel[i] * s->c + item % s->heads * s->dim + d, t.y[i * s->dim + d]);
}

size_t dc3_ref_window_attention_scratch(const dc3_window_shape *s, int threads)
{
    return (size_t)(threads * floats_of(s)) * sizeof(float);
}

void dc3_ref_window_attention(const dc3_window_shape *s, const void *qkv, const float *position,
                              const float *bias, const float *scale, void *y, void *scratch)
{
    const dc3_window_gradient in = {.qkv = qkv, .position = position, .bias = bias, .scale = scale};
    int64_t items = s->n * s->rows * s->columns * s->heads;
#pragma omp parallel for
    for (int64_t item = 0; item < items; item++)
        window_forward(s, &in, item, (float *)scratch + omp_get_thread_num() * floats_of(s), y);
}
