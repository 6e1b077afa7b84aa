/* exp and erf in a form that compilers vectorise. */
#ifndef DC3_KERNELS_MATH_H
#define DC3_KERNELS_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>
#include "tensor/tensor.h"

#define DC3_INLINE static inline __attribute__((always_inline))

DC3_INLINE float dc3_bits_float(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

/* exp with a relative error under 3e-7; clamped to the range of normal floats. */
DC3_INLINE float dc3_exp(float x)
{
    x = x > 88.0f ? 88.0f : x;
    x = x < -87.0f ? -87.0f : x;
    float n = rintf(x * 1.44269504f);
    float r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    return p * dc3_bits_float((uint32_t)((int32_t)n + 127) << 23);
}

/* Abramowitz and Stegun 7.1.26: absolute error under 3e-7 with dc3_exp. */
DC3_INLINE float dc3_erf(float x)
{
    float a = fabsf(x), t = 1.0f / (1.0f + 0.3275911f * a);
    float p = 1.061405429f;
    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    float y = 1.0f - p * t * dc3_exp(-a * a);
    return x < 0 ? -y : y;
}

/* `type` is a constant at every call, so that each loop is compiled for one type. */
DC3_INLINE float dc3_load(dc3_dtype type, const void *x, int64_t i)
{
    return type == DC3_BF16 ? dc3_bits_float((uint32_t)((const uint16_t *)x)[i] << 16)
                            : ((const float *)x)[i];
}

/* Of a NaN, which rounding might make 0 or an infinity, all bits are set. */
DC3_INLINE void dc3_store(dc3_dtype type, void *y, int64_t i, float value)
{
    if (type == DC3_BF16) {
        uint32_t bits;
        memcpy(&bits, &value, 4);
        bits = (bits + 0x7fff + (bits >> 16 & 1)) | -(uint32_t)(value != value);
        ((uint16_t *)y)[i] = (uint16_t)(bits >> 16);
    } else
        ((float *)y)[i] = value;
}

#endif
