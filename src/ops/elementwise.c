/* Operations that look at one element, one row or one window at a time and compute little. */
#include <string.h>
#include "ops/ops.h"
#include "ops/tape.h"

static int begin(dc3_op *op, dc3_ctx *ctx)
{
    return dc3_op_begin(op, ctx, DC3_OP_OTHER, 0);
}

/* A tensor of dy's type in the shape that `record` holds. */
static dc3_tensor new_gradient(dc3_ctx *ctx, const dc3_record *record, int ndim, dc3_tensor dy)
{
    int64_t shape[DC3_MAX_DIMS];
    memcpy(shape, record->more, sizeof shape);
    return dc3_new(ctx, dy.dtype, ndim, shape);
}

/* saved[0]: x. */
static void geglu_backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    dc3_tensor x = record->saved[0], dx = dc3_new(ctx, x.dtype, x.ndim, x.shape);
    int64_t c = x.shape[x.ndim - 1] / 2;
    dc3_op op;
    if (!begin(&op, ctx)) return;
    dc3_ctx_kernels(ctx)->geglu_gradient(x.dtype, dc3_count(&x) / (2 * c), c, x.data, dy.data, dx.data);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

dc3_tensor dc3_geglu(dc3_ctx *ctx, dc3_tensor x)
{
    int64_t shape[DC3_MAX_DIMS] = {0};
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    for (int i = 0; i < x.ndim; i++) shape[i] = x.shape[i];
    int64_t c = shape[x.ndim - 1] /= 2;
    dc3_tensor y = dc3_new(ctx, x.dtype, x.ndim, shape);
    dc3_op op;
    if (!begin(&op, ctx)) return y;
    dc3_ctx_kernels(ctx)->geglu(x.dtype, dc3_count(&y) / c, c, x.data, y.data);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, geglu_backward, &y, 1, &x, 0);
    if (record) dc3_record_save(ctx, record, 0, x);
    return y;
}

/* saved[0]: x; more: the activation. */
static void activate_backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    dc3_activation act;
    memcpy(&act, record->more, sizeof act);
    dc3_tensor x = record->saved[0], dx = dc3_new(ctx, x.dtype, x.ndim, x.shape);
    dc3_op op;
    if (!begin(&op, ctx)) return;
    dc3_ctx_kernels(ctx)->activate_gradient(x.dtype, act, dc3_count(&x), x.data, dy.data, dx.data);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

dc3_tensor dc3_activate(dc3_ctx *ctx, dc3_tensor x, dc3_activation act)
{
    dc3_tensor y = dc3_new(ctx, x.dtype, x.ndim, x.shape);
    dc3_op op;
    if (!begin(&op, ctx)) return y;
    dc3_ctx_kernels(ctx)->activate(x.dtype, act, dc3_count(&x), x.data, y.data);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, activate_backward, &y, 1, &x, 0);
    if (!record) return y;
    memcpy(record->more, &act, sizeof act);
    /* The gate of ReLU is the same by its result, which what follows keeps anyway. */
    dc3_record_save(ctx, record, 0, act == DC3_ACT_RELU || act == DC3_ACT_RELU6 ? y : x);
    return y;
}

static void add_backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    dc3_give_gradient(ctx, record, 0, dy);
    dc3_give_gradient(ctx, record, 1, dy);
}

dc3_tensor dc3_add(dc3_ctx *ctx, dc3_tensor a, dc3_tensor b)
{
    dc3_tensor y = dc3_new(ctx, a.dtype, a.ndim, a.shape);
    dc3_op op;
    if (!begin(&op, ctx)) return y;
    dc3_ctx_kernels(ctx)->add(a.dtype, dc3_count(&a), a.data, b.data, y.data);
    dc3_op_end(&op, DC3_OK);
    dc3_record_new(ctx, add_backward, &y, 2, (dc3_tensor[]){a, b}, 0);
    return y;
}

