/* Convolution and matrix product in plain C: a direct sum in double precision, the reference for the fast
 * ones. */
#include <stdlib.h>
#include "kernels/dense.h"
#include "kernels/ref/scalar.h"

/* The weights as f32, rounded to the compute type as the fast kernels have them. */
static dc3_status weights_of(const dc3_weight *weight, dc3_dtype type, float **out)
{
    int64_t n = dc3_weight_rows(weight) * dc3_weight_columns(weight);
    *out = malloc((size_t)n * sizeof **out);
    if (!*out) return dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld weights", (long long)n);
    dc3_status status = dc3_weight_unpack(weight, DC3_F32, *out);
    if (status == DC3_OK && type == DC3_BF16)
        for (int64_t i = 0; i < n; i++) (*out)[i] = dc3_from_bf16(dc3_to_bf16((*out)[i]));
    return status;
}

/* Calls `tap` for every product of output pixel and channel (image, oy, ox, o): elements of x and of the
 * weight's row o. */
typedef struct tap {
    int64_t x, w;
} tap;
typedef void on_tap(void *user, tap t);

static void each_tap(const dc3_conv_shape *s, int64_t pixel, int64_t o, on_tap *call, void *user)
{
    int64_t height = dc3_conv_out_height(s), width = dc3_conv_out_width(s);
    int64_t image = pixel / (height * width), oy = pixel / width % height, ox = pixel % width;
    int64_t groups = s->groups > 1 ? s->groups : 1, ci = s->ci / groups, first = o / (s->co / groups) * ci;
    for (int64_t ky = 0; ky < s->kh; ky++)
        for (int64_t kx = 0; kx < s->kw; kx++) {
            int64_t iy = oy * s->stride + ky - s->pad_top, ix = ox * s->stride + kx - s->pad_left;
            if (iy < 0 || iy >= s->h || ix < 0 || ix >= s->w) continue;
            int64_t at = ((image * s->h + iy) * s->w + ix) * s->ci + first;
            for (int64_t c = 0; c < ci; c++)
                call(user, (tap){at + c, o * dc3_conv_columns(s) + (c * s->kh + ky) * s->kw + kx});
        }
}

typedef struct sums {
    dc3_dtype type;
    const void *x;  /* the image */
    const float *w; /* the weights */
    double sum;     /* of products, going forward */
    double dy;      /* the gradient of the output going backward */
    double *out;    /* sums of gradients of the image or of the weights */
} sums;

static void forward_tap(void *user, tap t)
{
    sums *s = user;
    s->sum += get(s->type, s->x, t.x) * s->w[t.w];
}

static void data_tap(void *user, tap t)
{
    sums *s = user;
    s->out[t.x] += s->dy * s->w[t.w];
}

static void weight_tap(void *user, tap t)
{
    sums *s = user;
    s->out[t.w] += s->dy * get(s->type, s->x, t.x);
}

static dc3_status conv2d(void *self, const dc3_conv_shape *s, const void *x, dc3_weight *weight,
                         const float *bias, const void *residual, void *y)
{
    (void)self;
    float *w;
    dc3_status status = weights_of(weight, s->type, &w);
    int64_t pixels = s->n * dc3_conv_out_height(s) * dc3_conv_out_width(s);
    for (int64_t pixel = 0; status == DC3_OK && pixel < pixels; pixel++)
        for (int64_t o = 0; o < s->co; o++) {
            sums all = {.type = s->type, .x = x, .w = w};
            each_tap(s, pixel, o, forward_tap, &all);
            double sum = all.sum + (bias ? bias[o] : 0);
            double more = residual ? get(s->type, residual, pixel * s->co + o) : 0;
            sum = s->act_last ? act_of(s->act, sum + more) : act_of(s->act, sum) + more;
            put(s->type, y, pixel * s->co + o, sum);
        }
    free(w);
    return status;
}

/* All products, with the gradient of their output; sums into out [count]. */
static void backward(const dc3_conv_shape *s, const void *dy, on_tap *call, sums *all)
{
    int64_t pixels = s->n * dc3_conv_out_height(s) * dc3_conv_out_width(s);
    for (int64_t pixel = 0; pixel < pixels; pixel++)
        for (int64_t o = 0; o < s->co; o++) {
            all->dy = get(s->type, dy, pixel * s->co + o);
            each_tap(s, pixel, o, call, all);
        }
}

static dc3_status conv2d_backward_data(void *self, const dc3_conv_shape *s, const void *dy,
                                       dc3_weight *weight, void *dx)
{
    (void)self;
    int64_t count = s->n * s->h * s->w * s->ci;
    float *w;
    dc3_status status = weights_of(weight, s->type, &w);
    double *out = calloc((size_t)count, sizeof *out);
    if (status == DC3_OK && !out) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) backward(s, dy, data_tap, &(sums){.w = w, .out = out});
    for (int64_t i = 0; status == DC3_OK && i < count; i++) put(s->type, dx, i, out[i]);
    free(out);
    free(w);
    return status;
}

static dc3_status conv2d_backward_weight(void *self, const dc3_conv_shape *s, const void *x, const void *dy,
                                         float *dw)
{
    (void)self;
    int64_t count = s->co * dc3_conv_columns(s);
    double *out = calloc((size_t)count, sizeof *out);
    if (!out) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    backward(s, dy, weight_tap, &(sums){.type = s->type, .x = x, .out = out});
    for (int64_t i = 0; i < count; i++) dw[i] += (float)out[i];
    free(out);
    return DC3_OK;
}

/* A matrix product is a convolution of images of one pixel. */
static dc3_conv_shape as_conv(const dc3_linear_shape *s)
{
    return (dc3_conv_shape){.n = s->rows,
                            .h = 1,
                            .w = 1,
                            .ci = s->ci,
                            .co = s->co,
                            .kh = 1,
                            .kw = 1,
                            .stride = 1,
                            .type = s->type,
                            .act = s->act,
                            .bias = s->bias,
                            .residual = s->residual};
}

static dc3_status linear(void *self, const dc3_linear_shape *s, const void *x, dc3_weight *weight,
                         const float *bias, const void *residual, void *y)
{
    dc3_conv_shape shape = as_conv(s);
    return conv2d(self, &shape, x, weight, bias, residual, y);
}

static dc3_status linear_backward_data(void *self, const dc3_linear_shape *s, const void *dy,
                                       dc3_weight *weight, void *dx)
{
    dc3_conv_shape shape = as_conv(s);
    return conv2d_backward_data(self, &shape, dy, weight, dx);
}

static dc3_status linear_backward_weight(void *self, const dc3_linear_shape *s, const void *x, const void *dy,
                                         float *dw)
{
    dc3_conv_shape shape = as_conv(s);
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
