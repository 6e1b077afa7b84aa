/* The position bias of Swin Transformer V2's windows from the values that a small network gives each
 * distance: B[head, i, j] = 16 sigmoid(x[distance of i and j, head]). */
#include <string.h>
#include "ops/ops.h"
#include "ops/tape.h"

/* saved[0]: the bias; more: the side. */
static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    int64_t side, heads = record->saved[0].shape[0];
    memcpy(&side, record->more, sizeof side);
    dc3_tensor dx = dc3_new(ctx, DC3_F32, 2, (int64_t[]){(2 * side - 1) * (2 * side - 1), heads});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return;
    dc3_ctx_kernels(ctx)->position_bias_gradient(heads, side, record->saved[0].data, dy.data, dx.data);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

dc3_tensor dc3_position_bias(dc3_ctx *ctx, dc3_tensor x, int64_t side)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t heads = x.shape[1], tokens = side * side;
    dc3_tensor y = dc3_new(ctx, DC3_F32, 3, (int64_t[]){heads, tokens, tokens});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    dc3_ctx_kernels(ctx)->position_bias(heads, side, x.data, y.data);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, backward, &y, 1, &x, 0);
    if (!record) return y;
    memcpy(record->more, &side, sizeof side);
    dc3_record_save(ctx, record, 0, y);
    return y;
}
