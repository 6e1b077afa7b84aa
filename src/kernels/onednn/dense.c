/* Convolution and matrix product over oneDNN, channels-last. A primitive is made once for each shape, a
 * weight is packed once for each primitive's format; after that a call creates nothing. */
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "kernels/dense.h"
#include "kernels/onednn/compat.h"

/* What names a primitive; compared as bytes, so it is zeroed first. */
typedef struct plan_key {
    int kind; /* 0 convolution, 1 matrix product */
    int threads;
    dc3_conv_shape conv;
} plan_key;

typedef struct plan {
    plan_key key;
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t primitive;
    dnnl_memory_t src, weights, bias, dst, residual, scratch; /* handles are set at each call */
    dc3_const_md weights_md;
    dc3_dtype type;
    int spatial; /* the weight has kernel dimensions */
    size_t scratch_size;
    struct plan *next;
} plan;

enum { BUCKETS = 1024 };
typedef struct onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    plan *buckets[BUCKETS];
    void *scratch;
    size_t scratch_size;
} onednn;

typedef struct packed {
    dc3_pack base;
    dnnl_memory_t memory;
    void *data;
} packed;

static dc3_status check(dnnl_status_t result, const char *what)
{
    if (result == dnnl_success) return DC3_OK;
    dc3_status status = result == dnnl_out_of_memory ? DC3_ERR_MEMORY : DC3_ERR_INTERNAL;
    return dc3_fail(status, "oneDNN: %s failed with status %d", what, (int)result);
}

static dnnl_data_type_t type_of(dc3_dtype type)
{
    return type == DC3_BF16 ? dnnl_bf16 : dnnl_f32;
}

static dnnl_status_t append_activation(dnnl_post_ops_t ops, dc3_activation act)
{
    switch (act) {
    case DC3_ACT_RELU:
        return dc3_append_eltwise(ops, dnnl_eltwise_relu, 0, 0);
    case DC3_ACT_SILU:
        return dc3_append_eltwise(ops, dnnl_eltwise_swish, 1, 0);
    case DC3_ACT_GELU_ERF:
        return dc3_append_eltwise(ops, dnnl_eltwise_gelu_erf, 0, 0);
    case DC3_ACT_QUICK_GELU:
        return dc3_append_eltwise(ops, dnnl_eltwise_swish, 1.702f, 0);
    default:
        return dnnl_success;
    }
}

/* Attributes: caller-provided scratch, then activation and the residual's addition, in the shape's order. A
 * convolution adds to what stands in dst, since oneDNN 2.6 has no fast one with a separate operand. */
static dnnl_status_t make_attributes(const dc3_conv_shape *s, const dc3_md *dst, int in_place,
                                     dnnl_primitive_attr_t *attr)
{
    dnnl_post_ops_t ops;
    dnnl_status_t r = dnnl_primitive_attr_create(attr);
    if (r == dnnl_success) r = dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user);
    if (r == dnnl_success) r = dnnl_post_ops_create(&ops);
    if (r != dnnl_success) return r;
    if (!s->act_last) r = append_activation(ops, s->act);
    if (r == dnnl_success && s->residual)
        r = in_place ? dc3_append_sum(ops)
                     : dnnl_post_ops_append_binary(ops, dnnl_binary_add, dc3_md_ref(dst));
    if (r == dnnl_success && s->act_last) r = append_activation(ops, s->act);
    if (r == dnnl_success) r = dnnl_primitive_attr_set_post_ops(*attr, ops);
    dnnl_post_ops_destroy(ops);
    return r;
}

/* Rows of fewer output pixels than this are too short for the small matrix products: on 4x4 pixels they reach
 * 200 GFLOP/s where the other kernel reaches 330 (f32, 1280 channels, two cores of Zen 5). */
enum { NARROW = 8 };

