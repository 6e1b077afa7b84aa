/* Weights in the formats that oneDNN's primitives want. */
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/memory.h"
#include "kernels/onednn/plan.h"

/* What a weight's plain copy and its packed forms have as key: their addresses. */
static const char plain_key, packed_key;

static void packed_release(dc3_pack *pack)
{
    packed *p = (packed *)pack;
    if (p->reorder) dnnl_primitive_destroy(p->reorder);
    if (p->memory) dnnl_memory_destroy(p->memory);
    if (p->plain) dnnl_memory_destroy(p->plain);
    free(p->data);
    free(p);
}

/* A reorder reads such a weight as it is; any other is unpacked to the plan's type first. */
static int weight_is_plain(const dc3_weight *weight)
{
    const char *at = weight->part[0].data;
    if ((uintptr_t)at % sizeof(float)) return 0; /* as a file may have it */
    for (int i = 0; i < weight->parts; i++) {
        if (weight->part[i].dtype != DC3_F32 || weight->part[i].data != at) return 0;
        at += dc3_bytes(&weight->part[i]);
    }
    return 1;
}

static dnnl_status_t make_reorder(onednn *d, const plan *p, const dc3_weight *weight, packed *out)
{
    dc3_md md;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_status_t r = dc3_onednn_plain_layout(
        p, weight_is_plain(weight) ? dnnl_f32 : dc3_onednn_type(p->key.conv.type), &md);
    if (!r) r = dnnl_memory_create(&out->plain, dc3_md_ref(&md), d->engine, DNNL_MEMORY_NONE);
    if (!r) r = dnnl_memory_create(&out->memory, p->weights_md, d->engine, out->data);
    if (!r) r = dc3_reorder_pd(&pd, d->engine, dc3_md_ref(&md), p->weights_md, NULL);
    if (!r) r = dnnl_primitive_create(&out->reorder, pd);
    if (pd) dnnl_primitive_desc_destroy(pd);
    dc3_md_close(&md);
    return r;
}

static dc3_status reorder(onednn *d, const void *plain, packed *out)
{
    dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, out->plain}, {DNNL_ARG_TO, out->memory}};
    dnnl_status_t r = dnnl_memory_set_data_handle(out->plain, (void *)(uintptr_t)plain);
    if (!r) r = dnnl_primitive_execute(out->reorder, d->stream, 2, args);
    if (!r) r = dnnl_stream_wait(d->stream);
    return dc3_onednn_check(r, "packing a weight");
}

/* Packs the weight's present version. */
static dc3_status fill(onednn *d, const plan *p, dc3_weight *weight, packed *out)
{
    dc3_status status;
    if (weight_is_plain(weight)) {
        status = reorder(d, weight->part[0].data, out);
        for (int i = 0; weight->version == 0 && i < weight->parts; i++)
            dc3_map_forget(weight->part[i].data, dc3_bytes(&weight->part[i]));
    } else {
        size_t count = (size_t)(dc3_weight_rows(weight) * dc3_weight_columns(weight));
        size_t size = count * dc3_dtype_size(p->key.conv.type);
        void *plain = dc3_alloc(size);
        if (!plain) return dc3_fail(DC3_ERR_MEMORY, "out of memory for a weight of %zu bytes", size);
        status = dc3_weight_unpack(weight, p->key.conv.type, plain);
        if (status == DC3_OK) status = reorder(d, plain, out);
        free(plain);
    }
    if (status == DC3_OK) out->base.version = weight->version;
    return status;
}

/* Convolutions and their gradients read the same kernels, a matrix and its gradient two different ones. */
static plan_kind kind_of(const plan *p)
{
    return p->key.kind == PLAN_LINEAR || p->key.kind == PLAN_LINEAR_DATA ? p->key.kind : PLAN_CONV;
}

static int same_format(const packed *a, const plan *p)
{
    dc3_const_md md;
    return a->kind == kind_of(p) && dnnl_memory_get_memory_desc(a->memory, &md) == dnnl_success &&
           dnnl_memory_desc_equal(md, p->weights_md);
}

dc3_status dc3_onednn_packed_weight(onednn *d, const plan *p, dc3_weight *weight, packed **out)
{
    for (dc3_pack *pack = weight->packs; pack; pack = pack->next)
        if (pack->key == &packed_key && same_format((packed *)pack, p)) {
            *out = (packed *)pack;
            return pack->version == weight->version ? DC3_OK : fill(d, p, weight, *out);
        }
    packed *made = calloc(1, sizeof *made);
    if (!made) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    size_t size = dc3_md_size(p->weights_md);
    made->data = dc3_alloc(size);
    dc3_status status =
        made->data ? dc3_onednn_check(make_reorder(d, p, weight, made), "packing a weight")
                   : dc3_fail(DC3_ERR_MEMORY, "out of memory for a packed weight of %zu bytes", size);
    if (status == DC3_OK) status = fill(d, p, weight, made);
    if (status != DC3_OK) {
        packed_release(&made->base);
        return status;
    }
    made->kind = kind_of(p);
    made->base = (dc3_pack){weight->packs, &packed_key, weight->version, packed_release};
    weight->packs = &made->base;
    *out = made;
    return DC3_OK;
}

typedef struct plain_copy {
    dc3_pack base;
    float *data;
} plain_copy;

static void plain_release(dc3_pack *pack)
{
    free(((plain_copy *)pack)->data);
    free(pack);
}

static dc3_status copy_plain(const dc3_weight *weight, plain_copy *copy)
{
    size_t size = (size_t)(dc3_weight_rows(weight) * dc3_weight_columns(weight)) * sizeof *copy->data;
    if (!copy->data) copy->data = dc3_alloc(size);
    if (!copy->data) return dc3_fail(DC3_ERR_MEMORY, "out of memory for a weight of %zu bytes", size);
    DC3_TRY(dc3_weight_unpack(weight, DC3_F32, copy->data));
    copy->base.version = weight->version;
    return DC3_OK;
}

dc3_status dc3_onednn_plain_weight(dc3_weight *weight, const float **out)
{
    plain_copy *copy = NULL;
    *out = weight->part[0].data;
    if (weight_is_plain(weight)) return DC3_OK;
    for (dc3_pack *pack = weight->packs; pack && !copy; pack = pack->next)
        if (pack->key == &plain_key) copy = (plain_copy *)pack;
    if (!copy) {
        copy = calloc(1, sizeof *copy);
        if (!copy) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
        dc3_status status = copy_plain(weight, copy);
        if (status != DC3_OK) {
            plain_release(&copy->base);
            return status;
        }
        copy->base = (dc3_pack){weight->packs, &plain_key, weight->version, plain_release};
        weight->packs = &copy->base;
    } else if (copy->base.version != weight->version)
        DC3_TRY(copy_plain(weight, copy));
    *out = copy->data;
    return DC3_OK;
}
