/* Online softmax of blocks of scores [SIDE keys][SIDE queries]: a query is a column, so that all SIDE queries
 * go the same way at once and nothing is added up across a vector. */
#ifndef DC3_KERNELS_AMX_SOFTMAX_H
#define DC3_KERNELS_AMX_SOFTMAX_H

#include <math.h>
#include "kernels/amx/pack.h"

/* 2^x for x <= 0 (below -126 as for -126): the Taylor series on [-0.5, 0.5], relative error 2.4e-6. */
static inline float exp2_of(float x)
{
    x = x < -126.0f ? -126.0f : x;
    float n = rintf(x), r = x - n;
    float p = 1.33335581e-3f;
    p = p * r + 9.61812911e-3f;
    p = p * r + 5.55041087e-2f;
    p = p * r + 2.40226507e-1f;
    p = p * r + 6.93147181e-1f;
    p = p * r + 1.0f;
    uint32_t bits = (uint32_t)((int32_t)n + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

/* Probabilities up to 2^SLACK are as exact as those up to 1, and sums are rescaled more rarely. */
#define SLACK 8.0f

/* Of SIDE queries so far: what is taken from their scores (times a scale that has log2(e) in it), within
 * SLACK of the largest, and the sums of 2^(score - that). */
typedef struct softmax_state {
    float most[SIDE], sum[SIDE];
} __attribute__((aligned(64))) softmax_state;

static inline void softmax_begin(softmax_state *s)
{
    for (int i = 0; i < SIDE; i++) s->most[i] = -INFINITY, s->sum[i] = 0;
}

/* The largest of `rows` scores of each query. */
static inline void largest(const float *scores, int64_t rows, float *top)
{
#if defined(__AVX512F__)
    __m512 a[2] = {_mm512_load_ps(scores), _mm512_load_ps(scores + HALF)}, b[2] = {a[0], a[1]};
    for (int64_t r = 0; r + 1 < rows; r += 2)
        for (int h = 0; h < 2; h++) {
            a[h] = _mm512_max_ps(a[h], _mm512_load_ps(scores + r * SIDE + h * HALF));
            b[h] = _mm512_max_ps(b[h], _mm512_load_ps(scores + (r + 1) * SIDE + h * HALF));
        }
    for (int h = 0; h < 2; h++) _mm512_store_ps(top + h * HALF, _mm512_max_ps(a[h], b[h]));
#else
    for (int i = 0; i < SIDE; i++) top[i] = scores[i];
    for (int64_t r = 1; r < rows; r++)
        for (int i = 0; i < SIDE; i++) top[i] = scores[r * SIDE + i] > top[i] ? scores[r * SIDE + i] : top[i];
#endif
}

/* Takes `rows` more scores of each query, an even number, into `most`, where it is far from them. Returns
 * whether one rose; `rescale`: what the queries' sums so far, here and elsewhere, are to be multiplied by. */
static inline int softmax_most(softmax_state *s, const float *scores, int64_t rows, float scale,
                               float *rescale)
{
    float top[SIDE] __attribute__((aligned(64)));
    int rose = 0;
    largest(scores, rows, top);
    for (int i = 0; i < SIDE; i++) {
        float before = s->most[i], after = top[i] * scale > before + SLACK ? top[i] * scale : before;
        rescale[i] = exp2_of(before - after);
        rose |= after != before;
        s->most[i] = after;
    }
    for (int i = 0; i < SIDE; i++) s->sum[i] *= rescale[i];
    return rose;
}

/* Coefficients of a polynomial for 2^r on [-0.5, 0.5] with the least largest relative error, 2.6e-6; 2^23 *
 * 1.5: added to a small number it leaves the nearest integer in the last bits. */
#define EXP2_0 9.99999261e-1f
#define EXP2_1 6.93121815e-1f
#define EXP2_2 2.40247448e-1f
#define EXP2_3 5.59178603e-2f
#define EXP2_4 9.57010191e-3f
#define TO_INTEGER 12582912.0f

#if defined(__AVX512F__)

static inline __attribute__((always_inline)) __m512 exponent(const float *score, __m512 scale, __m512 most)
{
    __m512 magic = _mm512_set1_ps(TO_INTEGER);
    /* What is no number stays none: the second operand. */
    __m512 x = _mm512_max_ps(_mm512_set1_ps(-126.0f), _mm512_fmsub_ps(_mm512_load_ps(score), scale, most));
    __m512 shifted = _mm512_add_ps(x, magic), r = _mm512_sub_ps(x, _mm512_sub_ps(shifted, magic));
    __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(EXP2_4), r, _mm512_set1_ps(EXP2_3));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(EXP2_2));
    p = _mm512_fmadd_ps(_mm512_fmadd_ps(p, r, _mm512_set1_ps(EXP2_1)), r, _mm512_set1_ps(EXP2_0));
    __m512i power = _mm512_slli_epi32(_mm512_castps_si512(shifted), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(p), power));
}

/* Probabilities of `rows` keys, an even number, for HALF queries from number h on, not yet divided by their
 * sum, as rows of the right side of a product over keys: pairs of keys; their sum is added to the query's. */
static inline void softmax_rows(softmax_state *s, int h, int rows, const float *scores, float scale_by,
                                uint16_t *p)
{
    const __m512i half = _mm512_set1_epi32(0x8000); /* to round to the nearest */
    __m512 scale = _mm512_set1_ps(scale_by), most = _mm512_load_ps(s->most + h);
    __m512 even = _mm512_load_ps(s->sum + h), odd = _mm512_setzero_ps();
    for (int k = 0; k < rows; k += 2) {
        __m512 first = exponent(scores + k * SIDE + h, scale, most);
        __m512 second = exponent(scores + (k + 1) * SIDE + h, scale, most);
        even = _mm512_add_ps(even, first), odd = _mm512_add_ps(odd, second);
        __m512i low = _mm512_add_epi32(_mm512_castps_si512(first), half);
        __m512i high = _mm512_add_epi32(_mm512_castps_si512(second), half);
        _mm512_store_si512(p + k * HALF,
                           _mm512_mask_blend_epi16(0xaaaaaaaa, _mm512_srli_epi32(low, 16), high));
    }
    _mm512_store_ps(s->sum + h, _mm512_add_ps(even, odd));
}

#else

static inline void softmax_rows(softmax_state *s, int h, int rows, const float *scores, float scale,
                                uint16_t *p)
{
    for (int k = 0; k < rows; k++)
        for (int i = 0; i < HALF; i++) {
            float x = scores[k * SIDE + h + i] * scale - s->most[h + i];
            x = x < -126.0f ? -126.0f : x;
            float n = rintf(x), r = x - n;
            float power = ((((EXP2_4 * r + EXP2_3) * r + EXP2_2) * r + EXP2_1) * r + EXP2_0) * exp2_of(n);
            s->sum[h + i] += power;
            p[k / 2 * 32 + i * 2 + k % 2] = to_bf16(power);
        }
}

#endif

#endif
