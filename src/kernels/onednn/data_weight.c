#include "kernels/onednn/data_weight.h"

enum { LARGE = 1 << 20 }; /* bytes: smaller forms are kept */

/* Whether forward's form alone is kept. */
static int has_one_form(const dc3_weight *weight, size_t size)
{
    return weight->version == 0 && size >= LARGE;
}

/* What the plan's form is to be made of; NULL: it is kept. */
static const packed *forward_form(const plan *p, const dc3_weight *weight)
{
    if (p->key.kind != PLAN_CONV_DATA || !has_one_form(weight, dc3_md_size(p->weights_md)) ||
        dc3_onednn_form(weight, p->key.kind, p->weights_md))
        return NULL;
    return dc3_onednn_form(weight, PLAN_CONV, NULL);
}

/* Makes p->remake and p->made_of for a form in the format `from`, unless they are for it already. */
static dnnl_status_t open_remake(onednn *d, plan *p, dc3_const_md from)
{
    dc3_const_md before;
    dnnl_primitive_desc_t pd = NULL;
    if (p->remake && dnnl_memory_get_memory_desc(p->made_of, &before) == dnnl_success &&
        dnnl_memory_desc_equal(before, from))
        return dnnl_success;
    if (p->remake) dnnl_primitive_destroy(p->remake);
    if (p->made_of) dnnl_memory_destroy(p->made_of);
    p->remake = NULL, p->made_of = NULL;
    dnnl_status_t r = dnnl_memory_create(&p->made_of, from, d->engine, DNNL_MEMORY_NONE);
    if (!r) r = dc3_reorder_pd(&pd, d->engine, from, p->weights_md, NULL);
    if (!r) r = dnnl_primitive_create(&p->remake, pd);
    if (pd) dnnl_primitive_desc_destroy(pd);
    return r;
}

dc3_status dc3_onednn_data_weight(onednn *d, plan *p, dc3_weight *weight, operand *weights)
{
    const packed *from = forward_form(p, weight);
    packed *kept = NULL;
    dc3_const_md md;
    *weights = (operand){.arg = DNNL_ARG_WEIGHTS};
    if (!from) {
        DC3_TRY(dc3_onednn_packed_weight(d, p, weight, &kept));
        weights->memory = kept->memory;
        return dc3_onednn_scratch(d, p->scratch_size);
    }
    DC3_TRY(dc3_onednn_scratch(d, p->scratch_size + dc3_md_size(p->weights_md)));
    dnnl_status_t r = dnnl_memory_get_memory_desc(from->memory, &md);
    if (!r) r = open_remake(d, p, md);
    DC3_TRY(dc3_onednn_check(r, "remaking a weight's form"));
    weights->memory = p->weights;
    weights->data = (const char *)d->scratch + p->scratch_size;
    operand all[] = {{DNNL_ARG_FROM, p->made_of, from->data}, {DNNL_ARG_TO, p->weights, weights->data}};
    return dc3_onednn_execute(d, p->remake, 2, all);
}

const void *dc3_onednn_data_matrix(const dc3_linear_shape *s, const dc3_weight *weight)
{
    enum { INPUTS = 32, OUTPUTS = 64 }; /* of a block */
    dc3_md md;
    if (s->type != DC3_BF16 || s->ci % INPUTS || s->co % OUTPUTS ||
        !has_one_form(weight, (size_t)(s->ci * s->co) * dc3_dtype_size(s->type)) ||
        dc3_md_make(&md, 2, (dnnl_dims_t){s->ci, s->co}, dnnl_bf16, dnnl_BA16a64b2a) != dnnl_success)
        return NULL;
    const packed *form = dc3_onednn_form(weight, PLAN_LINEAR, dc3_md_ref(&md));
    dc3_md_close(&md);
    return form ? form->data : NULL;
}
