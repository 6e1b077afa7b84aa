/* Primitives by shape. */
#include "kernels/onednn/plan.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"

dc3_status dc3_onednn_check(dnnl_status_t result, const char *what)
{
    if (result == dnnl_success) return DC3_OK;
    dc3_status status = result == dnnl_out_of_memory ? DC3_ERR_MEMORY : DC3_ERR_INTERNAL;
    return dc3_fail(status, "oneDNN: %s failed with status %d", what, (int)result);
}

dnnl_data_type_t dc3_onednn_type(dc3_dtype type)
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
    case DC3_ACT_RELU6:
        return dc3_append_eltwise(ops, dnnl_eltwise_clip, 0, 6);
    case DC3_ACT_SIGMOID:
        return dc3_append_eltwise(ops, dnnl_eltwise_logistic, 0, 0);
    case DC3_ACT_GELU_TANH:
        return dc3_append_eltwise(ops, dnnl_eltwise_gelu_tanh, 0, 0);
    default:
        return dnnl_success;
    }
}

/* Attributes: caller-provided scratch, then activation and the residual's addition, in the shape's order. A
 * convolution adds to what stands in dst, since oneDNN 2.6 has no fast one with a separate operand; so does
 * the gradient of a matrix. */
static dnnl_status_t make_attributes(const plan_key *key, const dc3_md *dst, dnnl_primitive_attr_t *attr)
{
    const dc3_conv_shape *s = &key->conv;
    int forward = key->kind == PLAN_CONV || key->kind == PLAN_LINEAR;
    dnnl_post_ops_t ops;
    dnnl_status_t r = dnnl_primitive_attr_create(attr);
    if (r == dnnl_success) r = dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user);
    if (r == dnnl_success) r = dnnl_post_ops_create(&ops);
    if (r != dnnl_success) return r;
    if (forward && !s->act_last) r = append_activation(ops, s->act);
    if (!r && forward && s->residual)
        r = key->kind == PLAN_CONV ? dc3_append_sum(ops)
                                   : dnnl_post_ops_append_binary(ops, dnnl_binary_add, dc3_md_ref(dst));
    if (!r && key->kind == PLAN_LINEAR_WEIGHT) r = dc3_append_sum(ops);
    if (!r && forward && s->act_last) r = append_activation(ops, s->act);
    if (!r) r = dnnl_primitive_attr_set_post_ops(*attr, ops);
    dnnl_post_ops_destroy(ops);
    return r;
}

/* Rows of fewer output pixels than this are too short for the small matrix products: on 4x4 pixels they reach
 * 200 GFLOP/s where the other kernel reaches 330 (f32, 1280 channels, two cores of Zen 5). */
enum { NARROW = 8 };

static dnnl_status_t weight_md(const dc3_conv_shape *s, dnnl_data_type_t type, dnnl_format_tag_t tag,
                               dnnl_format_tag_t grouped, dc3_md *md)
{
    if (s->groups > 1)
        return dc3_md_make(md, 5,
                           (dnnl_dims_t){s->groups, s->co / s->groups, s->ci / s->groups, s->kh, s->kw}, type,
                           grouped);
    return dc3_md_make(md, 4, (dnnl_dims_t){s->co, s->ci, s->kh, s->kw}, type, tag);
}

typedef struct four {
    dc3_md src, weights, bias, dst;
} four;

static void four_close(four *m)
{
    dc3_md_close(&m->src), dc3_md_close(&m->weights), dc3_md_close(&m->bias), dc3_md_close(&m->dst);
}

