#include "nn/module.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"

struct dc3_module {
    dc3_table *table;
    dc3_status status;
    double parameters;
    void **owned;
    size_t owned_count;
    dc3_weight **weights;
    size_t weight_count;
    int trainable, create;
    uint64_t seed;
    dc3_init init;
    float *room, *room_gradient; /* where the next parameter is put, if it has a place in a larger one */
    double fan_in;               /* of the last weight taken; 0: it was a vector */
    dc3_param **params;          /* each of its own, so that pointers to them last while more are taken */
    size_t param_count;
    dc3_param *list; /* the same as one array, made when it is asked for */
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
    free(m->params);
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

void dc3_module_train(dc3_module *module, int create, uint64_t seed)
{
    module->trainable = 1;
    module->create = create;
    module->seed = seed;
}

int dc3_module_is_trainable(const dc3_module *module)
{
    return module->trainable;
}

void dc3_module_init(dc3_module *module, dc3_init init)
{
    module->init = init;
}

dc3_param *dc3_module_params(dc3_module *m, size_t *count)
{
    if (!m->list) m->list = dc3_module_alloc(m, m->param_count, sizeof *m->list);
    *count = m->list ? m->param_count : 0;
    for (size_t i = 0; i < *count; i++) m->list[i] = *m->params[i];
    return m->list;
}

static int ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

static void fill(float *x, int64_t n, float value)
{
    for (int64_t i = 0; i < n; i++) x[i] = value;
}

/* Uniform in +- bound. */
static void fill_uniform(dc3_rng *rng, float *x, int64_t n, double bound)
{
    for (int64_t i = 0; i < n; i++) x[i] = (float)((2 * dc3_rng_uniform(rng) - 1) * bound);
}

static void fill_normal(dc3_rng *rng, float *x, int64_t n, double deviation)
{
    dc3_rng_normal(rng, x, (size_t)n);
    for (int64_t i = 0; i < n; i++) x[i] = (float)(x[i] * deviation);
}

/* A weight of n values. */
static void fill_weight(dc3_init init, dc3_rng *rng, float *x, int64_t n, double fan_in, double fan_out)
{
    switch (init) {
    case DC3_INIT_TORCH:
        fill_uniform(rng, x, n, 1 / sqrt(fan_in));
        break;
    case DC3_INIT_UNIFORM_FAN_OUT:
        fill_uniform(rng, x, n, 1 / sqrt(fan_out));
        break;
    case DC3_INIT_XAVIER:
        fill_uniform(rng, x, n, sqrt(6 / (fan_in + fan_out)));
        break;
    case DC3_INIT_KAIMING_FAN_OUT:
        fill_normal(rng, x, n, sqrt(2 / fan_out));
        break;
    case DC3_INIT_NORMAL_FAN_IN:
        fill_normal(rng, x, n, sqrt(1 / fan_in));
        break;
    case DC3_INIT_NORMAL_001:
        fill_normal(rng, x, n, 0.01);
        break;
    case DC3_INIT_NORMAL_002:
        fill_normal(rng, x, n, 0.02);
        break;
    case DC3_INIT_ZERO: /* as it is */
        break;
    }
}

/* The values that a tensor begins with. */
static void initialise(dc3_module *m, const char *name, dc3_tensor t)
{
    dc3_rng rng = dc3_rng_make(m->seed, DC3_RNG_INIT, dc3_hash64(name, strlen(name)));
    int64_t n = dc3_count(&t), columns = t.ndim > 1 ? n / t.shape[0] : 0;
    if (t.ndim > 1) {
        int64_t fan_out = n / (t.shape[1] ? t.shape[1] : 1);
        m->fan_in = (double)columns;
        fill_weight(m->init, &rng, t.data, n, m->fan_in, (double)fan_out);
    } else if (ends_with(name, "bias") && m->fan_in > 0) {
        if (m->init == DC3_INIT_TORCH) fill_uniform(&rng, t.data, n, 1 / sqrt(m->fan_in));
        if (m->init == DC3_INIT_XAVIER) fill_normal(&rng, t.data, n, 1e-6);
        m->fan_in = 0;
    } else if (ends_with(name, ".weight") || ends_with(name, ".running_var")) {
        fill(t.data, n, 1);
        m->fan_in = 0;
    }
}

static int is_buffer(const char *name)
{
    return ends_with(name, ".running_mean") || ends_with(name, ".running_var");
}

/* A parameter of its own from the file's tensor, or a new one. */
static const dc3_tensor *take_param(dc3_module *m, const char *name, int ndim, const int64_t *shape,
                                    const dc3_tensor *found)
{
    dc3_param *p = dc3_module_alloc(m, 1, sizeof *p);
    char *copy = dc3_module_alloc(m, strlen(name) + 1, 1);
    dc3_tensor t =
        found ? dc3_view(NULL, DC3_F32, found->ndim, found->shape) : dc3_view(NULL, DC3_F32, ndim, shape);
    int64_t n = dc3_count(&t);
    float *gradient = m->room_gradient;
    t.data = m->room ? m->room : dc3_module_alloc(m, (size_t)n, sizeof(float));
    if (!m->room) gradient = is_buffer(name) ? NULL : dc3_module_alloc(m, (size_t)n, sizeof *gradient);
    m->room = m->room_gradient = NULL;
    if (m->status != DC3_OK || !grow(m, (void **)&m->params, m->param_count)) return NULL;
    strcpy(copy, name);
    *p = (dc3_param){copy, t, gradient, NULL};
    m->params[m->param_count++] = p;
    if (!found)
        initialise(m, name, t);
    else if (dc3_module_fail(m, dc3_convert(found->data, found->dtype, t.data, DC3_F32, n)) != DC3_OK)
        return NULL;
    if (!is_buffer(name)) m->parameters += (double)n;
    return &p->value;
}

const dc3_tensor *dc3_take_tensor(dc3_module *m, const char *prefix, const char *name, int ndim,
                                  const int64_t *shape)
{
    char text[DC3_NAME_SIZE];
    const dc3_tensor *found = NULL;
    if (m->status != DC3_OK) return NULL;
    dc3_name(text, "%s%s%s", prefix, *prefix ? "." : "", name);
    if (m->create && !dc3_table_find(m->table, text)) return take_param(m, text, ndim, shape, NULL);
    dc3_status status = dc3_table_get(m->table, text, ndim, shape, &found);
    if (status == DC3_OK && found->dtype != DC3_F32 && found->dtype != DC3_F16 && found->dtype != DC3_BF16 &&
        found->dtype != DC3_F64)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: tensor '%s' should hold f32, f16, bf16 or f64, holds %s",
                          dc3_table_origin(m->table), text, dc3_dtype_name(found->dtype));
    if (dc3_module_fail(m, status) != DC3_OK) return NULL;
    if (m->trainable) return take_param(m, text, ndim, shape, found);
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
    for (size_t i = 0; i < m->param_count; i++)
        if (m->params[i]->value.data == tensor.data) {
            m->params[i]->weight = weight;
            weight->version = 1; /* its values may change: not a file's pages that can be let go */
        }
}

