/* The gradient of attention in bf16 (as vector/attention_gradient_body.h, whose formulas and references hold)
 * over tiles. A unit of work is one head of one row of keys, with all the queries that read it. SIDE keys
 * stand in the rows of a block and SIDE queries in its columns: scores^T = k q^T and dp^T = v dy^T become p^T
 * and ds^T, which are the left sides of dv += p^T dy and dk += ds^T q as they are, and, their rows in pairs,
 * the right side of dq^T += k^T ds^T. CHUNK queries are taken against CHUNK keys at a time, so that these
 * sums are long. A block's products are made beside the slopes of the one before. */
#include <omp.h>
#include "kernels/amx/amx.h"
#include "kernels/amx/pack.h"
#include "kernels/amx/slopes.h"

enum {
    CHUNK = 256,
    BLOCKS = CHUNK / SIDE,
    BLOCK = SIDE * SIDE, /* floats of a block of sums */
};

/* What one thread works in; all arrays 64-byte aligned, of pairs of tiles or of blocks of sums. */
typedef struct work {
    uint16_t *keys, *values;          /* of the head: [blocks of keys][depth of dim] */
    uint16_t *keys_turned;            /* [blocks of dim][depth of keys] */
    uint16_t *queries, *dy;           /* of a chunk: [BLOCKS][depth of dim] */
    uint16_t *query_pairs, *dy_pairs; /* [blocks of dim][depth of CHUNK] */
    uint16_t *p, *ds;                 /* [blocks of keys][depth of queries] */
    uint16_t *ds_pairs;               /* [blocks of queries][depth of keys] */
    float *scores[2], *slopes[2];     /* of a block and of the next; slopes: dp */
    float *dq;                        /* [blocks of dim][BLOCKS] */
    float *dk, *dv;                   /* [blocks of keys][blocks of dim] */
    float *lse, *delta;               /* [CHUNK]; lse: times log2(e) */
} work;

static size_t work_size(const dc3_attention_shape *s, char *base, work *w)
{
    size_t at = 0;
    int64_t dims = blocks_of(s->dim, SIDE), keys = blocks_of(s->tokens_kv, SIDE);
#define PLACE(field, count)                                                                                  \
    do {                                                                                                     \
        w->field = base ? (void *)(base + at) : NULL;                                                        \
        at += (size_t)(count) * sizeof *w->field; /* tiles and blocks: multiples of 64 bytes */              \
    } while (0)
    PLACE(keys, keys * dims * PAIR);
    PLACE(values, keys * dims * PAIR);
    PLACE(keys_turned, keys * dims * PAIR);
    PLACE(queries, BLOCKS * dims * PAIR);
    PLACE(dy, BLOCKS * dims * PAIR);
    PLACE(query_pairs, BLOCKS * dims * PAIR);
    PLACE(dy_pairs, BLOCKS * dims * PAIR);
    PLACE(p, BLOCKS * BLOCKS * PAIR);
    PLACE(ds, BLOCKS * BLOCKS * PAIR);
    PLACE(ds_pairs, BLOCKS * BLOCKS * PAIR);
    for (int i = 0; i < 2; i++) {
        PLACE(scores[i], BLOCK);
        PLACE(slopes[i], BLOCK);
    }
    PLACE(dq, BLOCKS * dims * BLOCK);
    PLACE(dk, keys * dims * BLOCK);
    PLACE(dv, keys * dims * BLOCK);
    PLACE(lse, CHUNK);
    PLACE(delta, CHUNK);
#undef PLACE
    return at;
}

static void pack_head(const dc3_attention_shape *s, const uint16_t *k, const uint16_t *v, const work *w)
{
    int64_t dims = blocks_of(s->dim, SIDE), keys = blocks_of(s->tokens_kv, SIDE);
    for (int64_t j = 0; j < keys; j++) {
        int64_t rows = at_most(s->tokens_kv - j * SIDE, SIDE);
        pack_rows(rows, s->dim, k + j * SIDE * s->stride_k, s->stride_k, w->keys + j * dims * PAIR);
        pack_rows(rows, s->dim, v + j * SIDE * s->stride_v, s->stride_v, w->values + j * dims * PAIR);
    }
    for (int64_t d = 0; d < dims; d++)
        pack_columns(at_most(s->dim - d * SIDE, SIDE), s->tokens_kv, k + d * SIDE, s->stride_k,
                     w->keys_turned + d * keys * PAIR);
}

