/* What follows the statistics of a group norm in bf16: x * scale + offset of each channel, and SiLU. */
#include "kernels/vector/lanes.h"
#include "kernels/vector/vector.h"

DC3_INLINE void store(uint16_t *y, vec_span s, vec v)
{
    _mm256_mask_storeu_epi16(y, s, (__m256i)_mm512_cvtneps_pbh(v));
}

/* v / (1 + 2^t), t = -v log2(e), with a relative error of 4e-6: 2^t is a polynomial in the fraction of t +
 * 1/2, from 0 to 1, times a power of two; the quotient a reciprocal and a step of Newton's method. */
DC3_INLINE vec silu(vec v)
{
    vec t = v_mul_add(v, v_set(-1.44269504f), v_set(0.5f));
    t = _mm512_min_ps(v_set(126), t); /* NaN stays */
    vec f = _mm512_reduce_ps(t, _MM_FROUND_TO_NEG_INF);
    vec p = v_set(0.00957010179f);
    p = v_mul_add(p, f, v_set(0.0367776567f));
    p = v_mul_add(p, f, v_set(0.170725811f));
    p = v_mul_add(p, f, v_set(0.490027711f));
    p = v_mul_add(p, f, v_set(0.707108615f));
    vec d = v_add(_mm512_scalef_ps(p, t), v_set(1)), near = _mm512_rcp14_ps(d);
    return v_mul(v, v_mul_add(near, _mm512_fnmadd_ps(d, near, v_set(1)), near));
}

void dc3_avx512_scale_rows_bf16(int64_t rows, int64_t c, const uint16_t *x, const float *scale,
                                const float *offset, int with_silu, uint16_t *y)
{
    for (int64_t r = 0; r < rows; r++, x += c, y += c)
        for (int64_t j = 0; j < c; j += LANES) {
            vec_span s = v_span(c - j);
            vec v = v_mul_add(v_load_bf16(x + j, s), v_load_span(scale + j, s), v_load_span(offset + j, s));
            store(y + j, s, with_silu ? silu(v) : v);
        }
}
