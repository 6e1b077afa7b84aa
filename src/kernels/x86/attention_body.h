/* Attention with online softmax (Milakov and Gimelshein 2018; Dao et al. 2022), for f32 (BF16 0) or bf16
 * (BF16 1). A unit of work is QUERIES rows of one head: for each block of KEYS keys, scores = q k^T, running
 * maximum and sum, out = out * rescale + p v. Both products are C [m, n] += A [m, k] B [k, n] with B packed
 * so that 16 columns stand together: as floats, or as pairs of bf16 from rows 2i and 2i + 1 for VDPBF16PS.
 * Included by attention_*.c. */
#include <immintrin.h>
#include <math.h>
#include <omp.h>
#include <string.h>
#include "kernels/x86/avx512.h"

enum { QUERIES = 192, KEYS = 64, LANES = 16 };

#if BF16
typedef uint16_t element;
#define STEP 2 /* rows of B that one multiply-add takes */
#else
typedef float element;
#define STEP 1
#endif

static inline int64_t up(int64_t n, int64_t unit)
{
    return (n + unit - 1) / unit * unit;
}

/* One register tile: `m` rows (1..6) by 16 * `vectors` columns (1..4), both constants after inlining. */
static inline __attribute__((always_inline)) void tile(int m, int vectors, int64_t k, const element *a,
                                                       int64_t lda, const element *b, int64_t ldb, float *c,
                                                       int64_t ldc, int add)
{
    __m512 sum[6][4];
    for (int i = 0; i < m; i++)
        for (int j = 0; j < vectors; j++)
            sum[i][j] = add ? _mm512_loadu_ps(c + i * ldc + j * LANES) : _mm512_setzero_ps();
    for (int64_t p = 0; p < k; p += STEP) {
        const element *row = b + p * ldb;
#if BF16
        __m512i column[4];
        for (int j = 0; j < vectors; j++) column[j] = _mm512_loadu_si512(row + j * LANES * 2);
        for (int i = 0; i < m; i++) {
            int32_t pair;
            memcpy(&pair, a + i * lda + p, 4);
            __m512bh x = (__m512bh)_mm512_set1_epi32(pair);
            for (int j = 0; j < vectors; j++) sum[i][j] = _mm512_dpbf16_ps(sum[i][j], x, (__m512bh)column[j]);
        }
#else
        __m512 column[4];
        for (int j = 0; j < vectors; j++) column[j] = _mm512_loadu_ps(row + j * LANES);
        for (int i = 0; i < m; i++) {
            __m512 x = _mm512_set1_ps(a[i * lda + p]);
            for (int j = 0; j < vectors; j++) sum[i][j] = _mm512_fmadd_ps(x, column[j], sum[i][j]);
        }
#endif
    }
    for (int i = 0; i < m; i++)
        for (int j = 0; j < vectors; j++) _mm512_storeu_ps(c + i * ldc + j * LANES, sum[i][j]);
}

#define ROWS(M)                                                                                              \
    switch (vectors) {                                                                                       \
    case 1:                                                                                                  \
        tile(M, 1, k, a, lda, b, ldb, c, ldc, add);                                                          \
        break;                                                                                               \
    case 2:                                                                                                  \
        tile(M, 2, k, a, lda, b, ldb, c, ldc, add);                                                          \
        break;                                                                                               \
    case 3:                                                                                                  \
        tile(M, 3, k, a, lda, b, ldb, c, ldc, add);                                                          \
        break;                                                                                               \
    default:                                                                                                 \
        tile(M, 4, k, a, lda, b, ldb, c, ldc, add);                                                          \
    }

