/* Convolution and matrix product over oneDNN, channels-last, and their gradients. A primitive is made once
 * for each shape, a weight is packed once for each version and format; after that a call creates nothing. */
#include <omp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "kernels/onednn/data_weight.h"
#include "kernels/onednn/weight_parts.h"
#include "kernels/tile_weights.h"

/* memcpy by all threads. */
static void copy(void *to, const void *from, size_t size)
{
    enum { PIECE = 1 << 16 };
#pragma omp parallel for
    for (size_t at = 0; at < size; at += PIECE)
        memcpy((char *)to + at, (const char *)from + at, size - at < PIECE ? size - at : PIECE);
}

static dc3_status forward(onednn *d, const plan_key *key, const void *x, dc3_weight *weight,
                          const float *bias, const void *residual, void *y)
{
    plan *p = NULL;
    packed *w = NULL;
    DC3_TRY(dc3_onednn_plan_get(d, key, &p));
    DC3_TRY(dc3_onednn_packed_weight(d, p, weight, &w));
    DC3_TRY(dc3_onednn_scratch(d, p->scratch_size));
    if (residual && !p->residual && residual != y)
        copy(y, residual, dc3_md_size(dc3_pd_md(p->pd, dnnl_query_dst_md, 0)));
    operand all[] = {{DNNL_ARG_SRC, p->in, x},
                     {DNNL_ARG_WEIGHTS, w->memory, NULL},
                     {DNNL_ARG_DST, p->out, y},
                     {DNNL_ARG_BIAS, p->bias, bias},
                     {DNNL_ARG_ATTR_MULTIPLE_POST_OP(key->conv.act != DC3_ACT_NONE) | DNNL_ARG_SRC_1,
                      p->residual, residual},
                     {DNNL_ARG_SCRATCHPAD, p->scratch, d->scratch}};
    return dc3_onednn_execute(d, p->primitive, 6, all);
}

static dc3_status backward_data(onednn *d, const plan_key *key, const void *dy, dc3_weight *weight, void *dx)
{
    plan *p = NULL;
    operand weights = {.arg = DNNL_ARG_WEIGHTS};
    int conv = key->kind == PLAN_CONV_DATA;
    DC3_TRY(dc3_onednn_plan_get(d, key, &p));
    DC3_TRY(dc3_onednn_data_weight(d, p, weight, &weights));
    operand all[] = {{conv ? DNNL_ARG_DIFF_DST : DNNL_ARG_SRC, p->in, dy},
                     weights,
                     {conv ? DNNL_ARG_DIFF_SRC : DNNL_ARG_DST, p->out, dx},
                     {DNNL_ARG_SCRATCHPAD, p->scratch, d->scratch}};
    return dc3_onednn_execute(d, p->primitive, 4, all);
}

static plan_key conv_key(plan_kind kind, const dc3_conv_shape *shape)
{
    plan_key key;
    memset(&key, 0, sizeof key);
    /* Without the bytes behind the last field, which are anything: keys are compared as bytes. */
    memcpy(&key.conv, shape, offsetof(dc3_conv_shape, act_last) + sizeof shape->act_last);
    key.kind = kind;
    key.threads = omp_get_max_threads();
    return key;
}

static plan_key linear_key(plan_kind kind, const dc3_linear_shape *shape)
{
    plan_key key;
    memset(&key, 0, sizeof key);
    key.kind = kind;
    key.threads = omp_get_max_threads();
    key.conv.n = shape->rows, key.conv.ci = shape->ci, key.conv.co = shape->co;
    key.conv.h = key.conv.w = key.conv.kh = key.conv.kw = key.conv.stride = 1;
    key.conv.type = shape->type, key.conv.act = shape->act;
    key.conv.bias = shape->bias, key.conv.residual = shape->residual;
    return key;
}

static const dc3_winograd *winograd_of(const onednn *d, const dc3_conv_shape *shape)
{
    return shape->type == DC3_BF16 ? d->own.winograd_bf16 : d->own.winograd;
}

/* The way that is wanted, or that the rules choose; size: bytes of scratch of each, 0 where it does not take
 * the shape. */
