/* Losses and their gradients. All arithmetic in double precision and by one thread: they see n * c values
 * only. */
#include <math.h>
#include "kernels/ref/ref.h"

size_t dc3_ref_loss_scratch(int64_t c)
{
    return (size_t)(2 * c) * sizeof(double);
}

/* log softmax(z / t) of one row into out [c]. */
static void log_softmax(const float *z, int64_t c, double t, double *out)
{
    double most = -INFINITY, sum = 0;
    for (int64_t j = 0; j < c; j++)
        if (z[j] / t > most) most = z[j] / t;
    for (int64_t j = 0; j < c; j++) sum += exp(z[j] / t - most);
    for (int64_t j = 0; j < c; j++) out[j] = z[j] / t - most - log(sum);
}

void dc3_ref_cross_entropy(int64_t n, int64_t c, int64_t k, const float *z, const int64_t *labels,
                           const float *weights, float smoothing, float *loss, float *slope, void *scratch)
{
    double *p = scratch, *target = p + c, sum = 0;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < c; j++) target[j] = (double)smoothing / (double)c;
        for (int64_t j = 0; j < k; j++)
            target[labels[i * k + j]] += (1 - (double)smoothing) * (weights ? (double)weights[i * k + j] : 1);
        log_softmax(z + i * c, c, 1, p);
        for (int64_t j = 0; j < c; j++) {
            if (target[j] > 0) sum -= target[j] * p[j];
            slope[i * c + j] = (float)((exp(p[j]) - target[j]) / (double)n);
        }
    }
    *loss = (float)(sum / (double)n);
}

void dc3_ref_distillation(int64_t n, int64_t c, const float *z, const float *target, float temperature,
                          float *loss, float *slope, void *scratch)
{
    double *p = scratch, *q = p + c, sum = 0, t = temperature;
    for (int64_t i = 0; i < n; i++) {
        log_softmax(z + i * c, c, t, p);
        log_softmax(target + i * c, c, t, q);
        for (int64_t j = 0; j < c; j++) {
            sum += exp(q[j]) * (q[j] - p[j]);
            slope[i * c + j] = (float)((exp(p[j]) - exp(q[j])) / (t * (double)n));
        }
    }
    *loss = (float)(sum / (double)n);
}

void dc3_ref_mse(int64_t n, const float *x, const float *target, float *loss, float *slope)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = (double)x[i] - (double)target[i];
        sum += d * d;
        slope[i] = (float)(2 * d / (double)n);
    }
    *loss = (float)(sum / (double)n);
}

void dc3_ref_multiply(int64_t n, const float *x, const float *factor, float *y)
{
    float scale = *factor;
    for (int64_t i = 0; i < n; i++) y[i] = x[i] * scale;
}
