/* Random arrays for kernel tests and how far two of them are apart. */
#ifndef DC3_TESTS_RANDOM_TENSORS_H
#define DC3_TESTS_RANDOM_TENSORS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "tensor/tensor.h"

/* n normal values times `scale` in the given type; the caller frees. */
static inline void *random_values(dc3_rng *rng, dc3_dtype type, int64_t n, float scale)
{
    float *x = malloc((size_t)(n + 1) * sizeof *x);
    dc3_rng_normal(rng, x, (size_t)n);
    for (int64_t i = 0; i < n; i++) x[i] *= scale;
    if (type == DC3_F32) return x;
    void *y = malloc((size_t)(n + 1) * 2);
    dc3_convert(x, DC3_F32, y, type, n);
    free(x);
    return y;
}

static inline double value_at(dc3_dtype type, const void *x, int64_t i)
{
    return type == DC3_BF16 ? dc3_from_bf16(((const uint16_t *)x)[i]) : ((const float *)x)[i];
}

/* Largest |a - b| / (1 + |b|). NaN counts as infinite. */
static inline double distance(dc3_dtype type, const void *a, const void *b, int64_t n)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++) {
        double x = value_at(type, a, i), y = value_at(type, b, i), d = fabs(x - y) / (1 + fabs(y));
        if (!(d <= most)) most = isnan(d) ? INFINITY : d;
    }
    return most;
}

static inline int64_t between(dc3_rng *rng, int64_t low, int64_t high)
{
    return low + (int64_t)dc3_rng_below(rng, (uint64_t)(high - low + 1));
}

/* f32 kernels sum in another order; bf16 results are rounded to 8 bits, twice where a kernel keeps bf16
 * inside. */
static inline double tolerance(dc3_dtype type)
{
    return type == DC3_F32 ? 2e-5 : 1.6e-2;
}

#endif
