/* Convolution and matrix product in plain C: a direct sum in double precision, the reference for the fast
 * ones. */
#include <stdlib.h>
#include <string.h>
#include "kernels/dense.h"
#include "kernels/ref/scalar.h"

/* `count` values as f32, which hold those of either type exactly. */
static dc3_status floats_of(dc3_dtype type, const void *x, int64_t count, float **out)
{
    *out = malloc((size_t)count * sizeof **out);
    if (!*out) return dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld values", (long long)count);
    for (int64_t i = 0; i < count; i++) (*out)[i] = (float)get(type, x, i);
    return DC3_OK;
}

/* The weights as f32 [co, kh kw, ci], rounded to the compute type as the fast kernels have them. */
static dc3_status weights_of(const dc3_weight *weight, const dc3_conv_shape *s, float **out)
{
    int64_t columns = dc3_conv_columns(s), taps = s->kh * s->kw, ci = columns / taps;
    *out = malloc((size_t)(s->co * columns) * sizeof **out);
    float *row = malloc((size_t)columns * sizeof *row);
    dc3_status status = DC3_OK;
    if (!*out || !row)
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld weights", (long long)(s->co * columns));
    if (status == DC3_OK) status = dc3_weight_unpack(weight, DC3_F32, *out);
    for (int64_t o = 0; status == DC3_OK && o < s->co; o++) {
        float *to = *out + o * columns;
        memcpy(row, to, (size_t)columns * sizeof *row);
        for (int64_t t = 0; t < taps; t++)
            for (int64_t c = 0; c < ci; c++) {
                float w = row[c * taps + t];
                to[t * ci + c] = s->type == DC3_BF16 ? dc3_from_bf16(dc3_to_bf16(w)) : w;
            }
    }
    free(row);
    return status;
}

/* What an output pixel takes from one place of the kernel and one group of channels: `ci` values of the image
 * from `x` on, with `ci` weights from `w` on in each of the `co` rows from `o` on, which are `columns` apart.
 */
typedef struct tap {
    int64_t x, w, o, ci, co, columns;
} tap;
typedef void on_tap(void *user, const tap *t);

static void each_tap(const dc3_conv_shape *s, int64_t pixel, on_tap *call, void *user)
{
    int64_t height = dc3_conv_out_height(s), width = dc3_conv_out_width(s);
    int64_t image = pixel / (height * width), oy = pixel / width % height, ox = pixel % width;
    int64_t groups = s->groups > 1 ? s->groups : 1;
    tap t = {.ci = s->ci / groups, .co = s->co / groups, .columns = dc3_conv_columns(s)};
    for (int64_t ky = 0; ky < s->kh; ky++)
        for (int64_t kx = 0; kx < s->kw; kx++) {
            int64_t iy = oy * s->stride + ky - s->pad_top, ix = ox * s->stride + kx - s->pad_left;
            if (iy < 0 || iy >= s->h || ix < 0 || ix >= s->w) continue;
            for (int64_t g = 0; g < groups; g++) {
                t.x = ((image * s->h + iy) * s->w + ix) * s->ci + g * t.ci;
                t.o = g * t.co;
                t.w = t.o * t.columns + (ky * s->kw + kx) * t.ci;
                call(user, &t);
            }
        }
}

typedef struct sums {
    const float *x, *w; /* the image, the weights */
    const float *dy;    /* gradients [co] of the outputs of this pixel, going backward */
    double *out; /* sums of the outputs [co] of this pixel; of gradients of the image or of the weights */
} sums;

/* Rows at once: each sum is of one product after the other, and does not wait for those of the others. */
static inline void add_products(const float *x, const float *w, const tap *t, int rows, double *out)
{
    double sum[8];
    for (int r = 0; r < rows; r++) sum[r] = out[r];
    for (int64_t c = 0; c < t->ci; c++)
        for (int r = 0; r < rows; r++) sum[r] += (double)x[c] * w[r * t->columns + c];
    for (int r = 0; r < rows; r++) out[r] = sum[r];
}

static void forward_tap(void *user, const tap *t)
{
    const sums *s = user;
    int64_t r = 0;
    for (; r + 8 <= t->co; r += 8)
        add_products(s->x + t->x, s->w + t->w + r * t->columns, t, 8, s->out + t->o + r);
    for (; r < t->co; r++) add_products(s->x + t->x, s->w + t->w + r * t->columns, t, 1, s->out + t->o + r);
}

static void data_tap(void *user, const tap *t)
{
    const sums *s = user;
    for (int64_t r = 0; r < t->co; r++) {
        const float *w = s->w + t->w + r * t->columns;
        double dy = s->dy[t->o + r], *out = s->out + t->x;
        for (int64_t c = 0; c < t->ci; c++) out[c] += dy * w[c];
    }
}

