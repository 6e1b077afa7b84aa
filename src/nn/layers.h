/* The layers that most networks share: how they are taken from a module, and run. */
#ifndef DC3_NN_LAYERS_H
#define DC3_NN_LAYERS_H

#include "nn/adapters/low_rank.h"
#include "nn/module.h"
#include "ops/ops.h"

typedef struct dc3_norm_layer {
    dc3_tensor gamma, beta;
    int64_t groups;
    float eps;
} dc3_norm_layer;

typedef struct dc3_linear_layer {
    dc3_weight weight;
    dc3_tensor bias;        /* or empty */
    dc3_low_rank *low_rank; /* what is added by an adapter; NULL: nothing */
} dc3_linear_layer;

typedef struct dc3_conv_layer {
    dc3_weight weight;
    dc3_tensor bias; /* or empty */
    dc3_conv_options options;
    dc3_low_rank *low_rank; /* as above */
} dc3_conv_layer;

dc3_norm_layer dc3_take_norm(dc3_module *module, const char *prefix, int64_t c, int64_t groups, float eps);
/* [co, ci]; with bias. `spatial`: the file holds it as a 1x1 convolution [co, ci, 1, 1]. */
void dc3_take_linear(dc3_module *module, dc3_linear_layer *layer, const char *prefix, int64_t ci, int64_t co,
                     int bias, int spatial);
/* Up to three linear layers with the same input, one after the other in the output. In a trainable module
 * each is parameters of its own; if one is watched on a tape with its gradient, all are (ops/tape.h). */
void dc3_take_fused(dc3_module *module, dc3_linear_layer *layer, const char *const *prefixes, int count,
                    int64_t ci, int64_t co_each, int bias, int spatial);
/* Square kernel, padded by kernel / 2 all around. */
void dc3_take_conv(dc3_module *module, dc3_conv_layer *layer, const char *prefix, int64_t ci, int64_t co,
                   int64_t kernel, int64_t stride, int bias);

/* Padded by `pad` all around instead. */
void dc3_conv_pad(dc3_conv_layer *layer, int64_t pad);

/* A convolution and the batch norm behind it: act(norm(conv(x)) + residual), then with `pool` the mean of 2x2
 * windows. In a module that is not trainable they are one convolution with bias: w' = w g / sqrt(v + eps), b'
 * = beta + (b - mean) g / sqrt(v + eps), from the running statistics. */
typedef struct dc3_conv_norm_layer {
    dc3_conv_layer conv;
    dc3_batch_norm_options norm; /* where it is not folded */
    dc3_activation act;          /* any */
    int pool, folded;
} dc3_conv_norm_layer;
typedef struct dc3_conv_norm_options {
    int64_t ci, co, kernel, stride, groups; /* groups 0 counts as 1 */
    int64_t kernel_w;                       /* where the kernel is no square: its width; else 0 */
    int bias;                               /* whether the convolution has one */
    dc3_activation act;
    int pool;
    float eps; /* 0: 1e-5 */
} dc3_conv_norm_options;
void dc3_take_conv_norm(dc3_module *module, dc3_conv_norm_layer *layer, const char *conv, const char *norm,
                        const dc3_conv_norm_options *options);
dc3_tensor dc3_conv_norm_of(dc3_ctx *ctx, dc3_conv_norm_layer *layer, dc3_tensor x,
                            const dc3_tensor *residual);

dc3_tensor dc3_conv_of(dc3_ctx *ctx, dc3_conv_layer *layer, dc3_tensor x, const dc3_tensor *residual);
/* With another bias than the layer's. */
dc3_tensor dc3_conv_biased(dc3_ctx *ctx, dc3_conv_layer *layer, dc3_tensor x, dc3_tensor bias,
                           const dc3_tensor *residual);
dc3_tensor dc3_linear_of(dc3_ctx *ctx, dc3_linear_layer *layer, dc3_tensor x, const dc3_tensor *residual);
dc3_tensor dc3_group_norm_of(dc3_ctx *ctx, const dc3_norm_layer *layer, dc3_tensor x, dc3_activation act);
dc3_tensor dc3_layer_norm_of(dc3_ctx *ctx, const dc3_norm_layer *layer, dc3_tensor x);

#endif
