/* Matrix product: forward; backward through the rows, the weight and the bias. */
#include <string.h>
#include "ops/ops.h"
#include "ops/tape.h"

/* more: the product's shape, and that of x. */
typedef struct memory {
    dc3_linear_shape shape;
    int ndim;
    int64_t x[DC3_MAX_DIMS];
} memory;
_Static_assert(sizeof(memory) <= DC3_RECORD_BYTES, "fits into a record");

/* saved[0]: x, where the weight is trained. */
static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    memory m;
    memcpy(&m, record->more, sizeof m);
    dc3_linear_shape s = m.shape;
    const dc3_dense *dense = dc3_ctx_dense(ctx);
    double flops = 2.0 * (double)s.rows * (double)(s.ci * s.co);
    dc3_op op;
    if (record->gradient[1] && dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) {
        dc3_ctx_kernels(ctx)->add_rows(dy.dtype, s.rows, s.co, dy.data, record->gradient[1]);
        dc3_op_end(&op, DC3_OK);
    }
    if (record->gradient[0] && dc3_op_begin(&op, ctx, DC3_OP_LINEAR, flops))
        dc3_op_end(&op, dense->linear_backward_weight(dense->self, &s, record->saved[0].data, dy.data,
                                                      record->gradient[0]));
    if (!record->inputs[0]) return;
    dc3_tensor dx = dc3_new(ctx, s.type, m.ndim, m.x);
    if (dc3_op_begin(&op, ctx, DC3_OP_LINEAR, flops))
        dc3_op_end(&op, dense->linear_backward_data(dense->self, &s, dy.data, record->weight, dx.data));
    dc3_give_gradient(ctx, record, 0, dx);
}

/* Whether the gradients of the weight's parts stand one behind the other from dw on, so that they are taken
 * as one. */
static int is_joined(const dc3_ctx *ctx, const dc3_weight *weight, const float *dw)
{
    for (int i = 0; i < weight->parts; i++, dw += dc3_count(&weight->part[i - 1]))
        if (dc3_parameter_gradient(ctx, weight->part[i]) != dw) return 0;
    return 1;
}

static void record_linear(dc3_ctx *ctx, const dc3_linear_shape *s, dc3_tensor x, dc3_weight *weight,
                          dc3_tensor bias, dc3_tensor *y)
{
    float *dw = dc3_parameter_gradient(ctx, weight->part[0]), *db = dc3_parameter_gradient(ctx, bias);
    dc3_record *record = dc3_record_new(ctx, backward, y, 1, &x, dw || db);
    if (!record) return;
    memory m = {.shape = *s, .ndim = x.ndim};
    memcpy(m.x, x.shape, sizeof m.x);
    memcpy(record->more, &m, sizeof m);
    record->weight = weight;
    record->weight_version = weight->version;
    record->gradient[0] = dw, record->gradient[1] = db;
    if (dw && !is_joined(ctx, weight, dw))
        dc3_ctx_fail(ctx,
                     dc3_fail(DC3_ERR_INTERNAL, "the gradients of a weight's parts are not side by side"));
    if (dw) dc3_record_save(ctx, record, 0, x);
}

dc3_tensor dc3_linear(dc3_ctx *ctx, dc3_tensor x, dc3_weight *weight, dc3_tensor bias, dc3_activation act,
                      const dc3_tensor *residual)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    if (dc3_ctx_tape(ctx) && (act != DC3_ACT_NONE || residual))
        return dc3_finish_apart(ctx, dc3_linear(ctx, x, weight, bias, DC3_ACT_NONE, NULL), act, 0, residual);
    int64_t ci = x.shape[x.ndim - 1];
    dc3_linear_shape s = {.rows = dc3_count(&x) / ci,
                          .ci = ci,
                          .co = dc3_weight_rows(weight),
                          .type = x.dtype,
                          .act = act,
                          .bias = bias.data != NULL,
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
        dc3_op_end(&op, dense->linear(dense->self, &s, x.data, weight, bias.data,
                                      residual ? residual->data : NULL, y.data));
    }
    record_linear(ctx, &s, x, weight, bias, &y);
    return y;
}

dc3_tensor dc3_linear_geglu(dc3_ctx *ctx, dc3_tensor x, dc3_weight *weight, dc3_tensor bias)
{
    enum { PART_BYTES = 2 << 20, UNIT = 64 }; /* of a and gate; rows */
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t ci = x.shape[x.ndim - 1], rows = dc3_count(&x) / ci, co = dc3_weight_rows(weight);
    int64_t part = PART_BYTES / (co * (int64_t)dc3_dtype_size(x.dtype)) / UNIT * UNIT;
    part = part < UNIT ? UNIT : part;
    if (dc3_ctx_tape(ctx) || rows <= part || rows < 2 * ci) { /* the weight is read for each part */
        dc3_tensor h = dc3_linear(ctx, x, weight, bias, DC3_ACT_NONE, NULL);
        return dc3_replace(ctx, h, dc3_geglu(ctx, h));
    }
    int64_t shape[DC3_MAX_DIMS];
    for (int i = 0; i < x.ndim; i++) shape[i] = x.shape[i];
    shape[x.ndim - 1] = co / 2;
    dc3_tensor y = dc3_new(ctx, x.dtype, x.ndim, shape);
    dc3_tensor from = dc3_reshape(x, 2, (int64_t[]){rows, ci}),
               to = dc3_reshape(y, 2, (int64_t[]){rows, co / 2});
    for (int64_t first = 0; first < rows && dc3_ctx_status(ctx) == DC3_OK; first += part) {
        int64_t count = rows - first < part ? rows - first : part;
        dc3_tensor h = dc3_linear(ctx, dc3_tensor_rows(from, first, count), weight, bias, DC3_ACT_NONE, NULL);
        dc3_op op;
        if (dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) {
            void *data = dc3_tensor_rows(to, first, count).data;
            dc3_ctx_kernels(ctx)->geglu(x.dtype, count, co / 2, h.data, data);
            dc3_op_end(&op, DC3_OK);
        }
        dc3_drop(ctx, h);
    }
    return y;
}
