#include "kernels/onednn/weight_parts.h"

#include <omp.h>
#include <string.h>

enum { SIZES = 2, LINE = 64 };

/* Parts of one size and their plan. */
typedef struct group {
    int64_t count, size, first; /* parts; rows of the batch or channels of one; the first of all of them */
    plan *p;
} group;

/* A linear layer has images of one pixel. */
typedef struct parts {
    dc3_conv_shape s;
    int linear, by_channels;
    int64_t in, out; /* values of an image of x and of dy */
    size_t element;
    group group[SIZES];
    size_t gradient, scratch, copy; /* bytes: of a part's gradient; of a thread's scratch, its copy of dy */
    char *gradients, *own;          /* of the parts; of the threads */
    const char *x, *dy;
    float *dw;
} parts;

static size_t whole_lines(size_t bytes)
{
    return (bytes + LINE - 1) / LINE * LINE;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* How many parts there are is decided by the shape alone, since it orders the sums: more where the inputs are
 * many times the weight, whose gradients are then summed for little; where they are not, parts of the
 * channels, which need no sum. */
static void choose(parts *w)
{
    enum { CHANNEL_PARTS = 4, LANES = 16 };
    const dc3_conv_shape *s = &w->s;
    double ratio = (double)(s->n * w->in) / (double)(s->co * dc3_conv_columns(s));
    int most = ratio >= 64 ? 16 : ratio >= 8 ? 8 : 4;
    w->by_channels = s->groups <= 1 && s->co % (CHANNEL_PARTS * LANES) == 0 && ratio < (w->linear ? 4 : 2);
    int64_t all = w->by_channels ? s->co : s->n;
    int64_t count = w->by_channels ? CHANNEL_PARTS : smaller(s->n, most);
    w->group[0] = (group){all % count, all / count + 1, 0, NULL};
    w->group[1] = (group){count - all % count, all / count, w->group[0].count * w->group[0].size, NULL};
}

/* The parts' plans, for one thread. */
static dc3_status open_plans(onednn *d, const plan_key *key, parts *w)
{
    for (int i = 0; i < SIZES; i++) {
        group *g = &w->group[i];
        plan_key part = *key;
        if (!g->count) continue;
        *(w->by_channels ? &part.conv.co : &part.conv.n) = g->size;
        part.threads = 1;
        DC3_TRY(dc3_onednn_plan_get(d, &part, &g->p));
        int adders = w->by_channels ? 1 : omp_get_max_threads();
        if (!w->linear && g->p->add_threads != adders)
            DC3_TRY(dc3_onednn_check(dc3_onednn_make_add(d, g->p, adders), "a sum of gradients"));
        size_t gradient = whole_lines(
            dc3_md_size(w->linear ? dc3_pd_md(g->p->pd, dnnl_query_dst_md, 0) : g->p->weights_md));
        if (gradient > w->gradient) w->gradient = gradient;
        if (g->p->scratch_size > w->scratch) w->scratch = g->p->scratch_size;
    }
    return DC3_OK;
}

static dc3_status find_room(onednn *d, parts *w)
{
    size_t threads = (size_t)omp_get_max_threads();
    size_t gradients = w->by_channels ? threads : (size_t)(w->group[0].count + w->group[1].count);
    if (w->by_channels) w->copy = whole_lines((size_t)(w->s.n * w->out / 4) * w->element + LINE);
    DC3_TRY(dc3_onednn_scratch(d, gradients * w->gradient + threads * (w->scratch + w->copy)));
    w->gradients = d->scratch;
    w->own = w->gradients + gradients * w->gradient;
    return DC3_OK;
}

/* One primitive with memories of its own, since other threads run it too. */
static dnnl_status_t run(onednn *d, dnnl_primitive_t primitive, int count, const dc3_const_md *md,
                         const int *names, void *const *data)
{
    enum { MOST = 4 };
    dnnl_exec_arg_t args[MOST];
    dnnl_stream_t stream = NULL;
    int made = 0;
    dnnl_status_t r = dnnl_stream_create(&stream, d->engine, dnnl_stream_in_order);
    while (!r && made < count) {
        args[made].arg = names[made];
        r = dnnl_memory_create(&args[made].memory, md[made], d->engine, data[made]);
        made += !r;
    }
    if (!r) r = dnnl_primitive_execute(primitive, stream, count, args);
    if (!r) r = dnnl_stream_wait(stream);
    while (made) dnnl_memory_destroy(args[--made].memory);
    if (stream) dnnl_stream_destroy(stream);
    return r;
}

static dnnl_status_t run_conv(onednn *d, const plan *p, const char *x, const char *dy, char *gradient,
                              char *scratch)
{
    static const int names[] = {DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_SCRATCHPAD};
    const dc3_const_md md[] = {dc3_pd_md(p->pd, dnnl_query_src_md, 0),
                               dc3_pd_md(p->pd, dnnl_query_diff_dst_md, 0), p->weights_md,
                               dc3_pd_md(p->pd, dnnl_query_scratchpad_md, 0)};
    return run(d, p->primitive, 4, md, names,
               (void *[]){(void *)(uintptr_t)x, (void *)(uintptr_t)dy, gradient, scratch});
}

/* gradient += */
static dnnl_status_t run_linear(onednn *d, const plan *p, const char *x, const char *dy, void *gradient,
                                char *scratch)
{
    static const int names[] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD};
    const dc3_const_md md[] = {
        dc3_pd_md(p->pd, dnnl_query_src_md, 0), dc3_pd_md(p->pd, dnnl_query_weights_md, 0),
        dc3_pd_md(p->pd, dnnl_query_dst_md, 0), dc3_pd_md(p->pd, dnnl_query_scratchpad_md, 0)};
    return run(d, p->primitive, 4, md, names,
               (void *[]){(void *)(uintptr_t)dy, (void *)(uintptr_t)x, gradient, scratch});
}