static dc3_way choose(onednn *d, const dc3_case *c, const size_t size[DC3_WAYS])
{
    int takes[DC3_WAYS];
    for (int i = 0; i < DC3_WAYS; i++) takes[i] = size[i] > 0;
    if (d->wanted == DC3_WAYS)
        d->taken = dc3_rule(c, takes);
    else
        d->taken = takes[d->wanted] ? d->wanted : DC3_WAY_ONEDNN;
    return d->taken;
}

/* Which way a convolution goes, with room for what it needs. */
static dc3_status choose_conv(onednn *d, const dc3_conv_shape *shape, dc3_conv_pass pass, dc3_way *way)
{
    const dc3_winograd *w = winograd_of(d, shape);
    const dc3_conv_gradient_kernel *direct = pass == DC3_PASS_WEIGHT ? d->own.gradient_bf16 : NULL;
    size_t size[DC3_WAYS] = {[DC3_WAY_WINOGRAD] = w ? w->scratch(shape, pass) : 0,
                             [DC3_WAY_DIRECT] = direct ? direct->scratch(shape) : 0,
                             [DC3_WAY_TILES] =
                                 d->own.conv_tiles ? d->own.conv_tiles->scratch(shape, pass) : 0};
    dc3_case c = {d->own.tier, DC3_WORK_CONV, shape->type, pass, .shape.conv = shape};
    *way = choose(d, &c, size);
    return dc3_onednn_scratch(d, size[*way]);
}

/* The same for a linear layer. */
static dc3_status choose_linear(onednn *d, const dc3_linear_shape *shape, dc3_conv_pass pass, dc3_way *way)
{
    size_t size[DC3_WAYS] = {[DC3_WAY_TILES] = d->own.tiles ? d->own.tiles->scratch(shape, pass) : 0};
    dc3_case c = {d->own.tier, DC3_WORK_LINEAR, shape->type, pass, .shape.linear = shape};
    *way = choose(d, &c, size);
    return dc3_onednn_scratch(d, size[*way]);
}

/* The kernels of a pass by Winograd: kept with the weight where they are small, since transforming them takes
 * a good part of the time for a few small images; else behind the scratch, since they are up to four times as
 * large as the weight. */
static dc3_status winograd_kernels(onednn *d, const dc3_conv_shape *shape, dc3_conv_pass pass,
                                   dc3_weight *weight, const void **kernels)
{
    enum { MOST_KEPT = 4 << 20 }; /* bytes: of 256 channels in bf16, of 160 in f32 */
    const dc3_winograd *w = winograd_of(d, shape);
    size_t size = w->packed_size(shape, pass), before = (w->scratch(shape, pass) + 63) / 64 * 64;
    if (size <= MOST_KEPT) return dc3_onednn_winograd_weight(weight, w, shape, pass, kernels);
    const float *plain;
    DC3_TRY(dc3_onednn_plain_weight(weight, &plain));
    DC3_TRY(dc3_onednn_scratch(d, before + size));
    *kernels = (char *)d->scratch + before;
    w->pack(shape, pass, plain, (char *)d->scratch + before);
    return DC3_OK;
}

/* Room in the scratch for a weight that is packed, since new memory for each would take longer than that;
 * none for a large one, as inference has them, which is packed once. */
static dc3_status room_for(onednn *d, const dc3_weight *weight, void **room)
{
    enum { MOST = 16 << 20 }; /* bytes */
    size_t size = dc3_tile_weight_size(weight);
    *room = NULL;
    if (size > MOST) return DC3_OK;
    DC3_TRY(dc3_onednn_scratch(d, size));
    *room = d->scratch;
    return DC3_OK;
}

static dc3_status tile_conv_weight(onednn *d, const dc3_conv_shape *shape, dc3_conv_pass pass,
                                   dc3_weight *weight, const void **weights)
{
    void *room;
    DC3_TRY(room_for(d, weight, &room));
    return dc3_tile_conv_weight(weight, d->own.conv_tiles, shape, pass, room, weights);
}

static dc3_status tile_linear_weight(onednn *d, dc3_conv_pass pass, dc3_weight *weight, const void **weights)
{
    void *room;
    DC3_TRY(room_for(d, weight, &room));
    return dc3_tile_linear_weight(weight, d->own.tiles, pass, room, weights);
}