/* more: the shape of vector. Its gradient is the sum over the pixels, in f32 before it is rounded. */
static void add_vector_backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    dc3_give_gradient(ctx, record, 0, dy);
    if (!record->inputs[1]) return;
    dc3_tensor vector = new_gradient(ctx, record, 2, dy);
    if (!vector.data) return;
    int64_t n = vector.shape[0], c = vector.shape[1], pixels = dc3_count(&dy) / (n * c);
    dc3_tensor sums = dc3_new(ctx, DC3_F32, 2, vector.shape);
    dc3_op op;
    if (!begin(&op, ctx)) return;
    dc3_ctx_kernels(ctx)->fill(dc3_bytes(&sums), 0, sums.data);
    for (int64_t i = 0; i < n; i++)
        dc3_ctx_kernels(ctx)->add_rows(dy.dtype, pixels, c,
                                       (char *)dy.data + (size_t)(i * pixels * c) * dc3_dtype_size(dy.dtype),
                                       (float *)sums.data + i * c);
    dc3_ctx_kernels(ctx)->cast(DC3_F32, sums.data, dy.dtype, vector.data, n * c);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 1, vector);
}

dc3_tensor dc3_add_vector(dc3_ctx *ctx, dc3_tensor x, dc3_tensor vector)
{
    dc3_tensor y = dc3_new(ctx, x.dtype, x.ndim, x.shape);
    dc3_op op;
    if (!begin(&op, ctx)) return y;
    int64_t n = vector.shape[0], c = vector.shape[1];
    dc3_ctx_kernels(ctx)->add_vector(x.dtype, n, dc3_count(&x) / (n * c), c, x.data, vector.data, y.data);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, add_vector_backward, &y, 2, (dc3_tensor[]){x, vector}, 0);
    if (record) memcpy(record->more, vector.shape, sizeof vector.shape);
    return y;
}

dc3_tensor dc3_finish_apart(dc3_ctx *ctx, dc3_tensor y, dc3_activation act, int act_last,
                            const dc3_tensor *residual)
{
    if (act != DC3_ACT_NONE && !act_last) y = dc3_replace(ctx, y, dc3_activate(ctx, y, act));
    if (residual) y = dc3_replace(ctx, y, dc3_add(ctx, y, *residual));
    if (act != DC3_ACT_NONE && act_last) y = dc3_replace(ctx, y, dc3_activate(ctx, y, act));
    return y;
}

/* more: the shapes of a and b. */
typedef struct concat_memory {
    int ndim;
    int64_t a[DC3_MAX_DIMS], b[DC3_MAX_DIMS];
} concat_memory;
_Static_assert(sizeof(concat_memory) <= DC3_RECORD_BYTES, "fits into a record");

static void concat_backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    concat_memory m;
    memcpy(&m, record->more, sizeof m);
    int64_t ca = m.a[m.ndim - 1], cb = m.b[m.ndim - 1];
    dc3_tensor da = {0}, db = {0};
    if (record->inputs[0]) da = dc3_new(ctx, dy.dtype, m.ndim, m.a);
    if (record->inputs[1]) db = dc3_new(ctx, dy.dtype, m.ndim, m.b);
    dc3_op op;
    if (!begin(&op, ctx)) return;
    dc3_ctx_kernels(ctx)->split(dy.dtype, dc3_count(&dy) / (ca + cb), ca, cb, dy.data, da.data, db.data);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, da);
    dc3_give_gradient(ctx, record, 1, db);
}

dc3_tensor dc3_concat(dc3_ctx *ctx, dc3_tensor a, dc3_tensor b)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t ca = a.shape[a.ndim - 1], cb = b.shape[b.ndim - 1], rows = dc3_count(&a) / ca;
    if (dc3_count(&b) / cb != rows)
        return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_ARGUMENT,
                                          "concatenation: %lld pixels beside %lld; the image's size must be "
                                          "a multiple of the network's total factor",
                                          (long long)rows, (long long)(dc3_count(&b) / cb)));
    int64_t shape[DC3_MAX_DIMS];
    memcpy(shape, a.shape, sizeof shape);
    shape[a.ndim - 1] = ca + cb;
    dc3_tensor y = dc3_new(ctx, a.dtype, a.ndim, shape);
    dc3_op op;
    if (!begin(&op, ctx)) return y;
    dc3_ctx_kernels(ctx)->concat(a.dtype, rows, ca, cb, a.data, b.data, y.data);
    dc3_op_end(&op, DC3_OK);
    concat_memory m = {.ndim = a.ndim};
    memcpy(m.a, a.shape, sizeof m.a), memcpy(m.b, b.shape, sizeof m.b);
    dc3_record *record = dc3_record_new(ctx, concat_backward, &y, 2, (dc3_tensor[]){a, b}, 0);
    if (record) memcpy(record->more, &m, sizeof m);
    return y;
}

