/* The class token of a vision transformer: put before the patches, together with the positions; read at the
 * end. */
#include <string.h>
#include "ops/ops.h"
#include "ops/tape.h"

/* gradient[0], [1]: of the token and of the positions; more: the result's shape. dx is dy without the first
 * tokens. */
static void class_backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    int64_t shape[3];
    memcpy(shape, record->more, sizeof shape);
    int64_t n = shape[0], t = shape[1], c = shape[2];
    dc3_tensor dx = dc3_new(ctx, dy.dtype, 3, (int64_t[]){n, t - 1, c});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return;
    size_t row = (size_t)c * dc3_dtype_size(dy.dtype);
    const dc3_kernels *k = dc3_ctx_kernels(ctx);
    k->copy_rows(n, (size_t)(t - 1) * row, (char *)dy.data + row, (size_t)t * row, dx.data,
                 (size_t)(t - 1) * row);
    if (record->gradient[1]) k->add_rows(dy.dtype, n, t * c, dy.data, record->gradient[1]);
    for (int64_t i = 0; i < n && record->gradient[0]; i++)
        k->add_rows(dy.dtype, 1, c, (char *)dy.data + (size_t)(i * t) * row, record->gradient[0]);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

dc3_tensor dc3_class_token(dc3_ctx *ctx, dc3_tensor x, dc3_tensor token, dc3_tensor position)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t n = x.shape[0], t = x.shape[1] + 1, c = x.shape[2];
    dc3_tensor y = dc3_new(ctx, x.dtype, 3, (int64_t[]){n, t, c});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    dc3_ctx_kernels(ctx)->class_token(x.dtype, n, t, c, x.data, token.data, position.data, y.data);
    dc3_op_end(&op, DC3_OK);
    float *dtoken = dc3_parameter_gradient(ctx, token), *dposition = dc3_parameter_gradient(ctx, position);
    dc3_record *record = dc3_record_new(ctx, class_backward, &y, 1, &x, dtoken || dposition);
    if (!record) return y;
    memcpy(record->more, y.shape, 3 * sizeof *y.shape);
    record->gradient[0] = dtoken, record->gradient[1] = dposition;
    return y;
}

static void first_backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    int64_t shape[3];
    memcpy(shape, record->more, sizeof shape);
    dc3_tensor dx = dc3_new(ctx, dy.dtype, 3, shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return;
    size_t row = (size_t)shape[2] * dc3_dtype_size(dy.dtype);
    dc3_ctx_kernels(ctx)->fill(dc3_bytes(&dx), 0, dx.data);
    dc3_ctx_kernels(ctx)->copy_rows(shape[0], row, dy.data, row, dx.data, (size_t)shape[1] * row);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

dc3_tensor dc3_first_token(dc3_ctx *ctx, dc3_tensor x)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t n = x.shape[0], t = x.shape[1], c = x.shape[2];
    dc3_tensor y = dc3_new(ctx, x.dtype, 2, (int64_t[]){n, c});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    size_t row = (size_t)c * dc3_dtype_size(x.dtype);
    dc3_ctx_kernels(ctx)->copy_rows(n, row, x.data, (size_t)t * row, y.data, row);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, first_backward, &y, 1, &x, 0);
    if (record) memcpy(record->more, x.shape, 3 * sizeof *x.shape);
    return y;
}
