/* Patch merging (Liu et al. 2021): the channels of each 2x2 window side by side, first down, then right;
 * zeros beyond an odd edge. */
#include <string.h>
#include "ops/ops.h"
#include "ops/tape.h"

/* Between x [n, h, w, c] and y [n, (h + 1) / 2, (w + 1) / 2, 4 c]; back: from y to x. */
static void copy(const int64_t *shape, size_t size, char *x, char *y, int back)
{
    int64_t h = shape[1], w = shape[2], oh = (h + 1) / 2, ow = (w + 1) / 2;
    size_t row = (size_t)shape[3] * size;
#pragma omp parallel for
    for (int64_t out = 0; out < shape[0] * oh * ow; out++)
        for (int64_t k = 0; k < 4; k++) {
            int64_t top = out / ow % oh * 2 + k % 2, left = out % ow * 2 + k / 2;
            char *merged = y + (size_t)(out * 4 + k) * row;
            char *pixel = x + (size_t)((out / (oh * ow) * h + top) * w + left) * row;
            if (top >= h || left >= w) {
                if (!back) memset(merged, 0, row);
            } else
                memcpy(back ? pixel : merged, back ? merged : pixel, row);
        }
}

static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    int64_t shape[4];
    memcpy(shape, record->more, sizeof shape);
    dc3_tensor dx = dc3_new(ctx, dy.dtype, 4, shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return;
    copy(shape, dc3_dtype_size(dy.dtype), dx.data, dy.data, 1);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

dc3_tensor dc3_patch_merge(dc3_ctx *ctx, dc3_tensor x)
{
    int64_t shape[] = {x.shape[0], (x.shape[1] + 1) / 2, (x.shape[2] + 1) / 2, 4 * x.shape[3]};
    dc3_tensor y = dc3_new(ctx, x.dtype, 4, shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    copy(x.shape, dc3_dtype_size(x.dtype), x.data, y.data, 0);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, backward, &y, 1, &x, 0);
    if (record) memcpy(record->more, x.shape, 4 * sizeof *x.shape);
    return y;
}
