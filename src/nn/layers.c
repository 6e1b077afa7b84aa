#include "nn/layers.h"

#include <math.h>
#include <stdlib.h>

dc3_norm_layer dc3_take_norm(dc3_module *m, const char *prefix, int64_t c, int64_t groups, float eps)
{
    if (dc3_module_status(m) == DC3_OK && (groups < 1 || c % groups != 0))
        dc3_module_fail(
            m, dc3_fail(DC3_ERR_FORMAT, "%s: '%s' has %lld channels, which %lld groups do not divide",
                        dc3_table_origin(dc3_module_table(m)), prefix, (long long)c, (long long)groups));
    return (dc3_norm_layer){dc3_take_vector(m, prefix, "weight", c), dc3_take_vector(m, prefix, "bias", c),
                            groups, eps};
}

void dc3_take_linear(dc3_module *m, dc3_linear_layer *layer, const char *prefix, int64_t ci, int64_t co,
                     int bias, int spatial)
{
    dc3_take_weight(m, &layer->weight, prefix, "weight", spatial ? 4 : 2, (int64_t[]){co, ci, 1, 1});
    if (bias) layer->bias = dc3_take_bias(m, prefix, "bias", co, ci, NULL);
    layer->low_rank = dc3_take_low_rank(m, &prefix, 1, ci, co, spatial);
}

/* Rows first .. first + count - 1 of x as a parameter of its own. */
static dc3_tensor part_of(dc3_tensor x, int64_t first, int64_t count)
{
    dc3_tensor part = dc3_tensor_rows(x, first, count);
    part.id = dc3_tensor_new_id();
    return part;
}

/* Parts as parameters of their own whose values stand one behind the other, and so do their gradients: a tape
 * finds the gradient of the whole by the first part's id. */
typedef struct side_by_side {
    dc3_tensor value, gradient; /* of all parts; empty: they are no parameters */
} side_by_side;

static side_by_side new_side_by_side(dc3_module *m, int ndim, const int64_t *shape)
{
    dc3_tensor value = dc3_module_tensor(m, ndim, shape);
    return (side_by_side){value, dc3_module_tensor(m, ndim, shape)};
}

static dc3_place place_of(const side_by_side *all, int64_t first, int64_t count)
{
    return (dc3_place){part_of(all->value, first, count), part_of(all->gradient, first, count)};
}

static void take_fused_weights(dc3_module *m, dc3_weight *weight, const char *prefix, int ndim,
                               const int64_t *shape, const side_by_side *all, int i)
{
    dc3_place place = {0};
    if (all->value.data) place = place_of(all, i * shape[0], shape[0]);
    dc3_take_weight_at(m, weight, prefix, "weight", ndim, shape, all->value.data ? &place : NULL);
}

/* Part i of a bias of parts of n values: a parameter, or into `joined`. */
static void take_fused_bias(dc3_module *m, const char *prefix, int64_t n, int64_t ci, side_by_side *all,
                            float *joined, int i)
{
    if (joined) dc3_read_vector(m, prefix, "bias", n, joined + i * n);
    if (!all->value.data) return;
    dc3_place place = place_of(all, i * n, n);
    dc3_tensor part = dc3_take_bias(m, prefix, "bias", n, ci, &place);
    if (i == 0) all->value.id = part.id;
}

void dc3_take_fused(dc3_module *m, dc3_linear_layer *layer, const char *const *prefixes, int count,
                    int64_t ci, int64_t co_each, int bias, int spatial)
{
    int64_t shape[] = {count * co_each, ci, 1, 1}, co = count * co_each;
    int ndim = spatial ? 4 : 2, trains_bias = bias && dc3_module_trains(m, prefixes[0], "bias");
    float *joined = bias && !trains_bias ? calloc((size_t)co, sizeof *joined) : NULL;
    side_by_side weights = {0}, biases = {0};
    if (bias && !trains_bias && !joined) dc3_module_fail(m, dc3_fail(DC3_ERR_MEMORY, "out of memory"));
    if (dc3_module_trains(m, prefixes[0], "weight")) weights = new_side_by_side(m, ndim, shape);
    if (trains_bias) biases = new_side_by_side(m, 1, &co);
    shape[0] = co_each;
    for (int i = 0; dc3_module_status(m) == DC3_OK && i < count; i++) {
        take_fused_weights(m, &layer->weight, prefixes[i], ndim, shape, &weights, i);
        if (bias) take_fused_bias(m, prefixes[i], co_each, ci, &biases, joined, i);
    }
    if (bias) layer->bias = joined ? dc3_module_place(m, 1, &co, joined) : biases.value;
    free(joined);
    layer->low_rank = dc3_take_low_rank(m, prefixes, count, ci, co_each, spatial);
}

void dc3_conv_pad(dc3_conv_layer *layer, int64_t pad)
{
    dc3_conv_options *o = &layer->options;
    o->pad_top = o->pad_left = o->pad_bottom = o->pad_right = pad;
}

void dc3_take_conv(dc3_module *m, dc3_conv_layer *layer, const char *prefix, int64_t ci, int64_t co,
                   int64_t kernel, int64_t stride, int bias)
{
    layer->options = (dc3_conv_options){.kernel = kernel, .stride = stride};
    dc3_conv_pad(layer, kernel / 2);
    dc3_take_weight(m, &layer->weight, prefix, "weight", 4, (int64_t[]){co, ci, kernel, kernel});
    if (bias) layer->bias = dc3_take_bias(m, prefix, "bias", co, ci * kernel * kernel, NULL);
    layer->low_rank = dc3_take_low_rank_conv(m, prefix, ci, co, &layer->options);
}

/* y with what an adapter adds to it. */
static dc3_tensor adapted(dc3_ctx *ctx, dc3_low_rank *low_rank, dc3_tensor x, dc3_tensor y)
{
    return low_rank ? dc3_replace(ctx, y, dc3_add_low_rank(ctx, low_rank, x, y)) : y;
}

dc3_tensor dc3_conv_biased(dc3_ctx *ctx, dc3_conv_layer *layer, dc3_tensor x, dc3_tensor bias,
                           const dc3_tensor *residual)
{
    return adapted(ctx, layer->low_rank, x,
                   dc3_conv2d(ctx, x, &layer->weight, bias, &layer->options, residual));
}

dc3_tensor dc3_conv_of(dc3_ctx *ctx, dc3_conv_layer *layer, dc3_tensor x, const dc3_tensor *residual)
{
    return dc3_conv_biased(ctx, layer, x, layer->bias, residual);
}

dc3_tensor dc3_linear_of(dc3_ctx *ctx, dc3_linear_layer *layer, dc3_tensor x, const dc3_tensor *residual)
{
    return adapted(ctx, layer->low_rank, x,
                   dc3_linear(ctx, x, &layer->weight, layer->bias, DC3_ACT_NONE, residual));
}

dc3_tensor dc3_group_norm_of(dc3_ctx *ctx, const dc3_norm_layer *layer, dc3_tensor x, dc3_activation act)
{
    return dc3_group_norm(ctx, x, layer->groups, layer->gamma, layer->beta, layer->eps, act);
}

dc3_tensor dc3_layer_norm_of(dc3_ctx *ctx, const dc3_norm_layer *layer, dc3_tensor x)
{
    return dc3_layer_norm(ctx, x, layer->gamma, layer->beta, layer->eps);
}
