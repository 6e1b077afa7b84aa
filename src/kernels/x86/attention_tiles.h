/* What the kernels of attention share, for f32 (BF16 0) or bf16 (BF16 1): products of small matrices, and how
 * their operands are laid out. All products are C [m, CHUNK] += A [m, k] B [k, CHUNK], where a word of A and
 * of B is a float, or two bf16 that are neighbours along k for VDPBF16PS. Included by attention_*.c. */
#include <immintrin.h>
#include <math.h>
#include <omp.h>
#include <string.h>
#include "kernels/x86/avx512.h"

enum { CHUNK = 64, LANES = 16, VECTORS = CHUNK / LANES };

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

/* Rows [count, dim] to words down the rows: out [words of count][line], of which dim are written. */
static void pack_values(const element *v, int64_t stride, int64_t count, int64_t dim, int64_t line,
                        element *out)
{
#if BF16
    for (int64_t j = 0; j < count; j += 2) {
        const element *first = v + j * stride, *second = first + (j + 1 < count ? stride : 0);
        uint32_t *to = (uint32_t *)(void *)(out + j * line);
        __mmask16 both = j + 1 < count ? 0xffff : 0;
        for (int64_t d = 0; d < dim; d += LANES) {
            __mmask16 live = dim - d < LANES ? (__mmask16)((1u << (dim - d)) - 1) : 0xffff;
            __m512i low = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(live, first + d));
            __m512i high = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(live & both, second + d));
            _mm512_mask_storeu_epi32(to + d, live, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
        }
    }
#else
    for (int64_t j = 0; j < count; j++) memcpy(out + j * line, v + j * stride, (size_t)dim * sizeof *v);
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
