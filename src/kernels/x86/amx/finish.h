/* From sums to results: bias, activation, residual, bf16. */
#ifndef DC3_KERNELS_X86_AMX_FINISH_H
#define DC3_KERNELS_X86_AMX_FINISH_H

#include "kernels/x86/amx/pack.h"
#include "kernels/x86/math.h"

/* SIDE values; the loops have one length so that they become vectors. */
static inline void activate(dc3_activation act, float *v)
{
    switch (act) {
    case DC3_ACT_RELU:
        for (int i = 0; i < SIDE; i++) v[i] = v[i] < 0 ? 0 : v[i];
        break;
    case DC3_ACT_SILU:
        for (int i = 0; i < SIDE; i++) v[i] = v[i] / (1 + dc3_exp(-v[i]));
        break;
    case DC3_ACT_GELU_ERF:
        for (int i = 0; i < SIDE; i++) v[i] = 0.5f * v[i] * (1 + dc3_erf(v[i] * 0.70710678f));
        break;
    case DC3_ACT_QUICK_GELU:
        for (int i = 0; i < SIDE; i++) v[i] = v[i] / (1 + dc3_exp(-1.702f * v[i]));
        break;
    case DC3_ACT_RELU6:
        for (int i = 0; i < SIDE; i++) v[i] = v[i] < 0 ? 0 : v[i] > 6 ? 6 : v[i];
        break;
    case DC3_ACT_SIGMOID:
        for (int i = 0; i < SIDE; i++) v[i] = 1 / (1 + dc3_exp(-v[i]));
        break;
    case DC3_ACT_GELU_TANH:
        for (int i = 0; i < SIDE; i++)
            v[i] = v[i] / (1 + dc3_exp(-1.5957691f * (v[i] + 0.044715f * v[i] * v[i] * v[i])));
        break;
    default:
        break;
    }
}

/* `columns` of SIDE sums to y; bias and residual (NULL: none) stand at the first of them. `last`: the
 * activation comes after the residual. */
static inline void finish_row(float *sums, int64_t columns, const float *bias, dc3_activation act,
                              const uint16_t *residual, int last, uint16_t *y)
{
    for (int64_t i = 0; bias && i < columns; i++) sums[i] += bias[i];
    if (!last) activate(act, sums);
    for (int64_t i = 0; residual && i < columns; i++) sums[i] += from_bf16(residual[i]);
    if (last) activate(act, sums);
    for (int64_t i = 0; i < columns; i++) y[i] = to_bf16(sums[i]);
}

#endif