static dnnl_status_t conv_pd(onednn *d, const dc3_conv_shape *s, dnnl_primitive_desc_t *pd)
{
    dc3_md src, weights, bias, dst;
    dnnl_data_type_t type = type_of(s->type);
    int64_t height = dc3_conv_out_height(s), width = dc3_conv_out_width(s);
    memset(&src, 0, sizeof src), memset(&weights, 0, sizeof weights);
    memset(&bias, 0, sizeof bias), memset(&dst, 0, sizeof dst);
    dnnl_status_t r = dc3_md_make(&src, 4, (dnnl_dims_t){s->n, s->ci, s->h, s->w}, type, dnnl_nhwc);
    if (!r)
        r = dc3_md_make(&weights, 4, (dnnl_dims_t){s->co, s->ci, s->kh, s->kw}, type, dnnl_format_tag_any);
    if (!r) r = dc3_md_make(&bias, 1, (dnnl_dims_t){s->co}, dnnl_f32, dnnl_x);
    if (!r) r = dc3_md_make(&dst, 4, (dnnl_dims_t){s->n, s->co, height, width}, type, dnnl_nhwc);
    dnnl_primitive_attr_t attr = NULL;
    if (!r) r = make_attributes(s, &dst, 1, &attr);
    if (!r)
        r = dc3_conv_pd(pd, d->engine, attr, &src, &weights, s->bias ? &bias : NULL, &dst,
                        (dnnl_dims_t){s->stride, s->stride}, (dnnl_dims_t){s->pad_top, s->pad_left},
                        (dnnl_dims_t){s->pad_bottom, s->pad_right}, width < NARROW);
    dnnl_primitive_attr_destroy(attr);
    dc3_md_close(&src), dc3_md_close(&weights), dc3_md_close(&bias), dc3_md_close(&dst);
    return r;
}

static dnnl_status_t linear_pd(onednn *d, const dc3_conv_shape *s, dnnl_primitive_desc_t *pd)
{
    dc3_md src, weights, bias, dst;
    dnnl_data_type_t type = type_of(s->type);
    memset(&src, 0, sizeof src), memset(&weights, 0, sizeof weights);
    memset(&bias, 0, sizeof bias), memset(&dst, 0, sizeof dst);
    dnnl_status_t r = dc3_md_make(&src, 2, (dnnl_dims_t){s->n, s->ci}, type, dnnl_ab);
    if (!r) r = dc3_md_make(&weights, 2, (dnnl_dims_t){s->ci, s->co}, type, dnnl_format_tag_any);
    if (!r) r = dc3_md_make(&bias, 2, (dnnl_dims_t){1, s->co}, dnnl_f32, dnnl_ab);
    if (!r) r = dc3_md_make(&dst, 2, (dnnl_dims_t){s->n, s->co}, type, dnnl_ab);
    dnnl_primitive_attr_t attr = NULL;
    if (!r) r = make_attributes(s, &dst, 0, &attr);
    if (!r) r = dc3_matmul_pd(pd, d->engine, attr, &src, &weights, s->bias ? &bias : NULL, &dst);
    dnnl_primitive_attr_destroy(attr);
    dc3_md_close(&src), dc3_md_close(&weights), dc3_md_close(&bias), dc3_md_close(&dst);
    return r;
}

static dnnl_status_t make_memory(onednn *d, dc3_const_md md, dnnl_memory_t *memory)
{
    return dnnl_memory_create(memory, md, d->engine, DNNL_MEMORY_NONE);
}

static void plan_close(plan *p)
{
    dnnl_memory_t memories[] = {p->src, p->weights, p->bias, p->dst, p->residual, p->scratch};
    for (size_t i = 0; i < sizeof memories / sizeof *memories; i++)
        if (memories[i]) dnnl_memory_destroy(memories[i]);
    if (p->primitive) dnnl_primitive_destroy(p->primitive);
    if (p->pd) dnnl_primitive_desc_destroy(p->pd);
    free(p);
}

static dnnl_status_t plan_fill(onednn *d, plan *p)
{
    const dc3_conv_shape *s = &p->key.conv;
    dnnl_status_t r = p->key.kind ? linear_pd(d, s, &p->pd) : conv_pd(d, s, &p->pd);
    if (!r) r = dnnl_primitive_create(&p->primitive, p->pd);
    if (r) return r;
    p->weights_md = dc3_pd_md(p->pd, dnnl_query_weights_md, 0);
    p->type = s->type;
    p->spatial = !p->key.kind;
    dc3_const_md scratch = dc3_pd_md(p->pd, dnnl_query_scratchpad_md, 0),
                 dst = dc3_pd_md(p->pd, dnnl_query_dst_md, 0);
    p->scratch_size = dc3_md_size(scratch);
    r = make_memory(d, dc3_pd_md(p->pd, dnnl_query_src_md, 0), &p->src);
    if (!r) r = make_memory(d, p->weights_md, &p->weights);
    if (!r && s->bias) r = make_memory(d, dc3_pd_md(p->pd, dnnl_query_weights_md, 1), &p->bias);
    if (!r) r = make_memory(d, dst, &p->dst);
    if (!r && s->residual && p->key.kind) r = make_memory(d, dst, &p->residual);
    if (!r) r = make_memory(d, scratch, &p->scratch);
    return r;
}