void dc3_take_weight(dc3_module *m, dc3_weight *weight, const char *prefix, const char *name, int ndim,
                     const int64_t *shape)
{
    const dc3_tensor *found = dc3_take_tensor(m, prefix, name, ndim, shape);
    if (found) dc3_take_own(m, weight, *found);
}

float *dc3_take_values(dc3_module *m, const char *prefix, const char *name, int ndim, const int64_t *shape)
{
    const dc3_tensor *found = dc3_take_tensor(m, prefix, name, ndim, shape);
    if (m->trainable) return found ? found->data : NULL;
    int64_t n = found ? dc3_count(found) : 0;
    float *values = found ? dc3_module_alloc(m, (size_t)n, sizeof *values) : NULL;
    if (values) dc3_module_fail(m, dc3_convert(found->data, found->dtype, values, DC3_F32, n));
    return values;
}

float *dc3_take_vector(dc3_module *m, const char *prefix, const char *name, int64_t n)
{
    return dc3_take_values(m, prefix, name, 1, &n);
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

/* Each part is a parameter of its own, but their values stand one behind the other, and so do their
 * gradients: the product's weight and bias are the whole. `bias` [count * co_each] or NULL. */
static void take_fused_params(dc3_module *m, dc3_linear_layer *layer, float *bias,
                              const char *const *prefixes, int count, int64_t ci, int64_t co_each,
                              int spatial)
{
    size_t each = (size_t)(ci * co_each), all = (size_t)count * each;
    float *w = dc3_module_alloc(m, all, sizeof *w), *dw = dc3_module_alloc(m, all, sizeof *dw);
    float *db = dc3_module_alloc(m, (size_t)(count * co_each), sizeof *db);
    for (int i = 0; m->status == DC3_OK && i < count; i++) {
        m->room = w + (size_t)i * each, m->room_gradient = dw + (size_t)i * each;
        dc3_take_weight(m, &layer->weight, prefixes[i], "weight", spatial ? 4 : 2,
                        (int64_t[]){co_each, ci, 1, 1});
        if (!bias) continue;
        m->room = bias + i * co_each, m->room_gradient = db + i * co_each;
        dc3_take_vector(m, prefixes[i], "bias", co_each);
    }
    m->room = m->room_gradient = NULL;
}

void dc3_take_fused(dc3_module *m, dc3_linear_layer *layer, const char *const *prefixes, int count,
                    int64_t ci, int64_t co_each, int bias, int spatial)
{
    float *joined = bias ? dc3_module_alloc(m, (size_t)(count * co_each), sizeof *joined) : NULL;
    layer->bias = joined;
    if (m->trainable) {
        take_fused_params(m, layer, joined, prefixes, count, ci, co_each, spatial);
        return;
    }
    for (int i = 0; i < count; i++) {
        dc3_take_weight(m, &layer->weight, prefixes[i], "weight", spatial ? 4 : 2,
                        (int64_t[]){co_each, ci, 1, 1});
        const float *part = bias ? dc3_take_vector(m, prefixes[i], "bias", co_each) : NULL;
        if (part && joined) memcpy(joined + i * co_each, part, (size_t)co_each * sizeof *part);
    }
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
    if (bias) layer->bias = dc3_take_vector(m, prefix, "bias", co);
}

/* The batch norm's running statistics go into the convolution: weight w [co, columns] and bias b [co]. */
static void fold(const dc3_conv_norm_layer *layer, const float *own, int64_t co, int64_t columns, float *w,
                 float *b)
{
    const dc3_batch_norm_options *n = &layer->norm;
    for (int64_t o = 0; o < co; o++) {
        double rate = n->gamma[o] / sqrt((double)n->variance[o] + (double)n->eps);
        for (int64_t i = 0; i < columns; i++) w[o * columns + i] = (float)(w[o * columns + i] * rate);
        b[o] = (float)(n->beta[o] + ((own ? own[o] : 0) - (double)n->mean[o]) * rate);
    }
}

void dc3_take_conv_norm(dc3_module *m, dc3_conv_norm_layer *layer, const char *conv, const char *norm,
                        const dc3_conv_norm_options *o)
{
    int64_t groups = o->groups > 1 ? o->groups : 1, width = o->kernel_w ? o->kernel_w : o->kernel;
    int64_t shape[] = {o->co, o->ci / groups, o->kernel, width}, columns = shape[1] * shape[2] * shape[3];
    const dc3_tensor *weight = dc3_take_tensor(m, conv, "weight", 4, shape);
    float *own = o->bias ? dc3_take_vector(m, conv, "bias", o->co) : NULL;
    dc3_batch_norm_options *n = &layer->norm;
    *n = (dc3_batch_norm_options){.eps = o->eps > 0 ? o->eps : 1e-5f, .momentum = 0.1f};
    n->gamma = dc3_take_vector(m, norm, "weight", o->co), n->beta = dc3_take_vector(m, norm, "bias", o->co);
    n->mean = dc3_take_vector(m, norm, "running_mean", o->co);
    n->variance = dc3_take_vector(m, norm, "running_var", o->co);
    if (m->status != DC3_OK) return;
    layer->act = o->act;
    layer->pool = o->pool;
    layer->folded = !m->trainable;
    layer->conv.options =
        (dc3_conv_options){.kernel = o->kernel, .stride = o->stride, .groups = groups, .before_norm = 1};
    dc3_conv_pad(&layer->conv, o->kernel / 2);
    layer->conv.options.kernel_w = width;
    layer->conv.options.pad_left = layer->conv.options.pad_right = width / 2;
    layer->conv.bias = own;
    if (!layer->folded) {
        dc3_take_own(m, &layer->conv.weight, *weight);
        return;
    }
    float *w = dc3_module_alloc(m, (size_t)(o->co * columns), sizeof *w),
          *b = dc3_module_alloc(m, (size_t)o->co, sizeof *b);
    if (m->status == DC3_OK)
        dc3_module_fail(m, dc3_convert(weight->data, weight->dtype, w, DC3_F32, o->co * columns));
    if (m->status != DC3_OK) return;
    fold(layer, own, o->co, columns, w, b);
    layer->conv.bias = b;
    layer->conv.options.act = o->act;
    layer->conv.options.act_last = 1;
    dc3_take_own(m, &layer->conv.weight, dc3_view(w, DC3_F32, 4, shape));
}

dc3_tensor dc3_conv_norm_of(dc3_ctx *ctx, dc3_conv_norm_layer *layer, dc3_tensor x,
                            const dc3_tensor *residual)
{
    dc3_tensor y;
    if (layer->folded) {
        y = dc3_conv_of(ctx, &layer->conv, x, residual);
        return layer->pool ? dc3_replace(ctx, y, dc3_avg_pool(ctx, y, 2)) : y;
    }
    int plain = layer->act == DC3_ACT_NONE || layer->act == DC3_ACT_RELU;
    dc3_batch_norm_options norm = layer->norm;
    norm.act = plain ? layer->act : DC3_ACT_NONE;
    norm.pool = plain && layer->pool;
    y = dc3_conv_of(ctx, &layer->conv, x, NULL);
    y = dc3_replace(ctx, y, dc3_batch_norm(ctx, y, &norm, residual));
    if (!plain) y = dc3_replace(ctx, y, dc3_activate(ctx, y, layer->act));
    return layer->pool && !plain ? dc3_replace(ctx, y, dc3_avg_pool(ctx, y, 2)) : y;
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
