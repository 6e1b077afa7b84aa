#include "learn/optimizer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "learn/optimizer_private.h"
#include "learn/params.h"
#include "tensor/device.h"

struct dc3_optimizer {
    const dc3_device *device;
    const dc3_kernels *kernels;
    const dc3_optimizer_method *method;
    dc3_optimizer_options options;
    dc3_param *params;
    size_t count;
    int states;         /* arrays a parameter */
    dc3_tensor *arrays; /* [states][count] */
    int64_t step;
};

static const dc3_optimizer_method *method_of(dc3_optimizer_kind kind)
{
    return kind == DC3_SGD ? &dc3_sgd_method : &dc3_adamw_method;
}

dc3_optimizer_options dc3_optimizer_defaults(dc3_optimizer_kind kind)
{
    return method_of(kind)->defaults;
}

static dc3_status check(const dc3_optimizer_options *o, const dc3_param *params, size_t count)
{
    if (!(o->weight_decay >= 0 && isfinite(o->weight_decay)))
        return dc3_fail(DC3_ERR_ARGUMENT, "weight decay: expected 0 or more, found %g", o->weight_decay);
    for (int i = 0; i < o->group_count; i++)
        if (!(o->groups[i].rate >= 0 && isfinite(o->groups[i].rate) && o->groups[i].decay >= 0 &&
              isfinite(o->groups[i].decay)))
            return dc3_fail(DC3_ERR_ARGUMENT,
                            "parameters '%s': expected factors of 0 or more, found %g and %g",
                            o->groups[i].name, o->groups[i].rate, o->groups[i].decay);
    for (size_t i = 0; i < count; i++)
        if (params[i].gradient.data && params[i].value.dtype != DC3_F32)
            return dc3_fail(DC3_ERR_ARGUMENT, "parameter '%s': expected f32 for training, found %s",
                            params[i].name, dc3_dtype_name(params[i].value.dtype));
    return method_of(o->kind)->check(o);
}

dc3_status dc3_optimizer_open(const dc3_ctx *ctx, const dc3_optimizer_options *options, dc3_param *params,
                              size_t count, dc3_optimizer **out)
{
    *out = NULL;
    DC3_TRY(check(options, params, count));
    dc3_optimizer *o = calloc(1, sizeof *o);
    if (!o) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *o = (dc3_optimizer){.device = dc3_ctx_device(ctx),
                         .kernels = dc3_ctx_kernels(ctx),
                         .method = method_of(options->kind),
                         .options = *options,
                         .params = params,
                         .count = count};
    o->states = o->method->states(options);
    o->arrays = calloc((size_t)o->states * count + 1, sizeof *o->arrays);
    dc3_status status = o->arrays ? dc3_params_alloc(params, count, o->states, 1, o->arrays) : DC3_ERR_MEMORY;
    if (status != DC3_OK) {
        dc3_optimizer_close(&o);
        return status == DC3_ERR_CANCELLED
                   ? status
                   : dc3_fail(DC3_ERR_MEMORY, "out of memory for the state of the optimizer");
    }
    *out = o;
    return DC3_OK;
}

void dc3_optimizer_close(dc3_optimizer **optimizer)
{
    dc3_optimizer *o = *optimizer;
    if (!o) return;
    if (o->arrays) dc3_params_free(o->arrays, (size_t)o->states * o->count);
    free(o->arrays);
    free(o);
    *optimizer = NULL;
}

static int ends_in(const char *name, const char *end)
{
    size_t length = strlen(name), tail = strlen(end);
    return length >= tail && strcmp(name + length - tail, end) == 0;
}

static dc3_param_group group_of(const dc3_optimizer *o, const dc3_param *p)
{
    for (int i = 0; i < o->options.group_count; i++)
        if (ends_in(p->name, o->options.groups[i].name)) return o->options.groups[i];
    return (dc3_param_group){.rate = 1, .decay = 1};
}

static double decay_of(const dc3_optimizer *o, const dc3_param *p)
{
    int spared = o->options.decay_rule == DC3_DECAY_WEIGHTS &&
                 !(p->value.ndim >= 2 && ends_in(p->name, "weight")); /* also in_proj_weight */
    return spared ? 0 : o->options.weight_decay;
}

dc3_status dc3_optimizer_step(dc3_optimizer *o, double lr)
{
    if (!(lr >= 0 && isfinite(lr)))
        return dc3_fail(DC3_ERR_ARGUMENT, "learning rate: expected 0 or more, found %g", lr);
    o->step++;
    for (size_t i = 0; i < o->count; i++) {
        dc3_param *p = &o->params[i];
        if (!p->gradient.data) continue;
        dc3_param_group group = group_of(o, p);
        float *state[DC3_OPTIMIZER_STATES] = {NULL};
        for (int k = 0; k < o->states; k++) state[k] = o->arrays[(size_t)k * o->count + i].data;
        o->method->step(o->kernels, &o->options, o->step, lr * group.rate, decay_of(o, p) * group.decay,
                        dc3_count(&p->value), p->gradient.data, p->value.data, state);
        dc3_param_changed(p);
    }
    return o->device->failure ? o->device->failure() : DC3_OK;
}

void dc3_optimizer_zero_gradients(dc3_optimizer *o)
{
    for (size_t i = 0; i < o->count; i++)
        if (o->params[i].gradient.data)
            o->kernels->fill(dc3_bytes(&o->params[i].gradient), 0, o->params[i].gradient.data);
}

int64_t dc3_optimizer_steps(const dc3_optimizer *o)
{
    return o->step;
}

dc3_status dc3_optimizer_state(dc3_optimizer *o, dc3_table *table)
{
    DC3_TRY(dc3_table_add(table, "optimizer.step", dc3_view(&o->step, DC3_I64, 0, NULL)));
    for (int k = 0; k < o->states; k++) {
        char prefix[64];
        snprintf(prefix, sizeof prefix, "optimizer.%s", o->method->state_names[k]);
        for (size_t i = 0; i < o->count; i++)
            if (o->params[i].gradient.data)
                DC3_TRY(dc3_params_add(table, prefix, &o->params[i], o->arrays[(size_t)k * o->count + i]));
    }
    return DC3_OK;
}
