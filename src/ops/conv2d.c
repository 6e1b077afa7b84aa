#include "ops/ops.h"

dc3_tensor dc3_conv2d(dc3_ctx *ctx, dc3_tensor x, dc3_weight *weight, const float *bias,
                      const dc3_conv_options *o, const dc3_tensor *residual)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    dc3_conv_shape s = {.n = x.shape[0],
                        .h = x.shape[1],
                        .w = x.shape[2],
                        .ci = x.shape[3],
                        .co = dc3_weight_rows(weight),
                        .kh = o->kernel,
                        .kw = o->kernel,
                        .stride = o->stride,
                        .pad_top = o->pad_top,
                        .pad_left = o->pad_left,
                        .pad_bottom = o->pad_bottom,
                        .pad_right = o->pad_right,
                        .type = x.dtype,
                        .act = o->act,
                        .bias = bias != NULL,
                        .residual = residual != NULL,
                        .act_last = o->act_last};
    int64_t height = dc3_conv_out_height(&s), width = dc3_conv_out_width(&s), columns = s.ci * s.kh * s.kw;
    if (dc3_weight_columns(weight) != columns || height < 1 || width < 1)
        return dc3_ctx_fail(
            ctx, dc3_fail(DC3_ERR_ARGUMENT,
                          "convolution: %lldx%lld picture with %lld channels does not fit a weight of "
                          "%lld columns and kernel %lld",
                          (long long)s.h, (long long)s.w, (long long)s.ci,
                          (long long)dc3_weight_columns(weight), (long long)s.kh));
    dc3_tensor y = dc3_new(ctx, x.dtype, 4, (int64_t[]){s.n, height, width, s.co});
    dc3_op op;
    if (dc3_op_begin(&op, ctx, DC3_OP_CONV, 2.0 * (double)(s.n * height * width * s.co) * (double)columns)) {
        const dc3_dense *dense = dc3_ctx_dense(ctx);
        dc3_op_end(&op, dense->conv2d(dense->self, &s, x.data, weight, bias, residual ? residual->data : NULL,
                                      y.data));
    }
    return y;
}
