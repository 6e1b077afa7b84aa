/* Rows of SIDE scores, whose loops have one length so that they become vectors. */
#ifndef DC3_KERNELS_X86_AMX_SOFTMAX_H
#define DC3_KERNELS_X86_AMX_SOFTMAX_H

#include <math.h>
#include "kernels/x86/amx/pack.h"

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

/* The largest of the first `live` values, which may be none or all. */
static inline float row_maximum(const float *x, int64_t live)
{
    float top = -INFINITY;
    int count = (int)live;
#pragma omp simd reduction(max : top)
    for (int i = 0; i < SIDE; i++) {
        float value = i < count ? x[i] : -INFINITY;
        top = value > top ? value : top;
    }
    return top;
}

/* p = 2^(x scale - shift) of the first `live` values, else 0; returns their sum before they are rounded. */
static inline float row_exponents(const float *x, int64_t live, float scale, float shift, uint16_t *p)
{
    float total = 0, e[SIDE];
    int count = (int)live;
#pragma omp simd reduction(+ : total)
    for (int i = 0; i < SIDE; i++) {
        float power = exp2_of(x[i] * scale - shift);
        e[i] = i < count ? power : 0;
        total += e[i];
    }
    for (int i = 0; i < SIDE; i++) p[i] = to_bf16(e[i]);
    return total;
}

#endif
