/* Operations of networks. Activations are channels-last: images [n, h, w, c], tokens [n, t, c]; their type
 * is the context's compute type. Results are temporaries of the current scope. After a failure all return an
 * empty tensor. Tensors lie on the context's device (dc3_on_device), also parameters, which are f32; a tape
 * knows them by their ids. What is passed as a pointer to elements (ids, labels, targets) is memory of the
 * host. */
#ifndef DC3_OPS_OPS_H
#define DC3_OPS_OPS_H

#include "ops/context.h"

typedef struct dc3_conv_options {
    int64_t kernel, stride;
    int64_t kernel_w; /* where the kernel is no square: its width, with `kernel` its height; else 0 */
    int64_t groups;   /* 0 counts as 1 */
    int64_t pad_top, pad_left, pad_bottom, pad_right;
    dc3_activation act;
    int act_last;    /* the activation comes after the residual */
    int before_norm; /* a batch norm follows, which takes any constant away: the bias has gradient zero */
} dc3_conv_options;

/* act(conv(x [n, h, w, ci], weight [co, ci, kh, kw]) + bias [co]) + residual [n, oh, ow, co]; bias: or empty,
 * residual: or NULL. */
dc3_tensor dc3_conv2d(dc3_ctx *ctx, dc3_tensor x, dc3_weight *weight, dc3_tensor bias,
                      const dc3_conv_options *options, const dc3_tensor *residual);
/* act(x [..., ci] weight [co, ci]^T + bias [co]) + residual [..., co]; bias: or empty, residual: or NULL. */
dc3_tensor dc3_linear(dc3_ctx *ctx, dc3_tensor x, dc3_weight *weight, dc3_tensor bias, dc3_activation act,
                      const dc3_tensor *residual);
/* Over the pixels and the channels of each group; act is NONE or SILU. gamma, beta [c]. */
dc3_tensor dc3_group_norm(dc3_ctx *ctx, dc3_tensor x, int64_t groups, dc3_tensor gamma, dc3_tensor beta,
                          float eps, dc3_activation act);
/* Each channel of each image for itself (Ulyanov et al. 2016): a group norm with as many groups as
 * channels.
 */
dc3_tensor dc3_instance_norm(dc3_ctx *ctx, dc3_tensor x, dc3_tensor gamma, dc3_tensor beta, float eps,
                             dc3_activation act);
/* Batch norm (Ioffe and Szegedy 2015), and what follows it: act(norm(x) + residual), or with `pool` the mean
 * of 2x2 windows of act(norm(x)). While the context has a tape the statistics are the batch's and the running
 * ones move towards them by `momentum`; else the running ones are used. */
typedef struct dc3_batch_norm_options {
    dc3_tensor gamma, beta;    /* [c] */
    dc3_tensor mean, variance; /* running, [c] */
    float eps, momentum;       /* momentum: share of the new batch, 0.1 usually */
    dc3_activation act;        /* NONE or RELU */
    int pool;
} dc3_batch_norm_options;
dc3_tensor dc3_batch_norm(dc3_ctx *ctx, dc3_tensor x, const dc3_batch_norm_options *options,
                          const dc3_tensor *residual);
/* Over the last dimension. */
dc3_tensor dc3_layer_norm(dc3_ctx *ctx, dc3_tensor x, dc3_tensor gamma, dc3_tensor beta, float eps);
/* softmax(scale q k^T) v for each head. q is columns [at_q, at_q + heads * dim) of its tensor's last
 * dimension, and so for k and v, so that a fused projection is used as it is. */
typedef struct dc3_attention_input {
    dc3_tensor q, k, v;
    int64_t at_q, at_k, at_v;
    int64_t heads, dim;
    int causal;
} dc3_attention_input;
dc3_tensor dc3_attention(dc3_ctx *ctx, const dc3_attention_input *input);
/* a * gelu(gate) for x = [a, gate] along the last dimension. */
dc3_tensor dc3_geglu(dc3_ctx *ctx, dc3_tensor x);
/* The same for [a, gate] = x [..., ci] weight [co, ci]^T + bias [co] (or empty): without a tape some rows at
 * a time, whose a and gate stay in the processor's caches. */
