/* What a network is made from: the file's tensors, taken by name and checked against the expected shape, and
 * the layers that most networks share. A module owns its table, its small vectors and the packed weights. */
#ifndef DC3_NN_MODULE_H
#define DC3_NN_MODULE_H

#include "nn/param.h"
#include "ops/ops.h"
#include "tensor/table.h"

typedef struct dc3_module dc3_module;

/* Takes over `table`, also on failure, and nulls it. */
dc3_status dc3_module_open(dc3_table **table, dc3_module **module);
/* How tensors begin that no file gives. A vector called "weight" begins with ones, one called "bias" behind
 * it with zeros; running statistics with mean 0, variance 1. */
typedef enum dc3_init {
    DC3_INIT_TORCH,           /* PyTorch's own: weight and bias uniform in +- 1 / sqrt(fan in) */
    DC3_INIT_KAIMING_FAN_OUT, /* normal, deviation sqrt(2 / fan out); bias 0 (He et al. 2015) */
    DC3_INIT_NORMAL_001,      /* normal, deviation 0.01; bias 0 */
    DC3_INIT_ZERO,
    DC3_INIT_UNIFORM_FAN_OUT, /* uniform in +- 1 / sqrt(fan out); bias 0 (EfficientNet's last layer) */
    DC3_INIT_NORMAL_FAN_IN,   /* normal, deviation sqrt(1 / fan in); bias 0 */
    DC3_INIT_NORMAL_002,      /* normal, deviation 0.02; bias 0 */
    DC3_INIT_XAVIER /* uniform in +- sqrt(6 / (fan in + fan out)); bias normal, 1e-6 (ViT's inner layers) */
} dc3_init;

/* Makes the module trainable, before anything is taken from it: what is taken becomes f32 parameters with
 * gradients. `create`: a tensor that the table lacks is made, by `seed`, its name and dc3_module_init. */
void dc3_module_train(dc3_module *module, int create, uint64_t seed);
int dc3_module_is_trainable(const dc3_module *module);
/* The rule for the weights taken from here on and the biases behind them. */
void dc3_module_init(dc3_module *module, dc3_init init);
/* Parameters and buffers of a trainable module in the order taken, after all have been; the array is the
 * module's. NULL without memory. */
dc3_param *dc3_module_params(dc3_module *module, size_t *count);
/* Must run before the context that the weights were used in is closed. Accepts NULL; nulls. */
void dc3_module_close(dc3_module **module);
/* The first failure of the calls below; they do nothing after one. */
dc3_status dc3_module_status(const dc3_module *module);
dc3_status dc3_module_fail(dc3_module *module, dc3_status status);
const dc3_table *dc3_module_table(const dc3_module *module);
/* Numbers taken so far. */
double dc3_module_parameters(const dc3_module *module);
/* Zeroed memory that lives as long as the module; NULL after a failure. */
void *dc3_module_alloc(dc3_module *module, size_t count, size_t size);

/* Tensor "prefix.name" of a float type as the file has it; NULL after a failure. */
const dc3_tensor *dc3_take_tensor(dc3_module *module, const char *prefix, const char *name, int ndim,
                                  const int64_t *shape);
/* Adds tensor "prefix.name" as the next part of `weight`. */
void dc3_take_weight(dc3_module *module, dc3_weight *weight, const char *prefix, const char *name, int ndim,
                     const int64_t *shape);
/* "prefix.name" of this shape as f32. */
float *dc3_take_values(dc3_module *module, const char *prefix, const char *name, int ndim,
                       const int64_t *shape);
/* "prefix.name" [n] as f32. */
float *dc3_take_vector(dc3_module *module, const char *prefix, const char *name, int64_t n);
int dc3_module_has(const dc3_module *module, const char *prefix, const char *name);

typedef struct dc3_norm_layer {
    const float *gamma, *beta;
    int64_t groups;
    float eps;
} dc3_norm_layer;

typedef struct dc3_linear_layer {
    dc3_weight weight;
    const float *bias; /* or NULL */
} dc3_linear_layer;

typedef struct dc3_conv_layer {
    dc3_weight weight;
    const float *bias; /* or NULL */
    dc3_conv_options options;
} dc3_conv_layer;

enum { DC3_NAME_SIZE = 256 };
/* "prefix.name" of the printf form into text [DC3_NAME_SIZE]; returns text. */
const char *dc3_name(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

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
    dc3_batch_norm_options norm;
    dc3_activation act; /* any */
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
/* Adds a weight of the caller's own: `tensor` lives as long as the module. */
void dc3_take_own(dc3_module *module, dc3_weight *weight, dc3_tensor tensor);

dc3_tensor dc3_conv_of(dc3_ctx *ctx, dc3_conv_layer *layer, dc3_tensor x, const dc3_tensor *residual);
dc3_tensor dc3_linear_of(dc3_ctx *ctx, dc3_linear_layer *layer, dc3_tensor x, const dc3_tensor *residual);
dc3_tensor dc3_group_norm_of(dc3_ctx *ctx, const dc3_norm_layer *layer, dc3_tensor x, dc3_activation act);
dc3_tensor dc3_layer_norm_of(dc3_ctx *ctx, const dc3_norm_layer *layer, dc3_tensor x);

#endif