/* `many` rows of a chunk, both ways. */
static void pack_chunk(const dc3_attention_shape *s, const uint16_t *x, int64_t stride, int64_t many,
                       uint16_t *turned, uint16_t *pairs)
{
    int64_t dims = blocks_of(s->dim, SIDE);
    for (int64_t i = 0; i * SIDE < many; i++)
        pack_turned(at_most(many - i * SIDE, SIDE), s->dim, x + i * SIDE * stride, stride,
                    turned + i * dims * PAIR);
    for (int64_t d = 0; d < dims; d++)
        pack_pairs(at_most(s->dim - d * SIDE, SIDE), many, x + d * SIDE, stride, pairs + d * BLOCKS * PAIR);
}

/* Block i of a chunk of `many` queries from number `first` on by block j of a chunk of keys from `key` on. */
typedef struct place {
    int64_t first, many, i, key, j;
} place;

static void multiply_scores(const dc3_attention_shape *s, const work *w, const place *at, int which)
{
    int64_t dims = blocks_of(s->dim, SIDE), head = (at->key / SIDE + at->j) * dims * PAIR,
            chunk = at->i * dims * PAIR;
    block_product(dims, w->keys + head, w->queries + chunk, w->scores[which], 0);
    block_product(dims, w->values + head, w->dy + chunk, w->slopes[which], 0);
}

static void find_slopes(const dc3_attention_shape *s, const work *w, const place *at, int which)
{
    int64_t block = at->key / SIDE + at->j, live = s->tokens_kv - block * SIDE, i = at->i;
    int high = (int)at_most(at->many - i * SIDE, SIDE);
    uint16_t *p = w->p + (at->j * BLOCKS + i) * PAIR, *ds = w->ds + (at->j * BLOCKS + i) * PAIR;
    uint16_t *pairs = w->ds_pairs + (i * BLOCKS + at->j) * PAIR;
    for (int64_t r = 0; r < SIDE; r += 2) {
        range sees[2];
        for (int k = 0; k < 2; k++) {
            int64_t ahead = s->causal ? block * SIDE + r + k - at->first - i * SIDE : 0;
            int low = r + k >= live ? SIDE : ahead < 0 ? 0 : (int)at_most(ahead, SIDE);
            sees[k] = (range){low < high ? low : high, high};
        }
        slope_rows(w->scores[which] + r * SIDE, w->slopes[which] + r * SIDE, w->lse + i * SIDE,
                   w->delta + i * SIDE, s->scale * 1.44269504f, sees, p + r * DEPTH, ds + r * DEPTH,
                   pairs + r * HALF);
    }
}

/* A chunk of queries against one of `blocks` blocks of keys. */
static void chunk_by_chunk(const dc3_attention_shape *s, const work *w, int64_t first, int64_t many,
                           int64_t key, int64_t blocks)
{
    int64_t dims = blocks_of(s->dim, SIDE), keys = blocks_of(s->tokens_kv, SIDE),
            rows = blocks_of(many, SIDE);
    place at, before = {0};
    for (int64_t k = 0; k <= blocks * rows;
         k++, before = at) { /* the next one's products beside a block's slopes */
        at = (place){first, many, k % rows, key, k / rows};
        if (k < blocks * rows) multiply_scores(s, w, &at, k & 1);
        if (k > 0) find_slopes(s, w, &before, (k - 1) & 1);
    }
    for (int64_t j = 0; j < blocks; j++)
        for (int64_t d = 0; d < dims; d++) {
            int64_t sums = ((key / SIDE + j) * dims + d) * BLOCK, own = j * BLOCKS * PAIR;
            block_product(rows, w->p + own, w->dy_pairs + d * BLOCKS * PAIR, w->dv + sums, 1);
            block_product(rows, w->ds + own, w->query_pairs + d * BLOCKS * PAIR, w->dk + sums, 1);
        }
    for (int64_t d = 0; d < dims; d++)
        for (int64_t i = 0; i < rows; i++)
            block_product(blocks, w->keys_turned + (d * keys + key / SIDE) * PAIR,
                          w->ds_pairs + i * BLOCKS * PAIR, w->dq + (d * BLOCKS + i) * BLOCK, 1);
}

static float inner_product(const uint16_t *a, const uint16_t *b, int64_t n)
{
#if defined(__AVX512F__)
    vec sum = v_zero();
    for (int64_t i = 0; i < n; i += LANES)
        sum = v_mul_add(v_load_bf16(a + i, v_span(n - i)), v_load_bf16(b + i, v_span(n - i)), sum);
    return v_sum(sum);
#else
    float sum = 0;
    for (int64_t i = 0; i < n; i++) sum += from_bf16(a[i]) * from_bf16(b[i]);
    return sum;
#endif
}

