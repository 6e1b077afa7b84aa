/* The table in plain C. Kernels that vector/ replaces compute in double precision, one element at a time,
 * since they are what the fast ones are tested against; those that no tier replaces are what runs. */
#include <stdlib.h>
#include <string.h>
#include "kernels/ref/ref.h"
#include "kernels/ref/scalar.h"

static void geglu(dc3_dtype type, int64_t rows, int64_t c, const void *x, void *y)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = 0; j < c; j++)
            put(type, y, r * c + j,
                get(type, x, r * 2 * c + j) * act_of(DC3_ACT_GELU_ERF, get(type, x, r * 2 * c + c + j)));
}

static void geglu_gradient(dc3_dtype type, int64_t rows, int64_t c, const void *x, const void *dy, void *dx)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = 0; j < c; j++) {
            double a = get(type, x, r * 2 * c + j), gate = get(type, x, r * 2 * c + c + j);
            double g = get(type, dy, r * c + j);
            put(type, dx, r * 2 * c + j, g * act_of(DC3_ACT_GELU_ERF, gate));
            put(type, dx, r * 2 * c + c + j, g * a * act_slope(DC3_ACT_GELU_ERF, gate));
        }
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

static void add_vector(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x,
                       const void *vector, void *y)
{
    for (int64_t i = 0; i < n * pixels * c; i++)
        put(type, y, i, get(type, x, i) + get(type, vector, i / (pixels * c) * c + i % c));
}

