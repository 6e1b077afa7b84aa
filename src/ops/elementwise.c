/* Operations that look at one element, one row or one window at a time and compute little. */
#include <string.h>
#include "ops/ops.h"

static int begin(dc3_op *op, dc3_ctx *ctx)
{
    return dc3_op_begin(op, ctx, DC3_OP_OTHER, 0);
}

dc3_tensor dc3_geglu(dc3_ctx *ctx, dc3_tensor x)
{
    int64_t shape[DC3_MAX_DIMS] = {0};
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    for (int i = 0; i < x.ndim; i++) shape[i] = x.shape[i];
    int64_t c = shape[x.ndim - 1] /= 2;
    dc3_tensor y = dc3_new(ctx, x.dtype, x.ndim, shape);
    dc3_op op;
    if (!begin(&op, ctx)) return y;
    dc3_ctx_kernels(ctx)->geglu(x.dtype, dc3_count(&y) / c, c, x.data, y.data);
    dc3_op_end(&op, DC3_OK);
    return y;
}

dc3_tensor dc3_activate(dc3_ctx *ctx, dc3_tensor x, dc3_activation act)
{
    dc3_tensor y = dc3_new(ctx, x.dtype, x.ndim, x.shape);
    dc3_op op;
    if (!begin(&op, ctx)) return y;
    dc3_ctx_kernels(ctx)->activate(x.dtype, act, dc3_count(&x), x.data, y.data);
    dc3_op_end(&op, DC3_OK);
    return y;
}

dc3_tensor dc3_add(dc3_ctx *ctx, dc3_tensor a, dc3_tensor b)
{
    dc3_tensor y = dc3_new(ctx, a.dtype, a.ndim, a.shape);
    dc3_op op;
    if (!begin(&op, ctx)) return y;
    dc3_ctx_kernels(ctx)->add(a.dtype, dc3_count(&a), a.data, b.data, y.data);
    dc3_op_end(&op, DC3_OK);
    return y;
}

dc3_tensor dc3_concat(dc3_ctx *ctx, dc3_tensor a, dc3_tensor b)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t ca = a.shape[a.ndim - 1], cb = b.shape[b.ndim - 1], rows = dc3_count(&a) / ca;
    if (dc3_count(&b) / cb != rows)
        return dc3_ctx_fail(ctx,
                            dc3_fail(DC3_ERR_ARGUMENT,
                                     "concatenation: %lld pixels beside %lld; the picture's size must be a "
                                     "multiple of the network's total factor",
                                     (long long)rows, (long long)(dc3_count(&b) / cb)));
    int64_t shape[DC3_MAX_DIMS];
    memcpy(shape, a.shape, sizeof shape);
    shape[a.ndim - 1] = ca + cb;
    dc3_tensor y = dc3_new(ctx, a.dtype, a.ndim, shape);
    dc3_op op;
    if (!begin(&op, ctx)) return y;
    dc3_ctx_kernels(ctx)->concat(a.dtype, rows, ca, cb, a.data, b.data, y.data);
    dc3_op_end(&op, DC3_OK);
    return y;
}

dc3_tensor dc3_upsample2(dc3_ctx *ctx, dc3_tensor x)
{
    dc3_tensor y =
        dc3_new(ctx, x.dtype, 4, (int64_t[]){x.shape[0], 2 * x.shape[1], 2 * x.shape[2], x.shape[3]});
    dc3_op op;
    if (!begin(&op, ctx)) return y;
    dc3_ctx_kernels(ctx)->upsample2(x.dtype, x.shape[0], x.shape[1], x.shape[2], x.shape[3], x.data, y.data);
    dc3_op_end(&op, DC3_OK);
    return y;
}

dc3_tensor dc3_cast(dc3_ctx *ctx, dc3_tensor x, dc3_dtype dtype)
{
    dc3_tensor y = dc3_new(ctx, dtype, x.ndim, x.shape);
    dc3_op op;
    if (!begin(&op, ctx)) return y;
    if (x.dtype == dtype)
        memcpy(y.data, x.data, dc3_bytes(&x));
    else
        dc3_ctx_kernels(ctx)->cast(x.dtype, x.data, dtype, y.data, dc3_count(&x));
    dc3_op_end(&op, DC3_OK);
    return y;
}

dc3_tensor dc3_reshape(dc3_tensor x, int ndim, const int64_t *shape)
{
    return dc3_view(x.data, x.dtype, ndim, shape);
}
