/* Patch merging (Liu et al. 2021): the channels of each 2x2 window side by side, first down, then right;
 * zeros beyond an odd edge. */
#include <string.h>
#include "ops/ops.h"
#include "ops/tape.h"

/* more: the input's shape. */
static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    int64_t s[4];
    memcpy(s, record->more, sizeof s);
    dc3_tensor dx = dc3_new(ctx, dy.dtype, 4, s);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return;
    dc3_ctx_kernels(ctx)->patch_merge_gradient(dy.dtype, s[0], s[1], s[2], s[3], dy.data, dx.data);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

dc3_tensor dc3_patch_merge(dc3_ctx *ctx, dc3_tensor x)
{
    const int64_t *s = x.shape;
    int64_t shape[] = {s[0], (s[1] + 1) / 2, (s[2] + 1) / 2, 4 * s[3]};
    dc3_tensor y = dc3_new(ctx, x.dtype, 4, shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    dc3_ctx_kernels(ctx)->patch_merge(x.dtype, s[0], s[1], s[2], s[3], x.data, y.data);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, backward, &y, 1, &x, 0);
    if (record) memcpy(record->more, x.shape, 4 * sizeof *x.shape);
    return y;
}