/* The plan for `key`, made if it is new. Keys are zeroed before they are filled, so their bytes compare. */
static dc3_status plan_of(onednn *d, const plan_key *key, plan **out)
{
    plan **at = &d->buckets[dc3_hash64(key, sizeof *key) % BUCKETS];
    for (; *at; at = &(*at)->next)
        if (memcmp(&(*at)->key, key, sizeof *key) == 0) { /* NOLINT(bugprone-suspicious-memory-comparison) */
            *out = *at;
            return DC3_OK;
        }
    plan *p = calloc(1, sizeof *p);
    if (!p) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    p->key = *key;
    dnnl_status_t r = plan_fill(d, p);
    if (r) {
        plan_close(p);
        const dc3_conv_shape *s = &key->conv;
        return dc3_fail(r == dnnl_out_of_memory ? DC3_ERR_MEMORY : DC3_ERR_INTERNAL,
                        "oneDNN: status %d for a %s of %lld x %lldx%lld x %lld to %lld channels", (int)r,
                        key->kind ? "matrix product" : "convolution", (long long)s->n, (long long)s->h,
                        (long long)s->w, (long long)s->ci, (long long)s->co);
    }
    *at = p;
    *out = p;
    return DC3_OK;
}

static void packed_release(dc3_pack *pack)
{
    packed *p = (packed *)pack;
    if (p->memory) dnnl_memory_destroy(p->memory);
    free(p->data);
    free(p);
}

/* Reorders plain weights at `plain` into the plan's format at `data`. */
static dnnl_status_t reorder(onednn *d, const plan *p, void *plain, packed *out)
{
    const dc3_conv_shape *s = &p->key.conv;
    dc3_md md;
    memset(&md, 0, sizeof md);
    dnnl_memory_t from = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_t primitive = NULL;
    dnnl_status_t r =
        p->spatial
            ? dc3_md_make(&md, 4, (dnnl_dims_t){s->co, s->ci, s->kh, s->kw}, type_of(p->type), dnnl_oihw)
            : dc3_md_make(&md, 2, (dnnl_dims_t){s->ci, s->co}, type_of(p->type), dnnl_ba);
    if (!r) r = dnnl_memory_create(&from, dc3_md_ref(&md), d->engine, plain);
    if (!r) r = dnnl_memory_create(&out->memory, p->weights_md, d->engine, out->data);
    if (!r) r = dc3_reorder_pd(&pd, d->engine, dc3_md_ref(&md), p->weights_md);
    if (!r) r = dnnl_primitive_create(&primitive, pd);
    dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, out->memory}};
    if (!r) r = dnnl_primitive_execute(primitive, d->stream, 2, args);
    if (!r) r = dnnl_stream_wait(d->stream);
    if (primitive) dnnl_primitive_destroy(primitive);
    if (pd) dnnl_primitive_desc_destroy(pd);
    if (from) dnnl_memory_destroy(from);
    dc3_md_close(&md);
    return r;
}

static int same_format(const plan *a, const plan *b)
{
    return a == b || (a->type == b->type && a->spatial == b->spatial &&
                      dnnl_memory_desc_equal(a->weights_md, b->weights_md));
}

/* The weight in the plan's format, packed if it is not yet. */
static dc3_status packed_of(onednn *d, const plan *p, dc3_weight *weight, packed **out)
{
    for (dc3_pack *pack = weight->packs; pack; pack = pack->next)
        if (pack->version == weight->version && same_format(pack->key, p)) {
            *out = (packed *)pack;
            return DC3_OK;
        }
    int64_t count = dc3_weight_rows(weight) * dc3_weight_columns(weight);
    packed *made = calloc(1, sizeof *made);
    void *plain = NULL;
    dc3_status status = made ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    size_t size = (dc3_md_size(p->weights_md) + 63) / 64 * 64;
    if (status == DC3_OK) made->data = aligned_alloc(64, size);
    if (status == DC3_OK) plain = aligned_alloc(64, ((size_t)count * dc3_dtype_size(p->type) + 63) / 64 * 64);
    if (status == DC3_OK && (!plain || !made->data))
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory for a packed weight of %zu bytes", size);
    if (status == DC3_OK) status = dc3_weight_unpack(weight, p->type, plain);
    if (status == DC3_OK) status = check(reorder(d, p, plain, made), "packing a weight");
    free(plain);
    if (status != DC3_OK) {
        if (made) packed_release(&made->base);
        return status;
    }
    made->base = (dc3_pack){weight->packs, p, weight->version, packed_release};
    weight->packs = &made->base;
    *out = made;
    return DC3_OK;
}