dc3_tensor dc3_linear_geglu(dc3_ctx *ctx, dc3_tensor x, dc3_weight *weight, dc3_tensor bias);
dc3_tensor dc3_activate(dc3_ctx *ctx, dc3_tensor x, dc3_activation act);
dc3_tensor dc3_add(dc3_ctx *ctx, dc3_tensor a, dc3_tensor b);
/* x [n, ..., c] + vector [n, c], the same for all pixels of a row. */
dc3_tensor dc3_add_vector(dc3_ctx *ctx, dc3_tensor x, dc3_tensor vector);
/* [a, b] along the last dimension. */
dc3_tensor dc3_concat(dc3_ctx *ctx, dc3_tensor a, dc3_tensor b);
/* Nearest neighbour, factor two. */
dc3_tensor dc3_upsample2(dc3_ctx *ctx, dc3_tensor x);
/* x in another float type. */
dc3_tensor dc3_cast(dc3_ctx *ctx, dc3_tensor x, dc3_dtype dtype);
/* Rows ids[i] of table [rows, c] plus rows i % positions of `position` [positions, c] (NULL: nothing is
 * added): [n, t, c] for n * t ids, which must lie in 0..rows-1. */
dc3_tensor dc3_embedding(dc3_ctx *ctx, int64_t n, int64_t t, const int64_t *ids, const dc3_tensor *table,
                         const dc3_tensor *position);
/* Largest value under a k x k window, padding never wins. */
dc3_tensor dc3_max_pool(dc3_ctx *ctx, dc3_tensor x, int64_t kernel, int64_t stride, int64_t pad);
/* Mean over k x k windows at stride k; a rest of under k pixels is left out. */
dc3_tensor dc3_avg_pool(dc3_ctx *ctx, dc3_tensor x, int64_t kernel);
/* Mean over k x k windows at stride 1, k odd, padded by k / 2 to the same size; padding does not count. */
dc3_tensor dc3_avg_pool_same(dc3_ctx *ctx, dc3_tensor x, int64_t kernel);
/* Mean over all pixels: [n, h, w, c] to [n, c]. */
dc3_tensor dc3_global_avg_pool(dc3_ctx *ctx, dc3_tensor x);
/* [n, h, w, c] to [n, size, size, c]: output row i is the mean of rows floor(i h / size) to ceil((i + 1) h /
 * size) - 1, and so for columns (PyTorch's adaptive_avg_pool2d). */
dc3_tensor dc3_adaptive_avg_pool(dc3_ctx *ctx, dc3_tensor x, int64_t size);
/* x [n, h, w, c] times scale [n, c], one factor for each image's channel (squeeze and excitation). */
dc3_tensor dc3_scale_channels(dc3_ctx *ctx, dc3_tensor x, dc3_tensor scale);
/* Each value is zero with probability p, else over 1 - p; x itself without a tape or with dropout off
 * (dc3_ctx_set_dropout). */
dc3_tensor dc3_dropout(dc3_ctx *ctx, dc3_tensor x, float p);
/* The same for x[i] as a whole: stochastic depth (Huang et al. 2016) of the branch x of the batch's items. */
dc3_tensor dc3_stochastic_depth(dc3_ctx *ctx, dc3_tensor x, float p);

/* [n, t, c] to [n, t + 1, c]: `token` [c] before x, all plus `position` [t + 1, c]. */
dc3_tensor dc3_class_token(dc3_ctx *ctx, dc3_tensor x, dc3_tensor token, dc3_tensor position);
/* x[:, 0]: [n, t, c] to [n, c]. */
dc3_tensor dc3_first_token(dc3_ctx *ctx, dc3_tensor x);

/* Diffusion transformers (Peebles and Xie 2023). A condition is [n, columns] of x's type; its vectors for the
 * n rows of x [n, tokens, c] are c columns of it. */
/* The layer norm of x, without parameters of its own, times 1 + scale, plus shift: columns [at_scale,
 * at_scale
 * + c) and [at_shift, at_shift + c) of the condition. */
dc3_tensor dc3_adaptive_norm(dc3_ctx *ctx, dc3_tensor x, dc3_tensor condition, int64_t at_shift,
                             int64_t at_scale, float eps);
/* x + gate * branch, gate being columns [at_gate, at_gate + c) of the condition; branch as x. */
dc3_tensor dc3_gated_add(dc3_ctx *ctx, dc3_tensor x, dc3_tensor branch, dc3_tensor condition,
                         int64_t at_gate);