/* A block of channels at a time, so that each sum's order is that of the rows. */
static void scatter_rows(dc3_dtype type, int64_t rows, int64_t c, const int64_t *ids, const void *x,
                         float *sums)
{
    enum { WIDE = 64 };
#pragma omp parallel for
    for (int64_t first = 0; first < c; first += WIDE)
        for (int64_t r = 0; r < rows; r++) {
            float *to = sums + ids[r] * c;
            for (int64_t j = first; j < c && j < first + WIDE; j++) to[j] += (float)get(type, x, r * c + j);
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

static void split(dc3_dtype type, int64_t rows, int64_t ca, int64_t cb, const void *y, void *a, void *b)
{
    size_t na = (size_t)ca * dc3_dtype_size(type), nb = (size_t)cb * dc3_dtype_size(type);
#pragma omp parallel for
    for (int64_t r = 0; r < rows; r++) {
        const char *from = (const char *)y + (size_t)r * (na + nb);
        if (a) memcpy((char *)a + (size_t)r * na, from, na);
        if (b) memcpy((char *)b + (size_t)r * nb, from + na, nb);
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

static void upsample2_gradient(dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, const void *dy,
                               void *dx)
{
    for (int64_t i = 0; i < n * h * w * c; i++) {
        int64_t row = i / (w * c), column = i / c % w;
        int64_t at = (2 * row * 2 * w + 2 * column) * c + i % c, below = at + 2 * w * c;
        put(type, dx, i,
            get(type, dy, at) + get(type, dy, at + c) + get(type, dy, below) + get(type, dy, below + c));
    }
}

static void cast(dc3_dtype from_type, const void *from, dc3_dtype to_type, void *to, int64_t n)
{
    dc3_convert(from, from_type, to, to_type, n);
}

const dc3_kernels *dc3_kernels_ref(void)
{
    static const dc3_kernels table = {.name = "plain C",
                                      .group_norm = dc3_ref_group_norm,
                                      .layer_norm = dc3_ref_layer_norm,
                                      .norm_gradient_scratch = dc3_ref_norm_gradient_scratch,
                                      .group_norm_gradient = dc3_ref_group_norm_gradient,
                                      .layer_norm_gradient = dc3_ref_layer_norm_gradient,
                                      .adaptive_norm = dc3_ref_adaptive_norm,
                                      .adaptive_norm_scratch = dc3_ref_adaptive_norm_scratch,
                                      .adaptive_norm_gradient = dc3_ref_adaptive_norm_gradient,
                                      .gated_add = dc3_ref_gated_add,
                                      .gated_add_gradient = dc3_ref_gated_add_gradient,
                                      .attention_scratch = dc3_ref_attention_scratch,
                                      .attention = dc3_ref_attention,
                                      .attention_gradient_scratch = dc3_ref_attention_gradient_scratch,
                                      .attention_gradient = dc3_ref_attention_gradient,
                                      .geglu = geglu,
                                      .geglu_gradient = geglu_gradient,
                                      .activate = activate,
                                      .activate_gradient = activate_gradient,
                                      .add = add,
                                      .add_vector = add_vector,
                                      .add_rows = add_rows,
                                      .scatter_rows = scatter_rows,
                                      .concat = concat,
                                      .split = split,
                                      .upsample2 = upsample2,
                                      .upsample2_gradient = upsample2_gradient,
                                      .batch_norm_scratch = dc3_ref_batch_norm_scratch,
                                      .batch_norm_statistics = dc3_ref_batch_norm_statistics,
                                      .batch_norm = dc3_ref_batch_norm,
                                      .batch_norm_sums = dc3_ref_batch_norm_sums,
                                      .batch_norm_gradient = dc3_ref_batch_norm_gradient,
                                      .cast = cast,

                                      .copy = dc3_ref_copy,
                                      .fill = dc3_ref_fill,
                                      .swap = dc3_ref_swap,
                                      .copy_rows = dc3_ref_copy_rows,
                                      .to_planar = dc3_ref_to_planar,
                                      .from_planar = dc3_ref_from_planar,
                                      .pool = dc3_ref_pool,
                                      .pool_gradient_scratch = dc3_ref_pool_gradient_scratch,
                                      .pool_gradient = dc3_ref_pool_gradient,
                                      .global_pool = dc3_ref_global_pool,
                                      .global_pool_gradient = dc3_ref_global_pool_gradient,
                                      .adaptive_pool = dc3_ref_adaptive_pool,
                                      .adaptive_pool_gradient = dc3_ref_adaptive_pool_gradient,
                                      .scale_channels = dc3_ref_scale_channels,
                                      .scale_channels_gradient = dc3_ref_scale_channels_gradient,
                                      .dropout = dc3_ref_dropout,
                                      .embedding = dc3_ref_embedding,
                                      .class_token = dc3_ref_class_token,
                                      .patch_merge = dc3_ref_patch_merge,
                                      .patch_merge_gradient = dc3_ref_patch_merge_gradient,
                                      .position_bias = dc3_ref_position_bias,
                                      .position_bias_gradient = dc3_ref_position_bias_gradient,
                                      .window_attention_scratch = dc3_ref_window_attention_scratch,
                                      .window_attention = dc3_ref_window_attention,
                                      .window_attention_gradient_scratch =
                                          dc3_ref_window_attention_gradient_scratch,
                                      .window_attention_gradient = dc3_ref_window_attention_gradient,
                                      .loss_scratch = dc3_ref_loss_scratch,
                                      .cross_entropy = dc3_ref_cross_entropy,
                                      .distillation = dc3_ref_distillation,
                                      .cosine = dc3_ref_cosine,
                                      .mse = dc3_ref_mse,
                                      .multiply = dc3_ref_multiply,
                                      .scale = dc3_ref_scale,
                                      .sum_squares = dc3_ref_sum_squares,
                                      .affine = dc3_ref_affine,
                                      .clamp = dc3_ref_clamp,
                                      .guided = dc3_ref_guided,
                                      .sampler_step = dc3_ref_sampler_step,
                                      .blend = dc3_ref_blend,
                                      .sgd = dc3_ref_sgd,
                                      .adamw = dc3_ref_adamw,
                                      .batch_norm_vectors = dc3_ref_batch_norm_vectors,
                                      .batch_norm_running = dc3_ref_batch_norm_running,
                                      .batch_norm_coefficients = dc3_ref_batch_norm_coefficients};
    return &table;
}