static dnnl_status_t conv_pd(onednn *d, const plan_key *key, dnnl_primitive_desc_t *pd)
{
    const dc3_conv_shape *s = &key->conv;
    four m;
    memset(&m, 0, sizeof m);
    dnnl_data_type_t type = dc3_onednn_type(s->type);
    dnnl_format_tag_t any = dnnl_format_tag_any;
    int64_t height = dc3_conv_out_height(s), width = dc3_conv_out_width(s);
    dnnl_dims_t strides = {s->stride, s->stride}, low = {s->pad_top, s->pad_left},
                high = {s->pad_bottom, s->pad_right};
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t forward = NULL;
    dnnl_status_t r = dc3_md_make(&m.src, 4, (dnnl_dims_t){s->n, s->ci, s->h, s->w}, type, dnnl_nhwc);
    if (!r) r = weight_md(s, type, any, any, &m.weights);
    if (!r) r = dc3_md_make(&m.bias, 1, (dnnl_dims_t){s->co}, dnnl_f32, dnnl_x);
    if (!r) r = dc3_md_make(&m.dst, 4, (dnnl_dims_t){s->n, s->co, height, width}, type, dnnl_nhwc);
    if (!r) r = make_attributes(key, &m.dst, &attr);
    if (!r)
        r = dc3_conv_pd(&forward, d->engine, attr, &m.src, &m.weights, s->bias ? &m.bias : NULL, &m.dst,
                        strides, low, high, width < NARROW);
    if (key->kind == PLAN_CONV) {
        *pd = forward;
    } else if (!r) {
        dc3_conv_gradient of = key->kind == PLAN_CONV_DATA ? DC3_CONV_DATA : DC3_CONV_WEIGHT;
        dc3_md_close(&m.weights);
        r = weight_md(s, of == DC3_CONV_DATA ? type : dnnl_f32, any, any, &m.weights);
        if (!r)
            r = dc3_conv_backward_pd(pd, d->engine, attr, of, &m.src, &m.weights, &m.dst, strides, low, high,
                                     forward);
        dnnl_primitive_desc_destroy(forward);
    }
    dnnl_primitive_attr_destroy(attr);
    four_close(&m);
    return r;
}

/* y [n, co] = x [n, ci] W^T;  dx [n, ci] = dy [n, co] W;  dw [co, ci] += dy^T [co, n] x [n, ci]. */
static dnnl_status_t linear_pd(onednn *d, const plan_key *key, dnnl_primitive_desc_t *pd)
{
    const dc3_conv_shape *s = &key->conv;
    four m;
    memset(&m, 0, sizeof m);
    dnnl_data_type_t type = dc3_onednn_type(s->type);
    int weight = key->kind == PLAN_LINEAR_WEIGHT, data = key->kind == PLAN_LINEAR_DATA;
    int64_t rows = weight ? s->co : s->n,
            inner = weight ? s->n
                    : data ? s->co
                           : s->ci,
            columns = weight || data ? s->ci : s->co;
    dnnl_status_t r = dc3_md_make(&m.src, 2, (dnnl_dims_t){rows, inner}, type, weight ? dnnl_ba : dnnl_ab);
    if (!r)
        r = dc3_md_make(&m.weights, 2, (dnnl_dims_t){inner, columns}, type,
                        weight ? dnnl_ab : dnnl_format_tag_any);
    if (!r) r = dc3_md_make(&m.bias, 2, (dnnl_dims_t){1, columns}, dnnl_f32, dnnl_ab);
    if (!r) r = dc3_md_make(&m.dst, 2, (dnnl_dims_t){rows, columns}, weight ? dnnl_f32 : type, dnnl_ab);
    dnnl_primitive_attr_t attr = NULL;
    if (!r) r = make_attributes(key, &m.dst, &attr);
    if (!r)
        r = dc3_matmul_pd(pd, d->engine, attr, &m.src, &m.weights,
                          s->bias && !weight && !data ? &m.bias : NULL, &m.dst);
    dnnl_primitive_attr_destroy(attr);
    four_close(&m);
    return r;
}

