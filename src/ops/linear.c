#include "ops/ops.h"

dc3_tensor dc3_linear(dc3_ctx *ctx, dc3_tensor x, dc3_weight *weight, const float *bias, dc3_activation act,
                      const dc3_tensor *residual)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t ci = x.shape[x.ndim - 1];
    dc3_linear_shape s = {.rows = dc3_count(&x) / ci,
                          .ci = ci,
                          .co = dc3_weight_rows(weight),
                          .type = x.dtype,
                          .act = act,
                          .bias = bias != NULL,
                          .residual = residual != NULL};
    if (dc3_weight_columns(weight) != ci)
        return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_ARGUMENT,
                                          "linear: %lld channels do not fit a weight of %lld columns",
                                          (long long)ci, (long long)dc3_weight_columns(weight)));
    int64_t shape[DC3_MAX_DIMS];
    for (int i = 0; i < x.ndim; i++) shape[i] = x.shape[i];
    shape[x.ndim - 1] = s.co;
    dc3_tensor y = dc3_new(ctx, x.dtype, x.ndim, shape);
    dc3_op op;
    if (dc3_op_begin(&op, ctx, DC3_OP_LINEAR, 2.0 * (double)s.rows * (double)(s.ci * s.co))) {
        const dc3_dense *dense = dc3_ctx_dense(ctx);
        dc3_op_end(&op, dense->linear(dense->self, &s, x.data, weight, bias, residual ? residual->data : NULL,
                                      y.data));
    }
    return y;
}
