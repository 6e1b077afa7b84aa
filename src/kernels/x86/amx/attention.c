/* Attention in bf16 with online softmax (as x86/attention_body.h, whose references hold) over tiles. A unit
 * of work is up to QUERIES queries of one head: it packs the head's keys and values, then takes SIDE queries
 * at a time against KEYS keys: scores = q k^T, probabilities in place as the left side of out += p v. */
#include <math.h>
#include <omp.h>
#include "kernels/x86/amx/amx.h"
#include "kernels/x86/amx/pack.h"
#include "kernels/x86/amx/softmax.h"

enum {
    QUERIES = 1024,
    KEYS = 128,
    KEY_BLOCKS = KEYS / SIDE,
    BLOCK = SIDE * SIDE, /* floats of a block of sums */
};

/* What one thread works in; all arrays 64-byte aligned. */
typedef struct work {
    uint16_t *keys;    /* [blocks of keys][depth of dim] pairs of tiles */
    uint16_t *values;  /* [blocks of dim][depth of keys] */
    uint16_t *queries; /* [depth of dim] */
    uint16_t *p;       /* [KEY_BLOCKS] */
    float *scores;     /* [KEY_BLOCKS] blocks */
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
    PLACE(p, KEY_BLOCKS * PAIR);
    PLACE(scores, KEY_BLOCKS * BLOCK);
    PLACE(out, dims * BLOCK);
#undef PLACE
    return at;
}

static int64_t at_most(int64_t n, int64_t most)
{
    return n < most ? n : most;
}

static void pack_head(const dc3_attention_shape *s, const uint16_t *k, const uint16_t *v, const work *w)
{
    int64_t dims = blocks_of(s->dim, SIDE), keys = blocks_of(s->tokens_kv, SIDE);
    for (int64_t j = 0; j < keys; j++)
        pack_turned(at_most(s->tokens_kv - j * SIDE, SIDE), s->dim, k + j * SIDE * s->stride_k, s->stride_k,
                    w->keys + j * dims * PAIR);
    for (int64_t d = 0; d < dims; d++)
        pack_pairs(at_most(s->dim - d * SIDE, SIDE), s->tokens_kv, v + d * SIDE, s->stride_v,
                   w->values + d * keys * PAIR);
}

/* Of one query: scores of the first `live` of `blocks` blocks' keys to probabilities; updates the running
 * maximum (times `scale`, which has log2(e) in it) and sum. Returns what the query's sums so far are scaled
 * by. */
static float softmax_row(const float *scores, uint16_t *p, int64_t blocks, int64_t live, float scale,
                         float *most, float *sum)
{
    float top = -INFINITY, total = 0;
    for (int64_t j = 0; j < blocks; j++) {
        float here = row_maximum(scores + j * BLOCK, at_most(live - j * SIDE, SIDE));
        top = here > top ? here : top;
    }
    float after = top * scale > *most ? top * scale : *most, shift = after > -INFINITY ? after : 0;
    float rescale = exp2_of(*most - shift);
    for (int64_t j = 0; j < blocks; j++)
        total +=
            row_exponents(scores + j * BLOCK, at_most(live - j * SIDE, SIDE), scale, shift, p + j * PAIR);
    *sum = *sum * rescale + total;
    int same = *most == after;
    *most = after;
    return same ? 1 : rescale;
}

/* SIDE queries or fewer from number `first` on; y and lse (or NULL) at the first of them. */
static void query_block(const dc3_attention_shape *s, const work *w, int64_t first, int64_t rows, uint16_t *y,
                        float *lse)
{
    int64_t dims = blocks_of(s->dim, SIDE), keys = blocks_of(s->tokens_kv, SIDE);
    int64_t last = s->causal ? at_most(first + rows, s->tokens_kv) : s->tokens_kv;
    float most[SIDE], sum[SIDE] = {0}, scale = s->scale * 1.44269504f;
    for (int i = 0; i < SIDE; i++) most[i] = -INFINITY;
    memset(w->out, 0, (size_t)(dims * BLOCK) * sizeof *w->out);
    for (int64_t key = 0; key < last; key += KEYS) {
        int64_t blocks = blocks_of(at_most(last - key, KEYS), SIDE), at = key / SIDE;
        for (int64_t j = 0; j < blocks; j++)
            block_product(dims, w->queries, w->keys + (at + j) * dims * PAIR, w->scores + j * BLOCK, 0);
        for (int64_t r = 0; r < rows; r++) {
            int64_t seen = s->causal ? at_most(first + r + 1, last) : last;
            float rescale = softmax_row(w->scores + r * SIDE, w->p + r * DEPTH, blocks, seen - key, scale,
                                        &most[r], &sum[r]);
            for (int64_t d = 0; rescale != 1 && d < dims; d++)
                for (int i = 0; i < SIDE; i++) w->out[d * BLOCK + r * SIDE + i] *= rescale;
        }
        for (int64_t d = 0; d < dims; d++)
            block_product(blocks, w->p, w->values + (d * keys + at) * PAIR, w->out + d * BLOCK, 1);
    }
    for (int64_t r = 0; r < rows; r++)
        for (int64_t d = 0; d < s->dim; d++)
            y[r * s->stride_y + d] = to_bf16(w->out[d / SIDE * BLOCK + r * SIDE + d % SIDE] / sum[r]);
    for (int64_t r = 0; lse && r < rows; r++) lse[r] = most[r] * 0.69314718f + logf(sum[r]);
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
        memset(w.p, 0, KEY_BLOCKS * PAIR * sizeof *w.p); /* rows that no query has */
        tile_configure(&full_tiles);
#pragma omp for schedule(dynamic)
        for (int64_t u = 0; u < s->n * s->heads * parts; u++) {
            int64_t h = u / parts % s->heads, n = u / parts / s->heads, nk = n % s->n_kv;
            int64_t first = u % parts * QUERIES, last = at_most(first + QUERIES, s->tokens_q);
            pack_head(s, (const uint16_t *)k + nk * s->tokens_kv * s->stride_k + h * s->dim,
                      (const uint16_t *)v + nk * s->tokens_kv * s->stride_v + h * s->dim, &w);
            for (; first < last; first += SIDE) {
                int64_t rows = at_most(last - first, SIDE), token = n * s->tokens_q + first;
                pack_rows(rows, s->dim, (const uint16_t *)q + token * s->stride_q + h * s->dim, s->stride_q,
                          w.queries);
                query_block(s, &w, first, rows, (uint16_t *)y + token * s->stride_y + h * s->dim,
                            lse ? lse + (n * s->heads + h) * s->tokens_q + first : NULL);
            }
        }
        tile_release();
    }
}
