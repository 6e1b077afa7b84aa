/* Losses and their gradients, which are computed together. */
#include <string.h>
#include "ops/ops.h"
#include "ops/tape.h"

/* saved[0]: the gradient of the loss with respect to its input, f32. */
static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    dc3_tensor slope = record->saved[0];
    dc3_tensor dx = dc3_new(ctx, slope.dtype, slope.ndim, slope.shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return;
    dc3_ctx_kernels(ctx)->multiply(dc3_count(&slope), slope.data, dy.data, dx.data);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

/* What a loss is computed from and into. */
typedef struct loss {
    dc3_tensor z, slope, value; /* the input as f32, the gradient with respect to it, [1] */
} loss;

static loss new_loss(dc3_ctx *ctx, dc3_tensor x)
{
    loss l = {.z = dc3_cast(ctx, x, DC3_F32)};
    l.slope = dc3_new(ctx, DC3_F32, l.z.ndim, l.z.shape);
    l.value = dc3_new(ctx, DC3_F32, 1, (int64_t[]){1});
    return l;
}

static dc3_tensor finish(dc3_ctx *ctx, loss *l)
{
    dc3_record *record = dc3_record_new(ctx, backward, &l->value, 1, &l->z, 0);
    if (record) dc3_record_save(ctx, record, 0, l->slope);
    return l->value;
}

static dc3_status check_labels(int64_t count, int64_t classes, const int64_t *labels)
{
    for (int64_t i = 0; i < count; i++)
        if (labels[i] < 0 || labels[i] >= classes)
            return dc3_fail(DC3_ERR_ARGUMENT, "label %lld: expected 0 to %lld", (long long)labels[i],
                            (long long)classes - 1);
    return DC3_OK;
}

dc3_tensor dc3_cross_entropy(dc3_ctx *ctx, dc3_tensor logits, int64_t k, const int64_t *labels,
                             const float *weights, float smoothing)
{
    loss l = new_loss(ctx, logits);
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t n = l.z.shape[0], c = l.z.shape[1], shape[] = {n, k};
    dc3_status status = check_labels(n * k, c, labels);
    if (status != DC3_OK) return dc3_ctx_fail(ctx, status);
    dc3_tensor places = dc3_upload(ctx, DC3_I64, 2, shape, labels), shares = {0};
    if (weights) shares = dc3_upload(ctx, DC3_F32, 2, shape, weights);
    dc3_tensor scratch = dc3_scratch(ctx, dc3_ctx_kernels(ctx)->loss_scratch(c));
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return l.value;
    dc3_ctx_kernels(ctx)->cross_entropy(n, c, k, l.z.data, places.data, shares.data, smoothing, l.value.data,
                                        l.slope.data, scratch.data);
    dc3_op_end(&op, DC3_OK);
    return finish(ctx, &l);
}

dc3_tensor dc3_distillation_loss(dc3_ctx *ctx, dc3_tensor logits, const float *target, float temperature)
{
    loss l = new_loss(ctx, logits);
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t n = l.z.shape[0], c = l.z.shape[1];
    dc3_tensor wanted = dc3_upload(ctx, DC3_F32, 2, l.z.shape, target);
    dc3_tensor scratch = dc3_scratch(ctx, dc3_ctx_kernels(ctx)->loss_scratch(c));
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return l.value;
    dc3_ctx_kernels(ctx)->distillation(n, c, l.z.data, wanted.data, temperature, l.value.data, l.slope.data,
                                       scratch.data);
    dc3_op_end(&op, DC3_OK);
    return finish(ctx, &l);
}

dc3_tensor dc3_cosine_loss(dc3_ctx *ctx, dc3_tensor logits, const float *target, int64_t k,
                           const int64_t *labels, const float *weights, float smoothing, float share)
{
    loss l = new_loss(ctx, logits);
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t n = l.z.shape[0], c = l.z.shape[1], shape[] = {n, k};
    dc3_status status = share > 0 ? check_labels(n * k, c, labels) : DC3_OK;
    if (status != DC3_OK) return dc3_ctx_fail(ctx, status);
    dc3_tensor wanted = dc3_upload(ctx, DC3_F32, 2, l.z.shape, target), places = {0}, shares = {0};
    if (share > 0) places = dc3_upload(ctx, DC3_I64, 2, shape, labels);
    if (share > 0 && weights) shares = dc3_upload(ctx, DC3_F32, 2, shape, weights);
    dc3_tensor scratch = dc3_scratch(ctx, dc3_ctx_kernels(ctx)->loss_scratch(c));
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return l.value;
    dc3_ctx_kernels(ctx)->cosine(n, c, k, l.z.data, wanted.data, places.data, shares.data, smoothing, share,
                                 l.value.data, l.slope.data, scratch.data);
    dc3_op_end(&op, DC3_OK);
    return finish(ctx, &l);
}

/* y = rate * x, [1] f32. */
static dc3_tensor scaled(dc3_ctx *ctx, dc3_tensor x, float rate)
{
    dc3_tensor y = dc3_new(ctx, DC3_F32, 1, (int64_t[]){1});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    dc3_ctx_kernels(ctx)->affine(1, rate, 0, x.data, y.data);
    dc3_op_end(&op, DC3_OK);
    return y;
}

/* more: the rate. */
static void add_losses_backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    float rate;
    memcpy(&rate, record->more, sizeof rate);
    dc3_tensor db = record->inputs[1] ? scaled(ctx, dy, rate) : (dc3_tensor){0};
    dc3_give_gradient(ctx, record, 0, dy);
    dc3_give_gradient(ctx, record, 1, db);
}

dc3_tensor dc3_add_losses(dc3_ctx *ctx, dc3_tensor a, dc3_tensor b, float rate)
{
    dc3_tensor part = scaled(ctx, b, rate), y = dc3_new(ctx, DC3_F32, 1, (int64_t[]){1});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    dc3_ctx_kernels(ctx)->add(DC3_F32, 1, a.data, part.data, y.data);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, add_losses_backward, &y, 2, (dc3_tensor[]){a, b}, 0);
    if (record) memcpy(record->more, &rate, sizeof rate);
    return y;
}

dc3_tensor dc3_given_loss(dc3_ctx *ctx, dc3_tensor x, float value, const float *slope)
{
    loss l = {.z = dc3_cast(ctx, x, DC3_F32)};
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    l.slope = dc3_upload(ctx, DC3_F32, l.z.ndim, l.z.shape, slope);
    l.value = dc3_upload(ctx, DC3_F32, 1, (int64_t[]){1}, &value);
    return finish(ctx, &l);
}

dc3_tensor dc3_mse(dc3_ctx *ctx, dc3_tensor x, const float *target)
{
    loss l = new_loss(ctx, x);
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    dc3_tensor wanted = dc3_upload(ctx, DC3_F32, l.z.ndim, l.z.shape, target);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return l.value;
    dc3_ctx_kernels(ctx)->mse(dc3_count(&l.z), l.z.data, wanted.data, l.value.data, l.slope.data);
    dc3_op_end(&op, DC3_OK);
    return finish(ctx, &l);
}
