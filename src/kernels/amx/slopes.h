/* Rows of scores and of the gradients of probabilities to probabilities and to the scores' gradients, in
 * bf16: a key's for SIDE queries. */
#ifndef DC3_KERNELS_AMX_SLOPES_H
#define DC3_KERNELS_AMX_SLOPES_H

#include "kernels/amx/softmax.h"

/* Which of SIDE queries see a key: numbers low to high - 1. */
typedef struct range {
    int low, high;
} range;

#if defined(__AVX512BF16__)

/* p and ds of one key, of the first ones the lower half. */
static inline __attribute__((always_inline)) void slope_row(const float *scores, const float *slopes,
                                                            const float *lse, const float *delta, float scale,
                                                            range sees, __m512i *p, __m512i *ds)
{
    uint32_t is = (uint32_t)((1ull << sees.high) - (1ull << sees.low));
    __m512 power[2], slope[2];
    for (int h = 0; h < 2; h++) {
        __mmask16 mask = (__mmask16)(is >> h * HALF);
        power[h] = _mm512_maskz_mov_ps(
            mask, exponent(scores + h * HALF, _mm512_set1_ps(scale), _mm512_load_ps(lse + h * HALF)));
        slope[h] = _mm512_maskz_mul_ps(
            mask, power[h],
            _mm512_sub_ps(_mm512_load_ps(slopes + h * HALF), _mm512_load_ps(delta + h * HALF)));
    }
    *p = (__m512i)_mm512_cvtne2ps_pbh(power[1], power[0]);
    *ds = (__m512i)_mm512_cvtne2ps_pbh(slope[1], slope[0]);
}

/* p and ds of two keys, one row behind the other, and the ds as a row of pairs of each of two tiles. */
static inline void slope_rows(const float *scores, const float *slopes, const float *lse, const float *delta,
                              float scale, const range sees[2], uint16_t *p, uint16_t *ds, uint16_t *pairs)
{
    __m512i power[2], slope[2], order[2];
    order[0] = _mm512_or_si512(v_numbers(0), _mm512_slli_epi32(v_numbers(32), 16));
    order[1] = _mm512_add_epi16(order[0], _mm512_set1_epi16(HALF));
    for (int k = 0; k < 2; k++) {
        slope_row(scores + k * SIDE, slopes + k * SIDE, lse, delta, scale, sees[k], &power[k], &slope[k]);
        _mm512_store_si512(p + k * DEPTH, power[k]);
        _mm512_store_si512(ds + k * DEPTH, slope[k]);
    }
    for (int h = 0; h < 2; h++)
        _mm512_store_si512(pairs + h * TILE, _mm512_permutex2var_epi16(slope[0], order[h], slope[1]));
}

#else

static inline void slope_rows(const float *scores, const float *slopes, const float *lse, const float *delta,
                              float scale, const range sees[2], uint16_t *p, uint16_t *ds, uint16_t *pairs)
{
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < SIDE; i++) {
            int is = i >= sees[k].low && i < sees[k].high, at = k * SIDE + i;
            float power = is ? exp2_of(scores[at] * scale - lse[i]) : 0;
            p[at] = to_bf16(power);
            ds[at] = to_bf16(is ? power * (slopes[at] - delta[i]) : 0);
            pairs[i / HALF * TILE + i % HALF * 2 + k] = ds[at];
        }
}

#endif

#endif
