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

/* One output pixel: all taps that lie inside the picture, for output channel `o`. */
static double taps(const dc3_conv_shape *s, const void *x, const float *w, int64_t image, int64_t oy,
                   int64_t ox)
{
    double sum = 0;
    for (int64_t ky = 0; ky < s->kh; ky++)
        for (int64_t kx = 0; kx < s->kw; kx++) {
            int64_t iy = oy * s->stride + ky - s->pad_top, ix = ox * s->stride + kx - s->pad_left;
            if (iy < 0 || iy >= s->h || ix < 0 || ix >= s->w) continue;
            int64_t at = ((image * s->h + iy) * s->w + ix) * s->ci;
            for (int64_t c = 0; c < s->ci; c++)
                sum += get(s->type, x, at + c) * w[(c * s->kh + ky) * s->kw + kx];
        }
    return sum;
}

static dc3_status conv2d(void *self, const dc3_conv_shape *s, const void *x, dc3_weight *weight,
                         const float *bias, const void *residual, void *y)
{
    (void)self;
    float *w;
    dc3_status status = weights_of(weight, s->type, &w);
    int64_t height = dc3_conv_out_height(s), width = dc3_conv_out_width(s), columns = s->ci * s->kh * s->kw;
    for (int64_t pixel = 0; status == DC3_OK && pixel < s->n * height * width; pixel++)
        for (int64_t o = 0; o < s->co; o++) {
            int64_t image = pixel / (height * width), oy = pixel / width % height, ox = pixel % width;
            double sum = taps(s, x, w + o * columns, image, oy, ox) + (bias ? bias[o] : 0);
            double more = residual ? get(s->type, residual, pixel * s->co + o) : 0;
            sum = s->act_last ? act_of(s->act, sum + more) : act_of(s->act, sum) + more;
            put(s->type, y, pixel * s->co + o, sum);
        }
    free(w);
    return status;
}

static dc3_status linear(void *self, const dc3_linear_shape *s, const void *x, dc3_weight *weight,
                         const float *bias, const void *residual, void *y)
{
    dc3_conv_shape shape = {.n = s->rows,
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
    return conv2d(self, &shape, x, weight, bias, residual, y);
}

static void nothing(void *self)
{
    (void)self;
}

dc3_status dc3_dense_ref(dc3_dense *dense)
{
    *dense = (dc3_dense){.name = "plain C", .conv2d = conv2d, .linear = linear, .close = nothing};
    return DC3_OK;
}
