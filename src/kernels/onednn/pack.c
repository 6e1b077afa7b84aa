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

/* For the threads that the plan is for. */
static dnnl_status_t make_reorder(onednn *d, const plan *p, const dc3_weight *weight, packed *out)
{
    dc3_md md;
    dnnl_primitive_desc_t pd = NULL;
    if (out->reorder) dnnl_primitive_destroy(out->reorder);
    out->reorder = NULL;
    dnnl_status_t r = dc3_onednn_plain_layout(
        p, weight_is_plain(weight) ? dnnl_f32 : dc3_onednn_type(p->key.conv.type), &md);
    if (!r && !out->plain) r = dnnl_memory_create(&out->plain, dc3_md_ref(&md), d->engine, DNNL_MEMORY_NONE);
    if (!r && !out->memory) r = dnnl_memory_create(&out->memory, p->weights_md, d->engine, out->data);
    if (!r) r = dc3_reorder_pd(&pd, d->engine, dc3_md_ref(&md), p->weights_md, NULL);
    if (!r) r = dnnl_primitive_create(&out->reorder, pd);
    if (pd) dnnl_primitive_desc_destroy(pd);
    dc3_md_close(&md);
    out->threads = p->key.threads;
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

/* Whose format is wanted. */
typedef struct wanted {
    onednn *d;
    const plan *plan;
} wanted;

static dc3_status fill(const void *user, dc3_weight *weight, dc3_pack *pack)
{
    const wanted *w = user;
    onednn *d = w->d;
    const plan *p = w->plan;
    packed *out = (packed *)pack;
    dc3_status status;
    if (out->threads != p->key.threads)
        DC3_TRY(dc3_onednn_check(make_reorder(d, p, weight, out), "packing a weight"));
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
    return status;
}

/* Convolutions and their gradients read the same kernels, a matrix and its gradient two different ones. */
static plan_kind read_as(plan_kind kind)
{
    return kind == PLAN_LINEAR || kind == PLAN_LINEAR_DATA ? kind : PLAN_CONV;
}

/* in: a format; NULL: any. */
static int is_form(const packed *a, plan_kind kind, dc3_const_md in)
{
    dc3_const_md md;
    return a->kind == read_as(kind) && dnnl_memory_get_memory_desc(a->memory, &md) == dnnl_success &&
           (!in || dnnl_memory_desc_equal(md, in));
}

static int fits(const void *user, const dc3_pack *pack)
{
    const plan *p = ((const wanted *)user)->plan;
    return is_form((const packed *)pack, p->key.kind, p->weights_md);
}

const packed *dc3_onednn_form(const dc3_weight *weight, plan_kind kind, dc3_const_md md)
{
    const dc3_pack *pack = __atomic_load_n(&weight->packs, __ATOMIC_ACQUIRE);
    while (pack && (pack->key != &packed_key || pack->version != weight->version ||
                    !is_form((const packed *)pack, kind, md)))
        pack = pack->next;
    return (const packed *)pack;
}

static dc3_status make(const void *user, const dc3_weight *weight, dc3_pack **pack)
{
    const wanted *w = user;
    size_t size = dc3_md_size(w->plan->weights_md);
    packed *made = calloc(1, sizeof *made);
    if (!made) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    made->base.release = packed_release;
    made->kind = read_as(w->plan->key.kind);
    *pack = &made->base;
    made->data = dc3_alloc(size);
    if (!made->data) return dc3_fail(DC3_ERR_MEMORY, "out of memory for a packed weight of %zu bytes", size);
    return dc3_onednn_check(make_reorder(w->d, w->plan, weight, made), "packing a weight");
}

dc3_status dc3_onednn_packed_weight(onednn *d, const plan *p, dc3_weight *weight, packed **out)
{
    wanted user = {d, p};
    dc3_packer packer = {.key = &packed_key, .user = &user, .fits = fits, .make = make, .fill = fill};
    return dc3_weight_pack(weight, &packer, (dc3_pack **)out);
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

static dc3_status make_plain(const void *user, const dc3_weight *weight, dc3_pack **pack)
{
    (void)user;
    size_t size = (size_t)(dc3_weight_rows(weight) * dc3_weight_columns(weight)) * sizeof(float);
    plain_copy *copy = calloc(1, sizeof *copy);
    if (!copy) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    copy->base.release = plain_release;
    *pack = &copy->base;
    copy->data = dc3_alloc(size);
    return copy->data ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory for a weight of %zu bytes", size);
}

static dc3_status fill_plain(const void *user, dc3_weight *weight, dc3_pack *pack)
{
    (void)user;
    return dc3_weight_unpack(weight, DC3_F32, ((plain_copy *)pack)->data);
}

dc3_status dc3_onednn_plain_weight(dc3_weight *weight, const float **out)
{
    static const dc3_packer packer = {.key = &plain_key, .make = make_plain, .fill = fill_plain};
    dc3_pack *pack;
    *out = weight->part[0].data;
    if (weight_is_plain(weight)) return DC3_OK;
    DC3_TRY(dc3_weight_pack(weight, &packer, &pack));
    *out = ((plain_copy *)pack)->data;
    return DC3_OK;
}

/* Kernels as one pass of Winograd's convolution reads them; the key is that convolution. */
typedef struct transformed {
    dc3_pack base;
    dc3_conv_pass pass;
    void *data;
} transformed;

typedef struct winograd_pass {
    const dc3_winograd *own;
    const dc3_conv_shape *shape;
    dc3_conv_pass pass;
} winograd_pass;

static void transformed_release(dc3_pack *pack)
{
    free(((transformed *)pack)->data);
    free(pack);
}

static int transformed_fits(const void *user, const dc3_pack *pack)
{
    return ((const transformed *)pack)->pass == ((const winograd_pass *)user)->pass;
}

static dc3_status make_transformed(const void *user, const dc3_weight *weight, dc3_pack **pack)
{
    (void)weight;
    const winograd_pass *w = user;
    size_t size = w->own->packed_size(w->shape, w->pass);
    transformed *made = calloc(1, sizeof *made);
    if (!made) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    made->base.release = transformed_release;
    made->pass = w->pass;
    made->data = dc3_alloc(size);
    *pack = &made->base;
    return made->data ? DC3_OK
                      : dc3_fail(DC3_ERR_MEMORY, "out of memory for a packed weight of %zu bytes", size);
}

static dc3_status fill_transformed(const void *user, dc3_weight *weight, dc3_pack *pack)
{
    const winograd_pass *w = user;
    void *to = ((transformed *)pack)->data;
    if (weight_is_plain(weight)) {
        w->own->pack(w->shape, w->pass, weight->part[0].data, to);
        return DC3_OK;
    }
    size_t size = (size_t)(dc3_weight_rows(weight) * dc3_weight_columns(weight)) * sizeof(float);
    float *plain = dc3_alloc(size);
    if (!plain) return dc3_fail(DC3_ERR_MEMORY, "out of memory for a weight of %zu bytes", size);
    dc3_status status = dc3_weight_unpack(weight, DC3_F32, plain);
    if (status == DC3_OK) w->own->pack(w->shape, w->pass, plain, to);
    free(plain);
    return status;
}

dc3_status dc3_onednn_winograd_weight(dc3_weight *weight, const dc3_winograd *own,
                                      const dc3_conv_shape *shape, dc3_conv_pass pass, const void **out)
{
    winograd_pass user = {own, shape, pass};
    dc3_packer packer = {.key = own,
                         .user = &user,
                         .fits = transformed_fits,
                         .make = make_transformed,
                         .fill = fill_transformed};
    dc3_pack *pack;
    DC3_TRY(dc3_weight_pack(weight, &packer, &pack));
    *out = ((transformed *)pack)->data;
    return DC3_OK;
}
