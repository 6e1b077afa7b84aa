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

static double norm_of(const double *x, int64_t c)
{
    double sum = 0;
    for (int64_t j = 0; j < c; j++) sum += x[j] * x[j];
    return sqrt(sum);
}

/* u += rate * x / |x| where x is not all zero. */
static void add_direction(const double *x, int64_t c, double rate, double *u)
{
    double norm = norm_of(x, c);
    for (int64_t j = 0; j < c && norm > 0; j++) u[j] += rate * x[j] / norm;
}

void dc3_ref_cosine(int64_t n, int64_t c, int64_t k, const float *z, const float *target,
                    const int64_t *labels, const float *weights, float smoothing, float share, float *loss,
                    float *slope, void *scratch)
{
    double *x = scratch, *u = x + c, sum = 0, other = c > 1 ? (double)smoothing / (double)(c - 1) : 0;
    for (int64_t i = 0; i < n; i++) {
        double dot = 0;
        for (int64_t j = 0; j < c; j++) x[j] = target[i * c + j], u[j] = 0;
        add_direction(x, c, 1, u);
        for (int64_t j = 0; j < c; j++) x[j] = other;
        for (int64_t j = 0; j < k && share > 0; j++)
            x[labels[i * k + j]] +=
                (1 - (double)smoothing - other) * (weights ? (double)weights[i * k + j] : 1);
        if (share > 0) add_direction(x, c, share, u);
        for (int64_t j = 0; j < c; j++) x[j] = z[i * c + j], dot += x[j] * u[j];
        double of_z = norm_of(x, c), norms = of_z * norm_of(u, c), cosine = norms > 0 ? dot / norms : 0;
        for (int64_t j = 0; j < c; j++)
            slope[i * c + j] =
                norms > 0 ? (float)((cosine * x[j] / (of_z * of_z) - u[j] / norms) / (double)n) : 0;
        sum += 1 - cosine;
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
