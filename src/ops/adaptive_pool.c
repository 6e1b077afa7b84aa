/* Adaptive average pooling, forward and backward. */
#include <string.h>
#include "ops/ops.h"
#include "ops/tape.h"

/* more: the input's shape and the output's size. */
static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    int64_t s[5];
    memcpy(s, record->more, sizeof s);
    dc3_tensor dx = dc3_new(ctx, dy.dtype, 4, s);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return;
    dc3_ctx_kernels(ctx)->adaptive_pool_gradient(dy.dtype, s[0], s[1], s[2], s[3], s[4], dy.data, dx.data);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

dc3_tensor dc3_adaptive_avg_pool(dc3_ctx *ctx, dc3_tensor x, int64_t size)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t n = x.shape[0], h = x.shape[1], w = x.shape[2], c = x.shape[3];
    dc3_tensor y = dc3_new(ctx, x.dtype, 4, (int64_t[]){n, size, size, c});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    dc3_ctx_kernels(ctx)->adaptive_pool(x.dtype, n, h, w, c, size, x.data, y.data);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, backward, &y, 1, &x, 0);
    if (record) memcpy(record->more, (int64_t[]){n, h, w, c, size}, 5 * sizeof(int64_t));
    return y;
}
