/* Losses and their gradients. All arithmetic in double precision: they see n * c values only. */
#include <math.h>
#include <string.h>
#include "ops/ops.h"
#include "ops/tape.h"

/* log softmax(z / t) of one row into out [c]. */
static void log_softmax(const float *z, int64_t c, double t, double *out)
{
    double most = -INFINITY, sum = 0;
    for (int64_t j = 0; j < c; j++)
        if (z[j] / t > most) most = z[j] / t;
    for (int64_t j = 0; j < c; j++) sum += exp(z[j] / t - most);
    for (int64_t j = 0; j < c; j++) out[j] = z[j] / t - most - log(sum);
}

/* saved[0]: the gradient of the loss with respect to its input, f32. */
static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    dc3_tensor slope = record->saved[0];
    dc3_tensor dx = dc3_new(ctx, slope.dtype, slope.ndim, slope.shape);
    if (!dx.data) return;
    float scale = *(const float *)dy.data;
    for (int64_t i = 0; i < dc3_count(&slope); i++)
        ((float *)dx.data)[i] = ((const float *)slope.data)[i] * scale;
    dc3_give_gradient(ctx, record, 0, dx);
}

/* The loss `value` whose input's gradient is `slope`. */
static dc3_tensor loss_of(dc3_ctx *ctx, dc3_tensor x, dc3_tensor slope, double value)
{
    dc3_tensor y = dc3_new(ctx, DC3_F32, 1, (int64_t[]){1});
    if (!y.data) return y;
    *(float *)y.data = (float)value;
    dc3_record *record = dc3_record_new(ctx, backward, &y, 1, &x, 0);
    if (record) dc3_record_save(ctx, record, 0, slope);
    return y;
}

dc3_tensor dc3_cross_entropy(dc3_ctx *ctx, dc3_tensor logits, int64_t k, const int64_t *labels,
                             const float *weights, float smoothing)
{
    dc3_tensor z = dc3_cast(ctx, logits, DC3_F32), slope = dc3_new(ctx, DC3_F32, z.ndim, z.shape);
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t n = z.shape[0], c = z.shape[1];
    dc3_tensor rows = dc3_new(ctx, DC3_F64, 2, (int64_t[]){2, c});
    if (!rows.data) return rows;
    double *p = rows.data, *target = p + c, sum = 0;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < c; j++) target[j] = (double)smoothing / (double)c;
        for (int64_t j = 0; j < k; j++) {
            int64_t label = labels[i * k + j];
            if (label < 0 || label >= c)
                return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_ARGUMENT, "label %lld: expected 0 to %lld",
                                                  (long long)label, (long long)c - 1));
            target[label] += (1 - (double)smoothing) * (weights ? (double)weights[i * k + j] : 1);
        }
        log_softmax((const float *)z.data + i * c, c, 1, p);
        for (int64_t j = 0; j < c; j++) {
            if (target[j] > 0) sum -= target[j] * p[j];
            ((float *)slope.data)[i * c + j] = (float)((exp(p[j]) - target[j]) / (double)n);
        }
    }
    dc3_drop(ctx, rows);
    return loss_of(ctx, z, slope, sum / (double)n);
}

dc3_tensor dc3_distillation_loss(dc3_ctx *ctx, dc3_tensor logits, const float *target, float temperature)
{
    dc3_tensor z = dc3_cast(ctx, logits, DC3_F32), slope = dc3_new(ctx, DC3_F32, z.ndim, z.shape);
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t n = z.shape[0], c = z.shape[1];
    dc3_tensor rows = dc3_new(ctx, DC3_F64, 2, (int64_t[]){2, c});
    if (!rows.data) return rows;
    double *p = rows.data, *q = p + c, sum = 0, t = temperature;
    for (int64_t i = 0; i < n; i++) {
        log_softmax((const float *)z.data + i * c, c, t, p);
        log_softmax(target + i * c, c, t, q);
        for (int64_t j = 0; j < c; j++) {
            sum += exp(q[j]) * (q[j] - p[j]);
            ((float *)slope.data)[i * c + j] = (float)((exp(p[j]) - exp(q[j])) / (t * (double)n));
        }
    }
    dc3_drop(ctx, rows);
    return loss_of(ctx, z, slope, sum / (double)n);
}

dc3_tensor dc3_mse(dc3_ctx *ctx, dc3_tensor x, const float *target)
{
    dc3_tensor z = dc3_cast(ctx, x, DC3_F32), slope = dc3_new(ctx, DC3_F32, z.ndim, z.shape);
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t n = dc3_count(&z);
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = (double)((const float *)z.data)[i] - (double)target[i];
        sum += d * d;
        ((float *)slope.data)[i] = (float)(2 * d / (double)n);
    }
    return loss_of(ctx, z, slope, sum / (double)n);
}
