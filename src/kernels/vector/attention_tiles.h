/* What the kernels of attention share, for f32 (BF16 0) or bf16 (BF16 1): products of small matrices, and how
 * their operands are laid out. All products are C [m, CHUNK] += A [m, k] B [k, CHUNK], where a word of A and
 * of B is a float, or two bf16 that are neighbours along k for VDPBF16PS. Included by attention_*.c. */
#include <math.h>
#include <omp.h>
#include <string.h>
#include "kernels/vector/lanes.h"
#include "kernels/vector/vector.h"

/* Vectors of a register tile of 6 rows: its sums, a row of B and a word of A fit in 32 registers of AVX-512,
 * in 16 of AVX2. */
#if defined(__AVX512F__)
#define VECTORS 4
#else
#define VECTORS 2
#endif
enum { CHUNK = VECTORS * LANES };

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

/* One register tile: `m` rows (1..6) by `vectors` vectors (1..VECTORS), both constants after inlining. Row i
 * of A at step p is the word a[i * row + p * step]. */
static inline __attribute__((always_inline)) void tile(int m, int vectors, int64_t k, const float *a,
                                                       int64_t row, int64_t step, const float *b, float *c,
                                                       int add)
{
    vec sum[6][VECTORS];
    for (int i = 0; i < m; i++)
        for (int j = 0; j < vectors; j++) sum[i][j] = add ? v_load(c + i * CHUNK + j * LANES) : v_zero();
    for (int64_t p = 0; p < k; p++, a += step, b += CHUNK) {
        vec column[VECTORS];
        for (int j = 0; j < vectors; j++) column[j] = v_load(b + j * LANES);
        for (int i = 0; i < m; i++) {
            vec x = v_set(a[i * row]);
            for (int j = 0; j < vectors; j++)
#if BF16
                sum[i][j] = _mm512_dpbf16_ps(sum[i][j], (__m512bh)x, (__m512bh)column[j]);
#else
                sum[i][j] = v_mul_add(x, column[j], sum[i][j]);
#endif
        }
    }
    for (int i = 0; i < m; i++)
        for (int j = 0; j < vectors; j++) v_store(c + i * CHUNK + j * LANES, sum[i][j]);
}

#define TILE(M, V) tile(M, V, k, a, row, step, b, c, add)
#if VECTORS == 4
#define ROWS(M)                                                                                              \
    switch (vectors) {                                                                                       \
    case 1:                                                                                                  \
        TILE(M, 1);                                                                                          \
        break;                                                                                               \
    case 2:                                                                                                  \
        TILE(M, 2);                                                                                          \
        break;                                                                                               \
    case 3:                                                                                                  \
        TILE(M, 3);                                                                                          \
        break;                                                                                               \
    default:                                                                                                 \
        TILE(M, 4);                                                                                          \
    }
#else
#define ROWS(M)                                                                                              \
    if (vectors == 1)                                                                                        \
        TILE(M, 1);                                                                                          \
    else                                                                                                     \
        TILE(M, 2)
#endif

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

/* Queries [count, dim] to columns: out [words of dim][CHUNK]; missing queries and dimensions are zero. */
static void pack_queries(const element *q, int64_t stride, int64_t count, int64_t dim, element *out)
{
    enum { WIDE = LANES * STEP, LINE = CHUNK * STEP };
    int64_t full_rows = count / LANES * LANES, full = dim / WIDE * WIDE;
    if (count < CHUNK || dim % STEP) memset(out, 0, (size_t)(up(dim, STEP) * CHUNK) * sizeof *out);
    for (int64_t i = 0; i < full_rows; i += LANES)
        for (int64_t d = 0; d < full; d += WIDE)
            v_transpose(q + i * stride + d, stride * (int64_t)sizeof *q, out + d / STEP * LINE + i * STEP,
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
 * bf16 2.4e-6. */
static inline vec exp2_of(vec x)
{
    x = v_max(x, v_set(-126.0f));
    vec n = v_round(x), r = v_sub(x, n);
#if BF16
    vec p = v_set(1.33335581e-3f);
#else
    vec p = v_mul_add(v_set(1.54035304e-4f), r, v_set(1.33335581e-3f));
#endif
    p = v_mul_add(p, r, v_set(9.61812911e-3f));
    p = v_mul_add(p, r, v_set(5.55041087e-2f));
    p = v_mul_add(p, r, v_set(2.40226507e-1f));
    p = v_mul_add(p, r, v_set(6.93147181e-1f));
    p = v_mul_add(p, r, v_set(1.0f));
    return v_scale2(p, n);
}

/* Rows j and, in bf16, j + 1 of the probabilities of LANES queries as words. */
static inline void put_p(element *p, int64_t j, vec first, vec second)
{
#if BF16
    __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22,
                                     6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    __m512i both = (__m512i)_mm512_cvtne2ps_pbh(second, first);
    _mm512_store_si512(p + j * CHUNK, _mm512_permutexvar_epi16(order, both));
#else
    (void)second;
    v_store(p + j * CHUNK, first);
#endif
}

/* The first `count` of LANES values to y. */
static inline void put(element *y, int64_t count, vec x)
{
#if BF16
    _mm256_mask_storeu_epi16(y, v_span(count), (__m256i)_mm512_cvtneps_pbh(x));
#else
    v_store_span(y, v_span(count), x);
#endif
}
