/* Vectors of LANES floats, in AVX-512, in AVX2 and FMA or in NEON, whichever the file is compiled for. Of NaN
 * holds what x86's instructions do, which is the same in both: the larger of two is the second where one of
 * them is NaN, and no comparison but v_unequal and v_differ holds. */
#ifndef DC3_KERNELS_VECTOR_LANES_H
#define DC3_KERNELS_VECTOR_LANES_H

#if defined(__aarch64__)
#include "kernels/neon/lanes.h"
#else

#include <immintrin.h>
#include "kernels/math.h"

#if defined(__AVX512F__)

enum { LANES = 16 };
typedef __m512 vec;
typedef __m512i vec_int;
typedef __mmask16 vec_mask; /* of a comparison */
typedef __mmask16 vec_span; /* the first lanes: those that memory has */

#define V(operation) _mm512_##operation

DC3_INLINE vec_span v_span(int64_t count)
{
    return (vec_span)(count >= LANES ? 0xffff : (1u << count) - 1);
}

DC3_INLINE vec v_load_span(const void *x, vec_span s)
{
    return _mm512_maskz_loadu_ps(s, x);
}

DC3_INLINE void v_store_span(void *y, vec_span s, vec v)
{
    _mm512_mask_storeu_ps(y, s, v);
}

DC3_INLINE vec v_load_bf16(const void *x, vec_span s)
{
    __m512i bits = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(s, x));
    return _mm512_castsi512_ps(_mm512_slli_epi32(bits, 16));
}

DC3_INLINE void v_store_bf16(void *y, vec_span s, vec v)
{
    __m512i bits = _mm512_castps_si512(v);
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __mmask16 number = _mm512_cmp_ps_mask(v, v, _CMP_ORD_Q);
    bits = _mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff));
    bits = _mm512_mask_add_epi32(_mm512_set1_epi32(-1), number, bits, odd); /* as dc3_store */
    _mm256_mask_storeu_epi16(y, s, _mm512_cvtepi32_epi16(_mm512_srli_epi32(bits, 16)));
}

DC3_INLINE vec_mask v_greater(vec x, vec y)
{
    return _mm512_cmp_ps_mask(x, y, _CMP_GT_OQ);
}

DC3_INLINE vec_mask v_equal(vec x, vec y)
{
    return _mm512_cmp_ps_mask(x, y, _CMP_EQ_OQ);
}

/* Where they differ, or one is NaN. */
DC3_INLINE vec_mask v_unequal(vec x, vec y)
{
    return _mm512_cmp_ps_mask(x, y, _CMP_NEQ_UQ);
}

/* Whether any lane's differ. */
DC3_INLINE int v_differ(vec x, vec y)
{
    return _mm512_cmp_ps_mask(x, y, _CMP_NEQ_UQ) != 0;
}

/* first, first + 1... */
DC3_INLINE vec_int v_numbers(int first)
{
    return _mm512_add_epi32(_mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
                            _mm512_set1_epi32(first));
}

DC3_INLINE vec_mask v_at_least(vec_int x, int least)
{
    return _mm512_cmpge_epi32_mask(x, _mm512_set1_epi32(least));
}

/* x where m holds, else 0. */
DC3_INLINE vec v_where(vec_mask m, vec x)
{
    return _mm512_maskz_mov_ps(m, x);
}

/* The larger of x and y where m holds, else x. */
DC3_INLINE vec v_max_where(vec_mask m, vec x, vec y)
{
    return _mm512_mask_max_ps(x, m, x, y);
}

DC3_INLINE float v_sum(vec x)
{
    return _mm512_reduce_add_ps(x);
}

DC3_INLINE vec v_round(vec x)
{
    return _mm512_roundscale_ps(x, 0);
}

/* x * 2^n for whole n from -126 on. */
DC3_INLINE vec v_scale2(vec x, vec n)
{
    return _mm512_scalef_ps(x, n);
}

/* LANES rows of LANES 32-bit values, transposed; strides in bytes. */
DC3_INLINE void v_transpose(const void *from, int64_t from_stride, void *to, int64_t to_stride)
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

#else

enum { LANES = 8 };
typedef __m256 vec;
typedef __m256i vec_int;
typedef __m256 vec_mask; /* of a comparison: all bits of a lane */
/* The first lanes: those that memory has. Masked stores are slow on many processors, so that whole vectors
 * go without. */
typedef struct vec_span {
    __m256i bits;
    int count;
} vec_span;

#define V(operation) _mm256_##operation

/* first, first + 1... */
DC3_INLINE vec_int v_numbers(int first)
{
    return _mm256_add_epi32(_mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0), _mm256_set1_epi32(first));
}

DC3_INLINE vec_span v_span(int64_t count)
{
    int live = count >= LANES ? LANES : (int)count;
    return (vec_span){_mm256_cmpgt_epi32(_mm256_set1_epi32(live), v_numbers(0)), live};
}

DC3_INLINE vec v_load_span(const void *x, vec_span s)
{
    return s.count == LANES ? _mm256_loadu_ps(x) : _mm256_maskload_ps(x, s.bits);
}

