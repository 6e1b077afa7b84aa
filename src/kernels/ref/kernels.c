/* Every kernel in plain C, in double precision and one element at a time. */
#include <stdlib.h>
#include <string.h>
#include "kernels/ref/ref.h"
#include "kernels/ref/scalar.h"

static void group_norm(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, int64_t groups, const void *x,
                       const float *gamma, const float *beta, float eps, dc3_activation act, void *y)
{
    int64_t width = c / groups;
    for (int64_t i = 0; i < n; i++)
        for (int64_t g = 0; g < groups; g++) {
            double sum = 0, square = 0, count = (double)(pixels * width);
#define AT(p, j) (((i)*pixels + (p)) * c + g * width + (j))
#define VALUE(p, j) get(type, x, AT(p, j))
            for (int64_t p = 0; p < pixels; p++)
                for (int64_t j = 0; j < width; j++) sum += VALUE(p, j);
            double mean = sum / count;
            for (int64_t p = 0; p < pixels; p++)
                for (int64_t j = 0; j < width; j++) square += (VALUE(p, j) - mean) * (VALUE(p, j) - mean);
            double rate = 1 / sqrt(square / count + eps);
            for (int64_t p = 0; p < pixels; p++)
                for (int64_t j = 0; j < width; j++) {
                    int64_t k = g * width + j;
                    put(type, y, AT(p, j), act_of(act, (VALUE(p, j) - mean) * rate * gamma[k] + beta[k]));
                }
#undef AT
#undef VALUE
        }
}

static void layer_norm(dc3_dtype type, int64_t rows, int64_t c, const void *x, const float *gamma,
                       const float *beta, float eps, void *y)
{
    for (int64_t r = 0; r < rows; r++) {
        double sum = 0, square = 0;
        for (int64_t j = 0; j < c; j++) sum += get(type, x, r * c + j);
        double mean = sum / (double)c;
        for (int64_t j = 0; j < c; j++) square += pow(get(type, x, r * c + j) - mean, 2);
        double rate = 1 / sqrt(square / (double)c + eps);
        for (int64_t j = 0; j < c; j++)
            put(type, y, r * c + j, (get(type, x, r * c + j) - mean) * rate * gamma[j] + beta[j]);
    }
}

static size_t attention_scratch(dc3_dtype type, const dc3_attention_shape *shape, int threads)
{
    (void)type, (void)threads;
    return (size_t)shape->tokens_kv * sizeof(double);
}

static void attention(dc3_dtype type, const dc3_attention_shape *s, const void *q, const void *k,
                      const void *v, void *y, void *scratch)
{
    double *score = scratch; /* one row */
    for (int64_t row = 0; row < s->n * s->heads * s->tokens_q; row++) {
        int64_t t = row % s->tokens_q, h = row / s->tokens_q % s->heads, n = row / s->tokens_q / s->heads;
        int64_t keys = s->causal && t + 1 < s->tokens_kv ? t + 1 : s->tokens_kv, nk = n % s->n_kv;
        int64_t at_q = (n * s->tokens_q + t) * s->stride_q + h * s->dim;
        double most = -INFINITY, sum = 0;
        for (int64_t j = 0; j < keys; j++) {
            int64_t at_k = (nk * s->tokens_kv + j) * s->stride_k + h * s->dim;
            score[j] = 0;
            for (int64_t d = 0; d < s->dim; d++) score[j] += get(type, q, at_q + d) * get(type, k, at_k + d);
            score[j] *= s->scale;
            if (score[j] > most) most = score[j];
        }
        for (int64_t j = 0; j < keys; j++) sum += score[j] = exp(score[j] - most);
        for (int64_t d = 0; d < s->dim; d++) {
            double out = 0;
            for (int64_t j = 0; j < keys; j++)
                out += score[j] * get(type, v, (nk * s->tokens_kv + j) * s->stride_v + h * s->dim + d);
            put(type, y, (n * s->tokens_q + t) * s->stride_y + h * s->dim + d, out / sum);
        }
    }
}

static void geglu(dc3_dtype type, int64_t rows, int64_t c, const void *x, void *y)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = 0; j < c; j++)
            put(type, y, r * c + j,
                get(type, x, r * 2 * c + j) * act_of(DC3_ACT_GELU_ERF, get(type, x, r * 2 * c + c + j)));
}

