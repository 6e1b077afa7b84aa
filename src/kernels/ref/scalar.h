/* One element at a time, in double precision: what the plain kernels read, write and apply. */
#ifndef DC3_KERNELS_REF_SCALAR_H
#define DC3_KERNELS_REF_SCALAR_H

#include <math.h>
#include "kernels/backend.h"

static inline double get(dc3_dtype type, const void *x, int64_t i)
{
    return type == DC3_BF16 ? dc3_from_bf16(((const uint16_t *)x)[i]) : ((const float *)x)[i];
}

static inline void put(dc3_dtype type, void *y, int64_t i, double value)
{
    if (type == DC3_BF16)
        ((uint16_t *)y)[i] = dc3_to_bf16((float)value);
    else
        ((float *)y)[i] = (float)value;
}

/* Of GELU by tanh, which is x sigmoid(this): 2 sqrt(2 / pi) (x + 0.044715 x^3). */
static inline double gelu_tanh_inner(double x)
{
    return 1.5957691216057308 * (x + 0.044715 * x * x * x);
}

static inline double act_of(dc3_activation act, double x)
{
    switch (act) {
    case DC3_ACT_RELU:
        return x < 0 ? 0 : x; /* NaN stays */
    case DC3_ACT_SILU:
        return x / (1 + exp(-x));
    case DC3_ACT_GELU_ERF:
        return 0.5 * x * (1 + erf(x * 0.70710678118654752));
    case DC3_ACT_QUICK_GELU:
        return x / (1 + exp(-1.702 * x));
    case DC3_ACT_RELU6:
        return x < 0 ? 0 : x > 6 ? 6 : x;
    case DC3_ACT_SIGMOID:
        return 1 / (1 + exp(-x));
    case DC3_ACT_GELU_TANH:
        return x / (1 + exp(-gelu_tanh_inner(x)));
    default:
        return x;
    }
}

/* The derivative of act_of. */
static inline double act_slope(dc3_activation act, double x)
{
    double rate = act == DC3_ACT_QUICK_GELU ? 1.702 : 1, s = 1 / (1 + exp(-rate * x));
    switch (act) {
    case DC3_ACT_RELU:
        return x > 0;
    case DC3_ACT_RELU6:
        return x > 0 && x < 6;
    case DC3_ACT_SIGMOID:
        return s * (1 - s);
    case DC3_ACT_SILU:
    case DC3_ACT_QUICK_GELU:
        return s + rate * x * s * (1 - s);
    case DC3_ACT_GELU_ERF:
        return 0.5 * (1 + erf(x * 0.70710678118654752)) + x * exp(-0.5 * x * x) * 0.39894228040143268;
    case DC3_ACT_GELU_TANH:
        s = 1 / (1 + exp(-gelu_tanh_inner(x)));
        return s + x * s * (1 - s) * 1.5957691216057308 * (1 + 0.134145 * x * x);
    default:
        return 1;
    }
}

#endif