DC3_INLINE void v_store_span(void *y, vec_span s, vec v)
{
    if (s.count == LANES)
        _mm256_storeu_ps(y, v);
    else
        _mm256_maskstore_ps(y, s.bits, v);
}

DC3_INLINE vec v_load_bf16(const void *x, vec_span s)
{
    __m128i some = _mm_setzero_si128();
    if (s.count == LANES)
        some = _mm_loadu_si128(x);
    else
        memcpy(&some, x, (size_t)s.count * 2);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(some), 16));
}

DC3_INLINE void v_store_bf16(void *y, vec_span s, vec v)
{
    __m256i bits = _mm256_castps_si256(v);
    __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q)); /* all bits, as dc3_store */
    bits = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
    bits = _mm256_srli_epi32(_mm256_or_si256(bits, nan), 16);
    __m128i some = _mm_packus_epi32(_mm256_castsi256_si128(bits), _mm256_extracti128_si256(bits, 1));
    if (s.count == LANES)
        _mm_storeu_si128(y, some);
    else
        memcpy(y, &some, (size_t)s.count * 2);
}

DC3_INLINE vec_mask v_greater(vec x, vec y)
{
    return _mm256_cmp_ps(x, y, _CMP_GT_OQ);
}

DC3_INLINE vec_mask v_equal(vec x, vec y)
{
    return _mm256_cmp_ps(x, y, _CMP_EQ_OQ);
}

/* Where they differ, or one is NaN. */
DC3_INLINE vec_mask v_unequal(vec x, vec y)
{
    return _mm256_cmp_ps(x, y, _CMP_NEQ_UQ);
}

/* Whether any lane's differ. */
DC3_INLINE int v_differ(vec x, vec y)
{
    return _mm256_movemask_ps(_mm256_cmp_ps(x, y, _CMP_NEQ_UQ)) != 0;
}

DC3_INLINE vec_mask v_at_least(vec_int x, int least)
{
    return _mm256_castsi256_ps(_mm256_cmpgt_epi32(x, _mm256_set1_epi32(least - 1)));
}

/* x where m holds, else 0. */
DC3_INLINE vec v_where(vec_mask m, vec x)
{
    return _mm256_and_ps(m, x);
}

/* The larger of x and y where m holds, else x. */
DC3_INLINE vec v_max_where(vec_mask m, vec x, vec y)
{
    return _mm256_blendv_ps(x, _mm256_max_ps(x, y), m);
}

DC3_INLINE float v_sum(vec x)
{
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

DC3_INLINE vec v_round(vec x)
{
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* x * 2^n for whole n from -126 on; from 128 on as for 128: infinity. */
DC3_INLINE vec v_scale2(vec x, vec n)
{
    __m256i whole = _mm256_cvtps_epi32(_mm256_min_ps(n, _mm256_set1_ps(128.0f)));
    whole = _mm256_slli_epi32(_mm256_add_epi32(whole, _mm256_set1_epi32(127)), 23);
    return _mm256_mul_ps(x, _mm256_castsi256_ps(whole));
}

/* LANES rows of LANES 32-bit values, transposed; strides in bytes. */
DC3_INLINE void v_transpose(const void *from, int64_t from_stride, void *to, int64_t to_stride)
{
    __m256 r[8], t[8];
    for (int i = 0; i < 8; i++) r[i] = _mm256_loadu_ps((const void *)((const char *)from + i * from_stride));
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
        r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++) {
        t[i] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x20);
        t[i + 4] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x31);
    }
    for (int i = 0; i < 8; i++) _mm256_storeu_ps((void *)((char *)to + i * to_stride), t[i]);
}

#endif

DC3_INLINE vec v_zero(void)
{
    return V(setzero_ps)();
}

DC3_INLINE vec v_set(float x)
{
    return V(set1_ps)(x);
}

/* Aligned to the vector's size, as v_store. */
DC3_INLINE vec v_load(const void *x)
{
    return V(load_ps)(x);
}

DC3_INLINE void v_store(void *y, vec v)
{
    V(store_ps)(y, v);
}

/* At any address. */
DC3_INLINE vec v_load_any(const void *x)
{
    return V(loadu_ps)(x);
}

DC3_INLINE void v_store_any(void *y, vec v)
{
    V(storeu_ps)(y, v);
}

DC3_INLINE vec v_add(vec x, vec y)
{
    return V(add_ps)(x, y);
}

DC3_INLINE vec v_sub(vec x, vec y)
{
    return V(sub_ps)(x, y);
}

DC3_INLINE vec v_mul(vec x, vec y)
{
    return V(mul_ps)(x, y);
}

DC3_INLINE vec v_div(vec x, vec y)
{
    return V(div_ps)(x, y);
}

/* x * y + z, rounded once. */
DC3_INLINE vec v_mul_add(vec x, vec y, vec z)
{
    return V(fmadd_ps)(x, y, z);
}

DC3_INLINE vec v_mul_sub(vec x, vec y, vec z)
{
    return V(fmsub_ps)(x, y, z);
}

DC3_INLINE vec v_max(vec x, vec y)
{
    return V(max_ps)(x, y);
}

#undef V

#endif

#endif
