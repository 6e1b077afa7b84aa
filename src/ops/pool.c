/* Pooling and folded batch norm of classifiers. */
#include <math.h>
#include "ops/ops.h"

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

dc3_tensor dc3_scale_shift(dc3_ctx *ctx, dc3_tensor x, const float *scale, const float *shift,
                           dc3_activation act, const dc3_tensor *residual)
{
    dc3_tensor y = dc3_new(ctx, x.dtype, x.ndim, x.shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_NORM, 0)) return y;
    int64_t c = x.shape[x.ndim - 1], rows = dc3_count(&x) / c;
    float low = act == DC3_ACT_RELU ? 0 : -INFINITY;
#pragma omp parallel for
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = 0; j < c; j++) {
            float v = load(x.data, x.dtype, r * c + j) * scale[j] + shift[j];
            if (residual) v += load(residual->data, x.dtype, r * c + j);
            store(y.data, x.dtype, r * c + j, v < low ? low : v);
        }
    dc3_op_end(&op, DC3_OK);
    return y;
}

/* One output pixel: the largest or the mean value of the window, for every channel. */
static void window(dc3_tensor x, dc3_tensor y, int64_t pixel, int64_t kernel, int64_t stride, int64_t pad,
                   int mean)
{
    int64_t h = x.shape[1], w = x.shape[2], c = x.shape[3], oh = y.shape[1], ow = y.shape[2];
    int64_t image = pixel / (oh * ow), top = pixel / ow % oh * stride - pad, left = pixel % ow * stride - pad;
    int64_t y0 = top < 0 ? 0 : top, y1 = top + kernel > h ? h : top + kernel;
    int64_t x0 = left < 0 ? 0 : left, x1 = left + kernel > w ? w : left + kernel;
    for (int64_t j = 0; j < c; j++) {
        float value = mean ? 0 : -INFINITY;
        for (int64_t iy = y0; iy < y1; iy++)
            for (int64_t ix = x0; ix < x1; ix++) {
                float v = load(x.data, x.dtype, ((image * h + iy) * w + ix) * c + j);
                value = mean ? value + v : fmaxf(value, v);
            }
        store(y.data, y.dtype, pixel * c + j, mean ? value / (float)((y1 - y0) * (x1 - x0)) : value);
    }
}

static dc3_tensor pool(dc3_ctx *ctx, dc3_tensor x, dc3_tensor y, int64_t kernel, int64_t stride, int64_t pad,
                       int mean)
{
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    int64_t pixels = y.shape[0] * y.shape[1] * y.shape[2];
#pragma omp parallel for
    for (int64_t pixel = 0; pixel < pixels; pixel++) window(x, y, pixel, kernel, stride, pad, mean);
    dc3_op_end(&op, DC3_OK);
    return y;
}

dc3_tensor dc3_max_pool(dc3_ctx *ctx, dc3_tensor x, int64_t kernel, int64_t stride, int64_t pad)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t h = (x.shape[1] + 2 * pad - kernel) / stride + 1,
            w = (x.shape[2] + 2 * pad - kernel) / stride + 1;
    dc3_tensor y = dc3_new(ctx, x.dtype, 4, (int64_t[]){x.shape[0], h, w, x.shape[3]});
    return pool(ctx, x, y, kernel, stride, pad, 0);
}

dc3_tensor dc3_avg_pool(dc3_ctx *ctx, dc3_tensor x, int64_t kernel)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    dc3_tensor y = dc3_new(ctx, x.dtype, 4,
                           (int64_t[]){x.shape[0], x.shape[1] / kernel, x.shape[2] / kernel, x.shape[3]});
    return pool(ctx, x, y, kernel, kernel, 0, 1);
}

dc3_tensor dc3_global_avg_pool(dc3_ctx *ctx, dc3_tensor x)
{
    dc3_tensor y = dc3_new(ctx, x.dtype, 2, (int64_t[]){x.shape[0], x.shape[3]});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    int64_t n = x.shape[0], pixels = x.shape[1] * x.shape[2], c = x.shape[3];
#pragma omp parallel for collapse(2)
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < c; j++) {
            double sum = 0;
            for (int64_t p = 0; p < pixels; p++) sum += load(x.data, x.dtype, (i * pixels + p) * c + j);
            store(y.data, y.dtype, i * c + j, (float)(sum / (double)pixels));
        }
    dc3_op_end(&op, DC3_OK);
    return y;
}
