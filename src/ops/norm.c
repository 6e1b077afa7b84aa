/* Group and layer normalisation: forward, backward. Backward makes mean and variance again from x. */
#include <string.h>
#include "ops/ops.h"
#include "ops/tape.h"

/* What backward needs besides x. */
typedef struct memory {
    int64_t n, pixels, c, groups; /* of a layer norm: n rows, 1, c, 1 */
    dc3_tensor gamma, beta;
    float eps;
    dc3_activation act;
} memory;
_Static_assert(sizeof(memory) <= DC3_RECORD_BYTES, "fits into a record");

static void record_norm(dc3_ctx *ctx, void (*backward)(dc3_ctx *, dc3_record *, dc3_tensor), const memory *m,
                        dc3_tensor x, dc3_tensor *y)
{
    float *dgamma = dc3_parameter_gradient(ctx, m->gamma), *dbeta = dc3_parameter_gradient(ctx, m->beta);
    dc3_record *record = dc3_record_new(ctx, backward, y, 1, &x, dgamma || dbeta);
    if (!record) return;
    memcpy(record->more, m, sizeof *m);
    record->gradient[0] = dgamma, record->gradient[1] = dbeta;
    dc3_record_save(ctx, record, 0, x);
}

/* The gradient of x, if it is wanted, and scratch for the kernel. */
static dc3_tensor new_gradient(dc3_ctx *ctx, const dc3_record *record, int64_t c, dc3_tensor *scratch)
{
    dc3_tensor x = record->saved[0];
    *scratch = dc3_scratch(ctx, dc3_ctx_kernels(ctx)->norm_gradient_scratch(c));
    return record->inputs[0] ? dc3_new(ctx, x.dtype, x.ndim, x.shape) : (dc3_tensor){0};
}

static void group_norm_backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    memory m;
    memcpy(&m, record->more, sizeof m);
    dc3_tensor x = record->saved[0], scratch, dx = new_gradient(ctx, record, m.c, &scratch);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_NORM, 0)) return;
    dc3_ctx_kernels(ctx)->group_norm_gradient(x.dtype, m.n, m.pixels, m.c, m.groups, x.data, m.gamma.data,
                                              m.beta.data, m.eps, m.act, dy.data, dx.data,
                                              record->gradient[0], record->gradient[1], scratch.data);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

dc3_tensor dc3_group_norm(dc3_ctx *ctx, dc3_tensor x, int64_t groups, dc3_tensor gamma, dc3_tensor beta,
                          float eps, dc3_activation act)
{
    dc3_tensor y = dc3_new(ctx, x.dtype, x.ndim, x.shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_NORM, 0)) return y;
    int64_t c = x.shape[x.ndim - 1], n = x.shape[0];
    memory m = {n, dc3_count(&x) / n / c, c, groups, gamma, beta, eps, act};
    dc3_ctx_kernels(ctx)->group_norm(x.dtype, n, m.pixels, c, groups, x.data, gamma.data, beta.data, eps, act,
                                     y.data);
    dc3_op_end(&op, DC3_OK);
    record_norm(ctx, group_norm_backward, &m, x, &y);
    return y;
}

dc3_tensor dc3_instance_norm(dc3_ctx *ctx, dc3_tensor x, dc3_tensor gamma, dc3_tensor beta, float eps,
                             dc3_activation act)
{
    return dc3_group_norm(ctx, x, x.ndim ? x.shape[x.ndim - 1] : 1, gamma, beta, eps, act);
}

static void layer_norm_backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    memory m;
    memcpy(&m, record->more, sizeof m);
    dc3_tensor x = record->saved[0], scratch, dx = new_gradient(ctx, record, m.c, &scratch);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_NORM, 0)) return;
    dc3_ctx_kernels(ctx)->layer_norm_gradient(x.dtype, m.n, m.c, x.data, m.gamma.data, m.eps, dy.data,
                                              dx.data, record->gradient[0], record->gradient[1],
                                              scratch.data);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

dc3_tensor dc3_layer_norm(dc3_ctx *ctx, dc3_tensor x, dc3_tensor gamma, dc3_tensor beta, float eps)
{
    dc3_tensor y = dc3_new(ctx, x.dtype, x.ndim, x.shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_NORM, 0)) return y;
    int64_t c = x.shape[x.ndim - 1];
    memory m = {dc3_count(&x) / c, 1, c, 1, gamma, beta, eps, DC3_ACT_NONE};
    dc3_ctx_kernels(ctx)->layer_norm(x.dtype, m.n, c, x.data, gamma.data, beta.data, eps, y.data);
    dc3_op_end(&op, DC3_OK);
    record_norm(ctx, layer_norm_backward, &m, x, &y);
    return y;
}
