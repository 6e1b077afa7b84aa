#include "learn/ema.h"

#include <stdlib.h>
#include "learn/params.h"

struct dc3_ema {
    const dc3_kernels *kernels;
    dc3_ema_options options;
    dc3_param *params;
    size_t count;
    dc3_tensor *averages; /* [count] */
    int64_t updates;
    int swapped;
};

dc3_ema_options dc3_ema_defaults(void)
{
    return (dc3_ema_options){.decay = 0.999};
}

dc3_status dc3_ema_open(const dc3_ctx *ctx, const dc3_ema_options *options, dc3_param *params, size_t count,
                        dc3_ema **out)
{
    *out = NULL;
    if (!(options->decay >= 0 && options->decay <= 1))
        return dc3_fail(DC3_ERR_ARGUMENT, "decay of the averages: expected 0 to 1, found %g", options->decay);
    dc3_ema *ema = calloc(1, sizeof *ema);
    if (!ema) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *ema = (dc3_ema){.kernels = dc3_ctx_kernels(ctx), .options = *options, .params = params, .count = count};
    ema->averages = calloc(count + 1, sizeof *ema->averages);
    dc3_status status = ema->averages ? dc3_params_alloc(params, count, 1, 0, ema->averages) : DC3_ERR_MEMORY;
    if (status != DC3_OK) {
        dc3_ema_close(&ema);
        return status == DC3_ERR_CANCELLED
                   ? status
                   : dc3_fail(DC3_ERR_MEMORY, "out of memory for averages of the parameters");
    }
    for (size_t i = 0; i < count; i++)
        ema->kernels->copy(dc3_bytes(&params[i].value), params[i].value.data, ema->averages[i].data);
    *out = ema;
    return DC3_OK;
}

void dc3_ema_close(dc3_ema **ema)
{
    dc3_ema *e = *ema;
    if (!e) return;
    if (e->averages) dc3_params_free(e->averages, e->count);
    free(e->averages);
    free(e);
    *ema = NULL;
}

static dc3_status must_be_out(const dc3_ema *ema)
{
    return ema->swapped ? dc3_fail(DC3_ERR_ARGUMENT, "the averages of the parameters are still swapped in")
                        : DC3_OK;
}

dc3_status dc3_ema_update(dc3_ema *ema)
{
    DC3_TRY(must_be_out(ema));
    double t = (double)ema->updates++, decay = ema->options.decay;
    if (ema->options.warm_up && (1 + t) / (10 + t) < decay) decay = (1 + t) / (10 + t);
    for (size_t i = 0; i < ema->count; i++) {
        const dc3_tensor *value = &ema->params[i].value;
        if (value->dtype == DC3_F32)
            ema->kernels->blend(dc3_count(value), (float)(1 - decay), value->data, ema->averages[i].data);
        else
            ema->kernels->copy(dc3_bytes(value), value->data, ema->averages[i].data);
    }
    return DC3_OK;
}

dc3_status dc3_ema_look_ahead(dc3_ema *ema, double decay)
{
    DC3_TRY(must_be_out(ema));
    if (!(decay >= 0 && decay <= 1))
        return dc3_fail(DC3_ERR_ARGUMENT, "decay of the averages: expected 0 to 1, found %g", decay);
    ema->updates++;
    for (size_t i = 0; i < ema->count; i++) {
        const dc3_tensor *value = &ema->params[i].value;
        if (value->dtype != DC3_F32) continue; /* a counter counts on */
        ema->kernels->blend(dc3_count(value), (float)(1 - decay), value->data, ema->averages[i].data);
        ema->kernels->copy(dc3_bytes(value), ema->averages[i].data, value->data);
        dc3_param_changed(&ema->params[i]);
    }
    return DC3_OK;
}

void dc3_ema_swap(dc3_ema *ema)
{
    for (size_t i = 0; i < ema->count; i++) {
        ema->kernels->swap(dc3_bytes(&ema->params[i].value), ema->averages[i].data,
                           ema->params[i].value.data);
        dc3_param_changed(&ema->params[i]);
    }
    ema->swapped = !ema->swapped;
}

int dc3_ema_swapped(const dc3_ema *ema)
{
    return ema->swapped;
}

dc3_status dc3_ema_state(dc3_ema *ema, dc3_table *table)
{
    DC3_TRY(must_be_out(ema));
    DC3_TRY(dc3_table_add(table, "ema.updates", dc3_view(&ema->updates, DC3_I64, 0, NULL)));
    for (size_t i = 0; i < ema->count; i++)
        DC3_TRY(dc3_params_add(table, "ema", &ema->params[i], ema->averages[i]));
    return DC3_OK;
}
