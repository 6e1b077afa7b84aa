/* An image's channels times factors of their own: forward; backward through the image and the factors. */
#include "ops/ops.h"
#include "ops/tape.h"

/* saved: x, scale. */
static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    dc3_tensor x = record->saved[0], scale = record->saved[1];
    dc3_tensor dx = dc3_new(ctx, x.dtype, 4, x.shape), ds = dc3_new(ctx, x.dtype, 2, scale.shape);
    int64_t n = x.shape[0], pixels = x.shape[1] * x.shape[2], c = x.shape[3];
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return;
    dc3_ctx_kernels(ctx)->scale_channels_gradient(x.dtype, n, pixels, c, x.data, dy.data, ds.data);
    dc3_ctx_kernels(ctx)->scale_channels(x.dtype, n, pixels, c, dy.data, scale.data, dx.data);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
    dc3_give_gradient(ctx, record, 1, ds);
}

dc3_tensor dc3_scale_channels(dc3_ctx *ctx, dc3_tensor x, dc3_tensor scale)
{
    dc3_tensor y = dc3_new(ctx, x.dtype, x.ndim, x.shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    dc3_ctx_kernels(ctx)->scale_channels(x.dtype, x.shape[0], x.shape[1] * x.shape[2], x.shape[3], x.data,
                                         scale.data, y.data);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, backward, &y, 2, (dc3_tensor[]){x, scale}, 0);
    if (!record) return y;
    dc3_record_save(ctx, record, 0, x);
    dc3_record_save(ctx, record, 1, scale);
    return y;
}
