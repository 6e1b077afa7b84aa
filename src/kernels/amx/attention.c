/* Attention in bf16 with online softmax (as vector/attention_body.h, whose references hold) over tiles. A
 * unit of work is up to QUERIES queries of one head: it packs the head's keys and values, then takes SIDE
 * queries at a time against KEYS keys: scores^T = k q^T, probabilities as the right side of out^T += v^T p^T.
 */
#include <math.h>
#include <omp.h>
#include "kernels/amx/amx.h"
#include "kernels/amx/pack.h"
#include "kernels/amx/softmax.h"

enum {
    QUERIES = 1024,
    KEYS = 64,
    KEY_BLOCKS = KEYS / SIDE,
    BLOCK = SIDE * SIDE, /* floats of a block of sums */
};

/* What one thread works in; all arrays 64-byte aligned. */
typedef struct work {
    uint16_t *keys;    /* [blocks of keys][depth of dim] pairs of tiles */
    uint16_t *values;  /* [blocks of dim][depth of keys] */
    uint16_t *queries; /* [depth of dim] */
    uint16_t *p[2];    /* of a chunk and of the one before: [KEY_BLOCKS] */
    float *scores[2];  /* of a chunk and of the next: [KEY_BLOCKS] blocks */
    float *out;        /* [blocks of dim] blocks */
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
    PLACE(queries, dims * PAIR);
    PLACE(p[0], KEY_BLOCKS * PAIR);
    PLACE(p[1], KEY_BLOCKS * PAIR);
    PLACE(scores[0], KEY_BLOCKS * BLOCK);
    PLACE(scores[1], KEY_BLOCKS * BLOCK);
    PLACE(out, dims * BLOCK);
#undef PLACE
    return at;
}

static void pack_head(const dc3_attention_shape *s, const uint16_t *k, const uint16_t *v, const work *w)
{
    int64_t dims = blocks_of(s->dim, SIDE), keys = blocks_of(s->tokens_kv, SIDE);
    for (int64_t j = 0; j < keys; j++)
        pack_rows(at_most(s->tokens_kv - j * SIDE, SIDE), s->dim, k + j * SIDE * s->stride_k, s->stride_k,
                  w->keys + j * dims * PAIR);
    for (int64_t d = 0; d < dims; d++)
        pack_columns(at_most(s->dim - d * SIDE, SIDE), s->tokens_kv, v + d * SIDE, s->stride_v,
                     w->values + d * keys * PAIR);
}

/* Scores of the blocks of keys from number `at` on, `rows` keys in all, that a query must not see become
 * -infinity: padding and, where it is causal, what lies behind the query. `first`: of SIDE queries. */
static void hide(const dc3_attention_shape *s, int64_t first, int64_t at, int64_t rows, float *scores)
{
    for (int64_t r = 0, key = at * SIDE; r < rows; r++, key++) {
        int64_t hidden = key >= s->tokens_kv ? SIDE : s->causal ? at_most(key - first, SIDE) : 0;
        for (int64_t i = 0; i < hidden; i++) scores[r * SIDE + i] = -INFINITY;
    }
}

/* The sums of SIDE queries, of which there are `rows`, to y. */
static void finish(const dc3_attention_shape *s, const softmax_state *state, const float *out, int64_t rows,
                   uint16_t *y)
{
    float part[SIDE] __attribute__((aligned(64))), turned[HALF * HALF] __attribute__((aligned(64)));
    for (int i = 0; i < SIDE; i++) part[i] = 1 / state->sum[i];
    for (int64_t d = 0; d < s->dim; d += HALF)
        for (int64_t q = 0; q < rows; q += HALF) {
            turn_sums(out + d * SIDE + q, turned);
            for (int64_t r = 0; r < HALF && q + r < rows; r++)
                put_row(turned + r * HALF, part[q + r], at_most(s->dim - d, HALF),
                        y + (q + r) * s->stride_y + d);
        }
}

/* A chunk's softmax, ROWS rows of HALF queries at a time, `each` times in a row. */
typedef struct softmax_work {
    softmax_state *state;
    const float *scores;
    uint16_t *p;
    float scale;
    int64_t done, pieces, each;
} softmax_work;

enum { ROWS = 8, PIECES = 2 * SIDE / ROWS /* of a block */ };

static inline void soften(softmax_work *x)
{
    for (int64_t i = 0; i < x->each && x->done < x->pieces; i++, x->done++) {
        int64_t block = x->done / PIECES, half = x->done / (PIECES / 2) % 2,
                row = x->done % (PIECES / 2) * ROWS;
        softmax_rows(x->state, (int)half * HALF, ROWS, x->scores + block * BLOCK + row * SIDE, x->scale,
                     x->p + block * PAIR + half * TILE + row * HALF);
    }
}

/* sums = A B, with `add` += A B, as block_product, and softmax in between: the processor has other units for
 * it, but sees no further ahead than a few of these products. Of `rows` of A up to HALF the lower tiles are
 * left out. */
