/* What a backend provides: a table of kernels. The table starts with plain C (ref/); x86/ replaces entries
 * that the processor can do faster. All tensors are dense; activations are channels-last: [n, h, w,
 * c], which is the same memory as tokens [n, h * w, c]. `type` is DC3_F32 or DC3_BF16 and holds for every
 * `void *`; parameters that are named float are f32 always. Sums are accumulated in f32. Kernels use OpenMP
 * threads (as many as omp_get_max_threads), split work so that the result does not depend on their number,
 * and allocate nothing. */
#ifndef DC3_KERNELS_BACKEND_H
#define DC3_KERNELS_BACKEND_H

#include "kernels/cpu.h"
#include "tensor/tensor.h"

typedef enum dc3_activation {
    DC3_ACT_NONE,
    DC3_ACT_RELU,
    DC3_ACT_SILU,
    DC3_ACT_GELU_ERF,
    DC3_ACT_QUICK_GELU,
    DC3_ACT_RELU6, /* min(max(x, 0), 6) */
    DC3_ACT_SIGMOID,
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

/* Batch norm over pictures [n, h, w, c], with what follows it: y = act(x * scale + offset + residual), then
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

typedef struct dc3_kernels {
    const char *name;

    /* y = act(gamma * (x - mean) / sqrt(variance + eps) + beta); mean and variance over the pixels and the c
     * / groups channels of a group (Wu and He 2018). x, y [n, pixels, c]; y may be x. act is NONE or SILU. */
    void (*group_norm)(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, int64_t groups, const void *x,
                       const float *gamma, const float *beta, float eps, dc3_activation act, void *y);
    /* Over the last dimension: x, y [rows, c]; y may be x. */
    void (*layer_norm)(dc3_dtype type, int64_t rows, int64_t c, const void *x, const float *gamma,
                       const float *beta, float eps, void *y);
    /* Bytes of scratch that the gradients of the two norms take. */
    size_t (*norm_gradient_scratch)(int64_t c);
    /* dx [n, pixels, c] or NULL, from dy, through act too. dgamma, dbeta [c] accumulate; NULL: not wanted. */
    void (*group_norm_gradient)(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, int64_t groups,
                                const void *x, const float *gamma, const float *beta, float eps,
                                dc3_activation act, const void *dy, void *dx, float *dgamma, float *dbeta,
                                void *scratch);
    /* As group_norm_gradient: dx [rows, c]. */
    void (*layer_norm_gradient)(dc3_dtype type, int64_t rows, int64_t c, const void *x, const float *gamma,
                                float eps, const void *dy, void *dx, float *dgamma, float *dbeta,
                                void *scratch);
    /* Bytes of scratch that attention needs for this shape with `threads` threads, 64-byte aligned. */
    size_t (*attention_scratch)(dc3_dtype type, const dc3_attention_shape *shape, int threads);
    /* Never holds the whole score matrix (online softmax, Dao et al. 2022). lse [n, heads, tokens_q]: log of
     * the sum over the keys of exp(scale * q k^T), for the gradient; or NULL. */
    void (*attention)(dc3_dtype type, const dc3_attention_shape *shape, const void *q, const void *k,
                      const void *v, void *y, float *lse, void *scratch);
    size_t (*attention_gradient_scratch)(dc3_dtype type, const dc3_attention_shape *shape, int threads);
    void (*attention_gradient)(dc3_dtype type, const dc3_attention_shape *shape,
                               const dc3_attention_gradient *gradient, void *scratch);
    /* y = a * gelu_erf(gate), where x [rows, 2 * c] holds a in its first c columns and gate in the rest; y
     * [rows, c]. */
    void (*geglu)(dc3_dtype type, int64_t rows, int64_t c, const void *x, void *y);
    /* dx [rows, 2 * c] from dy [rows, c]. */
    void (*geglu_gradient)(dc3_dtype type, int64_t rows, int64_t c, const void *x, const void *dy, void *dx);
    /* y = act(x), n elements; y may be x. */
    void (*activate)(dc3_dtype type, dc3_activation act, int64_t n, const void *x, void *y);
    /* y = a + b, n elements; y may be a or b. */
    void (*add)(dc3_dtype type, int64_t n, const void *a, const void *b, void *y);
    /* y = x + vector, the same one for all pixels of a row: x, y [n, pixels, c], vector [n, c]; y may be x.
     */
    void (*add_vector)(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x,
                       const void *vector, void *y);
    /* y[row] = [a[row], b[row]]: channels of two tensors side by side; a [rows, ca], b [rows, cb]. */
    void (*concat)(dc3_dtype type, int64_t rows, int64_t ca, int64_t cb, const void *a, const void *b,
                   void *y);
    /* The other way: y [rows, ca + cb] to a and b, of which one may be NULL. */
    void (*split)(dc3_dtype type, int64_t rows, int64_t ca, int64_t cb, const void *y, void *a, void *b);
    /* Nearest-neighbour upsampling by two: x [n, h, w, c], y [n, 2h, 2w, c]. */
    void (*upsample2)(dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, const void *x, void *y);
    /* dx [n, h, w, c] from dy [n, 2h, 2w, c]: the sum of each 2x2 window. */
    void (*upsample2_gradient)(dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, const void *dy,
                               void *dx);
    /* Bytes of scratch that the next three take. */
    size_t (*batch_norm_scratch)(const dc3_batch_norm_shape *shape);
    /* Mean and (biased) variance [c] of x over n, h, w. */
    void (*batch_norm_statistics)(const dc3_batch_norm_shape *shape, const void *x, float *mean,
                                  float *variance, void *scratch);
    /* The whole of it, from scale and offset [c]; residual as y or NULL. */
    void (*batch_norm)(const dc3_batch_norm_shape *shape, const void *x, const float *scale,
                       const float *offset, const void *residual, void *y);
    /* With g the gradient before the activation and the pool: sum [c] of g and product [c] of g * (x - mean).
     * dy as y. With y given the activation's gate is y > 0, else x * scale + offset > 0. dz: g is also
     * written here (no pool; may be dy), or NULL. */
    void (*batch_norm_sums)(const dc3_batch_norm_shape *shape, const void *dy, const void *x, const void *y,
                            const float *scale, const float *offset, const float *mean, void *dz, float *sum,
                            float *product, void *scratch);
    /* dx = a * g + b * x + d, with a, b, d [c]; the gate as above without y. */
    void (*batch_norm_gradient)(const dc3_batch_norm_shape *shape, const void *dy, const void *x,
                                const float *scale, const float *offset, const float *a, const float *b,
                                const float *d, void *dx);
    /* sums [c] += the rows of x [rows, c]. */
    void (*add_rows)(dc3_dtype type, int64_t rows, int64_t c, const void *x, float *sums);
    /* Row ids[i] of sums [.., c] += row i of x [rows, c], in the order of i. */
    void (*scatter_rows)(dc3_dtype type, int64_t rows, int64_t c, const int64_t *ids, const void *x,
                         float *sums);
    /* dx = dy * act'(x), n elements; dx may be dy. */
    void (*activate_gradient)(dc3_dtype type, dc3_activation act, int64_t n, const void *x, const void *dy,
                              void *dx);
    /* f32 to or from bf16, n elements. */
    void (*cast)(dc3_dtype from_type, const void *from, dc3_dtype to_type, void *to, int64_t n);
    /* n elements each, none overlaps another; momentum is NULL where the step has none. */
    void (*sgd)(const dc3_sgd_step *step, int64_t n, const float *gradient, float *value, float *momentum);
    void (*adamw)(const dc3_adamw_step *step, int64_t n, const float *gradient, float *value, float *m,
                  float *v);

    /* 1: the table multiplies bf16 natively (AVX512-BF16), so that the weight gradient for it may run too. */
    int has_bf16;
    /* Convolutions of our own, f32 and bf16, that the dense backend prefers where they take the shape; NULL:
     * none. */
    const struct dc3_winograd *winograd, *winograd_bf16;
} dc3_kernels;

/* Plain C: the reference that every other kernel is tested against. */
const dc3_kernels *dc3_kernels_ref(void);
/* The fastest table for this processor: AVX-512, else AVX2 with FMA, else plain. DC3_KERNELS=plain or avx2 in
 * the environment keeps to that tier and those below it, for tests and to find where an error lies. */
const dc3_kernels *dc3_kernels_best(void);
/* DC3_ERR_OPTION where DC3_KERNELS is something else than avx512 (no limit), avx2, plain or nothing. */
dc3_status dc3_kernels_check(void);

#endif
