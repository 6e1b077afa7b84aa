/* What a condition does to tokens in a diffusion transformer (adaLN-Zero, Peebles and Xie 2023, section 3.2):
 * the normalised tokens shifted and scaled, and a branch gated before it is added. Forward; backward through
 * the tokens and the condition, whose gradient each operation gives in its own columns. */
#include <string.h>
#include "ops/ops.h"
#include "ops/tape.h"

/* What backward needs besides the tensors. */
typedef struct memory {
    dc3_adaptive_shape shape;
    int64_t at[2]; /* first columns of the vectors: shift and scale, or the gate */
} memory;
_Static_assert(sizeof(memory) <= DC3_RECORD_BYTES, "fits into a record");

static char *column(dc3_tensor t, int64_t at)
{
    return t.data ? (char *)t.data + (size_t)at * dc3_dtype_size(t.dtype) : NULL;
}

/* The shape, if x [n, tokens, c] and c columns from each of `at` on fit the condition [n, columns]. what: the
 * operation, for messages. */
static int fits(dc3_ctx *ctx, const char *what, dc3_tensor x, dc3_tensor condition, const int64_t *at,
                dc3_adaptive_shape *shape)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return 0;
    int64_t last = at[0] > at[1] ? at[0] : at[1];
    if (x.ndim != 3 || condition.ndim != 2) {
        dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_ARGUMENT,
                                   "%s: tokens of %d dimensions and a condition of %d; expected 3 and 2",
                                   what, x.ndim, condition.ndim));
        return 0;
    }
    *shape = (dc3_adaptive_shape){
        .n = x.shape[0], .tokens = x.shape[1], .c = x.shape[2], .stride = condition.shape[1]};
    if (condition.shape[0] == shape->n && condition.dtype == x.dtype && at[0] >= 0 && at[1] >= 0 &&
        last <= shape->stride - shape->c)
        return 1;
    dc3_ctx_fail(ctx,
                 dc3_fail(DC3_ERR_ARGUMENT,
                          "%s: columns from %lld and %lld on of a condition of %lld rows and %lld columns "
                          "of %s for %lld rows of %lld channels of %s",
                          what, (long long)at[0], (long long)at[1], (long long)condition.shape[0],
                          (long long)condition.shape[1], dc3_dtype_name(condition.dtype), (long long)shape->n,
                          (long long)shape->c, dc3_dtype_name(x.dtype)));
    return 0;
}

/* The same, and a branch like x. */
static int branch_fits(dc3_ctx *ctx, dc3_tensor x, dc3_tensor branch, dc3_tensor condition, const int64_t *at,
                       dc3_adaptive_shape *shape)
{
    if (!fits(ctx, "gated sum", x, condition, at, shape)) return 0;
    if (branch.dtype == x.dtype && branch.ndim == 3 &&
        memcmp(branch.shape, x.shape, 3 * sizeof *x.shape) == 0)
        return 1;
    dc3_ctx_fail(ctx,
                 dc3_fail(DC3_ERR_ARGUMENT,
                          "gated sum: a branch of %lldx%lldx%lld of %s for tokens of %lldx%lldx%lld of %s",
                          (long long)branch.shape[0], (long long)branch.shape[1], (long long)branch.shape[2],
                          dc3_dtype_name(branch.dtype), (long long)x.shape[0], (long long)x.shape[1],
                          (long long)x.shape[2], dc3_dtype_name(x.dtype)));
    return 0;
}

/* The gradient of the condition, zero in all columns, if it is wanted. */
static dc3_tensor new_condition(dc3_ctx *ctx, const dc3_record *record, int input, dc3_tensor condition)
{
    if (!record->inputs[input]) return (dc3_tensor){0};
    dc3_tensor d = dc3_new(ctx, condition.dtype, 2, condition.shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return d;
    dc3_ctx_kernels(ctx)->fill(dc3_bytes(&d), 0, d.data);
    dc3_op_end(&op, DC3_OK);
    return d;
}

/* saved[0]: x; saved[1]: the condition. */
static void norm_backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    memory m;
    memcpy(&m, record->more, sizeof m);
    const dc3_kernels *k = dc3_ctx_kernels(ctx);
    dc3_tensor x = record->saved[0], condition = record->saved[1], dx = {0};
    if (record->inputs[0]) dx = dc3_new(ctx, x.dtype, x.ndim, x.shape);
    dc3_tensor d = new_condition(ctx, record, 1, condition);
    dc3_tensor scratch = dc3_scratch(ctx, k->adaptive_norm_scratch(&m.shape));
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_NORM, 0)) return;
    k->adaptive_norm_gradient(x.dtype, &m.shape, x.data, column(condition, m.at[1]), dy.data, dx.data,
                              column(d, m.at[0]), column(d, m.at[1]), scratch.data);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
    dc3_give_gradient(ctx, record, 1, d);
}

dc3_tensor dc3_adaptive_norm(dc3_ctx *ctx, dc3_tensor x, dc3_tensor condition, int64_t at_shift,
                             int64_t at_scale, float eps)
{
    memory m = {.at = {at_shift, at_scale}};
    if (!fits(ctx, "adaptive norm", x, condition, m.at, &m.shape)) return (dc3_tensor){0};
    m.shape.eps = eps;
    dc3_tensor y = dc3_new(ctx, x.dtype, x.ndim, x.shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_NORM, 0)) return y;
    dc3_ctx_kernels(ctx)->adaptive_norm(x.dtype, &m.shape, x.data, column(condition, at_shift),
                                        column(condition, at_scale), y.data);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, norm_backward, &y, 2, (dc3_tensor[]){x, condition}, 0);
    if (!record) return y;
    memcpy(record->more, &m, sizeof m);
    dc3_record_save(ctx, record, 0, x);
    dc3_record_save(ctx, record, 1, condition);
    return y;
}

/* saved[0]: the branch; saved[1]: the condition. */
static void gate_backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    memory m;
    memcpy(&m, record->more, sizeof m);
    dc3_tensor branch = record->saved[0], condition = record->saved[1], dbranch = {0};
    if (record->inputs[1]) dbranch = dc3_new(ctx, branch.dtype, branch.ndim, branch.shape);
    dc3_tensor d = new_condition(ctx, record, 2, condition);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return;
    dc3_ctx_kernels(ctx)->gated_add_gradient(branch.dtype, &m.shape, branch.data, column(condition, m.at[0]),
                                             dy.data, dbranch.data, column(d, m.at[0]));
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dy);
    dc3_give_gradient(ctx, record, 1, dbranch);
    dc3_give_gradient(ctx, record, 2, d);
}

dc3_tensor dc3_gated_add(dc3_ctx *ctx, dc3_tensor x, dc3_tensor branch, dc3_tensor condition, int64_t at_gate)
{
    memory m = {.at = {at_gate, at_gate}};
    if (!branch_fits(ctx, x, branch, condition, m.at, &m.shape)) return (dc3_tensor){0};
    dc3_tensor y = dc3_new(ctx, x.dtype, x.ndim, x.shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    dc3_ctx_kernels(ctx)->gated_add(x.dtype, &m.shape, x.data, branch.data, column(condition, at_gate),
                                    y.data);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, gate_backward, &y, 3, (dc3_tensor[]){x, branch, condition}, 0);
    if (!record) return y;
    memcpy(record->more, &m, sizeof m);
    dc3_record_save(ctx, record, 0, branch);
    dc3_record_save(ctx, record, 1, condition);
    return y;
}
