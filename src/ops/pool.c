/* Pooling of classifiers, forward and backward. */
#include <math.h>
#include <omp.h>
#include <string.h>
#include "ops/element.h"
#include "ops/ops.h"
#include "ops/tape.h"

enum { BLOCK = 64 }; /* channels that are summed at once */

/* One output pixel: the largest or the mean value of the window, for every channel. */
static void window(dc3_tensor x, dc3_tensor y, int64_t pixel, int64_t kernel, int64_t stride, int64_t pad,
                   int mean)
{
    int64_t h = x.shape[1], w = x.shape[2], c = x.shape[3], oh = y.shape[1], ow = y.shape[2];
    int64_t image = pixel / (oh * ow), top = pixel / ow % oh * stride - pad, left = pixel % ow * stride - pad;
    int64_t y0 = top < 0 ? 0 : top, y1 = top + kernel > h ? h : top + kernel;
    int64_t x0 = left < 0 ? 0 : left, x1 = left + kernel > w ? w : left + kernel;
    for (int64_t first = 0; first < c; first += BLOCK) {
        int64_t count = c - first < BLOCK ? c - first : BLOCK;
        float value[BLOCK], scale = mean ? 1 / (float)((y1 - y0) * (x1 - x0)) : 1;
        for (int64_t j = 0; j < count; j++) value[j] = mean ? 0 : -INFINITY;
        for (int64_t iy = y0; iy < y1; iy++)
            for (int64_t ix = x0; ix < x1; ix++) {
                int64_t at = ((image * h + iy) * w + ix) * c + first;
                for (int64_t j = 0; j < count; j++) {
                    float v = load(x.data, x.dtype, at + j);
                    value[j] = mean ? value[j] + v : v > value[j] ? v : value[j];
                }
            }
        for (int64_t j = 0; j < count; j++) store(y.data, y.dtype, pixel * c + first + j, value[j] * scale);
    }
}

typedef struct window_options {
    int64_t shape[4], kernel, stride, pad;
    int mean;
} window_options;

/* The first place of the window with the largest value wins (PyTorch's choice), so each output pixel gives
 * its gradient to one place, or to all evenly. One picture and block of channels at a time: no two threads
 * write to the same place. */
static void window_gradient(const window_options *o, dc3_tensor x, dc3_tensor y, dc3_tensor dy, int64_t image,
                            int64_t first, int64_t count, float *sums, dc3_tensor dx)
{
    int64_t h = o->shape[1], w = o->shape[2], c = o->shape[3], oh = dy.shape[1], ow = dy.shape[2];
    for (int64_t i = 0; i < h * w * count; i++) sums[i] = 0;
    for (int64_t out = 0; out < oh * ow; out++) {
        int64_t top = out / ow * o->stride - o->pad, left = out % ow * o->stride - o->pad;
        int64_t y0 = top < 0 ? 0 : top, y1 = top + o->kernel > h ? h : top + o->kernel;
        int64_t x0 = left < 0 ? 0 : left, x1 = left + o->kernel > w ? w : left + o->kernel;
        float scale = 1 / (float)((y1 - y0) * (x1 - x0));
        for (int64_t j = 0; j < count; j++) {
            int64_t at = (image * oh * ow + out) * c + first + j;
            float g = load(dy.data, dy.dtype, at), most = o->mean ? 0 : load(y.data, y.dtype, at);
            int given = 0;
            for (int64_t iy = y0; iy < y1 && !given; iy++)
                for (int64_t ix = x0; ix < x1 && !given; ix++) {
                    float *sum = &sums[(iy * w + ix) * count + j];
                    if (o->mean)
                        *sum += g * scale;
                    else if (load(x.data, x.dtype, ((image * h + iy) * w + ix) * c + first + j) == most)
                        *sum += g, given = 1;
                }
        }
    }
    for (int64_t p = 0; p < h * w; p++)
        for (int64_t j = 0; j < count; j++)
            store(dx.data, dx.dtype, (image * h * w + p) * c + first + j, sums[p * count + j]);
}

/* Of the largest: saved x and y. */
static void pool_backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    window_options o;
    memcpy(&o, record->more, sizeof o);
    int64_t n = o.shape[0], c = o.shape[3], blocks = (c + BLOCK - 1) / BLOCK;
    int64_t pixels = o.shape[1] * o.shape[2];
    int64_t h = (o.shape[1] + 2 * o.pad - o.kernel) / o.stride + 1,
            w = (o.shape[2] + 2 * o.pad - o.kernel) / o.stride + 1;
    dc3_tensor dx = dc3_new(ctx, dy.dtype, 4, o.shape);
    dy = dc3_reshape(dy, 4, (int64_t[]){n, h, w, c}); /* it may come as what a reshape made of it */
    dc3_tensor sums = dc3_new(ctx, DC3_F32, 3, (int64_t[]){dc3_ctx_threads(ctx), pixels, BLOCK});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return;
