/* The table of kernels of a backend (registry.h). The CPU's starts with plain C (ref/); vector/ replaces
 * entries that the processor can do faster. All tensors are dense; activations are channels-last: [n, h, w,
 * c], which is the same memory as tokens [n, h * w, c]. `type` is DC3_F32 or DC3_BF16 and holds for every
 * `void *`; parameters that are named float are f32 always. Sums are accumulated in f32 or better. Kernels
 * use OpenMP threads (as many as omp_get_max_threads), split work so that the result does not depend on their
 * number, and allocate nothing.
 *
 * Whose memory: every array that an entry takes (x, y, gamma, sums, ids, labels, scratch, ..., also those in
 * the structs of gradients) is the device's. Only kernels touch it; an operation may add an offset to
 * such a pointer but not read through it. Labels, token ids, targets and random seeds come from the host:
 * seeds go in as values, arrays are uploaded first (dc3_upload, dc3_on_device in ops/context.h) and checked
 * before that, since kernels trust them. Structs of sizes and options (shapes.h), numbers and results of
 * functions are the host's.
 *
 * Failures: kernels return nothing. On a device they only start, and what goes wrong is known later, when
 * nobody waits for this one's result. The device keeps the failure, and its `failure` (tensor/device.h) tells
 * it to the operation that asks next, each when it ends, or a transfer or `synchronise` that waits. The CPU's
 * cannot fail. */
#ifndef DC3_KERNELS_BACKEND_H
#define DC3_KERNELS_BACKEND_H

#include "kernels/cpu.h"
#include "kernels/shapes.h"

