/* What bench_dispatch measures: the passes of an operation, by each candidate. */
#ifndef DC3_BENCH_DISPATCH_WORK_H
#define DC3_BENCH_DISPATCH_WORK_H

#include "bench.h"
#include "kernels/cpu_convolutions.h"

enum { IN_F32 = DC3_WAYS, CANDIDATES };

typedef struct list {
    char *text;
    size_t size;
    FILE *to;
    int count;
} list;

typedef struct bench {
    dc3_dtype type;
    int rounds, threads, shapes;
    const char *only;
    dc3_tier tier;
    dc3_dense by[DC3_WAYS], by_rule;
    const dc3_kernels *vectors;      /* of attention */
    const dc3_tile_attention *tiles; /* NULL: not on this processor */
    list slow, slower_than_f32;
} bench;

/* What is measured: one pass of one shape, whose operands are large enough for it; index 1: in f32. */
typedef struct work {
    bench *b;
    char name[100];
    dc3_work kind;
    int pass;
    dc3_conv_shape conv[2];
    dc3_linear_shape linear[2];
    dc3_attention_shape attention;
    void *x[2], *dy[2], *y[2]; /* of attention: queries with keys and values behind them, dy, y */
    float *dw, *lse;
    void *scratch;
    dc3_weight weight;
} work;

static inline void *reserve(int64_t count)
{
    void *x = aligned_alloc(64, ((size_t)count * sizeof(float) + 127) / 64 * 64);
    if (x) return memset(x, 0, (size_t)count * sizeof(float));
    fprintf(stderr, "out of memory\n");
    exit(1);
}

static inline void *random_values(dc3_dtype type, int64_t count)
{
    enum { PERIOD = 99991 };
    static float noise[PERIOD];
    char *x = reserve(count);
    dc3_rng rng = dc3_rng_make(3, DC3_RNG_BENCH, 0);
    if (noise[0] == 0) dc3_rng_normal(&rng, noise, PERIOD);
    for (int64_t i = 0; i < count; i += PERIOD)
        must(dc3_convert(noise, DC3_F32, x + (size_t)i * dc3_dtype_size(type), type,
                         count - i < PERIOD ? count - i : PERIOD));
    return x;
}

static inline void call_dense(work *w, dc3_dense *d, int f32)
{
    void *x = w->x[f32], *dy = w->dy[f32], *y = w->y[f32];
    if (w->kind == DC3_WORK_LINEAR && w->pass == DC3_PASS_FORWARD)
        must(d->linear(d->self, &w->linear[f32], x, &w->weight, NULL, NULL, y));
    else if (w->kind == DC3_WORK_LINEAR && w->pass == DC3_PASS_DATA)
        must(d->linear_backward_data(d->self, &w->linear[f32], dy, &w->weight, y));
    else if (w->kind == DC3_WORK_LINEAR)
        must(d->linear_backward_weight(d->self, &w->linear[f32], x, dy, w->dw));
    else if (w->pass == DC3_PASS_FORWARD)
        must(d->conv2d(d->self, &w->conv[f32], x, &w->weight, NULL, NULL, y));
    else if (w->pass == DC3_PASS_DATA)
        must(d->conv2d_backward_data(d->self, &w->conv[f32], dy, &w->weight, y));
    else
        must(d->conv2d_backward_weight(d->self, &w->conv[f32], x, dy, w->dw));
}

static inline const void *keys_of(const work *w, int f32)
{
    int64_t queries = w->attention.n * w->attention.tokens_q * w->attention.stride_q;
    return (const char *)w->x[f32] + (size_t)queries * (f32 || w->b->type == DC3_F32 ? 4 : 2);
}

static inline void call_attention(work *w, int candidate)
{
    int f32 = candidate == IN_F32, tiles = candidate == DC3_WAY_TILES;
    const dc3_attention_shape *s = &w->attention;
    const dc3_kernels *k = w->b->vectors;
    const void *q = w->x[f32], *kv = keys_of(w, f32);
    void *y = w->y[f32], *dkv = (char *)w->y[f32] + ((const char *)kv - (const char *)q);
    dc3_attention_gradient g = {q, kv, kv, w->dy[f32], w->dy[f32], w->lse, y, dkv, dkv};
    dc3_dtype type = f32 ? DC3_F32 : w->b->type;
    if (w->pass == DC3_PASS_FORWARD && tiles)
        w->b->tiles->forward(s, q, kv, kv, y, NULL, w->scratch);
    else if (w->pass == DC3_PASS_FORWARD)
        k->attention(type, s, q, kv, kv, y, NULL, w->scratch);
    else if (tiles)
        w->b->tiles->gradient(s, &g, w->scratch);
    else
        k->attention_gradient(type, s, &g, w->scratch);
}

/* Runs a candidate; returns whether there is one. */
static inline int call(work *w, int candidate)
{
    bench *b = w->b;
    if (candidate == IN_F32 && b->type == DC3_F32) return 0;
    if (w->kind == DC3_WORK_ATTENTION) {
        if (candidate != DC3_WAY_VECTORS && candidate != IN_F32 &&
            !(candidate == DC3_WAY_TILES && b->tiles && b->type == DC3_BF16))
            return 0;
        call_attention(w, candidate);
        return 1;
    }
    dc3_dense *d = candidate == IN_F32 ? &b->by_rule : &b->by[candidate];
    if (!d->self) return 0;
    call_dense(w, d, candidate == IN_F32);
    return candidate == IN_F32 || dc3_dense_taken(d) == (dc3_way)candidate;
}

#endif