dnnl_status_t dc3_onednn_plain_layout(const plan *p, dnnl_data_type_t type, dc3_md *md)
{
    const dc3_conv_shape *s = &p->key.conv;
    memset(md, 0, sizeof *md);
    if (p->key.kind == PLAN_LINEAR) return dc3_md_make(md, 2, (dnnl_dims_t){s->ci, s->co}, type, dnnl_ba);
    if (p->key.kind == PLAN_LINEAR_DATA)
        return dc3_md_make(md, 2, (dnnl_dims_t){s->co, s->ci}, type, dnnl_ab);
    return weight_md(s, type, dnnl_oihw, dnnl_goihw, md);
}

static dnnl_status_t make_memory(onednn *d, dc3_const_md md, dnnl_memory_t *memory)
{
    return dnnl_memory_create(memory, md, d->engine, DNNL_MEMORY_NONE);
}

static void plan_close(plan *p)
{
    dnnl_memory_t memories[] = {p->in,       p->weights, p->bias,  p->out,
                                p->residual, p->scratch, p->plain, p->made_of};
    for (size_t i = 0; i < sizeof memories / sizeof *memories; i++)
        if (memories[i]) dnnl_memory_destroy(memories[i]);
    if (p->primitive) dnnl_primitive_destroy(p->primitive);
    if (p->add) dnnl_primitive_destroy(p->add);
    if (p->remake) dnnl_primitive_destroy(p->remake);
    if (p->pd) dnnl_primitive_desc_destroy(p->pd);
    free(p);
}

dnnl_status_t dc3_onednn_make_add(onednn *d, plan *p, int threads)
{
    dc3_md md;
    dnnl_post_ops_t ops = NULL;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    int before = omp_get_max_threads();
    dnnl_status_t r = dc3_onednn_plain_layout(p, dnnl_f32, &md);
    if (p->add) dnnl_primitive_destroy(p->add);
    p->add = NULL;
    omp_set_num_threads(threads);
    if (!r && !p->plain) r = make_memory(d, dc3_md_ref(&md), &p->plain);
    if (!r) r = dnnl_primitive_attr_create(&attr);
    if (!r) r = dnnl_post_ops_create(&ops);
    if (!r) r = dc3_append_sum(ops);
    if (!r) r = dnnl_primitive_attr_set_post_ops(attr, ops);
    if (!r) r = dc3_reorder_pd(&pd, d->engine, p->weights_md, dc3_md_ref(&md), attr);
    if (!r) r = dnnl_primitive_create(&p->add, pd);
    if (pd) dnnl_primitive_desc_destroy(pd);
    if (ops) dnnl_post_ops_destroy(ops);
    if (attr) dnnl_primitive_attr_destroy(attr);
    dc3_md_close(&md);
    omp_set_num_threads(before);
    p->add_threads = threads;
    return r;
}

/* What each kind calls its operands: in, weights (or their gradient), out. */
static const dnnl_query_t operands[][3] = {
    [PLAN_CONV] = {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md},
    [PLAN_LINEAR] = {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md},
    [PLAN_CONV_DATA] = {dnnl_query_diff_dst_md, dnnl_query_weights_md, dnnl_query_diff_src_md},
    [PLAN_CONV_WEIGHT] = {dnnl_query_src_md, dnnl_query_diff_weights_md, dnnl_query_diff_dst_md},
    [PLAN_LINEAR_DATA] = {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md},
    [PLAN_LINEAR_WEIGHT] = {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md},
};