static inline void product_beside(int64_t depth, int64_t rows, const uint16_t *a, const uint16_t *b,
                                  float *sums, int add, softmax_work *x)
{
    begin_block(sums, add);
    for (int64_t k = 0; k < depth; k++, a += PAIR, b += PAIR) {
        multiply_upper(a, b);
        soften(x);
        if (rows <= HALF) continue;
        multiply_lower(a);
        soften(x);
    }
    store_upper(sums);
    soften(x);
    if (rows > HALF) store_lower(sums);
}

/* One chunk of keys further, from block `at` on of the `all` that SIDE queries from number `first` on see:
 * the scores of the chunk ahead and the output of the chunk behind are multiplied while this chunk's scores
 * become probabilities. */
static void advance(const dc3_attention_shape *s, const work *w, int64_t first, int64_t at, int64_t all,
                    softmax_state *state)
{
    float rescale[SIDE] __attribute__((aligned(64)));
    int64_t dims = blocks_of(s->dim, SIDE), keys = blocks_of(s->tokens_kv, SIDE);
    int64_t blocks = at < 0 ? 0 : at_most(all - at, KEY_BLOCKS), ahead = at + KEY_BLOCKS,
            behind = at - KEY_BLOCKS;
    int64_t scores = ahead < all ? at_most(all - ahead, KEY_BLOCKS) : 0;
    int64_t depth = behind < 0 ? 0 : at_most(all - behind, KEY_BLOCKS);
    int64_t places = scores * (2 * dims + 1) + (depth ? blocks_of(s->dim, HALF) * (depth + 1) : 0);
    int own = at / KEY_BLOCKS & 1;
    softmax_work x = {.state = state,
                      .scores = w->scores[own],
                      .p = w->p[own],
                      .scale = s->scale * 1.44269504f,
                      .pieces = blocks * PIECES,
                      .each = places ? blocks_of(blocks * PIECES, places) : 0};
    if (blocks > 0 && (s->causal || (at + blocks) * SIDE > s->tokens_kv))
        hide(s, first, at, blocks * SIDE, w->scores[own]);
    int rose = blocks > 0 && softmax_most(state, w->scores[own], blocks * SIDE, x.scale, rescale);
    for (int64_t j = 0; j < scores; j++)
        product_beside(dims, SIDE, w->keys + (ahead + j) * dims * PAIR, w->queries,
                       w->scores[!own] + j * BLOCK, 0, &x);
    for (int64_t d = 0; depth && d < dims; d++)
        product_beside(depth, s->dim - d * SIDE, w->values + (d * keys + behind) * PAIR, w->p[!own],
                       w->out + d * BLOCK, behind > 0, &x);
    x.each = x.pieces;
    soften(&x);
    if (rose && behind >= 0)
        for (int64_t r = 0; r < dims * SIDE; r++)
            for (int i = 0; i < SIDE; i++) w->out[r * SIDE + i] *= rescale[i];
}

/* SIDE queries or fewer from number `first` on; y and lse (or NULL) at the first of them. */
static void query_block(const dc3_attention_shape *s, const work *w, int64_t first, int64_t rows, uint16_t *y,
                        float *lse)
{
    softmax_state state;
    int64_t keys = blocks_of(s->tokens_kv, SIDE);
    int64_t all = s->causal ? at_most(blocks_of(first + rows, SIDE), keys) : keys;
    softmax_begin(&state);
    for (int64_t at = -KEY_BLOCKS; at < all + KEY_BLOCKS; at += KEY_BLOCKS)
        advance(s, w, first, at, all, &state);
    finish(s, &state, w->out, rows, y);
    for (int64_t r = 0; lse && r < rows; r++) lse[r] = state.most[r] * 0.69314718f + logf(state.sum[r]);
}

size_t AMX(attention_scratch)(const dc3_attention_shape *s, int threads)
{
    work w;
    return work_size(s, NULL, &w) * (size_t)threads + 64;
}

void AMX(attention)(const dc3_attention_shape *s, const void *q, const void *k, const void *v, void *y,
                    float *lse, void *scratch)
{
    work probe;
    size_t size = work_size(s, NULL, &probe);
    int64_t parts = blocks_of(s->tokens_q, QUERIES);
#pragma omp parallel
    {
        work w;
        work_size(s, (char *)scratch + (size_t)omp_get_thread_num() * size, &w);
        tile_configure(&full_tiles);
#pragma omp for schedule(dynamic)
        for (int64_t u = 0; u < s->n * s->heads * parts; u++) {
            int64_t h = u / parts % s->heads, n = u / parts / s->heads, nk = n % s->n_kv;
            int64_t first = u % parts * QUERIES, last = at_most(first + QUERIES, s->tokens_q);
            pack_head(s, (const uint16_t *)k + nk * s->tokens_kv * s->stride_k + h * s->dim,
                      (const uint16_t *)v + nk * s->tokens_kv * s->stride_v + h * s->dim, &w);
            for (; first < last; first += SIDE) {
                int64_t rows = at_most(last - first, SIDE), token = n * s->tokens_q + first;
                pack_turned(rows, s->dim, (const uint16_t *)q + token * s->stride_q + h * s->dim, s->stride_q,
                            w.queries);
                query_block(s, &w, first, rows, (uint16_t *)y + token * s->stride_y + h * s->dim,
                            lse ? lse + (n * s->heads + h) * s->tokens_q + first : NULL);
            }
        }
        tile_release();
    }
}