static void activate(dc3_dtype type, dc3_activation act, int64_t n, const void *x, void *y)
{
    for (int64_t i = 0; i < n; i++) put(type, y, i, act_of(act, get(type, x, i)));
}

static void add(dc3_dtype type, int64_t n, const void *a, const void *b, void *y)
{
    for (int64_t i = 0; i < n; i++) put(type, y, i, get(type, a, i) + get(type, b, i));
}

static void activate_gradient(dc3_dtype type, dc3_activation act, int64_t n, const void *x, const void *dy,
                              void *dx)
{
    for (int64_t i = 0; i < n; i++) put(type, dx, i, get(type, dy, i) * act_slope(act, get(type, x, i)));
}

static void add_rows(dc3_dtype type, int64_t rows, int64_t c, const void *x, float *sums)
{
    for (int64_t j = 0; j < c; j++) {
        double sum = 0;
        for (int64_t r = 0; r < rows; r++) sum += get(type, x, r * c + j);
        sums[j] += (float)sum;
    }
}

static void concat(dc3_dtype type, int64_t rows, int64_t ca, int64_t cb, const void *a, const void *b,
                   void *y)
{
    size_t na = (size_t)ca * dc3_dtype_size(type), nb = (size_t)cb * dc3_dtype_size(type);
#pragma omp parallel for
    for (int64_t r = 0; r < rows; r++) {
        char *to = (char *)y + (size_t)r * (na + nb);
        memcpy(to, (const char *)a + (size_t)r * na, na);
        memcpy(to + na, (const char *)b + (size_t)r * nb, nb);
    }
}

static void upsample2(dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, const void *x, void *y)
{
    size_t pixel = (size_t)c * dc3_dtype_size(type);
#pragma omp parallel for
    for (int64_t row = 0; row < n * 2 * h; row++)
        for (int64_t j = 0; j < 2 * w; j++) {
            int64_t from = (row / (2 * h) * h + row % (2 * h) / 2) * w + j / 2;
            memcpy((char *)y + (size_t)(row * 2 * w + j) * pixel, (const char *)x + (size_t)from * pixel,
                   pixel);
        }
}

static void cast(dc3_dtype from_type, const void *from, dc3_dtype to_type, void *to, int64_t n)
{
    dc3_convert(from, from_type, to, to_type, n);
}

static void sgd(const dc3_sgd_step *s, int64_t n, const float *gradient, float *value, float *momentum)
{
#pragma omp parallel for
    for (int64_t i = 0; i < n; i++) {
        double g = gradient[i] + s->decay * value[i], m = g;
        if (momentum) m = s->momentum * momentum[i] + g, momentum[i] = (float)m;
        value[i] = (float)(value[i] - s->lr * (s->nesterov ? g + s->momentum * m : m));
    }
}

static void adamw(const dc3_adamw_step *s, int64_t n, const float *gradient, float *value, float *m, float *v)
{
    double rate = s->lr / s->correction1, root = sqrt(s->correction2);
#pragma omp parallel for
    for (int64_t i = 0; i < n; i++) {
        double g = gradient[i], first = m[i] + (1 - s->beta1) * (g - m[i]),
               second = s->beta2 * v[i] + (1 - s->beta2) * g * g;
        m[i] = (float)first;
        v[i] = (float)second;
        value[i] = (float)(value[i] * (1 - s->lr * s->decay) - rate * first / (sqrt(second) / root + s->eps));
    }
}

const dc3_kernels *dc3_kernels_ref(void)
{
    static const dc3_kernels table = {.name = "plain C",
                                      .group_norm = group_norm,
                                      .layer_norm = layer_norm,
                                      .attention_scratch = attention_scratch,
                                      .attention = attention,
                                      .geglu = geglu,
                                      .activate = activate,
                                      .activate_gradient = activate_gradient,
                                      .add = add,
                                      .add_rows = add_rows,
                                      .concat = concat,
                                      .upsample2 = upsample2,
                                      .batch_norm_scratch = dc3_ref_batch_norm_scratch,
                                      .batch_norm_statistics = dc3_ref_batch_norm_statistics,
                                      .batch_norm = dc3_ref_batch_norm,
                                      .batch_norm_sums = dc3_ref_batch_norm_sums,
                                      .batch_norm_gradient = dc3_ref_batch_norm_gradient,
                                      .cast = cast,
                                      .sgd = sgd,
                                      .adamw = adamw};
    return &table;
}
