/* Attention with online softmax (Milakov and Gimelshein 2018; Dao et al. 2022), for f32 (BF16 0) or bf16
 * (BF16 1). Queries stand in the lanes of vectors: for each block of KEYS keys, scores^T = k q^T, running
 * maximum and sum of each lane, out^T = out^T * rescale + v^T p^T, so that the softmax needs no sum across a
 * vector and no dimension is padded. A unit of work is QUERIES queries of one head, CHUNK at a time.
 * All products are C [m, CHUNK] += A [m, k] B [k, CHUNK], where a word of A and of B is a float, or two
 * bf16 that are neighbours along k for VDPBF16PS. Included by attention_*.c. */
#include <immintrin.h>
#include <math.h>
#include <omp.h>
#include <string.h>
#include "kernels/x86/avx512.h"

enum { QUERIES = 256, CHUNK = 64, KEYS = 32, LANES = 16, VECTORS = CHUNK / LANES };

#if BF16
typedef uint16_t element;
#define STEP 2 /* elements of a word */
#else
typedef float element;
#define STEP 1
#endif

static inline int64_t up(int64_t n, int64_t unit)
{
    return (n + unit - 1) / unit * unit;
}

/* One register tile: `m` rows (1..6) by `vectors` vectors (1..4), both constants after inlining. Row i of A
 * at step p is the word a[i * row + p * step]. */
static inline __attribute__((always_inline)) void tile(int m, int vectors, int64_t k, const float *a,
                                                       int64_t row, int64_t step, const float *b, float *c,
                                                       int add)
{
    __m512 sum[6][VECTORS];
    for (int i = 0; i < m; i++)
        for (int j = 0; j < vectors; j++)
            sum[i][j] = add ? _mm512_load_ps(c + i * CHUNK + j * LANES) : _mm512_setzero_ps();
    for (int64_t p = 0; p < k; p++, a += step, b += CHUNK) {
        __m512 column[VECTORS];
        for (int j = 0; j < vectors; j++) column[j] = _mm512_load_ps(b + j * LANES);
        for (int i = 0; i < m; i++) {
            __m512 x = _mm512_set1_ps(a[i * row]);
            for (int j = 0; j < vectors; j++)
#if BF16
                sum[i][j] = _mm512_dpbf16_ps(sum[i][j], (__m512bh)x, (__m512bh)column[j]);
#else
                sum[i][j] = _mm512_fmadd_ps(x, column[j], sum[i][j]);
#endif
        }
    }
    for (int i = 0; i < m; i++)
        for (int j = 0; j < vectors; j++) _mm512_store_ps(c + i * CHUNK + j * LANES, sum[i][j]);
}

#define ROWS(M)                                                                                              \
    switch (vectors) {                                                                                       \
    case 1:                                                                                                  \
        tile(M, 1, k, a, row, step, b, c, add);                                                              \
        break;                                                                                               \
    case 2:                                                                                                  \
        tile(M, 2, k, a, row, step, b, c, add);                                                              \
        break;                                                                                               \
    case 3:                                                                                                  \
        tile(M, 3, k, a, row, step, b, c, add);                                                              \
        break;                                                                                               \
    default:                                                                                                 \
        tile(M, 4, k, a, row, step, b, c, add);                                                              \
    }

/* C [m, CHUNK] (+)= A [m, k] B [k, CHUNK] in words, on the first `vectors` vectors of the columns. */
static void product(int64_t m, int vectors, int64_t k, const void *words, int64_t row, int64_t step,
                    const void *columns, float *c, int add)
{
    const float *a = words, *b = columns;
    for (; m >= 6; m -= 6, a += 6 * row, c += 6 * CHUNK) ROWS(6);
    switch (m) {
    case 5:
        ROWS(5);
        break;
    case 4:
        ROWS(4);
        break;
    case 3:
        ROWS(3);
        break;
    case 2:
        ROWS(2);
        break;
    case 1:
        ROWS(1);
        break;
    default:
        break;
    }
}

