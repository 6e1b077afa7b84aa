#include "nn/module.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dc3_module {
    dc3_table *table;
    dc3_status status;
    double parameters;
    void **owned;
    size_t owned_count;
    dc3_weight **weights;
    size_t weight_count;
};

dc3_status dc3_module_open(dc3_table **table, dc3_module **out)
{
    dc3_module *module = *out = calloc(1, sizeof *module);
    if (!module) {
        dc3_table_close(table);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    module->table = *table;
    *table = NULL;
    return DC3_OK;
}

void dc3_module_close(dc3_module **module)
{
    dc3_module *m = *module;
    if (!m) return;
    for (size_t i = 0; i < m->weight_count; i++) dc3_weight_release(m->weights[i]);
    for (size_t i = 0; i < m->owned_count; i++) free(m->owned[i]);
    free(m->weights);
    free(m->owned);
    dc3_table_close(&m->table);
    free(m);
    *module = NULL;
}

dc3_status dc3_module_status(const dc3_module *module)
{
    return module->status;
}

dc3_status dc3_module_fail(dc3_module *module, dc3_status status)
{
    if (module->status == DC3_OK) module->status = status;
    return status;
}

const dc3_table *dc3_module_table(const dc3_module *module)
{
    return module->table;
}

double dc3_module_parameters(const dc3_module *module)
{
    return module->parameters;
}

static int out_of_memory(dc3_module *module)
{
    dc3_module_fail(module, dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", dc3_table_origin(module->table)));
    return 0;
}

/* Makes room for one more pointer in a list that grows at powers of two. */
static int grow(dc3_module *module, void **list, size_t count)
{
    if (count & (count - 1) || (count && count < 16)) return 1;
    if (count == 0) count = 8;
    void *larger = realloc(*list, 2 * count * sizeof(void *));
    if (!larger) return out_of_memory(module);
    *list = larger;
    return 1;
}

void *dc3_module_alloc(dc3_module *m, size_t count, size_t size)
{
    if (m->status != DC3_OK || !grow(m, (void **)&m->owned, m->owned_count)) return NULL;
    void *memory = calloc(count ? count : 1, size);
    if (!memory) out_of_memory(m);
    if (memory) m->owned[m->owned_count++] = memory;
    return memory;
}

const char *dc3_name(char *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(text, DC3_NAME_SIZE, format, args);
    va_end(args);
    return text;
}

int dc3_module_has(const dc3_module *module, const char *prefix, const char *name)
{
    char text[DC3_NAME_SIZE];
    return dc3_table_find(module->table, dc3_name(text, "%s.%s", prefix, name)) != NULL;
}

const dc3_tensor *dc3_take_tensor(dc3_module *m, const char *prefix, const char *name, int ndim,
                                  const int64_t *shape)
{
    char text[DC3_NAME_SIZE];
    const dc3_tensor *found = NULL;
    if (m->status != DC3_OK) return NULL;
    dc3_status status = dc3_table_get(m->table, dc3_name(text, "%s.%s", prefix, name), ndim, shape, &found);
    if (status == DC3_OK && found->dtype != DC3_F32 && found->dtype != DC3_F16 && found->dtype != DC3_BF16 &&
        found->dtype != DC3_F64)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: tensor '%s' should hold f32, f16, bf16 or f64, holds %s",
                          dc3_table_origin(m->table), text, dc3_dtype_name(found->dtype));
    if (dc3_module_fail(m, status) != DC3_OK) return NULL;
    m->parameters += (double)dc3_count(found);
    return found;
}

void dc3_take_own(dc3_module *m, dc3_weight *weight, dc3_tensor tensor)
{
    if (m->status != DC3_OK) return;
    if (weight->parts == 0) {
        if (!grow(m, (void **)&m->weights, m->weight_count)) return;
        m->weights[m->weight_count++] = weight;
    }
    weight->part[weight->parts++] = tensor;
}

void dc3_take_weight(dc3_module *m, dc3_weight *weight, const char *prefix, const char *name, int ndim,
                     const int64_t *shape)
{
    const dc3_tensor *found = dc3_take_tensor(m, prefix, name, ndim, shape);
    if (found) dc3_take_own(m, weight, *found);
}

const float *dc3_take_vector(dc3_module *m, const char *prefix, const char *name, int64_t n)
{
    const dc3_tensor *found = dc3_take_tensor(m, prefix, name, 1, &n);
    float *values = found ? dc3_module_alloc(m, (size_t)n, sizeof *values) : NULL;
    if (values) dc3_module_fail(m, dc3_convert(found->data, found->dtype, values, DC3_F32, n));
    return values;
}

dc3_norm_layer dc3_take_norm(dc3_module *m, const char *prefix, int64_t c, int64_t groups, float eps)
{
    if (m->status == DC3_OK && (groups < 1 || c % groups != 0))
        dc3_module_fail(m, dc3_fail(DC3_ERR_FORMAT,
                                    "%s: '%s' has %lld channels, which %lld groups do not divide",
                                    dc3_table_origin(m->table), prefix, (long long)c, (long long)groups));
    return (dc3_norm_layer){dc3_take_vector(m, prefix, "weight", c), dc3_take_vector(m, prefix, "bias", c),
                            groups, eps};
}

void dc3_take_linear(dc3_module *m, dc3_linear_layer *layer, const char *prefix, int64_t ci, int64_t co,
                     int bias, int spatial)
{
    dc3_take_weight(m, &layer->weight, prefix, "weight", spatial ? 4 : 2, (int64_t[]){co, ci, 1, 1});
    if (bias) layer->bias = dc3_take_vector(m, prefix, "bias", co);
}

void dc3_take_fused(dc3_module *m, dc3_linear_layer *layer, const char *const *prefixes, int count,
                    int64_t ci, int64_t co_each, int bias, int spatial)
{
    float *joined = bias ? dc3_module_alloc(m, (size_t)(count * co_each), sizeof *joined) : NULL;
    for (int i = 0; i < count; i++) {
        dc3_take_weight(m, &layer->weight, prefixes[i], "weight", spatial ? 4 : 2,
                        (int64_t[]){co_each, ci, 1, 1});
        const float *part = bias ? dc3_take_vector(m, prefixes[i], "bias", co_each) : NULL;
        if (part && joined) memcpy(joined + i * co_each, part, (size_t)co_each * sizeof *part);
    }
    layer->bias = joined;
}

void dc3_take_conv(dc3_module *m, dc3_conv_layer *layer, const char *prefix, int64_t ci, int64_t co,
                   int64_t kernel, int64_t stride, int bias)
{
    int64_t pad = kernel / 2;
    layer->options = (dc3_conv_options){.kernel = kernel,
                                        .stride = stride,
                                        .pad_top = pad,
                                        .pad_left = pad,
                                        .pad_bottom = pad,
                                        .pad_right = pad};
    dc3_take_weight(m, &layer->weight, prefix, "weight", 4, (int64_t[]){co, ci, kernel, kernel});
    if (bias) layer->bias = dc3_take_vector(m, prefix, "bias", co);
}

void dc3_take_conv_norm(dc3_module *m, dc3_conv_layer *layer, const char *conv, const char *norm, int64_t ci,
                        int64_t co, int64_t kernel, int64_t stride, int bias, dc3_activation act)
{
    int64_t shape[] = {co, ci, kernel, kernel}, columns = ci * kernel * kernel, pad = kernel / 2;
    const dc3_tensor *weight = dc3_take_tensor(m, conv, "weight", 4, shape);
    const float *own = bias ? dc3_take_vector(m, conv, "bias", co) : NULL;
    const float *gamma = dc3_take_vector(m, norm, "weight", co), *beta = dc3_take_vector(m, norm, "bias", co);
    const float *mean = dc3_take_vector(m, norm, "running_mean", co),
                *variance = dc3_take_vector(m, norm, "running_var", co);
    float *w = dc3_module_alloc(m, (size_t)(co * columns), sizeof *w),
          *b = dc3_module_alloc(m, (size_t)co, sizeof *b);
    if (m->status == DC3_OK)
        dc3_module_fail(m, dc3_convert(weight->data, weight->dtype, w, DC3_F32, co * columns));
    if (m->status != DC3_OK) return;
    for (int64_t o = 0; o < co; o++) {
        double rate = gamma[o] / sqrt((double)variance[o] + 1e-5);
        for (int64_t i = 0; i < columns; i++) w[o * columns + i] = (float)(w[o * columns + i] * rate);
        b[o] = (float)(beta[o] + ((own ? own[o] : 0) - (double)mean[o]) * rate);
    }
    layer->options = (dc3_conv_options){.kernel = kernel,
                                        .stride = stride,
                                        .pad_top = pad,
                                        .pad_left = pad,
                                        .pad_bottom = pad,
                                        .pad_right = pad,
                                        .act = act};
    layer->bias = b;
    dc3_take_own(m, &layer->weight, dc3_view(w, DC3_F32, 4, shape));
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