/* Sums [blocks of dim][BLOCKS], turned, of `many` queries to rows. */
static void finish_queries(const dc3_attention_shape *s, const float *sums, int64_t many, uint16_t *to)
{
    float turned[HALF * HALF] __attribute__((aligned(64)));
    for (int64_t i = 0; i < many; i += HALF)
        for (int64_t d = 0; d < s->dim; d += HALF) {
            turn_sums(sums + (d / SIDE * BLOCKS + i / SIDE) * BLOCK + d % SIDE * SIDE + i % SIDE, turned);
            for (int64_t r = 0; r < HALF && i + r < many; r++)
                put_row(turned + r * HALF, s->scale, at_most(s->dim - d, HALF),
                        to + (i + r) * s->stride_q + d);
        }
}

/* The chunk of queries from number `first` of row n, head h. */
static void query_chunk(const dc3_attention_shape *s, const dc3_attention_gradient *g, int64_t n, int64_t h,
                        int64_t first, const work *w)
{
    int64_t many = at_most(s->tokens_q - first, CHUNK), token = n * s->tokens_q + first;
    const uint16_t *y = (const uint16_t *)g->y + token * s->stride_y + h * s->dim,
                   *dy = (const uint16_t *)g->dy + token * s->stride_y + h * s->dim;
    uint16_t *dq = (uint16_t *)g->dq + token * s->stride_q + h * s->dim;
    const float *lse = g->lse + (n * s->heads + h) * s->tokens_q + first;
    pack_chunk(s, (const uint16_t *)g->q + token * s->stride_q + h * s->dim, s->stride_q, many, w->queries,
               w->query_pairs);
    pack_chunk(s, dy, s->stride_y, many, w->dy, w->dy_pairs);
    for (int64_t i = 0; i < CHUNK; i++) {
        w->lse[i] = i < many ? lse[i] * 1.44269504f : 0;
        w->delta[i] = i < many ? inner_product(y + i * s->stride_y, dy + i * s->stride_y, s->dim) : 0;
    }
    memset(w->dq, 0, (size_t)(blocks_of(s->dim, SIDE) * BLOCKS * BLOCK) * sizeof *w->dq);
    int64_t last = s->causal ? at_most(first + many, s->tokens_kv) : s->tokens_kv;
    for (int64_t key = 0; key < last; key += CHUNK)
        chunk_by_chunk(s, w, first, many, key, blocks_of(at_most(last - key, CHUNK), SIDE));
    finish_queries(s, w->dq, many, dq);
}

/* Sums [blocks of keys][blocks of dim] times `scale` to rows. */
static void finish_keys(const dc3_attention_shape *s, const float *sums, int64_t stride, float scale,
                        uint16_t *to)
{
    int64_t dims = blocks_of(s->dim, SIDE);
    for (int64_t j = 0; j < s->tokens_kv; j++)
        for (int64_t d = 0; d < s->dim; d += HALF)
            put_row(sums + (j / SIDE * dims + d / SIDE) * BLOCK + j % SIDE * SIDE + d % SIDE, scale,
                    at_most(s->dim - d, HALF), to + j * stride + d);
}

/* One head h of row nk of the keys. */
static void head(const dc3_attention_shape *s, const dc3_attention_gradient *g, int64_t nk, int64_t h,
                 const work *w)
{
    int64_t at_k = nk * s->tokens_kv * s->stride_k + h * s->dim,
            at_v = nk * s->tokens_kv * s->stride_v + h * s->dim;
    size_t sums = (size_t)(blocks_of(s->tokens_kv, SIDE) * blocks_of(s->dim, SIDE) * BLOCK) * sizeof *w->dk;
    pack_head(s, (const uint16_t *)g->k + at_k, (const uint16_t *)g->v + at_v, w);
    memset(w->dk, 0, sums);
    memset(w->dv, 0, sums);
    for (int64_t n = nk; n < s->n; n += s->n_kv)
        for (int64_t first = 0; first < s->tokens_q; first += CHUNK) query_chunk(s, g, n, h, first, w);
    finish_keys(s, w->dk, s->stride_k, s->scale, (uint16_t *)g->dk + at_k);
    finish_keys(s, w->dv, s->stride_v, 1, (uint16_t *)g->dv + at_v);
}

size_t AMX(attention_gradient_scratch)(const dc3_attention_shape *s, int threads)
{
    work w;
    return work_size(s, NULL, &w) * (size_t)threads + 64;
}

void AMX(attention_gradient)(const dc3_attention_shape *s, const dc3_attention_gradient *g, void *scratch)
{
    work probe;
    size_t size = work_size(s, NULL, &probe);
#pragma omp parallel
    {
        work w;
        work_size(s, (char *)scratch + (size_t)omp_get_thread_num() * size, &w);
        tile_configure(&full_tiles);
#pragma omp for schedule(dynamic)
        for (int64_t u = 0; u < s->n_kv * s->heads; u++) head(s, g, u / s->heads, u % s->heads, &w);
        tile_release();
    }
}
