/* Sizes and options that kernels take: plain values of the host. */
#ifndef DC3_KERNELS_SHAPES_H
#define DC3_KERNELS_SHAPES_H

#include "tensor/tensor.h"

typedef enum dc3_activation {
    DC3_ACT_NONE,
    DC3_ACT_RELU,
    DC3_ACT_SILU,
    DC3_ACT_GELU_ERF,
    DC3_ACT_QUICK_GELU,
    DC3_ACT_RELU6, /* min(max(x, 0), 6) */
    DC3_ACT_SIGMOID,
    DC3_ACT_GELU_TANH, /* GELU with tanh for erf: x sigmoid(1.5957691 (x + 0.044715 x^3)) */
    DC3_ACTS
} dc3_activation;

/* Scaled dot-product attention, y = softmax(scale * q k^T [+ causal mask]) v, for each of n * heads.
 * q [n, tokens_q, heads * dim] with row stride `stride_q` elements (so that q, k, v may be slices of one
 * matrix), k, v [n_kv, tokens_kv, ...] with strides, where row r of the batch reads k and v of r % n_kv; y
 * [n, tokens_q, heads * dim]. */
typedef struct dc3_attention_shape {
    int64_t n, n_kv, heads, dim, tokens_q, tokens_kv;
    int64_t stride_q, stride_k, stride_v, stride_y; /* elements from one token to the next */
    float scale;                                    /* more than 0 */
    int causal;                                     /* token i sees tokens 0..i only */
} dc3_attention_shape;

/* What the gradient of attention reads and writes. All lie as in the forward: dq as q, dk as k, dv as v, y
 * and dy as y. dq, dk, dv are overwritten, in their own columns only. */
typedef struct dc3_attention_gradient {
    const void *q, *k, *v, *y, *dy;
    const float *lse; /* from the forward */
    void *dq, *dk, *dv;
} dc3_attention_gradient;

/* What a condition does to the tokens of its row (Peebles and Xie 2023): tokens [n, tokens, c]; a vector of
 * the condition is [n, c] with `stride` elements from one row to the next, so that it may be columns of a
 * wider matrix. */
typedef struct dc3_adaptive_shape {
    int64_t n, tokens, c, stride;
    float eps; /* of the norm */
} dc3_adaptive_shape;

/* Batch norm over images [n, h, w, c], with what follows it: y = act(x * scale + offset + residual), then
 * with `pool` the mean of each 2x2 window (a rest of one row or column is left out; no residual then). act is
 * NONE or RELU. */
typedef struct dc3_batch_norm_shape {
    dc3_dtype type;
    int64_t n, h, w, c;
    dc3_activation act;
    int pool;
} dc3_batch_norm_shape;

/* One step of stochastic gradient descent, torch.optim.SGD without dampening:
 *   g = gradient + decay * value, m = momentum * m + g, value -= lr * (nesterov ? g + momentum * m : m). */
typedef struct dc3_sgd_step {
    double lr, decay, momentum;
    int nesterov;
} dc3_sgd_step;

/* One step of AdamW (Loshchilov and Hutter 2019), torch.optim.AdamW; correction = 1 - beta^t at step t =
 * 1, 2...: value *= 1 - lr * decay, m += (1 - beta1) * (gradient - m), v = beta2 * v + (1 - beta2) *
 * gradient^2, value -= lr / correction1 * m / (sqrt(v) / sqrt(correction2) + eps). */
typedef struct dc3_adamw_step {
    double lr, decay, beta1, beta2, eps, correction1, correction2;
} dc3_adamw_step;

/* Windows of kernel x kernel pixels at a stride over maps [n, h, w, c], padded by `pad` on all sides: y [n,
 * oh, ow, c] with oh = (h + 2 pad - kernel) / stride + 1 and ow likewise, the largest value or the mean of
 * what lies inside the map. */
typedef struct dc3_pool_shape {
    dc3_dtype type;
    int64_t n, h, w, c, oh, ow, kernel, stride, pad;
    int mean;
} dc3_pool_shape;

/* What dropout draws: stream i of the seed decides about values i * width and on; with `each` one draw for
 * each of them, else one for all together. */
typedef struct dc3_dropout_shape {
    dc3_dtype type;
    int64_t count, width;
    uint64_t seed;
    float p; /* share that becomes zero; the rest is divided by 1 - p */
    int each;
} dc3_dropout_shape;

/* n * t rows of c values from a table of `rows` and one of `positions` (0: there is none); any float type
 * each. */
typedef struct dc3_embedding_shape {
    int64_t n, t, c, rows, positions;
    dc3_dtype table_type, position_type, type; /* type: of the result */
} dc3_embedding_shape;

/* The rows of a denoiser under guidance, kind by kind: rows and condition [kinds, n], to
 * y[i] = sum over k of weight[k] * (rows[k, i] - share * condition[k, i]), [n]. */
enum { DC3_GUIDED_KINDS = 3 };
typedef struct dc3_guided_shape {
    int kinds; /* at most DC3_GUIDED_KINDS */
    int64_t n;
    float weight[DC3_GUIDED_KINDS], share;
} dc3_guided_shape;

/* One step of a sampler of diffusion models, in f64, from x, what is denoised, and y, the denoiser's output:
 *   estimate = (e[0] x + e[1] y) / e[2], of what x is without noise,
 *   slope    = (s[0] x + s[1] y + s[2] estimate) / s[3], usually the noise,
 *   estimate = estimate clamped to [-bound, bound], where bound > 0.
 * What becomes of x and of each memory is a weighted sum of the terms: x, estimate, slope, noise, memories.
 * All methods that go by Euler's, Heun's, Runge and Kutta's or linear multistep formulas, with or without
 * noise, are such steps. */
enum { DC3_SAMPLER_MEMORIES = 5 };
enum {
    DC3_TERM_X,
    DC3_TERM_ESTIMATE,
    DC3_TERM_SLOPE,
    DC3_TERM_NOISE,
    DC3_TERM_MEMORY, /* the first of them */
    DC3_TERMS = DC3_TERM_MEMORY + DC3_SAMPLER_MEMORIES
};
typedef struct dc3_sampler_step {
    double estimate[3], bound, slope[4];
    int memories; /* in use */
    double next[DC3_TERMS], keep[DC3_SAMPLER_MEMORIES][DC3_TERMS];
} dc3_sampler_step;

enum { DC3_WINDOW_TOKENS = 64 }; /* of a window of dc3_window_shape, at most */

/* Attention of Swin Transformer V2 within windows of side^2 = tokens pixels of maps [n, h, w, c], c = heads *
 * dim; rows x columns windows cover a map, shifted by shift_h and shift_w pixels. */
typedef struct dc3_window_shape {
    dc3_dtype type;
    int64_t n, h, w, c, heads, dim, side, shift_h, shift_w, rows, columns, tokens;
} dc3_window_shape;

/* What its gradient reads and writes: qkv, bias and scale as in the forward. */
typedef struct dc3_window_gradient {
    const void *qkv, *dy;
    const float *position, *bias, *scale;
    void *dqkv;                        /* as qkv, overwritten */
    float *dposition, *dbias, *dscale; /* dposition as position, overwritten; dbias [3 c] and dscale [heads]
                                          accumulate, NULL: not wanted */
} dc3_window_gradient;

#endif
