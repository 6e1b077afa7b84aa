/* Group and layer normalisation. */
#include "ops/ops.h"

dc3_tensor dc3_group_norm(dc3_ctx *ctx, dc3_tensor x, int64_t groups, const float *gamma, const float *beta,
                          float eps, dc3_activation act)
{
    dc3_tensor y = dc3_new(ctx, x.dtype, x.ndim, x.shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_NORM, 0)) return y;
    int64_t c = x.shape[x.ndim - 1], n = x.shape[0];
    dc3_ctx_kernels(ctx)->group_norm(x.dtype, n, dc3_count(&x) / n / c, c, groups, x.data, gamma, beta, eps,
                                     act, y.data);
    dc3_op_end(&op, DC3_OK);
    return y;
}

dc3_tensor dc3_layer_norm(dc3_ctx *ctx, dc3_tensor x, const float *gamma, const float *beta, float eps)
{
    dc3_tensor y = dc3_new(ctx, x.dtype, x.ndim, x.shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_NORM, 0)) return y;
    int64_t c = x.shape[x.ndim - 1];
    dc3_ctx_kernels(ctx)->layer_norm(x.dtype, dc3_count(&x) / c, c, x.data, gamma, beta, eps, y.data);
    dc3_op_end(&op, DC3_OK);
    return y;
}
