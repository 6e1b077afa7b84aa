/* Conversions between the float types, round to nearest even. */
#include "tensor/tensor.h"

#include <string.h>

uint16_t dc3_to_bf16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, 4);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(bits >> 16 | 0x40); /* NaN stays NaN */
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float dc3_from_bf16(uint16_t half)
{
    uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

uint16_t dc3_to_f16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, 4);
    uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return (uint16_t)(sign | 0x7e00);
    if (magnitude >= 0x477ff000u) return (uint16_t)(sign | 0x7c00); /* rounds to infinity */
    if (magnitude >= 0x38800000u) {                                 /* normal */
        uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
        return (uint16_t)(sign | (rounded - 0x38000000u) >> 13);
    }
    if (magnitude < 0x33000000u) return (uint16_t)sign; /* under half the smallest subnormal */
    uint32_t mantissa = (magnitude & 0x7fffffu) | 0x800000u, shift = 126 - (magnitude >> 23);
    uint32_t result = mantissa >> shift, rest = mantissa & ((1u << shift) - 1), half = 1u << (shift - 1);
    if (rest > half || (rest == half && (result & 1))) result++;
    return (uint16_t)(sign | result);
}

float dc3_from_f16(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31, mantissa = half & 0x3ff,
             bits;
    float value;
    if (exponent == 31)
        bits = sign | 0x7f800000u | mantissa << 13;
    else if (exponent)
        bits = sign | (exponent + 112) << 23 | mantissa << 13;
    else {
        value = (float)mantissa * 0x1p-24f;
        return sign ? -value : value;
    }
    memcpy(&value, &bits, 4);
    return value;
}

static int is_float(dc3_dtype dtype)
{
    return dtype == DC3_F32 || dtype == DC3_BF16 || dtype == DC3_F16 || dtype == DC3_F64;
}

static double load(const void *from, dc3_dtype dtype, int64_t i)
{
    switch (dtype) {
    case DC3_F32:
        return ((const float *)from)[i];
    case DC3_BF16:
        return dc3_from_bf16(((const uint16_t *)from)[i]);
    case DC3_F16:
        return dc3_from_f16(((const uint16_t *)from)[i]);
    default:
        return ((const double *)from)[i];
    }
}

static void store(void *to, dc3_dtype dtype, int64_t i, double value)
{
    switch (dtype) {
    case DC3_F32:
        ((float *)to)[i] = (float)value;
        break;
    case DC3_BF16:
        ((uint16_t *)to)[i] = dc3_to_bf16((float)value);
        break;
    case DC3_F16:
        ((uint16_t *)to)[i] = dc3_to_f16((float)value);
        break;
    default:
        ((double *)to)[i] = value;
    }
}

dc3_status dc3_convert(const void *from, dc3_dtype from_type, void *to, dc3_dtype to_type, int64_t n)
{
    if (!is_float(from_type) || !is_float(to_type))
        return dc3_fail(DC3_ERR_ARGUMENT, "cannot convert %s to %s", dc3_dtype_name(from_type),
                        dc3_dtype_name(to_type));
    if (from_type == to_type)
        memcpy(to, from, (size_t)n * dc3_dtype_size(to_type));
    else if (from_type == DC3_F32 && to_type == DC3_BF16)
        for (int64_t i = 0; i < n; i++) ((uint16_t *)to)[i] = dc3_to_bf16(((const float *)from)[i]);
    else if (from_type == DC3_BF16 && to_type == DC3_F32)
        for (int64_t i = 0; i < n; i++) ((float *)to)[i] = dc3_from_bf16(((const uint16_t *)from)[i]);
    else
        for (int64_t i = 0; i < n; i++) store(to, to_type, i, load(from, from_type, i));
    return DC3_OK;
}
