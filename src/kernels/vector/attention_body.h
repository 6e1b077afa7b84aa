/* Attention with online softmax (Milakov and Gimelshein 2018; Dao et al. 2022). Queries stand in the lanes of
 * vectors: for each block of KEYS keys, scores^T = k q^T, running maximum and sum of each lane, out^T = out^T
 * * rescale + v^T p^T, so that the softmax needs no sum across a vector and no dimension is padded. A unit of
 * work is QUERIES queries of one head, CHUNK at a time. Included by attention_*.c. */
#include "kernels/vector/attention_tiles.h"

enum { QUERIES = 256, KEYS = 32 };

/* What one thread works in; all arrays 64-byte aligned. */
typedef struct work {
    element *keys, *values, *p; /* of one block of keys */
    float *scores;              /* [KEYS][CHUNK] */
    element *queries;           /* [chunks][words of dim][CHUNK] */
    float *out;                 /* [chunks][dim][CHUNK] */
    float *most, *sum;          /* [QUERIES]; most: times scale * log2(e) */
} work;

static size_t work_size(const dc3_attention_shape *s, char *base, work *w)
{
    size_t at = 0;
    int64_t dim = up(s->dim, STEP);
#define PLACE(field, count)                                                                                  \
    do {                                                                                                     \
        w->field = base ? (void *)(base + at) : NULL;                                                        \
        at += (size_t)up((int64_t)((size_t)(count) * sizeof *w->field), 64);                                 \
    } while (0)
    PLACE(keys, dim * KEYS);
    PLACE(values, dim * KEYS);
    PLACE(p, CHUNK * KEYS);
    PLACE(scores, CHUNK * KEYS);
    PLACE(queries, QUERIES * dim);
    PLACE(out, QUERIES * dim + (LANES - 1) * CHUNK); /* finish reads behind the end */
    PLACE(most, QUERIES);
    PLACE(sum, QUERIES);
#undef PLACE
    return at;
}

/* Scores of LANES queries, from number `query` on, and `count` keys, from `key` on, to probabilities; updates
 * the running maximum and sum and rescales out. `masked`: key j is seen by queries from j on. */
static inline __attribute__((always_inline)) void softmax(const float *scores, int64_t count, float scale,
                                                          int masked, int64_t query, int64_t key, int64_t dim,
                                                          element *p, float *out, float *most, float *sum)
{
    const vec none = v_set(-INFINITY), c = v_set(scale);
    const vec_int lane = v_numbers((int)query);
#define SEEN(j) v_at_least(lane, (int)(key + (j)))
    vec top = none;
    for (int64_t j = 0; j < count; j++) {
        vec score = v_load(scores + j * CHUNK);
        top = masked ? v_max_where(SEEN(j), top, score) : v_max(top, score);
    }
    vec before = v_load(most), after = v_max(before, v_mul(top, c));
    /* A query that has seen no key keeps -inf; its sums are zero whatever they are scaled by. */
    vec shift = v_where(v_greater(after, none), after);
    vec rescale = exp2_of(v_sub(before, shift));
    vec total = v_mul(v_load(sum), rescale);
    for (int64_t j = 0; j < count; j += STEP) {
        vec e[2];
        for (int i = 0; i < STEP; i++) {
            e[i] = v_zero();
            if (j + i < count) {
                vec p_of = exp2_of(v_mul_sub(v_load(scores + (j + i) * CHUNK), c, shift));
                e[i] = masked ? v_where(SEEN(j + i), p_of) : p_of;
            }
            total = v_add(total, e[i]);
        }
        put_p(p, j, e[0], e[STEP - 1]);
    }
#undef SEEN
    v_store(sum, total);
    v_store(most, after);
    if (v_differ(before, after))
        for (int64_t d = 0; d < dim; d++) v_store(out + d * CHUNK, v_mul(v_load(out + d * CHUNK), rescale));
}

/* One block of packed keys and values against one chunk of queries, whose first is number `query`. */
static void block(const dc3_attention_shape *s, work *w, int64_t at, int vectors, int64_t query, int64_t key,
                  int64_t count)
{
    int64_t words = up(s->dim, STEP) / STEP;
    float *out = w->out + at * s->dim, scale = s->scale * 1.44269504f;
    product(count, vectors, words, w->keys, words, 1, w->queries + at * words * STEP, w->scores, 0);
    for (int v = 0; v < vectors; v++) {
        float *scores = w->scores + v * LANES, *o = out + v * LANES;
        float *most = w->most + at + v * LANES, *sum = w->sum + at + v * LANES;
        element *p = w->p + v * LANES * STEP;
        if (s->causal && key + count > query + v * LANES)
            softmax(scores, count, scale, 1, query + v * LANES, key, s->dim, p, o, most, sum);
        else
            softmax(scores, count, scale, 0, 0, 0, s->dim, p, o, most, sum);
    }
    product(s->dim, vectors, up(count, STEP) / STEP, w->values, 1, s->dim, w->p, out, 1);
}