/* 16 rows of 16 32-bit values, transposed. */
static inline void transpose16(const void *from, int64_t from_stride, void *to, int64_t to_stride)
{
    __m512i r[16], t[16];
    for (int i = 0; i < 16; i++) r[i] = _mm512_loadu_si512((const char *)from + i * from_stride);
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
    }
    for (int i = 0; i < 4; i++) {
        r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
        r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
        r[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
        r[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
    }
    for (int i = 0; i < 16; i++) _mm512_storeu_si512((char *)to + i * to_stride, r[i]);
}

/* Queries [count, dim] to columns: out [words of dim][CHUNK]; missing queries and dimensions are zero. */
static void pack_queries(const element *q, int64_t stride, int64_t count, int64_t dim, element *out)
{
    enum { WIDE = 64 / sizeof(element), LINE = CHUNK * STEP };
    int64_t full_rows = count / 16 * 16, full = dim / WIDE * WIDE;
    if (count < CHUNK || dim % STEP) memset(out, 0, (size_t)(up(dim, STEP) * CHUNK) * sizeof *out);
    for (int64_t i = 0; i < full_rows; i += 16)
        for (int64_t d = 0; d < full; d += WIDE)
            transpose16(q + i * stride + d, stride * (int64_t)sizeof *q, out + d / STEP * LINE + i * STEP,
                        LINE * (int64_t)sizeof *q);
    for (int64_t i = 0; i < count; i++)
        for (int64_t d = i < full_rows ? full : 0; d < dim; d++)
            out[d / STEP * LINE + i * STEP + d % STEP] = q[i * stride + d];
}

/* Keys [count, dim] to rows of whole words: out [count][words of dim]. */
static void pack_keys(const element *k, int64_t stride, int64_t count, int64_t dim, element *out)
{
    int64_t wide = up(dim, STEP);
    for (int64_t j = 0; j < count; j++) {
        memcpy(out + j * wide, k + j * stride, (size_t)dim * sizeof *k);
        if (wide > dim) out[j * wide + dim] = 0;
    }
}

/* Values [count, dim] to words along the keys: out [words of count][dim]. */
static void pack_values(const element *v, int64_t stride, int64_t count, int64_t dim, element *out)
{
#if BF16
    for (int64_t j = 0; j < count; j += 2) {
        const element *first = v + j * stride, *second = first + (j + 1 < count ? stride : 0);
        uint32_t *to = (uint32_t *)(void *)(out + j * dim);
        __mmask16 both = j + 1 < count ? 0xffff : 0;
        for (int64_t d = 0; d < dim; d += LANES) {
            __mmask16 live = dim - d < LANES ? (__mmask16)((1u << (dim - d)) - 1) : 0xffff;
            __m512i low = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(live, first + d));
            __m512i high = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(live & both, second + d));
            _mm512_mask_storeu_epi32(to + d, live, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
        }
    }
#else
    for (int64_t j = 0; j < count; j++) memcpy(out + j * dim, v + j * stride, (size_t)dim * sizeof *v);
#endif
}

/* 2^x for x <= 0 (below -126 as for -126): the Taylor series on [-0.5, 0.5], relative error 1.2e-7, in
 * bf16 2.4e-6.
 */
static inline __m512 exp2_16(__m512 x)
{
    x = _mm512_max_ps(x, _mm512_set1_ps(-126.0f));
    __m512 n = _mm512_roundscale_ps(x, 0), r = _mm512_sub_ps(x, n);
#if BF16
    __m512 p = _mm512_set1_ps(1.33335581e-3f);
#else
    __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(1.54035304e-4f), r, _mm512_set1_ps(1.33335581e-3f));
#endif
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(9.61812911e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.55041087e-2f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(2.40226507e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(6.93147181e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(p, n);
}

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

/* Rows j and, in bf16, j + 1 of the probabilities of 16 queries as words. */
static inline void put_p(element *p, int64_t j, __m512 first, __m512 second)
{
#if BF16
    __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22,
                                     6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    __m512i both = (__m512i)_mm512_cvtne2ps_pbh(second, first);
    _mm512_store_si512(p + j * CHUNK, _mm512_permutexvar_epi16(order, both));
#else
    (void)second;
    _mm512_store_ps(p + j * CHUNK, first);
#endif
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

/* The first `count` of 16 values to y. */
static inline void put(element *y, int64_t count, __m512 x)
{
    __mmask16 mask = (__mmask16)((1u << count) - 1);
#if BF16
    _mm256_mask_storeu_epi16(y, mask, (__m256i)_mm512_cvtneps_pbh(x));
#else
    _mm512_mask_storeu_ps(y, mask, x);
#endif
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

/* `rows` queries of one head, the first of which is number `first`. */
static void unit(const dc3_attention_shape *s, const element *q, const element *k, const element *v,
                 element *y, int64_t first, int64_t rows, work *w)
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
        pack_values(v + key * s->stride_v, s->stride_v, count, s->dim, w->values);
        for (int64_t at = 0; at < rows; at += CHUNK) {
            int64_t many = rows - at < CHUNK ? rows - at : CHUNK;
            if (s->causal && first + at + many <= key) continue;
            block(s, w, at, (int)(up(many, LANES) / LANES), first + at, key, count);
        }
    }
    for (int64_t at = 0; at < rows; at += CHUNK)
        finish(s, w, at, rows - at < CHUNK ? rows - at : CHUNK, y + at * s->stride_y);
}

size_t SCRATCH(const dc3_attention_shape *s, int threads)
{
    work w;
    return work_size(s, NULL, &w) * (size_t)threads + 64;
}

void ATTENTION(const dc3_attention_shape *s, const void *q, const void *k, const void *v, void *y,
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
             (element *)y + (n * s->tokens_q + first) * s->stride_y + h * s->dim, first, rows, &w);
    }
}