/* more: the shape of x. */
static void upsample2_backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    dc3_tensor dx = new_gradient(ctx, record, 4, dy);
    dc3_op op;
    if (!begin(&op, ctx)) return;
    dc3_ctx_kernels(ctx)->upsample2_gradient(dx.dtype, dx.shape[0], dx.shape[1], dx.shape[2], dx.shape[3],
                                             dy.data, dx.data);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

dc3_tensor dc3_upsample2(dc3_ctx *ctx, dc3_tensor x)
{
    dc3_tensor y =
        dc3_new(ctx, x.dtype, 4, (int64_t[]){x.shape[0], 2 * x.shape[1], 2 * x.shape[2], x.shape[3]});
    dc3_op op;
    if (!begin(&op, ctx)) return y;
    dc3_ctx_kernels(ctx)->upsample2(x.dtype, x.shape[0], x.shape[1], x.shape[2], x.shape[3], x.data, y.data);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, upsample2_backward, &y, 1, &x, 0);
    if (record) memcpy(record->more, x.shape, sizeof x.shape);
    return y;
}

static void cast_backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    dc3_dtype dtype;
    memcpy(&dtype, record->more, sizeof dtype);
    dc3_give_gradient(ctx, record, 0, dtype == dy.dtype ? dy : dc3_cast(ctx, dy, dtype));
}

dc3_tensor dc3_cast(dc3_ctx *ctx, dc3_tensor x, dc3_dtype dtype)
{
    dc3_tensor y = dc3_new(ctx, dtype, x.ndim, x.shape);
    dc3_op op;
    if (!begin(&op, ctx)) return y;
    if (x.dtype == dtype)
        dc3_ctx_kernels(ctx)->copy(dc3_bytes(&x), x.data, y.data);
    else
        dc3_ctx_kernels(ctx)->cast(x.dtype, x.data, dtype, y.data, dc3_count(&x));
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, cast_backward, &y, 1, &x, 0);
    if (record) memcpy(record->more, &x.dtype, sizeof x.dtype);
    return y;
}

static void flatten_backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    int64_t shape[4];
    memcpy(shape, record->more, sizeof shape);
    dc3_tensor dx = dc3_new(ctx, dy.dtype, 4, shape);
    dc3_op op;
    if (!begin(&op, ctx)) return;
    dc3_ctx_kernels(ctx)->from_planar(dy.dtype, shape[0], shape[1] * shape[2], shape[3], dy.data, dx.data);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

dc3_tensor dc3_flatten_planar(dc3_ctx *ctx, dc3_tensor x)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t n = x.shape[0], pixels = x.shape[1] * x.shape[2], c = x.shape[3];
    dc3_tensor y = dc3_new(ctx, x.dtype, 2, (int64_t[]){n, c * pixels});
    dc3_op op;
    if (!begin(&op, ctx)) return y;
    dc3_ctx_kernels(ctx)->to_planar(x.dtype, n, pixels, c, x.data, y.data);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, flatten_backward, &y, 1, &x, 0);
    if (record) memcpy(record->more, x.shape, 4 * sizeof *x.shape);
    return y;
}

dc3_tensor dc3_reshape(dc3_tensor x, int ndim, const int64_t *shape)
{
    dc3_tensor y = x;
    y.ndim = ndim;
    for (int i = 0; i < DC3_MAX_DIMS; i++) y.shape[i] = i < ndim ? shape[i] : 0;
    return y;
}
