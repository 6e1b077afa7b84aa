/* A picture's channels times factors of their own: forward; backward through the picture and the factors. */
#include "ops/element.h"
#include "ops/ops.h"
#include "ops/tape.h"

enum { BLOCK = 64 }; /* channels that are summed at once */

static void multiply(dc3_tensor x, dc3_tensor scale, dc3_tensor y)
{
    int64_t pixels = x.shape[1] * x.shape[2], c = x.shape[3];
#pragma omp parallel for
    for (int64_t p = 0; p < x.shape[0] * pixels; p++)
        for (int64_t j = 0; j < c; j++)
            store(y.data, y.dtype, p * c + j,
                  load(x.data, x.dtype, p * c + j) * load(scale.data, scale.dtype, p / pixels * c + j));
}

/* ds[i, j] = sum over the pixels of dy x. */
static void sum_products(dc3_tensor x, dc3_tensor dy, dc3_tensor ds)
{
    int64_t n = x.shape[0], pixels = x.shape[1] * x.shape[2], c = x.shape[3];
#pragma omp parallel for collapse(2)
    for (int64_t i = 0; i < n; i++)
        for (int64_t first = 0; first < c; first += BLOCK) {
            int64_t count = c - first < BLOCK ? c - first : BLOCK;
            float sum[BLOCK] = {0};
            for (int64_t p = 0; p < pixels; p++) {
                int64_t at = (i * pixels + p) * c + first;
                for (int64_t j = 0; j < count; j++)
                    sum[j] += load(x.data, x.dtype, at + j) * load(dy.data, dy.dtype, at + j);
            }
            for (int64_t j = 0; j < count; j++) store(ds.data, ds.dtype, i * c + first + j, sum[j]);
        }
}

/* saved: x, scale. */
static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    dc3_tensor x = record->saved[0], scale = record->saved[1];
    dc3_tensor dx = dc3_new(ctx, x.dtype, 4, x.shape), ds = dc3_new(ctx, x.dtype, 2, scale.shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return;
    sum_products(x, dy, ds);
    dy = dc3_reshape(dy, 4, x.shape);
    multiply(dy, scale, dx);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
    dc3_give_gradient(ctx, record, 1, ds);
}

dc3_tensor dc3_scale_channels(dc3_ctx *ctx, dc3_tensor x, dc3_tensor scale)
{
    dc3_tensor y = dc3_new(ctx, x.dtype, x.ndim, x.shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    multiply(x, scale, y);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, backward, &y, 2, (dc3_tensor[]){x, scale}, 0);
    if (!record) return y;
    dc3_record_save(ctx, record, 0, x);
    dc3_record_save(ctx, record, 1, scale);
    return y;
}
