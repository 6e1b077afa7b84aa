#include "kernels/math.h"
#include "kernels/vector/vector.h"

enum { CHUNK = 4096 };

/* Loops are compiled for one type and activation each: the choice stands inside the parallel loop, whose body
 * is a function of its own to the compiler, with its arguments unknown. */
DC3_INLINE void geglu_row(dc3_dtype type, int64_t c, const void *x, void *y)
{
#pragma omp simd
    for (int64_t j = 0; j < c; j++) {
        float g = dc3_load(type, x, c + j);
        dc3_store(type, y, j, dc3_load(type, x, j) * 0.5f * g * (1.0f + dc3_erf(g * 0.70710678f)));
    }
}

void VECTOR(geglu)(dc3_dtype type, int64_t rows, int64_t c, const void *x, void *y)
{
    size_t row = (size_t)c * (type == DC3_BF16 ? 2 : 4);
#pragma omp parallel for
    for (int64_t r = 0; r < rows; r++) {
        const char *from = (const char *)x + (size_t)r * 2 * row;
        char *to = (char *)y + (size_t)r * row;
        if (type == DC3_BF16)
            geglu_row(DC3_BF16, c, from, to);
        else
            geglu_row(DC3_F32, c, from, to);
    }
}

DC3_INLINE float act_of(dc3_activation act, float x)
{
    switch (act) {
    case DC3_ACT_RELU:
        return x < 0 ? 0 : x; /* NaN stays */
    case DC3_ACT_SILU:
        return x / (1.0f + dc3_exp(-x));
    case DC3_ACT_GELU_ERF:
        return 0.5f * x * (1.0f + dc3_erf(x * 0.70710678f));
    case DC3_ACT_QUICK_GELU:
        return x / (1.0f + dc3_exp(-1.702f * x));
    case DC3_ACT_RELU6:
        return x < 0 ? 0 : x > 6.0f ? 6.0f : x;
    case DC3_ACT_SIGMOID:
        return 1.0f / (1.0f + dc3_exp(-x));
    case DC3_ACT_GELU_TANH:
        return x / (1.0f + dc3_exp(-1.5957691f * fmaf(0.044715f * x * x, x, x)));
    default:
        return x;
    }
}

/* LOOP(type, act, ...) compiled for each type and activation, and the one that `type` and `act` name run. */
#define CASE(A, LOOP, ...)                                                                                   \
    case A:                                                                                                  \
        if (type == DC3_BF16)                                                                                \
            LOOP(DC3_BF16, A, __VA_ARGS__);                                                                  \
        else                                                                                                 \
            LOOP(DC3_F32, A, __VA_ARGS__);                                                                   \
        break
#define EACH_ACTIVATION(...)                                                                                 \
    switch (act) {                                                                                           \
        CASE(DC3_ACT_NONE, __VA_ARGS__);                                                                     \
        CASE(DC3_ACT_RELU, __VA_ARGS__);                                                                     \
        CASE(DC3_ACT_SILU, __VA_ARGS__);                                                                     \
        CASE(DC3_ACT_GELU_ERF, __VA_ARGS__);                                                                 \
        CASE(DC3_ACT_QUICK_GELU, __VA_ARGS__);                                                               \
        CASE(DC3_ACT_RELU6, __VA_ARGS__);                                                                    \
        CASE(DC3_ACT_SIGMOID, __VA_ARGS__);                                                                  \
        CASE(DC3_ACT_GELU_TANH, __VA_ARGS__);                                                                \
    default:                                                                                                 \
        break;                                                                                               \
    }

DC3_INLINE void activate_some(dc3_dtype type, dc3_activation act, int64_t n, const void *x, void *y)
{
#pragma omp simd
    for (int64_t i = 0; i < n; i++) dc3_store(type, y, i, act_of(act, dc3_load(type, x, i)));
}

void VECTOR(activate)(dc3_dtype type, dc3_activation act, int64_t n, const void *x, void *y)
{
    size_t size = type == DC3_BF16 ? 2 : 4;
#pragma omp parallel for
    for (int64_t from = 0; from < n; from += CHUNK) {
        int64_t count = n - from < CHUNK ? n - from : CHUNK;
        size_t at = (size_t)from * size;
        EACH_ACTIVATION(activate_some, count, (const char *)x + at, (char *)y + at);
    }
}

DC3_INLINE float slope_of(dc3_activation act, float x)
{
    float rate = act == DC3_ACT_QUICK_GELU ? 1.702f : 1.0f, s;
    switch (act) {
    case DC3_ACT_RELU:
        return x > 0 ? 1.0f : 0.0f;
    case DC3_ACT_RELU6:
        return x > 0 && x < 6.0f ? 1.0f : 0.0f;
    case DC3_ACT_SIGMOID:
        s = 1.0f / (1.0f + dc3_exp(-x));
        return s * (1.0f - s);
    case DC3_ACT_SILU:
    case DC3_ACT_QUICK_GELU:
        s = 1.0f / (1.0f + dc3_exp(-rate * x));
        return s + rate * x * s * (1.0f - s);
    case DC3_ACT_GELU_ERF:
        /* One of the products is fused with the sum; which, the compiler would choose loop by loop. */
        return fmaf(x * dc3_exp(-0.5f * x * x), 0.39894228f, 0.5f * (1.0f + dc3_erf(x * 0.70710678f)));
    case DC3_ACT_GELU_TANH:
        s = 1.0f / (1.0f + dc3_exp(-1.5957691f * fmaf(0.044715f * x * x, x, x)));
        x = x < -16.0f ? -16.0f : x > 16.0f ? 16.0f : x; /* where s (1 - s) is 0, and x^2 might be infinite */
        return s + x * s * (1.0f - s) * 1.5957691f * fmaf(0.134145f * x, x, 1.0f);
    default:
        return 1.0f;
    }
}

