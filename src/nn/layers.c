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
}

/* Rows first .. first + count - 1 of x as a parameter of its own. */
static dc3_tensor part_of(dc3_tensor x, int64_t first, int64_t count)
{
    dc3_tensor part = dc3_tensor_rows(x, first, count);
    part.id = dc3_tensor_new_id();
    return part;
}

/* Each part is a parameter of its own, but their values stand one behind the other, and so do their
 * gradients: the product's weight and bias are the whole, and a tape finds the whole's gradient by the first
 * part's id. */
static void take_fused_params(dc3_module *m, dc3_linear_layer *layer, const char *const *prefixes, int count,
                              int64_t ci, int64_t co_each, int bias, int spatial)
{
    int64_t shape[] = {count * co_each, ci, 1, 1};
    int ndim = spatial ? 4 : 2;
    dc3_tensor w = dc3_module_tensor(m, ndim, shape), dw = dc3_module_tensor(m, ndim, shape), b = {0},
               db = {0};
    if (bias) b = dc3_module_tensor(m, 1, shape), db = dc3_module_tensor(m, 1, shape);
    shape[0] = co_each;
    for (int i = 0; dc3_module_status(m) == DC3_OK && i < count; i++) {
        dc3_place place = {part_of(w, i * co_each, co_each), part_of(dw, i * co_each, co_each)};
        dc3_take_weight_at(m, &layer->weight, prefixes[i], "weight", ndim, shape, &place);
        if (!bias) continue;
        place = (dc3_place){part_of(b, i * co_each, co_each), part_of(db, i * co_each, co_each)};
        dc3_tensor part = dc3_take_bias(m, prefixes[i], "bias", co_each, ci, &place);
        if (i == 0) b.id = part.id;
    }
    layer->bias = b;
}

void dc3_take_fused(dc3_module *m, dc3_linear_layer *layer, const char *const *prefixes, int count,
                    int64_t ci, int64_t co_each, int bias, int spatial)
{
    if (dc3_module_is_trainable(m)) {
        take_fused_params(m, layer, prefixes, count, ci, co_each, bias, spatial);
        return;
    }
    int64_t co = count * co_each;
    float *joined = bias ? calloc((size_t)co, sizeof *joined) : NULL;
    if (bias && !joined) dc3_module_fail(m, dc3_fail(DC3_ERR_MEMORY, "out of memory"));
    for (int i = 0; i < count; i++) {
        dc3_take_weight(m, &layer->weight, prefixes[i], "weight", spatial ? 4 : 2,
                        (int64_t[]){co_each, ci, 1, 1});
        if (joined) dc3_read_vector(m, prefixes[i], "bias", co_each, joined + i * co_each);
    }
    if (joined) layer->bias = dc3_module_place(m, 1, &co, joined);
    free(joined);
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
}

dc3_tensor dc3_conv_of(dc3_ctx *ctx, dc3_conv_layer *layer, dc3_tensor x, const dc3_tensor *residual)
{
    return dc3_conv2d(ctx, x, &layer->weight, layer->bias, &layer->options, residual);
}

dc3_tensor dc3_linear_of(dc3_ctx *ctx, dc3_linear_layer *layer, dc3_tensor x, const dc3_tensor *residual)
{
    return dc3_linear(ctx, x, &layer->weight, layer->bias, DC3_ACT_NONE, residual);
}

dc3_tensor dc3_group_norm_of(dc3_ctx *ctx, const dc3_norm_layer *layer, dc3_tensor x, dc3_activation act)
{
    return dc3_group_norm(ctx, x, layer->groups, layer->gamma, layer->beta, layer->eps, act);
}

dc3_tensor dc3_layer_norm_of(dc3_ctx *ctx, const dc3_norm_layer *layer, dc3_tensor x)
{
    return dc3_layer_norm(ctx, x, layer->gamma, layer->beta, layer->eps);
}
