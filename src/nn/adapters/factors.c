#include "nn/adapters/factors.h"

#include <stdlib.h>
#include <string.h>
#include "ops/ops.h"

struct dc3_factors {
    int parts;
    dc3_weight part[DC3_WEIGHT_PARTS]; /* [c, 1] */
};

dc3_factors *dc3_take_factors(dc3_module *m, const char *const *prefixes, int count, const char *name,
                              int64_t c_each)
{
    const dc3_trained *t = dc3_module_trained(m);
    dc3_factors *f = t && t->factors ? dc3_module_alloc(m, 1, sizeof *f) : NULL;
    if (!f) return NULL;
    f->parts = count;
    for (int i = 0; i < count; i++)
        dc3_take_new_weight(m, &f->part[i], prefixes[i], name, DC3_INIT_ONE, 2, (int64_t[]){c_each, 1});
    return f;
}

/* All of them [1, c], as what follows from a parameter: a linear layer of one input, which is 1. */
static dc3_tensor values_of(dc3_ctx *ctx, dc3_factors *f)
{
    const float one = 1;
    dc3_tensor unit = dc3_upload(ctx, DC3_F32, 2, (int64_t[]){1, 1}, &one), all = {0};
    for (int i = 0; i < f->parts; i++) {
        dc3_tensor some = dc3_linear(ctx, unit, &f->part[i], (dc3_tensor){0}, DC3_ACT_NONE, NULL);
        all = i ? dc3_concat(ctx, all, some) : some;
    }
    return all;
}

dc3_tensor dc3_apply_factors(dc3_ctx *ctx, dc3_factors *f, dc3_tensor y)
{
    if (!f || dc3_ctx_status(ctx) != DC3_OK) return y;
    dc3_scope scope = dc3_scope_open(ctx);
    int64_t c = y.shape[y.ndim - 1];
    dc3_tensor gamma = values_of(ctx, f);
    if (y.dtype != DC3_F32) gamma = dc3_cast(ctx, gamma, y.dtype);
    dc3_tensor scaled =
        dc3_scale_channels(ctx, dc3_reshape(y, 4, (int64_t[]){1, 1, dc3_count(&y) / c, c}), gamma);
    return dc3_replace(ctx, y, dc3_scope_return(ctx, scope, dc3_reshape(scaled, y.ndim, y.shape)));
}

/* Those of the layer whose weight or bias is called `name`, of `rows` outputs, by the i-th of their names; or
 * NULL. */
static const float *find(const dc3_table *trained, const char *name, int64_t rows, int i)
{
    static const char *const names[] = {"gamma", "gamma_block"};
    const char *end = strrchr(name, '.');
    char text[DC3_NAME_SIZE];
    if (!end || (strcmp(end, ".weight") != 0 && strcmp(end, ".bias") != 0)) return NULL;
    const dc3_tensor *gamma =
        dc3_table_find(trained, dc3_name(text, "%.*s.%s", (int)(end - name), name, names[i]));
    return gamma && gamma->shape[0] == rows ? gamma->data : NULL;
}

dc3_status dc3_factors_merge(const dc3_table *trained, const char *name, dc3_table *owner, dc3_tensor *t)
{
    int64_t count = dc3_count(t), rows = t->ndim ? t->shape[0] : 1, columns = rows ? count / rows : 1;
    const float *first = find(trained, name, rows, 0), *second = find(trained, name, rows, 1);
    if (!first && !second) return DC3_OK;
    float *values = malloc((size_t)count * sizeof *values);
    void *data = malloc(dc3_bytes(t));
    dc3_status status = values && data ? dc3_convert(t->data, t->dtype, values, DC3_F32, count)
                                       : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; status == DC3_OK && i < count; i++) {
        if (first) values[i] *= first[i / columns];
        if (second) values[i] *= second[i / columns];
    }
    if (status == DC3_OK) status = dc3_convert(values, DC3_F32, data, t->dtype, count);
    if (status == DC3_OK) status = dc3_table_own(owner, data, free);
    free(values);
    if (status == DC3_OK)
        t->data = data;
    else
        free(data);
    return status;
}