static dc3_status conv2d(void *self, const dc3_conv_shape *shape, const void *x, dc3_weight *weight,
                         const float *bias, const void *residual, void *y)
{
    onednn *d = self;
    dc3_way way;
    const void *weights;
    DC3_TRY(choose_conv(d, shape, DC3_PASS_FORWARD, &way));
    if (way == DC3_WAY_WINOGRAD) {
        DC3_TRY(winograd_kernels(d, shape, DC3_PASS_FORWARD, weight, &weights));
        winograd_of(d, shape)->forward(shape, x, weights, bias, residual, y, d->scratch);
        return DC3_OK;
    }
    if (way == DC3_WAY_TILES) {
        DC3_TRY(tile_conv_weight(d, shape, DC3_PASS_FORWARD, weight, &weights));
        d->own.conv_tiles->forward(shape, x, weights, bias, residual, y, d->scratch);
        return DC3_OK;
    }
    plan_key key = conv_key(PLAN_CONV, shape);
    return forward(self, &key, x, weight, bias, residual, y);
}

static dc3_status linear(void *self, const dc3_linear_shape *shape, const void *x, dc3_weight *weight,
                         const float *bias, const void *residual, void *y)
{
    onednn *d = self;
    dc3_way way;
    const void *weights;
    DC3_TRY(choose_linear(d, shape, DC3_PASS_FORWARD, &way));
    if (way == DC3_WAY_TILES) {
        DC3_TRY(tile_linear_weight(d, DC3_PASS_FORWARD, weight, &weights));
        d->own.tiles->forward(shape, x, weights, bias, residual, y, d->scratch);
        return DC3_OK;
    }
    plan_key key = linear_key(PLAN_LINEAR, shape);
    return forward(self, &key, x, weight, bias, residual, y);
}

static dc3_status conv2d_backward_data(void *self, const dc3_conv_shape *shape, const void *dy,
                                       dc3_weight *weight, void *dx)
{
    onednn *d = self;
    dc3_way way;
    const void *weights;
    DC3_TRY(choose_conv(d, shape, DC3_PASS_DATA, &way));
    if (way == DC3_WAY_WINOGRAD) {
        DC3_TRY(winograd_kernels(d, shape, DC3_PASS_DATA, weight, &weights));
        winograd_of(d, shape)->data(shape, dy, weights, dx, d->scratch);
        return DC3_OK;
    }
    if (way == DC3_WAY_TILES) {
        DC3_TRY(tile_conv_weight(d, shape, DC3_PASS_DATA, weight, &weights));
        d->own.conv_tiles->data(shape, dy, weights, dx, d->scratch);
        return DC3_OK;
    }
    plan_key key = conv_key(PLAN_CONV_DATA, shape);
    return backward_data(self, &key, dy, weight, dx);
}

/* Those over tiles can. Kernels that do not overlap may go by patches, which are written. */
static int adds_data(void *self, const dc3_conv_shape *shape)
{
    dc3_way way;
    int overlap = shape->stride < shape->kh || shape->stride < shape->kw || shape->kh * shape->kw == 1;
    return overlap && choose_conv(self, shape, DC3_PASS_DATA, &way) == DC3_OK && way == DC3_WAY_TILES;
}

static dc3_status linear_backward_data(void *self, const dc3_linear_shape *shape, const void *dy,
                                       dc3_weight *weight, void *dx)
{
    onednn *d = self;
    dc3_way way;
    const void *weights;
    DC3_TRY(choose_linear(d, shape, DC3_PASS_DATA, &way));
    if (way == DC3_WAY_TILES) {
        DC3_TRY(tile_linear_weight(d, DC3_PASS_DATA, weight, &weights));
        d->own.tiles->data(shape, dy, weights, dx, d->scratch);
        return DC3_OK;
    }
    if (d->own.linear_data && (weights = dc3_onednn_data_matrix(shape, weight))) {
        DC3_TRY(dc3_onednn_scratch(d, d->own.linear_data->scratch(shape->rows, shape->ci, shape->co)));
        d->own.linear_data->data(shape->rows, shape->ci, shape->co, dy, weights, dx, d->scratch);
        return DC3_OK;
    }
    plan_key key = linear_key(PLAN_LINEAR_DATA, shape);
    return backward_data(self, &key, dy, weight, dx);
}

