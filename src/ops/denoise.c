#include "ops/denoise.h"

static int begin(dc3_op *op, dc3_ctx *ctx)
{
    return dc3_op_begin(op, ctx, DC3_OP_OTHER, 0);
}

dc3_tensor dc3_affine(dc3_ctx *ctx, dc3_tensor x, float scale, float offset)
{
    dc3_tensor y = dc3_new(ctx, DC3_F32, x.ndim, x.shape);
    dc3_op op;
    if (!begin(&op, ctx)) return y;
    dc3_ctx_kernels(ctx)->affine(dc3_count(&x), scale, offset, x.data, y.data);
    dc3_op_end(&op, DC3_OK);
    return y;
}

void dc3_clamp(dc3_ctx *ctx, dc3_tensor x, float low, float high)
{
    dc3_op op;
    if (!begin(&op, ctx)) return;
    dc3_ctx_kernels(ctx)->clamp(dc3_count(&x), low, high, x.data);
    dc3_op_end(&op, DC3_OK);
}

dc3_tensor dc3_take_rows(dc3_ctx *ctx, dc3_tensor x, int count, const int *rows)
{
    dc3_tensor shape = x;
    shape.shape[0] = count;
    dc3_tensor y = dc3_new(ctx, x.dtype, x.ndim, shape.shape);
    dc3_op op;
    if (!begin(&op, ctx)) return y;
    for (int i = 0; i < count; i++) {
        dc3_tensor to = dc3_tensor_row(y, i);
        if (rows[i] < 0)
            dc3_ctx_kernels(ctx)->fill(dc3_bytes(&to), 0, to.data);
        else
            dc3_ctx_kernels(ctx)->copy(dc3_bytes(&to), dc3_tensor_row(x, rows[i]).data, to.data);
    }
    dc3_op_end(&op, DC3_OK);
    return y;
}

dc3_tensor dc3_first_channels(dc3_ctx *ctx, dc3_tensor x, int64_t channels)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t all = x.shape[x.ndim - 1];
    if (channels >= all) return x;
    dc3_tensor y = x;
    y.shape[x.ndim - 1] = channels;
    y = dc3_new(ctx, x.dtype, x.ndim, y.shape);
    size_t from = (size_t)all * dc3_dtype_size(x.dtype), to = (size_t)channels * dc3_dtype_size(x.dtype);
    dc3_op op;
    if (!begin(&op, ctx)) return y;
    dc3_ctx_kernels(ctx)->copy_rows(dc3_count(&x) / all, to, x.data, from, y.data, to);
    dc3_op_end(&op, DC3_OK);
    return y;
}

dc3_tensor dc3_guided(dc3_ctx *ctx, const dc3_guided_shape *shape, dc3_tensor rows, dc3_tensor condition)
{
    dc3_tensor y = rows;
    y.shape[0] /= shape->kinds;
    y = dc3_new(ctx, DC3_F32, y.ndim, y.shape);
    dc3_guided_shape whole = *shape;
    whole.n = dc3_count(&y);
    dc3_op op;
    if (!begin(&op, ctx)) return y;
    dc3_ctx_kernels(ctx)->guided(&whole, rows.data, condition.data, y.data);
    dc3_op_end(&op, DC3_OK);
    return y;
}

void dc3_step_sampler(dc3_ctx *ctx, const dc3_sampler_step *step, dc3_tensor output, const dc3_tensor *noise,
                      dc3_tensor x, dc3_tensor memory)
{
    dc3_op op;
    if (!begin(&op, ctx)) return;
    dc3_ctx_kernels(ctx)->sampler_step(step, dc3_count(&x), output.data, noise ? noise->data : NULL, x.data,
                                       memory.data);
    dc3_op_end(&op, DC3_OK);
}