static dnnl_status_t plan_fill(onednn *d, plan *p)
{
    const dc3_conv_shape *s = &p->key.conv;
    plan_kind kind = p->key.kind;
    int conv = kind == PLAN_CONV || kind == PLAN_CONV_DATA || kind == PLAN_CONV_WEIGHT;
    int forward = kind == PLAN_CONV || kind == PLAN_LINEAR;
    dnnl_status_t r = conv ? conv_pd(d, &p->key, &p->pd) : linear_pd(d, &p->key, &p->pd);
    if (!r) r = dnnl_primitive_create(&p->primitive, p->pd);
    if (r) return r;
    p->weights_md = dc3_pd_md(p->pd, operands[kind][1], 0);
    dc3_const_md scratch = dc3_pd_md(p->pd, dnnl_query_scratchpad_md, 0),
                 out = dc3_pd_md(p->pd, operands[kind][2], 0);
    p->scratch_size = (dc3_md_size(scratch) + 63) / 64 * 64;
    r = make_memory(d, dc3_pd_md(p->pd, operands[kind][0], 0), &p->in);
    if (!r) r = make_memory(d, p->weights_md, &p->weights);
    if (!r && forward && s->bias) r = make_memory(d, dc3_pd_md(p->pd, dnnl_query_weights_md, 1), &p->bias);
    if (!r) r = make_memory(d, out, &p->out);
    if (!r && s->residual && kind == PLAN_LINEAR) r = make_memory(d, out, &p->residual);
    if (!r) r = make_memory(d, scratch, &p->scratch);
    if (!r && kind == PLAN_CONV_WEIGHT) r = dc3_onednn_make_add(d, p, p->key.threads);
    return r;
}

/* Takes a plan out of the order of use. */
static void unlink_plan(onednn *d, plan *p)
{
    *(p->newer ? &p->newer->older : &d->newest) = p->older;
    *(p->older ? &p->older->newer : &d->oldest) = p->newer;
}

static void link_newest(onednn *d, plan *p)
{
    p->newer = NULL;
    p->older = d->newest;
    *(d->newest ? &d->newest->newer : &d->oldest) = p;
    d->newest = p;
}

static plan **bucket_of(onednn *d, const plan_key *key)
{
    return &d->buckets[dc3_hash_block(key, sizeof *key) % BUCKETS];
}

static void forget(onednn *d, plan *p)
{
    plan **at = bucket_of(d, &p->key);
    while (*at != p) at = &(*at)->next;
    *at = p->next;
    unlink_plan(d, p);
    d->count--;
    plan_close(p);
}

void dc3_onednn_plans_close(onednn *d)
{
    while (d->oldest) forget(d, d->oldest);
}

static dc3_status failed(const plan_key *key, dnnl_status_t r)
{
    static const char *const names[] = {"convolution",
                                        "matrix product",
                                        "convolution's data gradient",
                                        "convolution's weight gradient",
                                        "matrix product's data gradient",
                                        "matrix product's weight gradient"};
    const dc3_conv_shape *s = &key->conv;
    return dc3_fail(r == dnnl_out_of_memory ? DC3_ERR_MEMORY : DC3_ERR_INTERNAL,
                    "oneDNN: status %d for a %s of %lld x %lldx%lld x %lld to %lld channels", (int)r,
                    names[key->kind], (long long)s->n, (long long)s->h, (long long)s->w, (long long)s->ci,
                    (long long)s->co);
}

dc3_status dc3_onednn_plan_get(onednn *d, const plan_key *key, plan **out)
{
    plan **bucket = bucket_of(d, key);
    for (plan *p = *bucket; p; p = p->next)
        if (memcmp(&p->key, key, sizeof *key) == 0) { /* NOLINT(bugprone-suspicious-memory-comparison) */
            unlink_plan(d, p);
            link_newest(d, p);
            *out = p;
            return DC3_OK;
        }
    plan *p = calloc(1, sizeof *p);
    if (!p) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    p->key = *key;
    int threads = omp_get_max_threads();
    omp_set_num_threads(key->threads);
    dnnl_status_t r = plan_fill(d, p);
    omp_set_num_threads(threads);
    if (r) {
        plan_close(p);
        return failed(key, r);
    }
    if (d->count == d->most) forget(d, d->oldest);
    p->next = *bucket;
    *bucket = p;
    link_newest(d, p);
    d->count++;
    *out = p;
    return DC3_OK;
}
