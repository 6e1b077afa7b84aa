#include "nn/low_rank.h"

#include "ops/ops.h"

struct dc3_low_rank {
    int parts;
    dc3_weight down[DC3_WEIGHT_PARTS], up[DC3_WEIGHT_PARTS];
    float scale; /* alpha / rank */
};

dc3_low_rank *dc3_take_low_rank(dc3_module *m, const char *const *prefixes, int count, int64_t ci,
                                int64_t co_each)
{
    const dc3_trained *t = dc3_module_trained(m);
    if (!t || !t->adapted || !t->adapted(prefixes[0])) return NULL;
    dc3_low_rank *a = dc3_module_alloc(m, 1, sizeof *a);
    if (!a) return NULL;
    a->parts = count;
    a->scale = (float)(t->alpha / (double)t->rank);
    for (int i = 0; i < count; i++) {
        dc3_take_new_weight(m, &a->down[i], prefixes[i], "lora_A.weight", DC3_INIT_NORMAL_ROWS, 2,
                            (int64_t[]){t->rank, ci});
        dc3_take_new_weight(m, &a->up[i], prefixes[i], "lora_B.weight", DC3_INIT_ZERO, 2,
                            (int64_t[]){co_each, t->rank});
    }
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
        dc3_tensor h = scaled(ctx, dc3_linear(ctx, x, &a->down[i], none, DC3_ACT_NONE, NULL), a->scale);
        h = dc3_linear(ctx, h, &a->up[i], none, DC3_ACT_NONE, NULL);
        all = i ? dc3_concat(ctx, all, h) : h;
    }
    return dc3_scope_return(ctx, scope, dc3_add(ctx, y, all));
}