typedef struct dc3_kernels {
    const char *name;

    /* Bytes. The arrays do not overlap. */
    void (*copy)(size_t bytes, const void *from, void *to);
    /* Every byte becomes `value`. */
    void (*fill)(size_t bytes, int value, void *to);
    void (*swap)(size_t bytes, void *a, void *b);
    /* Row r of `bytes` bytes from from + r * from_stride to to + r * to_stride (bytes too). */
    void (*copy_rows)(int64_t rows, size_t bytes, const void *from, size_t from_stride, void *to,
                      size_t to_stride);

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
    /* y = (x - mean) / sqrt(variance + eps) * (1 + scale) + shift, mean and variance over the last dimension:
     * x, y [n, tokens, c], shift and scale vectors of the condition; y may be x. */
    void (*adaptive_norm)(dc3_dtype type, const dc3_adaptive_shape *shape, const void *x, const void *shift,
                          const void *scale, void *y);
    /* Bytes of scratch that the gradient takes. */
    size_t (*adaptive_norm_scratch)(const dc3_adaptive_shape *shape);
    /* dx as x, dshift and dscale as shift and scale, in their own columns: overwritten; dshift and dscale may
     * both be NULL, so may dx. */
    void (*adaptive_norm_gradient)(dc3_dtype type, const dc3_adaptive_shape *shape, const void *x,
                                   const void *scale, const void *dy, void *dx, void *dshift, void *dscale,
                                   void *scratch);
    /* y = x + gate * branch: x, branch, y [n, tokens, c], gate a vector of the condition; y may be x. */
    void (*gated_add)(dc3_dtype type, const dc3_adaptive_shape *shape, const void *x, const void *branch,
                      const void *gate, void *y);
    /* dbranch = gate * dy, dgate = the sum over the tokens of branch * dy; either may be NULL. */
    void (*gated_add_gradient)(dc3_dtype type, const dc3_adaptive_shape *shape, const void *branch,
                               const void *gate, const void *dy, void *dbranch, void *dgate);
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
    /* Bytes of scratch that those of the next five take that take scratch. */
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
    /* dx = a * g + b * x + d, with a, b, d [c]; the gate as above without y. dx may be dy (no pool). */
    void (*batch_norm_gradient)(const dc3_batch_norm_shape *shape, const void *dy, const void *x,
                                const float *scale, const float *offset, const float *a, const float *b,
                                const float *d, void *dx);
    /* What the four above take, from parameters and statistics, all [c]: rate = 1 / sqrt(variance + eps),
     * scale = rate * gamma, offset = beta - mean * scale, and a copy of mean. vectors [4, c]: copy of mean,
     * rate, scale, offset; mean and variance may stand in its last two rows. */
    void (*batch_norm_vectors)(int64_t c, float eps, const float *gamma, const float *beta, const float *mean,
                               const float *variance, float *vectors);
    /* Running statistics: r = (1 - momentum) r + momentum * batch's, of variance the unbiased one over
     * `count` values a channel. */
    void (*batch_norm_running)(int64_t c, int64_t count, float momentum, const float *mean,
                               const float *variance, float *running_mean, float *running_variance);
    /* a, b, d of batch_norm_gradient into coefficients [3, c] from sums [2, c] (sum, product) over `count`
     * values a channel, 0: the statistics do not depend on x, so that b = d = 0; dgamma, dbeta [c]
     * accumulate, NULL: not wanted. */
    void (*batch_norm_coefficients)(int64_t c, int64_t count, const float *gamma, const float *vectors,
                                    const float *sums, float *coefficients, float *dgamma, float *dbeta);
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
    /* [n, pixels, c] to [n, c, pixels], and back. */
    void (*to_planar)(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x, void *y);
    void (*from_planar)(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x, void *y);

    void (*pool)(const dc3_pool_shape *shape, const void *x, void *y);
    size_t (*pool_gradient_scratch)(const dc3_pool_shape *shape, int threads);
    /* dx as x from dy as y; of a window the first place with the largest value takes its gradient. x and y
     * are not read where the mean is meant. */
    void (*pool_gradient)(const dc3_pool_shape *shape, const void *x, const void *y, const void *dy, void *dx,
                          void *scratch);
    /* y [n, c]: mean over the pixels of x [n, pixels, c]. */
    void (*global_pool)(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x, void *y);
    void (*global_pool_gradient)(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *dy,
                                 void *dx);
    /* x [n, h, w, c] to y [n, size, size, c]: row i is the mean of rows floor(i h / size) to ceil((i + 1) h /
     * size) - 1, and so for columns. */
    void (*adaptive_pool)(dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, int64_t size,
                          const void *x, void *y);
    void (*adaptive_pool_gradient)(dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, int64_t size,
                                   const void *dy, void *dx);
    /* y = x * scale: x, y [n, pixels, c], scale [n, c]. */
    void (*scale_channels)(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x,
                           const void *scale, void *y);
    /* dscale [n, c]: sums over the pixels of x * dy. */
    void (*scale_channels_gradient)(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x,
                                    const void *dy, void *dscale);
    /* x and y of `count` elements; backward is the same with dy for x. */
    void (*dropout)(const dc3_dropout_shape *shape, const void *x, void *y);

    /* y [n, t, c]: row ids[i] of table [rows, c] plus row i % t % positions of position [positions, c] (none
     * where `positions` is 0), added in f32; ids [n * t] are in 0..rows-1. */
    void (*embedding)(const dc3_embedding_shape *shape, const int64_t *ids, const void *table,
                      const void *position, void *y);
    /* y [n, t, c]: `token` [c] before the t - 1 tokens of each row of x, plus position [t, c]. */
    void (*class_token)(dc3_dtype type, int64_t n, int64_t t, int64_t c, const void *x, const float *token,
                        const float *position, void *y);
    /* x [n, h, w, c] to y [n, ceil(h / 2), ceil(w / 2), 4 c]: the pixels of 2x2 windows, first down, then
     * right; zeros beyond an odd edge. */
    void (*patch_merge)(dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, const void *x, void *y);
    void (*patch_merge_gradient)(dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, const void *dy,
                                 void *dx);
    /* y [heads, side^2, side^2] = 16 sigmoid of the row of x [(2 side - 1)^2, heads] for query less key. */
    void (*position_bias)(int64_t heads, int64_t side, const float *x, float *y);
    /* dx from y (the forward's result) and dy. */
    void (*position_bias_gradient)(int64_t heads, int64_t side, const float *y, const float *dy, float *dx);
    size_t (*window_attention_scratch)(const dc3_window_shape *shape, int threads);
    /* y [n, h, w, c] from qkv [n, h, w, 3 c], position [heads, tokens, tokens], bias [3 c] (the keys' part is
     * not used) and scale [heads]; see ref/window_attention.c. */
    void (*window_attention)(const dc3_window_shape *shape, const void *qkv, const float *position,
                             const float *bias, const float *scale, void *y, void *scratch);
    size_t (*window_attention_gradient_scratch)(const dc3_window_shape *shape, int threads);
    void (*window_attention_gradient)(const dc3_window_shape *shape, const dc3_window_gradient *gradient,
                                      void *scratch);

    /* Losses: the mean over the batch into loss [1], its gradient with respect to z into slope, as z. In
     * double precision. */
    /* Bytes of scratch that the next three take. */
    size_t (*loss_scratch)(int64_t c);
    /* -sum_j w_j log softmax(z)[label_j], z [n, c], labels [n, k] in 0..c-1, weights [n, k] or NULL (all 1);
     * the target is mixed with 1 / c by `smoothing`. */
    void (*cross_entropy)(int64_t n, int64_t c, int64_t k, const float *z, const int64_t *labels,
                          const float *weights, float smoothing, float *loss, float *slope, void *scratch);
    /* KL(softmax(target / t) || softmax(z / t)): z, target [n, c]. */
    void (*distillation)(int64_t n, int64_t c, const float *z, const float *target, float temperature,
                         float *loss, float *slope, void *scratch);
    /* 1 - cos(z, u), u = target / |target| + share h / |h|, where h is the row's hard label, the sum of its k
     * weighted ones, smoothed: 1 - smoothing for the class and smoothing / (c - 1) for each other. z, target
     * [n, c], labels, weights as of cross_entropy, not read at share 0. A row of zeros has loss 1, slope 0.
     */
    void (*cosine)(int64_t n, int64_t c, int64_t k, const float *z, const float *target,
                   const int64_t *labels, const float *weights, float smoothing, float share, float *loss,
                   float *slope, void *scratch);
    /* Mean of (x - target)^2 over n values. */
    void (*mse)(int64_t n, const float *x, const float *target, float *loss, float *slope);
    /* y = x * factor[0], n values; y may be x. */
    void (*multiply)(int64_t n, const float *x, const float *factor, float *y);

    /* y = x * scale + offset, n values; y may be x. */
    void (*affine)(int64_t n, float scale, float offset, const float *x, float *y);
    /* x = x between low and high, n values; what is not a number becomes low. */
    void (*clamp)(int64_t n, float low, float high, float *x);
    void (*guided)(const dc3_guided_shape *shape, const float *rows, const float *condition, float *y);
    /* n values each, memory [step->memories, n]; noise NULL: none. x and memory change in place. */
    void (*sampler_step)(const dc3_sampler_step *step, int64_t n, const float *y, const float *noise,
                         float *x, float *memory);

    /* x *= rate, n values. */
    void (*scale)(int64_t n, float rate, float *x);
    /* sum[0] += sum of squares of n values. */
    void (*sum_squares)(int64_t n, const float *x, double *sum);
    /* average += rate * (value - average), n values. */
    void (*blend)(int64_t n, float rate, const float *value, float *average);
    /* n elements each, none overlaps another; momentum is NULL where the step has none. */
    void (*sgd)(const dc3_sgd_step *step, int64_t n, const float *gradient, float *value, float *momentum);
    void (*adamw)(const dc3_adamw_step *step, int64_t n, const float *gradient, float *value, float *m,
                  float *v);
} dc3_kernels;

/* Plain C: the reference that every other kernel is tested against. */
const dc3_kernels *dc3_kernels_ref(void);
/* The fastest table for this processor: AMX, else AVX-512, else AVX2 with FMA, else plain. DC3_KERNELS=plain,
 * avx2 or avx512 in the environment keeps to that tier and those below it, for tests and to find where an
 * error lies; amx-emulated is the tier amx with its tiles in plain C, slow and on any processor, for tests.
 * Any thread may call it; what it returns never changes. */
const dc3_kernels *dc3_kernels_best(void);
/* DC3_ERR_OPTION where DC3_KERNELS is something else than amx (no limit), amx-emulated, avx512, avx2, plain
 * or nothing. */
dc3_status dc3_kernels_check(void);

#endif