static dc3_status conv2d_backward_weight(void *self, const dc3_conv_shape *shape, const void *x,
                                         const void *dy, float *dw)
{
    onednn *d = self;
    dc3_way way;
    DC3_TRY(choose_conv(d, shape, DC3_PASS_WEIGHT, &way));
    if (way == DC3_WAY_WINOGRAD) {
        winograd_of(d, shape)->weight(shape, x, dy, dw, d->scratch);
        return DC3_OK;
    }
    if (way == DC3_WAY_DIRECT) {
        d->own.gradient_bf16->weight(shape, x, dy, dw, d->scratch);
        return DC3_OK;
    }
    if (way == DC3_WAY_TILES) {
        d->own.conv_tiles->weight(shape, x, dy, dw, d->scratch);
        return DC3_OK;
    }
    plan_key key = conv_key(PLAN_CONV_WEIGHT, shape);
    return dc3_onednn_weight_by_parts(d, &key, x, dy, dw);
}

static dc3_status linear_backward_weight(void *self, const dc3_linear_shape *shape, const void *x,
                                         const void *dy, float *dw)
{
    onednn *d = self;
    dc3_way way;
    plan *p = NULL;
    DC3_TRY(choose_linear(d, shape, DC3_PASS_WEIGHT, &way));
    if (way == DC3_WAY_TILES) {
        d->own.tiles->weight(shape, x, dy, dw, d->scratch);
        return DC3_OK;
    }
    plan_key key = linear_key(PLAN_LINEAR_WEIGHT, shape);
    if (dc3_onednn_linear_has_parts(shape->rows)) return dc3_onednn_weight_by_parts(d, &key, x, dy, dw);
    DC3_TRY(dc3_onednn_plan_get(d, &key, &p));
    DC3_TRY(dc3_onednn_scratch(d, p->scratch_size));
    operand all[] = {{DNNL_ARG_SRC, p->in, dy},
                     {DNNL_ARG_WEIGHTS, p->weights, x},
                     {DNNL_ARG_DST, p->out, dw},
                     {DNNL_ARG_SCRATCHPAD, p->scratch, d->scratch}};
    return dc3_onednn_execute(d, p->primitive, 4, all);
}

static void onednn_close(void *self)
{
    onednn *d = self;
    dc3_onednn_plans_close(d);
    if (d->stream) dnnl_stream_destroy(d->stream);
    free(d->scratch);
    free(d);
}

/* The processor as oneDNN's engine, one for all contexts: a packed weight refers to the engine that it was
 * made by, and may serve contexts that stay longer than the one that packed it. NULL: there is none. */
static dnnl_engine_t engine;

static void make_engine(void)
{
    if (dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success) engine = NULL;
}

/* oneDNN's matrix products below AVX-512 are split by the number of threads. */
static int is_by_threads(void)
{
    unsigned isa = (unsigned)dnnl_get_effective_cpu_isa(), wanted = (unsigned)dnnl_cpu_isa_avx512_core;
    return (isa & wanted) != wanted;
}

dc3_status dc3_dense_onednn(dc3_dense *dense)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_engine);
    if (!engine) return dc3_fail(DC3_ERR_INTERNAL, "oneDNN has no engine for the processor");
    onednn *d = calloc(1, sizeof *d);
    if (!d) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    d->own = dc3_cpu_convolutions_best();
    d->wanted = DC3_WAYS;
    d->most = MOST_PLANS;
    d->engine = engine;
    dnnl_status_t r = dnnl_stream_create(&d->stream, d->engine, dnnl_stream_in_order);
    if (r) {
        onednn_close(d);
        return dc3_onednn_check(r, "opening the CPU engine");
    }
    *dense = (dc3_dense){.name = "oneDNN",
                         .by_threads = is_by_threads(),
                         .self = d,
                         .conv2d = conv2d,
                         .linear = linear,
                         .conv2d_backward_data = conv2d_backward_data,
                         .adds_data = adds_data,
                         .conv2d_backward_weight = conv2d_backward_weight,
                         .linear_backward_data = linear_backward_data,
                         .linear_backward_weight = linear_backward_weight,
                         .close = onednn_close};
    return DC3_OK;
}

dc3_status dc3_dense_by(dc3_way way, dc3_dense *dense)
{
    DC3_TRY(dc3_dense_onednn(dense));
    onednn *d = dense->self;
    d->wanted = way;
    if (way == DC3_WAY_TILES) dc3_cpu_tiles(&d->own);
    return DC3_OK;
}

dc3_way dc3_dense_taken(const dc3_dense *dense)
{
    return ((const onednn *)dense->self)->taken;
}