static dc3_status scratch_for(onednn *d, size_t size)
{
    if (size <= d->scratch_size) return DC3_OK;
    free(d->scratch);
    d->scratch_size = 0;
    d->scratch = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
    if (!d->scratch) return dc3_fail(DC3_ERR_MEMORY, "out of memory for %zu bytes of scratch", size);
    d->scratch_size = size;
    return DC3_OK;
}

/* memcpy by all threads. */
static void copy(void *to, const void *from, size_t size)
{
    enum { PIECE = 1 << 16 };
#pragma omp parallel for
    for (size_t at = 0; at < size; at += PIECE)
        memcpy((char *)to + at, (const char *)from + at, size - at < PIECE ? size - at : PIECE);
}

static dc3_status run(onednn *d, const plan_key *key, const void *x, dc3_weight *weight, const float *bias,
                      const void *residual, void *y)
{
    plan *p = NULL;
    packed *w = NULL;
    DC3_TRY(plan_of(d, key, &p));
    DC3_TRY(packed_of(d, p, weight, &w));
    DC3_TRY(scratch_for(d, p->scratch_size));
    if (residual && !p->residual && residual != y)
        copy(y, residual, dc3_md_size(dc3_pd_md(p->pd, dnnl_query_dst_md, 0)));
    dnnl_exec_arg_t args[6];
    int n = 0;
    struct {
        int arg;
        dnnl_memory_t memory;
        const void *data;
    } all[] = {{DNNL_ARG_SRC, p->src, x},
               {DNNL_ARG_DST, p->dst, y},
               {DNNL_ARG_BIAS, p->bias, bias},
               {DNNL_ARG_ATTR_MULTIPLE_POST_OP(key->conv.act != DC3_ACT_NONE) | DNNL_ARG_SRC_1, p->residual,
                residual},
               {DNNL_ARG_SCRATCHPAD, p->scratch, d->scratch}};
    dnnl_status_t r = dnnl_success;
    for (size_t i = 0; !r && i < sizeof all / sizeof *all; i++) {
        if (!all[i].memory) continue;
        r = dnnl_memory_set_data_handle(all[i].memory, (void *)(uintptr_t)all[i].data);
        args[n++] = (dnnl_exec_arg_t){all[i].arg, all[i].memory};
    }
    args[n++] = (dnnl_exec_arg_t){DNNL_ARG_WEIGHTS, w->memory};
    if (!r) r = dnnl_primitive_execute(p->primitive, d->stream, n, args);
    if (!r) r = dnnl_stream_wait(d->stream);
    return check(r, "a kernel");
}

static dc3_status conv2d(void *self, const dc3_conv_shape *shape, const void *x, dc3_weight *weight,
                         const float *bias, const void *residual, void *y)
{
    plan_key key;
    memset(&key, 0, sizeof key);
    memcpy(&key.conv, shape, sizeof *shape);
    key.threads = omp_get_max_threads();
    return run(self, &key, x, weight, bias, residual, y);
}

static dc3_status linear(void *self, const dc3_linear_shape *shape, const void *x, dc3_weight *weight,
                         const float *bias, const void *residual, void *y)
{
    plan_key key;
    memset(&key, 0, sizeof key);
    key.kind = 1;
    key.threads = omp_get_max_threads();
    key.conv.n = shape->rows, key.conv.ci = shape->ci, key.conv.co = shape->co;
    key.conv.h = key.conv.w = key.conv.kh = key.conv.kw = key.conv.stride = 1;
    key.conv.type = shape->type, key.conv.act = shape->act;
    key.conv.bias = shape->bias, key.conv.residual = shape->residual;
    return run(self, &key, x, weight, bias, residual, y);
}

static void onednn_close(void *self)
{
    onednn *d = self;
    for (int i = 0; i < BUCKETS; i++)
        while (d->buckets[i]) {
            plan *p = d->buckets[i];
            d->buckets[i] = p->next;
            plan_close(p);
        }
    if (d->stream) dnnl_stream_destroy(d->stream);
    if (d->engine) dnnl_engine_destroy(d->engine);
    free(d->scratch);
    free(d);
}

dc3_status dc3_dense_onednn(dc3_dense *dense)
{
    onednn *d = calloc(1, sizeof *d);
    if (!d) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dnnl_status_t r = dnnl_engine_create(&d->engine, dnnl_cpu, 0);
    if (!r) r = dnnl_stream_create(&d->stream, d->engine, dnnl_stream_in_order);
    if (r) {
        onednn_close(d);
        return check(r, "opening the CPU engine");
    }
    *dense = (dc3_dense){"oneDNN", d, conv2d, linear, onednn_close};
    return DC3_OK;
}
