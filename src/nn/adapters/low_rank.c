#include "nn/adapters/low_rank.h"

struct dc3_low_rank {
    int parts;
    dc3_weight down[DC3_WEIGHT_PARTS], up[DC3_WEIGHT_PARTS];
    const dc3_conv_options *conv; /* of a convolution, the layer's own; NULL: a linear layer */
    float scale;                  /* alpha / rank */
};

/* NULL where the layer gets none. */
static dc3_low_rank *new_adapter(dc3_module *m, const char *prefix, int parts)
{
    const dc3_trained *t = dc3_module_trained(m);
    if (!t || !t->adapted || !t->adapted(prefix, t->layers)) return NULL;
    dc3_low_rank *a = dc3_module_alloc(m, 1, sizeof *a);
    if (!a) return NULL;
    a->parts = parts;
    a->scale = (float)(t->alpha / (double)t->rank);
    return a;
}

/* Both matrices of part i; kernel: of the inner one, 0 where they have no dimensions of a kernel. */
static void take_pair(dc3_module *m, dc3_low_rank *a, int i, const char *prefix, int64_t ci, int64_t co,
                      int64_t kernel)
{
    int64_t r = dc3_module_trained(m)->rank;
    int ndim = kernel ? 4 : 2;
    dc3_take_new_weight(m, &a->down[i], prefix, "lora_A.weight", DC3_INIT_NORMAL_ROWS, ndim,
                        (int64_t[]){r, ci, kernel, kernel});
    dc3_take_new_weight(m, &a->up[i], prefix, "lora_B.weight", DC3_INIT_ZERO, ndim, (int64_t[]){co, r, 1, 1});
}

dc3_low_rank *dc3_take_low_rank(dc3_module *m, const char *const *prefixes, int count, int64_t ci,
                                int64_t co_each, int spatial)
{
    dc3_low_rank *a = new_adapter(m, prefixes[0], count);
    for (int i = 0; a && i < count; i++) take_pair(m, a, i, prefixes[i], ci, co_each, spatial);
    return a;
}

dc3_low_rank *dc3_take_low_rank_conv(dc3_module *m, const char *prefix, int64_t ci, int64_t co,
                                     const dc3_conv_options *options)
{
    dc3_low_rank *a = new_adapter(m, prefix, 1);
    if (!a) return NULL;
    a->conv = options;
    take_pair(m, a, 0, prefix, ci, co, options->kernel);
    return a;
}

/* x [.., c] times `scale`. */
static dc3_tensor scaled(dc3_ctx *ctx, dc3_tensor x, float scale)
{
    int64_t c = x.ndim ? x.shape[x.ndim - 1] : 1;
    if (scale == 1 || dc3_ctx_status(ctx) != DC3_OK) return x;
    dc3_tensor rates = dc3_new_host(ctx, DC3_F32, 2, (int64_t[]){1, c}), y;
    for (int64_t i = 0; rates.data && i < c; i++) ((float *)rates.data)[i] = scale;
    rates = dc3_on_device(ctx, rates);
    if (x.dtype != DC3_F32) rates = dc3_cast(ctx, rates, x.dtype);
    y = dc3_scale_channels(ctx, dc3_reshape(x, 4, (int64_t[]){1, 1, dc3_count(&x) / c, c}), rates);
    return dc3_reshape(y, x.ndim, x.shape);
}

dc3_tensor dc3_add_low_rank(dc3_ctx *ctx, dc3_low_rank *a, dc3_tensor x, dc3_tensor y)
{
    dc3_scope scope = dc3_scope_open(ctx);
    const dc3_tensor none = {0};
    dc3_tensor all = none;
    for (int i = 0; i < a->parts; i++) {
        dc3_tensor h = a->conv ? dc3_conv2d(ctx, x, &a->down[i], none, a->conv, NULL)
                               : dc3_linear(ctx, x, &a->down[i], none, DC3_ACT_NONE, NULL);
        h = dc3_linear(ctx, scaled(ctx, h, a->scale), &a->up[i], none, DC3_ACT_NONE, NULL);
        all = i ? dc3_concat(ctx, all, h) : h;
    }
    return dc3_scope_return(ctx, scope, dc3_add(ctx, y, all));
}
