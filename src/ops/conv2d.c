/* Convolution: forward; backward through the image, the weight and the bias. */
#include <string.h>
#include "ops/ops.h"
#include "ops/tape.h"

/* saved[0]: x (where the weight is trained); more: the shape. */
static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    dc3_conv_shape s;
    memcpy(&s, record->more, sizeof s);
    const dc3_dense *dense = dc3_ctx_dense(ctx);
    double flops = 2.0 * (double)dc3_count(&dy) * (double)dc3_conv_columns(&s);
    dc3_op op;
    if (record->gradient[1] && dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) {
        dc3_ctx_kernels(ctx)->add_rows(dy.dtype, dc3_count(&dy) / s.co, s.co, dy.data, record->gradient[1]);
        dc3_op_end(&op, DC3_OK);
    }
    if (record->gradient[0] && dc3_op_begin(&op, ctx, DC3_OP_CONV, flops))
        dc3_op_end(&op, dense->conv2d_backward_weight(dense->self, &s, record->saved[0].data, dy.data,
                                                      record->gradient[0]));
    if (!record->inputs[0]) return;
    dc3_tensor sum = dc3_gradient_so_far(ctx, record, 0); /* what x passed on elsewhere, as by a shortcut */
    s.residual = sum.data && sum.dtype == s.type && dense->adds_data && dense->adds_data(dense->self, &s);
    if (s.residual) {
        if (dc3_op_begin(&op, ctx, DC3_OP_CONV, flops))
            dc3_op_end(&op, dense->conv2d_backward_data(dense->self, &s, dy.data, record->weight, sum.data));
        return;
    }
    dc3_tensor dx = dc3_new(ctx, s.type, 4, (int64_t[]){s.n, s.h, s.w, s.ci});
    if (dc3_op_begin(&op, ctx, DC3_OP_CONV, flops))
        dc3_op_end(&op, dense->conv2d_backward_data(dense->self, &s, dy.data, record->weight, dx.data));
    dc3_give_gradient(ctx, record, 0, dx);
}

static void record_conv(dc3_ctx *ctx, const dc3_conv_shape *s, dc3_tensor x, dc3_weight *weight,
                        dc3_tensor bias, int before_norm, dc3_tensor *y)
{
    float *dw = dc3_parameter_gradient(ctx, weight->part[0]), *db = dc3_parameter_gradient(ctx, bias);
    dc3_record *record = dc3_record_new(ctx, backward, y, 1, &x, dw || db);
    if (!record) return;
    memcpy(record->more, s, sizeof *s);
    record->weight = weight;
    record->weight_version = weight->version;
    record->gradient[0] = dw;
    record->gradient[1] = before_norm ? NULL : db;
    if (dw) dc3_record_save(ctx, record, 0, x);
}

dc3_tensor dc3_conv2d(dc3_ctx *ctx, dc3_tensor x, dc3_weight *weight, dc3_tensor bias,
                      const dc3_conv_options *o, const dc3_tensor *residual)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    if (dc3_ctx_tape(ctx) && (o->act != DC3_ACT_NONE || residual)) {
        /* Recorded one by one: the fused form keeps nothing that backward could use. */
        dc3_conv_options plain = *o;
        plain.act = DC3_ACT_NONE;
        return dc3_finish_apart(ctx, dc3_conv2d(ctx, x, weight, bias, &plain, NULL), o->act, o->act_last,
                                residual);
    }
    dc3_conv_shape s = {.n = x.shape[0],
                        .h = x.shape[1],
                        .w = x.shape[2],
                        .ci = x.shape[3],
                        .co = dc3_weight_rows(weight),
                        .kh = o->kernel,
                        .kw = o->kernel_w ? o->kernel_w : o->kernel,
                        .stride = o->stride,
                        .groups = o->groups,
                        .pad_top = o->pad_top,
                        .pad_left = o->pad_left,
                        .pad_bottom = o->pad_bottom,
                        .pad_right = o->pad_right,
                        .type = x.dtype,
                        .act = o->act,
                        .bias = bias.data != NULL,
                        .residual = residual != NULL,
                        .act_last = o->act_last};
    int64_t height = dc3_conv_out_height(&s), width = dc3_conv_out_width(&s), columns = dc3_conv_columns(&s);
    if (dc3_weight_columns(weight) != columns || height < 1 || width < 1)
        return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_ARGUMENT,
                                          "convolution: %lldx%lld image with %lld channels does not fit a "
                                          "weight of %lld columns and kernel %lld",
                                          (long long)s.h, (long long)s.w, (long long)s.ci,
                                          (long long)dc3_weight_columns(weight), (long long)s.kh));
    dc3_tensor y = dc3_new(ctx, x.dtype, 4, (int64_t[]){s.n, height, width, s.co});
    dc3_op op;
    if (dc3_op_begin(&op, ctx, DC3_OP_CONV, 2.0 * (double)(s.n * height * width * s.co) * (double)columns)) {
        const dc3_dense *dense = dc3_ctx_dense(ctx);
        dc3_op_end(&op, dense->conv2d(dense->self, &s, x.data, weight, bias.data,
                                      residual ? residual->data : NULL, y.data));
    }
    record_conv(ctx, &s, x, weight, bias, o->before_norm, &y);
    return y;
}
