/* Adaptive layer norm and gated residuals of diffusion transformers (Peebles and Xie 2023), and their
 * gradients. In double precision. */
#include "kernels/ref/ref.h"
#include "kernels/ref/scalar.h"

typedef struct moments {
    double mean, rate; /* 1 / sqrt(variance + eps) */
} moments;

static moments moments_of(dc3_dtype type, const dc3_adaptive_shape *s, const void *x, int64_t row)
{
    double sum = 0, square = 0, mean;
    for (int64_t j = 0; j < s->c; j++) sum += get(type, x, row * s->c + j);
    mean = sum / (double)s->c;
    for (int64_t j = 0; j < s->c; j++) {
        double v = get(type, x, row * s->c + j) - mean;
        square += v * v;
    }
    return (moments){mean, 1 / sqrt(square / (double)s->c + s->eps)};
}

/* Where the condition's vector of a row of tokens begins. */
static int64_t vector_of(const dc3_adaptive_shape *s, int64_t row)
{
    return row / s->tokens * s->stride;
}

void dc3_ref_adaptive_norm(dc3_dtype type, const dc3_adaptive_shape *s, const void *x, const void *shift,
                           const void *scale, void *y)
{
#pragma omp parallel for
    for (int64_t r = 0; r < s->n * s->tokens; r++) {
        moments m = moments_of(type, s, x, r);
        for (int64_t j = 0, at = vector_of(s, r); j < s->c; j++)
            put(type, y, r * s->c + j,
                (get(type, x, r * s->c + j) - m.mean) * m.rate * (1 + get(type, scale, at + j)) +
                    get(type, shift, at + j));
    }
}

size_t dc3_ref_adaptive_norm_scratch(const dc3_adaptive_shape *s)
{
    return (size_t)(s->n * s->tokens) * sizeof(moments);
}

/* With g = dy (1 + scale) and z the normalised x: dx = rate (g - mean of g - z mean of g z). */
static void row_gradient(dc3_dtype type, const dc3_adaptive_shape *s, const void *x, const void *scale,
                         const void *dy, int64_t r, moments m, void *dx)
{
    int64_t at = vector_of(s, r), first = r * s->c;
    double sum = 0, product = 0;
    for (int64_t j = 0; j < s->c; j++) {
        double g = get(type, dy, first + j) * (1 + get(type, scale, at + j));
        sum += g;
        product += g * (get(type, x, first + j) - m.mean) * m.rate;
    }
    for (int64_t j = 0; j < s->c; j++) {
        double g = get(type, dy, first + j) * (1 + get(type, scale, at + j));
        double z = (get(type, x, first + j) - m.mean) * m.rate;
        put(type, dx, first + j, m.rate * (g - sum / (double)s->c - z * product / (double)s->c));
    }
}

void dc3_ref_adaptive_norm_gradient(dc3_dtype type, const dc3_adaptive_shape *s, const void *x,
                                    const void *scale, const void *dy, void *dx, void *dshift, void *dscale,
                                    void *scratch)
{
    moments *m = scratch;
#pragma omp parallel for
    for (int64_t r = 0; r < s->n * s->tokens; r++) {
        m[r] = moments_of(type, s, x, r);
        if (dx) row_gradient(type, s, x, scale, dy, r, m[r], dx);
    }
    if (!dshift) return;
#pragma omp parallel for
    for (int64_t k = 0; k < s->n * s->c; k++) {
        int64_t i = k / s->c, j = k % s->c;
        double sum = 0, product = 0;
        for (int64_t r = i * s->tokens; r < (i + 1) * s->tokens; r++) {
            double g = get(type, dy, r * s->c + j);
            sum += g;
            product += g * (get(type, x, r * s->c + j) - m[r].mean) * m[r].rate;
        }
        put(type, dshift, i * s->stride + j, sum);
        put(type, dscale, i * s->stride + j, product);
    }
}

void dc3_ref_gated_add(dc3_dtype type, const dc3_adaptive_shape *s, const void *x, const void *branch,
                       const void *gate, void *y)
{
#pragma omp parallel for
    for (int64_t r = 0; r < s->n * s->tokens; r++)
        for (int64_t j = 0, at = vector_of(s, r), k = r * s->c; j < s->c; j++, k++)
            put(type, y, k, get(type, x, k) + get(type, gate, at + j) * get(type, branch, k));
}

void dc3_ref_gated_add_gradient(dc3_dtype type, const dc3_adaptive_shape *s, const void *branch,
                                const void *gate, const void *dy, void *dbranch, void *dgate)
{
#pragma omp parallel for
    for (int64_t r = 0; r < (dgate ? s->n * s->c : 0); r++) {
        int64_t i = r / s->c, j = r % s->c;
        double sum = 0;
        for (int64_t k = i * s->tokens * s->c + j; k < (i + 1) * s->tokens * s->c; k += s->c)
            sum += get(type, branch, k) * get(type, dy, k);
        put(type, dgate, i * s->stride + j, sum);
    }
#pragma omp parallel for
    for (int64_t r = 0; r < (dbranch ? s->n * s->tokens : 0); r++)
        for (int64_t j = 0, at = vector_of(s, r), k = r * s->c; j < s->c; j++, k++)
            put(type, dbranch, k, get(type, gate, at + j) * get(type, dy, k));
}