/* Channels [first, first + size) of dy's pixels. */
static void copy_channels(const parts *w, int64_t first, int64_t size, char *to)
{
    int64_t pixels = w->s.n * w->out / w->s.co;
    size_t bytes = (size_t)size * w->element, line = (size_t)w->s.co * w->element;
    const char *from = w->dy + (size_t)first * w->element;
    for (int64_t i = 0; i < pixels; i++) memcpy(to + (size_t)i * bytes, from + (size_t)i * line, bytes);
}

/* A part of the channels is added to its rows of dw. */
static dnnl_status_t run_channels(onednn *d, const parts *w, const plan *p, int64_t first, int64_t size)
{
    static const int names[] = {DNNL_ARG_FROM, DNNL_ARG_TO};
    char *own = w->own + (size_t)omp_get_thread_num() * (w->scratch + w->copy), *dy = own + w->scratch;
    char *gradient = w->gradients + (size_t)omp_get_thread_num() * w->gradient;
    float *to = w->dw + first * dc3_conv_columns(&w->s);
    copy_channels(w, first, size, dy);
    if (w->linear) return run_linear(d, p, w->x, dy, to, own);
    dc3_const_md plain;
    dnnl_status_t r = run_conv(d, p, w->x, dy, gradient, own);
    if (!r) r = dnnl_memory_get_memory_desc(p->plain, &plain);
    if (!r) r = run(d, p->add, 2, (dc3_const_md[]){p->weights_md, plain}, names, (void *[]){gradient, to});
    return r;
}

/* Part `at` of the batch, to its gradient. */
static dnnl_status_t run_images(onednn *d, const parts *w, const plan *p, int64_t first, int64_t at)
{
    const char *x = w->x + (size_t)(first * w->in) * w->element,
               *dy = w->dy + (size_t)(first * w->out) * w->element;
    char *own = w->own + (size_t)omp_get_thread_num() * (w->scratch + w->copy);
    char *gradient = w->gradients + (size_t)at * w->gradient;
    if (!w->linear) return run_conv(d, p, x, dy, gradient, own);
    memset(gradient, 0, w->gradient);
    return run_linear(d, p, x, dy, gradient, own);
}

/* sum [values] += `count` gradients that lie `bytes` from one to the next, in order. */
static void sum_gradients(int64_t values, int64_t count, size_t bytes, const char *gradients, float *sum)
{
    enum { PIECE = 1 << 12 };
#pragma omp parallel for
    for (int64_t from = 0; from < values; from += PIECE) {
        int64_t to = smaller(from + PIECE, values);
        for (int64_t i = 0; i < count; i++) {
            const float *one = (const float *)(const void *)(gradients + (size_t)i * bytes);
            for (int64_t k = from; k < to; k++) sum[k] += one[k];
        }
    }
}

/* The gradients of the batch's parts, to dw: those of one size in their common format first. */
static dc3_status add_groups(onednn *d, const parts *w)
{
    char *gradients = w->gradients;
    for (int i = 0; i < SIZES; i++) {
        const group *g = &w->group[i];
        if (!g->count) continue;
        if (w->linear) {
            sum_gradients(w->s.co * w->s.ci, g->count, w->gradient, gradients, w->dw);
        } else {
            sum_gradients((int64_t)(dc3_md_size(g->p->weights_md) / sizeof(float)), g->count - 1, w->gradient,
                          gradients + w->gradient, (float *)(void *)gradients);
            operand add[] = {{DNNL_ARG_FROM, g->p->weights, gradients}, {DNNL_ARG_TO, g->p->plain, w->dw}};
            DC3_TRY(dc3_onednn_execute(d, g->p->add, 2, add));
        }
        gradients += (size_t)g->count * w->gradient;
    }
    return DC3_OK;
}

int dc3_onednn_linear_has_parts(int64_t rows)
{
    return rows >= 2048;
}

dc3_status dc3_onednn_weight_by_parts(onednn *d, const plan_key *key, const void *x, const void *dy,
                                      float *dw)
{
    const dc3_conv_shape *s = &key->conv;
    parts w = {.s = *s,
               .linear = key->kind == PLAN_LINEAR_WEIGHT,
               .in = s->h * s->w * s->ci,
               .out = dc3_conv_out_height(s) * dc3_conv_out_width(s) * s->co,
               .element = dc3_dtype_size(s->type),
               .x = x,
               .dy = dy,
               .dw = dw};
    int failed = dnnl_success;
    choose(&w);
    DC3_TRY(open_plans(d, key, &w));
    DC3_TRY(find_room(d, &w));
#pragma omp parallel for schedule(dynamic) reduction(max : failed)
    for (int64_t i = 0; i < w.group[0].count + w.group[1].count; i++) {
        const group *g = &w.group[i >= w.group[0].count];
        int64_t first = g->first + (i - (g == w.group ? 0 : w.group[0].count)) * g->size;
        int r = (int)(w.by_channels ? run_channels(d, &w, g->p, first, g->size)
                                    : run_images(d, &w, g->p, first, i));
        if (r > failed) failed = r;
    }
    DC3_TRY(dc3_onednn_check((dnnl_status_t)failed, "a weight's gradient"));
    return w.by_channels ? DC3_OK : add_groups(d, &w);
}
