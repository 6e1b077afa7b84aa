/* Attention with online softmax (Milakov and Gimelshein 2018; Dao et al. 2022). Queries stand in the lanes of
 * vectors: for each block of KEYS keys, scores^T = k q^T, running maximum and sum of each lane, out^T = out^T
 * * rescale + v^T p^T, so that the softmax needs no sum across a vector and no dimension is padded. A unit of
 * work is QUERIES queries of one head, CHUNK at a time. Included by attention_*.c. */
#include "kernels/x86/attention_tiles.h"

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
    PLACE(out, QUERIES * dim + 15 * CHUNK); /* finish reads behind the end */
    PLACE(most, QUERIES);
    PLACE(sum, QUERIES);
#undef PLACE
    return at;
}

/* Scores of 16 queries, from number `query` on, and `count` keys, from `key` on, to probabilities; updates
 * the running maximum and sum and rescales out. `masked`: key j is seen by queries from j on. */
static inline __attribute__((always_inline)) void softmax16(const float *scores, int64_t count, float scale,
                                                            int masked, int64_t query, int64_t key,
                                                            int64_t dim, element *p, float *out, float *most,
                                                            float *sum)
{
    const __m512 none = _mm512_set1_ps(-INFINITY), c = _mm512_set1_ps(scale);
    const __m512i lane =
        _mm512_add_epi32(_mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
                         _mm512_set1_epi32((int)query));
#define SEEN(j) (masked ? _mm512_cmpge_epi32_mask(lane, _mm512_set1_epi32((int)(key + (j)))) : (__mmask16)-1)
    __m512 top = none;
    for (int64_t j = 0; j < count; j++)
        top = _mm512_mask_max_ps(top, SEEN(j), top, _mm512_load_ps(scores + j * CHUNK));
    __m512 before = _mm512_load_ps(most), after = _mm512_max_ps(before, _mm512_mul_ps(top, c));
    /* A query that has seen no key keeps -inf; its sums are zero whatever they are scaled by. */
    __mmask16 live = _mm512_cmp_ps_mask(after, none, _CMP_GT_OQ);
    __m512 shift = _mm512_maskz_mov_ps(live, after);
    __m512 rescale = exp2_16(_mm512_sub_ps(before, shift));
    __m512 total = _mm512_mul_ps(_mm512_load_ps(sum), rescale);
    for (int64_t j = 0; j < count; j += STEP) {
        __m512 e[2];
        for (int i = 0; i < STEP; i++) {
            e[i] = _mm512_setzero_ps();
            if (j + i < count)
                e[i] = _mm512_maskz_mov_ps(
                    SEEN(j + i),
                    exp2_16(_mm512_fmsub_ps(_mm512_load_ps(scores + (j + i) * CHUNK), c, shift)));
            total = _mm512_add_ps(total, e[i]);
        }
        put_p(p, j, e[0], e[STEP - 1]);
    }
#undef SEEN
    _mm512_store_ps(sum, total);
    _mm512_store_ps(most, after);
    if (_mm512_cmp_ps_mask(before, after, _CMP_NEQ_UQ))
        for (int64_t d = 0; d < dim; d++)
            _mm512_store_ps(out + d * CHUNK, _mm512_mul_ps(_mm512_load_ps(out + d * CHUNK), rescale));
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
            softmax16(scores, count, scale, 1, query + v * LANES, key, s->dim, p, o, most, sum);
        else
            softmax16(scores, count, scale, 0, 0, 0, s->dim, p, o, most, sum);
    }
    product(s->dim, vectors, up(count, STEP) / STEP, w->values, 1, s->dim, w->p, out, 1);
}

/* out^T / sum to rows of y. Reads up to 15 rows behind a chunk's last one. */
static void finish(const dc3_attention_shape *s, const work *w, int64_t at, int64_t rows, element *y)
{
    const float *out = w->out + at * s->dim;
    float turned[16][LANES] __attribute__((aligned(64)));
    for (int64_t i = 0; i < rows; i += LANES) {
        int64_t many = rows - i < LANES ? rows - i : LANES;
        for (int64_t d = 0; d < s->dim; d += LANES) {
            int64_t wide = s->dim - d < LANES ? s->dim - d : LANES;
            transpose16(out + d * CHUNK + i, CHUNK * 4, turned, LANES * 4);
            for (int64_t r = 0; r < many; r++)
                put(y + (i + r) * s->stride_y + d, wide,
                    _mm512_div_ps(_mm512_load_ps(turned[r]), _mm512_set1_ps(w->sum[at + i + r])));
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