static void weight_tap(void *user, const tap *t)
{
    const sums *s = user;
    for (int64_t r = 0; r < t->co; r++) {
        const float *x = s->x + t->x;
        double dy = s->dy[t->o + r], *out = s->out + t->w + r * t->columns;
        for (int64_t c = 0; c < t->ci; c++) out[c] += dy * x[c];
    }
}

static int64_t pixels_of(const dc3_conv_shape *s)
{
    return s->n * dc3_conv_out_height(s) * dc3_conv_out_width(s);
}

static dc3_status conv2d(void *self, const dc3_conv_shape *s, const void *x, dc3_weight *weight,
                         const float *bias, const void *residual, void *y)
{
    (void)self;
    float *w = NULL, *image = NULL;
    double *out = malloc((size_t)s->co * sizeof *out);
    dc3_status status = out ? weights_of(weight, s, &w) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = floats_of(s->type, x, s->n * s->h * s->w * s->ci, &image);
    int64_t pixels = pixels_of(s);
    for (int64_t pixel = 0; status == DC3_OK && pixel < pixels; pixel++) {
        for (int64_t o = 0; o < s->co; o++) out[o] = 0;
        each_tap(s, pixel, forward_tap, &(sums){.x = image, .w = w, .out = out});
        for (int64_t o = 0; o < s->co; o++) {
            double sum = out[o] + (bias ? bias[o] : 0);
            double more = residual ? get(s->type, residual, pixel * s->co + o) : 0;
            sum = s->act_last ? act_of(s->act, sum + more) : act_of(s->act, sum) + more;
            put(s->type, y, pixel * s->co + o, sum);
        }
    }
    free(out), free(w), free(image);
    return status;
}

/* All products, with the gradients of their outputs; sums into all->out. */
static dc3_status backward(const dc3_conv_shape *s, const void *dy, on_tap *call, sums *all)
{
    int64_t pixels = pixels_of(s);
    float *gradients = NULL;
    DC3_TRY(floats_of(s->type, dy, pixels * s->co, &gradients));
    for (int64_t pixel = 0; pixel < pixels; pixel++) {
        all->dy = gradients + pixel * s->co;
        each_tap(s, pixel, call, all);
    }
    free(gradients);
    return DC3_OK;
}

static dc3_status conv2d_backward_data(void *self, const dc3_conv_shape *s, const void *dy,
                                       dc3_weight *weight, void *dx)
{
    (void)self;
    int64_t count = s->n * s->h * s->w * s->ci;
    float *w = NULL;
    double *out = calloc((size_t)count, sizeof *out);
    dc3_status status = out ? weights_of(weight, s, &w) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = backward(s, dy, data_tap, &(sums){.w = w, .out = out});
    for (int64_t i = 0; status == DC3_OK && i < count; i++) put(s->type, dx, i, out[i]);
    free(out), free(w);
    return status;
}

static dc3_status conv2d_backward_weight(void *self, const dc3_conv_shape *s, const void *x, const void *dy,
                                         float *dw)
{
    (void)self;
    int64_t columns = dc3_conv_columns(s), taps = s->kh * s->kw, ci = columns / taps;
    float *image = NULL;
    double *out = calloc((size_t)(s->co * columns), sizeof *out); /* [co, kh kw, ci] */
    dc3_status status = out ? floats_of(s->type, x, s->n * s->h * s->w * s->ci, &image)
                            : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = backward(s, dy, weight_tap, &(sums){.x = image, .out = out});
    for (int64_t i = 0; status == DC3_OK && i < s->co * columns; i++)
        dw[i] += (float)out[i / columns * columns + i % taps * ci + i % columns / taps];
    free(out), free(image);
    return status;
}

static dc3_status linear(void *self, const dc3_linear_shape *s, const void *x, dc3_weight *weight,
                         const float *bias, const void *residual, void *y)
{
    dc3_conv_shape shape = dc3_linear_as_conv(s);
    return conv2d(self, &shape, x, weight, bias, residual, y);
}

static dc3_status linear_backward_data(void *self, const dc3_linear_shape *s, const void *dy,
                                       dc3_weight *weight, void *dx)
{
    dc3_conv_shape shape = dc3_linear_as_conv(s);
    return conv2d_backward_data(self, &shape, dy, weight, dx);
}

static dc3_status linear_backward_weight(void *self, const dc3_linear_shape *s, const void *x, const void *dy,
                                         float *dw)
{
    dc3_conv_shape shape = dc3_linear_as_conv(s);
    return conv2d_backward_weight(self, &shape, x, dy, dw);
}

static void nothing(void *self)
{
    (void)self;
}

dc3_status dc3_dense_ref(dc3_dense *dense)
{
    *dense = (dc3_dense){.name = "plain C",
                         .conv2d = conv2d,
                         .linear = linear,
                         .conv2d_backward_data = conv2d_backward_data,
                         .conv2d_backward_weight = conv2d_backward_weight,
                         .linear_backward_data = linear_backward_data,
                         .linear_backward_weight = linear_backward_weight,
                         .close = nothing};
    return DC3_OK;
}