/* x [n, h * w, side * side * c], patches row by row, each by its rows, columns and channels, to the image [n,
 * h * side, w * side, c]. */
dc3_tensor dc3_unpatchify(dc3_ctx *ctx, dc3_tensor x, int64_t h, int64_t w, int64_t side);

/* Swin Transformer V2 (Liu et al. 2022). */
/* Attention within windows: qkv [n, h, w, 3 c], without bias, position f32 [heads, side^2, side^2] (of query
 * and key), to [n, h, w, c]. */
typedef struct dc3_window_options {
    int64_t heads, side, shift; /* side: at most 8 pixels; shift: 0 to side - 1 */
    dc3_tensor bias;            /* [3 c]; the keys' part is not used */
    dc3_tensor scale;           /* [heads]: logarithm of what multiplies the cosines */
} dc3_window_options;
dc3_tensor dc3_window_attention(dc3_ctx *ctx, dc3_tensor qkv, dc3_tensor position,
                                const dc3_window_options *options);
/* x f32 [(2 side - 1)^2, heads], a row for each distance down and right, to [heads, side^2, side^2]: 16
 * sigmoid of the row for query less key. */
dc3_tensor dc3_position_bias(dc3_ctx *ctx, dc3_tensor x, int64_t side);
/* [n, h, w, c] to [n, ceil(h / 2), ceil(w / 2), 4 c]: the pixels of 2x2 windows, down, then right. */
dc3_tensor dc3_patch_merge(dc3_ctx *ctx, dc3_tensor x);

/* [n, h, w, c] to [n, c * h * w] in the order channel, row, column, as checkpoints made for planar images
 * expect it. */
dc3_tensor dc3_flatten_planar(dc3_ctx *ctx, dc3_tensor x);

/* Losses: the mean over the batch as [1] f32; logits [n, c] of any compute type. */
/* Cross-entropy with weighted labels, -sum_k w_k log softmax(z)[label_k]: labels [n, k], weights [n, k] sum
 * to one (k = 1 and weights NULL: plain labels). */
dc3_tensor dc3_cross_entropy(dc3_ctx *ctx, dc3_tensor logits, int64_t k, const int64_t *labels,
                             const float *weights, float smoothing);
/* KL(softmax(target / t) || softmax(logits / t)), batch mean, without the factor t^2 (Hinton et al. 2015; the
 * RDED protocol). target [n, c] f32. */
dc3_tensor dc3_distillation_loss(dc3_ctx *ctx, dc3_tensor logits, const float *target, float temperature);
/* 1 - cos(logits, u), u = target / |target| + share h / |h|: target [n, c] f32 of a teacher, h the hard
 * labels (as of dc3_cross_entropy) with 1 - smoothing for the class and smoothing / (c - 1) for each other.
 * With share and smoothing 0.1 the loss of GIFT (Shang et al. 2024, arXiv 2405.14736); with share 0 labels
 * are not read. A row of zeros has loss 1. */
dc3_tensor dc3_cosine_loss(dc3_ctx *ctx, dc3_tensor logits, const float *target, int64_t k,
                           const int64_t *labels, const float *weights, float smoothing, float share);
/* a + rate * b of two losses [1] f32. */
dc3_tensor dc3_add_losses(dc3_ctx *ctx, dc3_tensor a, dc3_tensor b, float rate);
/* A loss that the host has computed: its value, and its gradient with respect to x, as many f32 values. */
dc3_tensor dc3_given_loss(dc3_ctx *ctx, dc3_tensor x, float value, const float *slope);
/* Mean squared difference of x and target, as many f32 values. */
dc3_tensor dc3_mse(dc3_ctx *ctx, dc3_tensor x, const float *target);

/* act(y) + residual, or act(y + residual) with act_last, as operations of their own; drops y. For operations
 * whose fused form cannot be recorded. */
dc3_tensor dc3_finish_apart(dc3_ctx *ctx, dc3_tensor y, dc3_activation act, int act_last,
                            const dc3_tensor *residual);
/* The same memory under another shape. */
dc3_tensor dc3_reshape(dc3_tensor x, int ndim, const int64_t *shape);

#endif
