/* Pooling of classifiers, forward and backward. */
#include <string.h>
#include "ops/ops.h"
#include "ops/tape.h"

/* more: the shape; of the largest: saved x and y. */
static void pool_backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    dc3_pool_shape s;
    memcpy(&s, record->more, sizeof s);
    const dc3_kernels *k = dc3_ctx_kernels(ctx);
    dc3_tensor dx = dc3_new(ctx, dy.dtype, 4, (int64_t[]){s.n, s.h, s.w, s.c});
    dc3_tensor scratch = dc3_scratch(ctx, k->pool_gradient_scratch(&s, dc3_ctx_threads(ctx)));
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return;
    k->pool_gradient(&s, record->saved[0].data, record->saved[1].data, dy.data, dx.data, scratch.data);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

static dc3_tensor pool(dc3_ctx *ctx, dc3_tensor x, int64_t kernel, int64_t stride, int64_t pad, int mean)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    dc3_pool_shape s = {.type = x.dtype,
                        .n = x.shape[0],
                        .h = x.shape[1],
                        .w = x.shape[2],
                        .c = x.shape[3],
                        .oh = (x.shape[1] + 2 * pad - kernel) / stride + 1,
                        .ow = (x.shape[2] + 2 * pad - kernel) / stride + 1,
                        .kernel = kernel,
                        .stride = stride,
                        .pad = pad,
                        .mean = mean};
    if (s.h + 2 * pad < kernel || s.w + 2 * pad < kernel)
        return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_ARGUMENT,
                                          "pooling: %lldx%lld pixels are too few for a window of %lld",
                                          (long long)s.h, (long long)s.w, (long long)kernel));
    dc3_tensor y = dc3_new(ctx, x.dtype, 4, (int64_t[]){s.n, s.oh, s.ow, s.c});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    dc3_ctx_kernels(ctx)->pool(&s, x.data, y.data);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, pool_backward, &y, 1, &x, 0);
    if (!record) return y;
    memcpy(record->more, &s, sizeof s);
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

/* more: the input's shape. */
static void global_backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    int64_t s[4];
    memcpy(s, record->more, sizeof s);
    dc3_tensor dx = dc3_new(ctx, dy.dtype, 4, s);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return;
    dc3_ctx_kernels(ctx)->global_pool_gradient(dy.dtype, s[0], s[1] * s[2], s[3], dy.data, dx.data);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

dc3_tensor dc3_global_avg_pool(dc3_ctx *ctx, dc3_tensor x)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t n = x.shape[0], pixels = x.shape[1] * x.shape[2], c = x.shape[3];
    dc3_tensor y = dc3_new(ctx, x.dtype, 2, (int64_t[]){n, c});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    dc3_ctx_kernels(ctx)->global_pool(x.dtype, n, pixels, c, x.data, y.data);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, global_backward, &y, 1, &x, 0);
    if (record) memcpy(record->more, x.shape, 4 * sizeof *x.shape);
    return y;
}
