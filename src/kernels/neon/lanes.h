/* Vectors of four floats by NEON, which every arm64 processor has: what kernels/vector/lanes.h offers, with
 * the same meaning, of NaN too. Included by it alone. */
#ifndef DC3_KERNELS_NEON_LANES_H
#define DC3_KERNELS_NEON_LANES_H

#include <arm_neon.h>
#include "kernels/math.h"

enum { LANES = 4 };
typedef float32x4_t vec;
typedef int32x4_t vec_int;
typedef uint32x4_t vec_mask; /* of a comparison: all bits of a lane */
typedef int vec_span;        /* the first lanes, those that memory has: how many */

DC3_INLINE vec v_zero(void)
{
    return vdupq_n_f32(0.0f);
}

DC3_INLINE vec v_set(float x)
{
    return vdupq_n_f32(x);
}

DC3_INLINE vec v_load_any(const void *x)
{
    return vld1q_f32(x);
}

DC3_INLINE void v_store_any(void *y, vec v)
{
    vst1q_f32(y, v);
}

DC3_INLINE vec v_load(const void *x)
{
    return v_load_any(x);
}

DC3_INLINE void v_store(void *y, vec v)
{
    v_store_any(y, v);
}

DC3_INLINE vec_span v_span(int64_t count)
{
    return count >= LANES ? LANES : count > 0 ? (int)count : 0;
}

DC3_INLINE vec v_load_span(const void *x, vec_span s)
{
    float some[LANES] = {0};
    if (s == LANES) return v_load_any(x);
    memcpy(some, x, (size_t)s * 4);
    return v_load_any(some);
}

DC3_INLINE void v_store_span(void *y, vec_span s, vec v)
{
    float some[LANES];
    if (s == LANES) {
        v_store_any(y, v);
        return;
    }
    v_store_any(some, v);
    memcpy(y, some, (size_t)s * 4);
}

DC3_INLINE vec v_load_bf16(const void *x, vec_span s)
{
    uint16_t some[LANES] = {0};
    memcpy(some, x, (size_t)s * 2);
    return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(some), 16));
}

DC3_INLINE void v_store_bf16(void *y, vec_span s, vec v)
{
    uint16_t some[LANES];
    uint32x4_t bits = vreinterpretq_u32_f32(v);
    uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    bits = vaddq_u32(vaddq_u32(bits, vdupq_n_u32(0x7fff)), odd);
    bits = vornq_u32(bits, vceqq_f32(v, v)); /* of NaN all bits, as dc3_store */
    vst1_u16(some, vshrn_n_u32(bits, 16));
    memcpy(y, some, (size_t)s * 2);
}

DC3_INLINE vec v_add(vec x, vec y)
{
    return vaddq_f32(x, y);
}

DC3_INLINE vec v_sub(vec x, vec y)
{
    return vsubq_f32(x, y);
}

DC3_INLINE vec v_mul(vec x, vec y)
{
    return vmulq_f32(x, y);
}

DC3_INLINE vec v_div(vec x, vec y)
{
    return vdivq_f32(x, y);
}

/* x * y + z, rounded once. */
DC3_INLINE vec v_mul_add(vec x, vec y, vec z)
{
    return vfmaq_f32(z, x, y);
}

DC3_INLINE vec v_mul_sub(vec x, vec y, vec z)
{
    return vfmaq_f32(vnegq_f32(z), x, y);
}

DC3_INLINE vec_mask v_greater(vec x, vec y)
{
    return vcgtq_f32(x, y);
}

DC3_INLINE vec_mask v_equal(vec x, vec y)
{
    return vceqq_f32(x, y);
}

/* Where they differ, or one is NaN. */
DC3_INLINE vec_mask v_unequal(vec x, vec y)
{
    return vmvnq_u32(vceqq_f32(x, y));
}

/* Whether any lane's differ. */
DC3_INLINE int v_differ(vec x, vec y)
{
    return vmaxvq_u32(v_unequal(x, y)) != 0;
}

/* The second where one is NaN: not vmaxq_f32. */
DC3_INLINE vec v_max(vec x, vec y)
{
    return vbslq_f32(vcgtq_f32(x, y), x, y);
}

/* first, first + 1... */
DC3_INLINE vec_int v_numbers(int first)
{
    static const int32_t from_zero[LANES] = {0, 1, 2, 3};
    return vaddq_s32(vld1q_s32(from_zero), vdupq_n_s32(first));
}

DC3_INLINE vec_mask v_at_least(vec_int x, int least)
{
    return vcgeq_s32(x, vdupq_n_s32(least));
}

/* x where m holds, else 0. */
DC3_INLINE vec v_where(vec_mask m, vec x)
{
    return vreinterpretq_f32_u32(vandq_u32(m, vreinterpretq_u32_f32(x)));
}

/* The larger of x and y where m holds, else x. */
DC3_INLINE vec v_max_where(vec_mask m, vec x, vec y)
{
    return vbslq_f32(m, v_max(x, y), x);
}

DC3_INLINE float v_sum(vec x)
{
    return vaddvq_f32(x);
}

DC3_INLINE vec v_round(vec x)
{
    return vrndnq_f32(x);
}

/* x * 2^n for whole n from -126 on; from 128 on as for 128: infinity. */
DC3_INLINE vec v_scale2(vec x, vec n)
{
    int32x4_t whole = vcvtnq_s32_f32(vminq_f32(n, vdupq_n_f32(128.0f)));
    whole = vshlq_n_s32(vaddq_s32(whole, vdupq_n_s32(127)), 23);
    return vmulq_f32(x, vreinterpretq_f32_s32(whole));
}

/* LANES rows of LANES 32-bit values, transposed; strides in bytes. */
DC3_INLINE void v_transpose(const void *from, int64_t from_stride, void *to, int64_t to_stride)
{
    float32x4_t r[4];
    for (int i = 0; i < 4; i++) r[i] = v_load_any((const char *)from + i * from_stride);
    float32x4x2_t low = vzipq_f32(r[0], r[2]), high = vzipq_f32(r[1], r[3]);
    float32x4x2_t first = vzipq_f32(low.val[0], high.val[0]), last = vzipq_f32(low.val[1], high.val[1]);
    v_store_any(to, first.val[0]);
    v_store_any((char *)to + to_stride, first.val[1]);
    v_store_any((char *)to + 2 * to_stride, last.val[0]);
    v_store_any((char *)to + 3 * to_stride, last.val[1]);
}

#endif
