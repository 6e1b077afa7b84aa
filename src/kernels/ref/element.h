/* One element of f32 or bf16 memory, for kernels that compute in f32. */
#ifndef DC3_KERNELS_REF_ELEMENT_H
#define DC3_KERNELS_REF_ELEMENT_H

#include "tensor/tensor.h"

static inline float load(const void *x, dc3_dtype type, int64_t i)
{
    return type == DC3_BF16 ? dc3_from_bf16(((const uint16_t *)x)[i]) : ((const float *)x)[i];
}

static inline void store(void *y, dc3_dtype type, int64_t i, float value)
{
    if (type == DC3_BF16)
        ((uint16_t *)y)[i] = dc3_to_bf16(value);
    else
        ((float *)y)[i] = value;
}

#endif
