/* Batch norm and its gradient (Ioffe and Szegedy 2015), one element at a time. */
#include "kernels/ref/ref.h"
#include "kernels/ref/scalar.h"

size_t dc3_ref_batch_norm_scratch(const dc3_batch_norm_shape *shape)
{
    (void)shape;
    return 1;
}

void dc3_ref_batch_norm_statistics(const dc3_batch_norm_shape *s, const void *x, float *mean, float *variance,
                                   void *scratch)
{
    (void)scratch;
    int64_t rows = s->n * s->h * s->w;
    for (int64_t j = 0; j < s->c; j++) {
        double sum = 0, square = 0;
        for (int64_t r = 0; r < rows; r++) sum += get(s->type, x, r * s->c + j);
        double m = sum / (double)rows;
        for (int64_t r = 0; r < rows; r++) square += pow(get(s->type, x, r * s->c + j) - m, 2);
        mean[j] = (float)m;
        variance[j] = (float)(square / (double)rows);
    }
}

/* Where pixel (i, row, column) of y stands, pooled or not; -1: it is left out. */
static int64_t place_of(const dc3_batch_norm_shape *s, int64_t pixel)
{
    int64_t i = pixel / (s->h * s->w), row = pixel / s->w % s->h, column = pixel % s->w;
    if (!s->pool) return pixel;
    int64_t h = s->h / 2, w = s->w / 2;
    return row / 2 < h && column / 2 < w ? (i * h + row / 2) * w + column / 2 : -1;
}

void dc3_ref_batch_norm(const dc3_batch_norm_shape *s, const void *x, const float *scale, const float *offset,
                        const void *residual, void *y)
{
    int64_t h = s->pool ? s->h / 2 : s->h, w = s->pool ? s->w / 2 : s->w, step = s->pool ? 2 : 1;
    for (int64_t out = 0; out < s->n * h * w; out++)
        for (int64_t j = 0; j < s->c; j++) {
            int64_t i = out / (h * w), row = out / w % h * step, column = out % w * step;
            double sum = 0;
            for (int64_t k = 0; k < step * step; k++) {
                int64_t at = ((i * s->h + row + k / 2) * s->w + column + k % 2) * s->c + j;
                double more = residual ? get(s->type, residual, at) : 0;
                sum += act_of(s->act, get(s->type, x, at) * scale[j] + offset[j] + more);
            }
            put(s->type, y, out * s->c + j, sum / (double)(step * step));
        }
}

/* The gradient before activation and pool of one element. */
static double gated(const dc3_batch_norm_shape *s, const void *dy, const void *x, const void *y,
                    const float *scale, const float *offset, int64_t pixel, int64_t j)
{
    int64_t from = place_of(s, pixel), at = pixel * s->c + j;
    if (from < 0) return 0;
    double z = y ? get(s->type, y, at) : get(s->type, x, at) * scale[j] + offset[j];
    double g = s->act == DC3_ACT_RELU && z <= 0 ? 0 : get(s->type, dy, from * s->c + j);
    return s->pool ? g / 4 : g;
}

void dc3_ref_batch_norm_sums(const dc3_batch_norm_shape *s, const void *dy, const void *x, const void *y,
                             const float *scale, const float *offset, const float *mean, void *dz, float *sum,
                             float *product, void *scratch)
{
    (void)scratch;
    for (int64_t j = 0; j < s->c; j++) {
        double first = 0, second = 0;
        for (int64_t p = 0; p < s->n * s->h * s->w; p++) {
            double g = gated(s, dy, x, y, scale, offset, p, j);
            first += g;
            second += g * (get(s->type, x, p * s->c + j) - mean[j]);
            if (dz) put(s->type, dz, p * s->c + j, g);
        }
        sum[j] = (float)first;
        product[j] = (float)second;
    }
}

void dc3_ref_batch_norm_gradient(const dc3_batch_norm_shape *s, const void *dy, const void *x,
                                 const float *scale, const float *offset, const float *a, const float *b,
                                 const float *d, void *dx)
{
    for (int64_t p = 0; p < s->n * s->h * s->w; p++)
        for (int64_t j = 0; j < s->c; j++)
            put(s->type, dx, p * s->c + j,
                gated(s, dy, x, NULL, scale, offset, p, j) * a[j] + get(s->type, x, p * s->c + j) * b[j] +
                    d[j]);
}

/* Per channel: rows of `vectors`. */
enum { MEAN, RATE, SCALE, OFFSET };

void dc3_ref_batch_norm_vectors(int64_t c, float eps, const float *gamma, const float *beta,
                                const float *mean, const float *variance, float *vectors)
{
    for (int64_t j = 0; j < c; j++) {
        double m = mean[j],
               rate = 1 / sqrt((double)variance[j] + (double)eps); /* before they are overwritten */
        vectors[MEAN * c + j] = (float)m;
        vectors[RATE * c + j] = (float)rate;
        vectors[SCALE * c + j] = (float)(rate * gamma[j]);
        vectors[OFFSET * c + j] = (float)(beta[j] - m * rate * gamma[j]);
    }
}

void dc3_ref_batch_norm_running(int64_t c, int64_t count, float momentum, const float *mean,
                                const float *variance, float *running_mean, float *running_variance)
{
    double unbiased = count > 1 ? (double)count / (double)(count - 1) : 1, m = momentum;
    for (int64_t j = 0; j < c; j++) {
        running_mean[j] = (float)((1 - m) * running_mean[j] + m * mean[j]);
        running_variance[j] = (float)((1 - m) * running_variance[j] + m * unbiased * variance[j]);
    }
}

/* With g the gradient before activation and pool, xhat = (x - mean) rate and N values a channel:
 * dbeta = sum g, dgamma = sum g xhat, dx = gamma rate (g - dbeta / N - xhat dgamma / N); of statistics that
 * do not depend on x, as those of infinitely many values, dx = gamma rate g. */
void dc3_ref_batch_norm_coefficients(int64_t c, int64_t count, const float *gamma, const float *vectors,
                                     const float *sums, float *coefficients, float *dgamma, float *dbeta)
{
    const float *mean = vectors + MEAN * c, *rate = vectors + RATE * c, *sum = sums, *product = sums + c;
    float *a = coefficients, *b = a + c, *d = b + c;
    for (int64_t j = 0; j < c; j++) {
        double slope = (double)product[j] * rate[j], n = count ? (double)count : INFINITY;
        if (dgamma) dgamma[j] += (float)slope;
        if (dbeta) dbeta[j] += sum[j];
        a[j] = gamma[j] * rate[j];
        b[j] = (float)(-(double)a[j] * rate[j] * slope / n);
        d[j] = (float)(-(double)a[j] * sum[j] / n - (double)b[j] * mean[j]);
    }
}