#pragma omp parallel for
    for (int64_t i = 0; i < n * blocks; i++) {
        int64_t first = i % blocks * BLOCK, count = c - first < BLOCK ? c - first : BLOCK;
        window_gradient(&o, record->saved[0], record->saved[1], dy, i / blocks, first, count,
                        (float *)sums.data + omp_get_thread_num() * pixels * BLOCK, dx);
    }
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

static dc3_tensor pool(dc3_ctx *ctx, dc3_tensor x, int64_t kernel, int64_t stride, int64_t pad, int mean)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t h = (x.shape[1] + 2 * pad - kernel) / stride + 1,
            w = (x.shape[2] + 2 * pad - kernel) / stride + 1;
    if (x.shape[1] + 2 * pad < kernel || x.shape[2] + 2 * pad < kernel)
        return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_ARGUMENT,
                                          "pooling: %lldx%lld pixels are too few for a window of %lld",
                                          (long long)x.shape[1], (long long)x.shape[2], (long long)kernel));
    dc3_tensor y = dc3_new(ctx, x.dtype, 4, (int64_t[]){x.shape[0], h, w, x.shape[3]});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    int64_t pixels = x.shape[0] * h * w;
#pragma omp parallel for
    for (int64_t pixel = 0; pixel < pixels; pixel++) window(x, y, pixel, kernel, stride, pad, mean);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, pool_backward, &y, 1, &x, 0);
    if (!record) return y;
    window_options o = {{x.shape[0], x.shape[1], x.shape[2], x.shape[3]}, kernel, stride, pad, mean};
    memcpy(record->more, &o, sizeof o);
    if (!mean) dc3_record_save(ctx, record, 0, x);
    if (!mean) dc3_record_save(ctx, record, 1, y);
    return y;
}

dc3_tensor dc3_max_pool(dc3_ctx *ctx, dc3_tensor x, int64_t kernel, int64_t stride, int64_t pad)
{
    return pool(ctx, x, kernel, stride, pad, 0);
}

dc3_tensor dc3_avg_pool(dc3_ctx *ctx, dc3_tensor x, int64_t kernel)
{
    return pool(ctx, x, kernel, kernel, 0, 1);
}

dc3_tensor dc3_avg_pool_same(dc3_ctx *ctx, dc3_tensor x, int64_t kernel)
{
    return pool(ctx, x, kernel, 1, kernel / 2, 1);
}

static void global_backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    int64_t shape[4];
    memcpy(shape, record->more, sizeof shape);
    dc3_tensor dx = dc3_new(ctx, dy.dtype, 4, shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return;
    int64_t n = shape[0], pixels = shape[1] * shape[2], c = shape[3];
    float share = 1 / (float)pixels;
#pragma omp parallel for
    for (int64_t p = 0; p < n * pixels; p++)
        for (int64_t j = 0; j < c; j++)
            store(dx.data, dx.dtype, p * c + j, load(dy.data, dy.dtype, p / pixels * c + j) * share);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

dc3_tensor dc3_global_avg_pool(dc3_ctx *ctx, dc3_tensor x)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    dc3_tensor y = dc3_new(ctx, x.dtype, 2, (int64_t[]){x.shape[0], x.shape[3]});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    int64_t n = x.shape[0], pixels = x.shape[1] * x.shape[2], c = x.shape[3];
#pragma omp parallel for collapse(2)
    for (int64_t i = 0; i < n; i++)
        for (int64_t first = 0; first < c; first += BLOCK) {
            int64_t count = c - first < BLOCK ? c - first : BLOCK;
            double sum[BLOCK] = {0};
            for (int64_t p = 0; p < pixels; p++)
                for (int64_t j = 0; j < count; j++)
                    sum[j] += load(x.data, x.dtype, (i * pixels + p) * c + first + j);
            for (int64_t j = 0; j < count; j++)
                store(y.data, y.dtype, i * c + first + j, (float)(sum[j] / (double)pixels));
        }
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, global_backward, &y, 1, &x, 0);
    if (record) memcpy(record->more, x.shape, 4 * sizeof *x.shape);
    return y;
}
