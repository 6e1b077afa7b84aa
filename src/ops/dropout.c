/* Dropout (Srivastava et al. 2014) and stochastic depth (Huang et al. 2016). Nothing is kept for backward:
 * what is dropped is drawn again from the same stream. */
#include <string.h>
#include "ops/ops.h"
#include "ops/tape.h"

enum { BLOCK = 4096 }; /* values of dropout from one stream */

/* more: what is drawn. */
static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    dc3_dropout_shape s;
    memcpy(&s, record->more, sizeof s);
    dc3_tensor dx = dc3_new(ctx, dy.dtype, dy.ndim, dy.shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return;
    dc3_ctx_kernels(ctx)->dropout(&s, dy.data, dx.data);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

static dc3_tensor dropped(dc3_ctx *ctx, dc3_tensor x, float p, int64_t width, int each)
{
    dc3_dropout_shape s = {.type = x.dtype, .count = dc3_count(&x), .width = width, .p = p, .each = each};
    if (dc3_ctx_status(ctx) != DC3_OK || !(p > 0) || !dc3_ctx_next_draw(ctx, &s.seed)) return x;
    dc3_tensor y = dc3_new(ctx, x.dtype, x.ndim, x.shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    dc3_ctx_kernels(ctx)->dropout(&s, x.data, y.data);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, backward, &y, 1, &x, 0);
    if (record) memcpy(record->more, &s, sizeof s);
    return y;
}

dc3_tensor dc3_dropout(dc3_ctx *ctx, dc3_tensor x, float p)
{
    return dropped(ctx, x, p, BLOCK, 1);
}

dc3_tensor dc3_stochastic_depth(dc3_ctx *ctx, dc3_tensor x, float p)
{
    return dropped(ctx, x, p, dc3_count(&x) / (x.shape[0] > 0 ? x.shape[0] : 1), 0);
}
