/* Attention of Swin Transformer V2 (Liu et al. 2022) within windows of the map, cyclically shifted: forward;
 * backward through queries, keys, values, position bias, biases and scale. */
#include <string.h>
#include "ops/ops.h"
#include "ops/tape.h"

/* What backward needs besides the tensors. */
typedef struct memory {
    dc3_window_shape shape;
    dc3_tensor bias, scale;
} memory;
_Static_assert(sizeof(memory) <= DC3_RECORD_BYTES, "fits into a record");

/* saved: qkv, position. */
static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    memory m;
    memcpy(&m, record->more, sizeof m);
    const dc3_kernels *k = dc3_ctx_kernels(ctx);
    dc3_tensor qkv = record->saved[0], position = record->saved[1];
    dc3_tensor dqkv = dc3_new(ctx, qkv.dtype, 4, qkv.shape);
    dc3_tensor dposition = dc3_new(ctx, DC3_F32, 3, position.shape);
    dc3_tensor scratch =
        dc3_scratch(ctx, k->window_attention_gradient_scratch(&m.shape, dc3_ctx_threads(ctx)));
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_ATTENTION, 0)) return;
    dc3_window_gradient g = {.qkv = qkv.data,
                             .dy = dy.data,
                             .position = position.data,
                             .bias = m.bias.data,
                             .scale = m.scale.data,
                             .dqkv = dqkv.data,
                             .dposition = dposition.data,
                             .dbias = record->gradient[0],
                             .dscale = record->gradient[1]};
    k->window_attention_gradient(&m.shape, &g, scratch.data);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dqkv);
    dc3_give_gradient(ctx, record, 1, dposition);
}

static dc3_window_shape shape_of(dc3_tensor qkv, const dc3_window_options *o)
{
    int64_t c = qkv.shape[3] / 3, side = o->side;
    dc3_window_shape s = {.type = qkv.dtype,
                          .n = qkv.shape[0],
                          .h = qkv.shape[1],
                          .w = qkv.shape[2],
                          .c = c,
                          .heads = o->heads,
                          .dim = c / o->heads,
                          .side = side,
                          .rows = (qkv.shape[1] + side - 1) / side,
                          .columns = (qkv.shape[2] + side - 1) / side,
                          .tokens = side * side};
    s.shift_h = s.rows > 1 ? o->shift : 0; /* one window has nothing to shift to */
    s.shift_w = s.columns > 1 ? o->shift : 0;
    return s;
}

dc3_tensor dc3_window_attention(dc3_ctx *ctx, dc3_tensor qkv, dc3_tensor position,
                                const dc3_window_options *o)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    if (o->side * o->side > DC3_WINDOW_TOKENS)
        return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_INTERNAL, "window attention: windows of %lld pixels a side",
                                          (long long)o->side));
    memory m = {shape_of(qkv, o), o->bias, o->scale};
    const dc3_window_shape *s = &m.shape;
    const dc3_kernels *k = dc3_ctx_kernels(ctx);
    dc3_tensor y = dc3_new(ctx, s->type, 4, (int64_t[]){s->n, s->h, s->w, s->c});
    dc3_tensor scratch = dc3_scratch(ctx, k->window_attention_scratch(s, dc3_ctx_threads(ctx)));
    double products = (double)(s->n * s->rows * s->columns * s->heads * s->tokens * s->tokens * s->dim);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_ATTENTION, 4.0 * products)) return y;
    k->window_attention(s, qkv.data, position.data, o->bias.data, o->scale.data, y.data, scratch.data);
    dc3_op_end(&op, DC3_OK);
    dc3_drop(ctx, scratch);
    float *dbias = dc3_parameter_gradient(ctx, o->bias), *dscale = dc3_parameter_gradient(ctx, o->scale);
    dc3_record *record = dc3_record_new(ctx, backward, &y, 2, (dc3_tensor[]){qkv, position}, dbias || dscale);
    if (!record) return y;
    memcpy(record->more, &m, sizeof m);
    record->gradient[0] = dbias, record->gradient[1] = dscale;
    dc3_record_save(ctx, record, 0, qkv);
    dc3_record_save(ctx, record, 1, position);
    return y;
}