DC3_INLINE void geglu_gradient_row(dc3_dtype type, int64_t c, const void *x, const void *dy, void *dx)
{
#pragma omp simd
    for (int64_t j = 0; j < c; j++) {
        float a = dc3_load(type, x, j), gate = dc3_load(type, x, c + j), g = dc3_load(type, dy, j);
        dc3_store(type, dx, j, g * act_of(DC3_ACT_GELU_ERF, gate));
        dc3_store(type, dx, c + j, g * a * slope_of(DC3_ACT_GELU_ERF, gate));
    }
}

void VECTOR(geglu_gradient)(dc3_dtype type, int64_t rows, int64_t c, const void *x, const void *dy, void *dx)
{
    size_t row = (size_t)c * (type == DC3_BF16 ? 2 : 4);
#pragma omp parallel for
    for (int64_t r = 0; r < rows; r++) {
        const char *from = (const char *)x + (size_t)r * 2 * row, *above = (const char *)dy + (size_t)r * row;
        char *to = (char *)dx + (size_t)r * 2 * row;
        if (type == DC3_BF16)
            geglu_gradient_row(DC3_BF16, c, from, above, to);
        else
            geglu_gradient_row(DC3_F32, c, from, above, to);
    }
}

DC3_INLINE void gradient_some(dc3_dtype type, dc3_activation act, int64_t n, const void *x, const void *dy,
                              void *dx)
{
#pragma omp simd
    for (int64_t i = 0; i < n; i++)
        dc3_store(type, dx, i, dc3_load(type, dy, i) * slope_of(act, dc3_load(type, x, i)));
}

void VECTOR(activate_gradient)(dc3_dtype type, dc3_activation act, int64_t n, const void *x, const void *dy,
                               void *dx)
{
    size_t size = type == DC3_BF16 ? 2 : 4;
#pragma omp parallel for
    for (int64_t from = 0; from < n; from += CHUNK) {
        int64_t count = n - from < CHUNK ? n - from : CHUNK;
        size_t at = (size_t)from * size;
        EACH_ACTIVATION(gradient_some, count, (const char *)x + at, (const char *)dy + at, (char *)dx + at);
    }
}

void VECTOR(add)(dc3_dtype type, int64_t n, const void *a, const void *b, void *y)
{
    if (type == DC3_BF16) {
#pragma omp parallel for simd
        for (int64_t i = 0; i < n; i++)
            dc3_store(DC3_BF16, y, i, dc3_load(DC3_BF16, a, i) + dc3_load(DC3_BF16, b, i));
    } else {
#pragma omp parallel for simd
        for (int64_t i = 0; i < n; i++) ((float *)y)[i] = ((const float *)a)[i] + ((const float *)b)[i];
    }
}

DC3_INLINE void add_vector_rows(dc3_dtype type, int64_t rows, int64_t pixels, int64_t c, const void *x,
                                const void *vector, void *y)
{
#pragma omp parallel for
    for (int64_t r = 0; r < rows; r++) {
        size_t size = type == DC3_BF16 ? 2 : 4;
        const char *from = (const char *)x + (size_t)(r * c) * size,
                   *more = (const char *)vector + (size_t)(r / pixels * c) * size;
        char *to = (char *)y + (size_t)(r * c) * size;
#pragma omp simd
        for (int64_t j = 0; j < c; j++)
            dc3_store(type, to, j, dc3_load(type, from, j) + dc3_load(type, more, j));
    }
}

void VECTOR(add_vector)(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x,
                        const void *vector, void *y)
{
    if (type == DC3_BF16)
        add_vector_rows(DC3_BF16, n * pixels, pixels, c, x, vector, y);
    else
        add_vector_rows(DC3_F32, n * pixels, pixels, c, x, vector, y);
}

DC3_INLINE void upsample2_gradient_rows(dc3_dtype type, int64_t pixels, int64_t w, int64_t c, const void *dy,
                                        void *dx)
{
#pragma omp parallel for
    for (int64_t p = 0; p < pixels; p++) {
        size_t size = type == DC3_BF16 ? 2 : 4;
        const char *first = (const char *)dy + (size_t)((p / w * 4 * w + p % w * 2) * c) * size,
                   *second = first + (size_t)(2 * w * c) * size;
        char *out = (char *)dx + (size_t)(p * c) * size;
#pragma omp simd
        for (int64_t j = 0; j < c; j++)
            dc3_store(type, out, j,
                      (dc3_load(type, first, j) + dc3_load(type, first, c + j)) +
                          (dc3_load(type, second, j) + dc3_load(type, second, c + j)));
    }
}

void VECTOR(upsample2_gradient)(dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, const void *dy,
                                void *dx)
{
    if (type == DC3_BF16)
        upsample2_gradient_rows(DC3_BF16, n * h * w, w, c, dy, dx);
    else
        upsample2_gradient_rows(DC3_F32, n * h * w, w, c, dy, dx);
}

void VECTOR(cast)(dc3_dtype from_type, const void *from, dc3_dtype to_type, void *to, int64_t n)
{
    if (from_type == DC3_F32 && to_type == DC3_BF16) {
#pragma omp parallel for simd
        for (int64_t i = 0; i < n; i++) dc3_store(DC3_BF16, to, i, ((const float *)from)[i]);
    } else if (from_type == DC3_BF16 && to_type == DC3_F32) {
#pragma omp parallel for simd
        for (int64_t i = 0; i < n; i++) ((float *)to)[i] = dc3_load(DC3_BF16, from, i);
    } else
        dc3_convert(from, from_type, to, to_type, n);
}