static void strip(int64_t m, int vectors, int64_t k, const element *a, int64_t lda, const element *b,
                  int64_t ldb, float *c, int64_t ldc, int add)
{
    for (; m >= 6; m -= 6, a += 6 * lda, c += 6 * ldc) ROWS(6);
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

/* C [m, n] (+)= A [m, k] B; n a multiple of 16, k of STEP. ldb counts columns. */
static void product(int64_t m, int64_t n, int64_t k, const element *a, int64_t lda, const element *b,
                    int64_t ldb, float *c, int64_t ldc, int add)
{
    for (int64_t j = 0; j < n; j += 4 * LANES) {
        int vectors = (int)((n - j < 4 * LANES ? n - j : 4 * LANES) / LANES);
        strip(m, vectors, k, a, lda, b + j * STEP, ldb, c + j, ldc, add);
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

/* Keys [count, dim] to columns: out [dim_up / STEP][KEYS][STEP]; missing keys and dimensions are zero. */
static void pack_keys(const element *k, int64_t stride, int64_t count, int64_t dim, element *out)
{
    int64_t full_keys = count / 16 * 16, full = dim * (int64_t)sizeof *k / 64 * (64 / (int64_t)sizeof *k);
    int64_t line = KEYS * STEP;
    if (count < KEYS || dim % STEP) memset(out, 0, (size_t)(up(dim, STEP) * KEYS) * sizeof *out);
    for (int64_t j = 0; j < full_keys; j += 16)
        for (int64_t d = 0; d < full; d += 64 / (int64_t)sizeof *k)
            transpose16(k + j * stride + d, stride * (int64_t)sizeof *k, out + d / STEP * line + j * STEP,
                        line * (int64_t)sizeof *k);
    for (int64_t j = 0; j < count; j++)
        for (int64_t d = j < full_keys ? full : 0; d < dim; d++)
            out[d / STEP * line + j * STEP + d % STEP] = k[j * stride + d];
}

/* Values [count, dim] as rows (or pairs of rows): out [KEYS / STEP][wide][STEP]; the rest is zero. */
static void pack_values(const element *v, int64_t stride, int64_t count, int64_t dim, int64_t wide,
                        element *out)
{
    if (count < KEYS || wide > dim) memset(out, 0, (size_t)(up(count, STEP) * wide) * sizeof *out);
#if BF16
    for (int64_t j = 0; j < count; j += 2) {
        const element *first = v + j * stride, *second = j + 1 < count ? first + stride : NULL;
        uint32_t *to = (uint32_t *)(void *)(out + j * wide);
        if (second)
            for (int64_t d = 0; d < dim; d++) to[d] = first[d] | (uint32_t)second[d] << 16;
        else
            for (int64_t d = 0; d < dim; d++) to[d] = first[d];
    }
#else
    for (int64_t j = 0; j < count; j++) memcpy(out + j * wide, v + j * stride, (size_t)dim * sizeof *v);
#endif
}

static inline __m512 exp16(__m512 x)
{
    x = _mm512_max_ps(x, _mm512_set1_ps(-87.0f));
    __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), 0);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
    r = _mm512_fmadd_ps(n, _mm512_set1_ps(2.12194440e-4f), r);
    __m512 p = _mm512_set1_ps(1.9875691500e-4f);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.3981999507e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(8.3334519073e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(4.1665795894e-2f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.6666665459e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.0000001201e-1f));
    p = _mm512_fmadd_ps(_mm512_mul_ps(p, r), r, _mm512_add_ps(r, _mm512_set1_ps(1.0f)));
    return _mm512_scalef_ps(p, n);
}

/* What one thread works in; all arrays 64-byte aligned. */
typedef struct work {
    element *keys, *values, *queries, *p;
    float *scores, *out, *most, *sum;
} work;

static size_t work_size(const dc3_attention_shape *s, char *base, work *w)
{
    size_t at = 0;
    int64_t dim = up(s->dim, 2), wide = up(s->dim, LANES);
#define PLACE(field, count)                                                                                  \
    do {                                                                                                     \
        w->field = (void *)(base + at);                                                                      \
        at += (size_t)up((int64_t)((size_t)(count) * sizeof *w->field), 64);                                 \
    } while (0)
    PLACE(keys, dim * KEYS);
    PLACE(values, KEYS * wide);
    PLACE(queries, QUERIES * dim);
    PLACE(p, QUERIES * KEYS);
    PLACE(scores, QUERIES * KEYS);
    PLACE(out, QUERIES * wide);
    PLACE(most, QUERIES);
    PLACE(sum, QUERIES);
#undef PLACE
    return at;
}

/* Scores of one row to probabilities in w->p; updates the running maximum and sum, rescales the row of out.
 */
static inline void softmax_row(work *w, int64_t i, int64_t seen, int64_t wide)
{
    float *score = w->scores + i * KEYS;
    for (int64_t j = seen; j < KEYS; j++) score[j] = -INFINITY;
    __m512 x[4], top = _mm512_set1_ps(w->most[i]);
    for (int v = 0; v < 4; v++) top = _mm512_max_ps(top, x[v] = _mm512_loadu_ps(score + v * LANES));
    float most = _mm512_reduce_max_ps(top);
    if (most > w->most[i]) {
        float rescale = w->most[i] == -INFINITY ? 0 : expf(w->most[i] - most);
        w->sum[i] *= rescale;
        for (int64_t d = 0; d < wide; d += LANES)
            _mm512_storeu_ps(w->out + i * wide + d,
                             _mm512_mul_ps(_mm512_loadu_ps(w->out + i * wide + d), _mm512_set1_ps(rescale)));
        w->most[i] = most;
    }
    __m512 total = _mm512_setzero_ps();
    for (int v = 0; v < 4; v++) {
        __mmask16 live = _mm512_cmp_ps_mask(x[v], _mm512_set1_ps(-INFINITY), _CMP_GT_OQ);
        __m512 e = _mm512_maskz_mov_ps(live, exp16(_mm512_sub_ps(x[v], _mm512_set1_ps(most))));
        total = _mm512_add_ps(total, e);
#if BF16
        _mm256_storeu_si256((void *)(w->p + i * KEYS + v * LANES), (__m256i)_mm512_cvtneps_pbh(e));
#else
        _mm512_storeu_ps(w->p + i * KEYS + v * LANES, e);
#endif
    }
    w->sum[i] += _mm512_reduce_add_ps(total);
}

static void unit(const dc3_attention_shape *s, const element *q, const element *k, const element *v,
                 element *y, int64_t first, int64_t rows, work *w)
{
    int64_t dim = up(s->dim, STEP), wide = up(s->dim, LANES);
    for (int64_t i = 0; i < rows; i++) {
        memcpy(w->queries + i * dim, q + i * s->stride_q, (size_t)s->dim * sizeof *q);
        if (dim > s->dim) w->queries[i * dim + s->dim] = 0;
        w->most[i] = -INFINITY;
        w->sum[i] = 0;
    }
    memset(w->out, 0, (size_t)(rows * wide) * sizeof *w->out);
    int64_t last = s->causal && first + rows < s->tokens_kv ? first + rows : s->tokens_kv;
    for (int64_t j = 0; j < last; j += KEYS) {
        int64_t count = s->tokens_kv - j < KEYS ? s->tokens_kv - j : KEYS;
        pack_keys(k + j * s->stride_k, s->stride_k, count, s->dim, w->keys);
        pack_values(v + j * s->stride_v, s->stride_v, count, s->dim, wide, w->values);
        product(rows, KEYS, dim, w->queries, dim, w->keys, KEYS, w->scores, KEYS, 0);
        for (int64_t i = 0; i < rows; i++) {
            for (int64_t x = 0; x < KEYS; x += LANES)
                _mm512_storeu_ps(
                    w->scores + i * KEYS + x,
                    _mm512_mul_ps(_mm512_loadu_ps(w->scores + i * KEYS + x), _mm512_set1_ps(s->scale)));
            int64_t seen = s->causal && first + i + 1 - j < count ? first + i + 1 - j : count;
            if (seen > 0)
                softmax_row(w, i, seen, wide);
            else
                memset(w->p + i * KEYS, 0, KEYS * sizeof *w->p);
        }
        product(rows, wide, up(count, STEP), w->p, KEYS, w->values, wide, w->out, wide, 1);
    }
    for (int64_t i = 0; i < rows; i++) {
        float rate = 1 / w->sum[i];
        for (int64_t d = 0; d < s->dim; d++) {
            float value = w->out[i * wide + d] * rate;
#if BF16
            y[i * s->stride_y + d] = dc3_to_bf16(value);
#else
            y[i * s->stride_y + d] = value;
#endif
        }
    }
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
        int64_t block = u % blocks, h = u / blocks % s->heads, n = u / blocks / s->heads, nk = n % s->n_kv;
        int64_t first = block * QUERIES, rows = s->tokens_q - first < QUERIES ? s->tokens_q - first : QUERIES;
        unit(s, (const element *)q + (n * s->tokens_q + first) * s->stride_q + h * s->dim,
             (const element *)k + nk * s->tokens_kv * s->stride_k + h * s->dim,
             (const element *)v + nk * s->tokens_kv * s->stride_v + h * s->dim,
             (element *)y + (n * s->tokens_q + first) * s->stride_y + h * s->dim, first, rows, &w);
    }
}