/* out^T / sum to rows of y. Reads up to LANES - 1 rows behind a chunk's last one. */
static void finish(const dc3_attention_shape *s, const work *w, int64_t at, int64_t rows, element *y)
{
    const float *out = w->out + at * s->dim;
    float turned[LANES][LANES] __attribute__((aligned(64)));
    for (int64_t i = 0; i < rows; i += LANES) {
        int64_t many = rows - i < LANES ? rows - i : LANES;
        for (int64_t d = 0; d < s->dim; d += LANES) {
            int64_t wide = s->dim - d < LANES ? s->dim - d : LANES;
            v_transpose(out + d * CHUNK + i, CHUNK * 4, turned, LANES * 4);
            for (int64_t r = 0; r < many; r++)
                put(y + (i + r) * s->stride_y + d, wide, v_div(v_load(turned[r]), v_set(w->sum[at + i + r])));
        }
    }
}

/* `rows` queries of one head, the first of which is number `first`; lse [rows] or NULL. */
static void unit(const dc3_attention_shape *s, const element *q, const element *k, const element *v,
                 element *y, float *lse, int64_t first, int64_t rows, work *w)
{
    int64_t words = up(s->dim, STEP) / STEP;
    for (int64_t at = 0; at < rows; at += CHUNK)
        pack_queries(q + at * s->stride_q, s->stride_q, rows - at < CHUNK ? rows - at : CHUNK, s->dim,
                     w->queries + at * words * STEP);
    memset(w->out, 0, (size_t)(up(rows, CHUNK) * s->dim) * sizeof *w->out);
    for (int64_t i = 0; i < up(rows, CHUNK); i++) w->most[i] = -INFINITY, w->sum[i] = 0;
    int64_t last = s->causal && first + rows < s->tokens_kv ? first + rows : s->tokens_kv;
    for (int64_t key = 0; key < last; key += KEYS) {
        int64_t count = last - key < KEYS ? last - key : KEYS;
        pack_keys(k + key * s->stride_k, s->stride_k, count, s->dim, w->keys);
        pack_values(v + key * s->stride_v, s->stride_v, count, s->dim, s->dim, w->values);
        for (int64_t at = 0; at < rows; at += CHUNK) {
            int64_t many = rows - at < CHUNK ? rows - at : CHUNK;
            if (s->causal && first + at + many <= key) continue;
            block(s, w, at, (int)(up(many, LANES) / LANES), first + at, key, count);
        }
    }
    for (int64_t at = 0; at < rows; at += CHUNK)
        finish(s, w, at, rows - at < CHUNK ? rows - at : CHUNK, y + at * s->stride_y);
    for (int64_t i = 0; lse && i < rows; i++) lse[i] = w->most[i] * 0.69314718f + logf(w->sum[i]);
}

size_t SCRATCH(const dc3_attention_shape *s, int threads)
{
    work w;
    return work_size(s, NULL, &w) * (size_t)threads + 64;
}

void ATTENTION(const dc3_attention_shape *s, const void *q, const void *k, const void *v, void *y, float *lse,
               void *scratch)
{
    work probe;
    size_t size = work_size(s, NULL, &probe);
    int64_t blocks = (s->tokens_q + QUERIES - 1) / QUERIES, units = s->n * s->heads * blocks;
#pragma omp parallel for schedule(dynamic)
    for (int64_t u = 0; u < units; u++) {
        work w;
        work_size(s, (char *)scratch + (size_t)omp_get_thread_num() * size, &w);
        int64_t part = u % blocks, h = u / blocks % s->heads, n = u / blocks / s->heads, nk = n % s->n_kv;
        int64_t first = part * QUERIES, rows = s->tokens_q - first < QUERIES ? s->tokens_q - first : QUERIES;
        unit(s, (const element *)q + (n * s->tokens_q + first) * s->stride_q + h * s->dim,
             (const element *)k + nk * s->tokens_kv * s->stride_k + h * s->dim,
             (const element *)v + nk * s->tokens_kv * s->stride_v + h * s->dim,
             (element *)y + (n * s->tokens_q + first) * s->stride_y + h * s->dim,
             lse ? lse + (n * s->heads + h) * s->tokens_q + first : NULL, first, rows, &w);
    }
}
