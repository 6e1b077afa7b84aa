/* Steps of optimizers and what goes with them: the gradients' norm, moving averages of the parameters. */
#include <math.h>
#include "kernels/ref/ref.h"

enum { SMALL = 1 << 13 }; /* values that are not worth a second thread */

void dc3_ref_sgd(const dc3_sgd_step *s, int64_t n, const float *gradient, float *value, float *momentum)
{
#pragma omp parallel for
    for (int64_t i = 0; i < n; i++) {
        double g = gradient[i] + s->decay * value[i], m = g;
        if (momentum) m = s->momentum * momentum[i] + g, momentum[i] = (float)m;
        value[i] = (float)(value[i] - s->lr * (s->nesterov ? g + s->momentum * m : m));
    }
}

void dc3_ref_adamw(const dc3_adamw_step *s, int64_t n, const float *gradient, float *value, float *m,
                   float *v)
{
    double rate = s->lr / s->correction1, root = sqrt(s->correction2);
#pragma omp parallel for
    for (int64_t i = 0; i < n; i++) {
        double g = gradient[i], first = m[i] + (1 - s->beta1) * (g - m[i]),
               second = s->beta2 * v[i] + (1 - s->beta2) * g * g;
        m[i] = (float)first;
        v[i] = (float)second;
        value[i] = (float)(value[i] * (1 - s->lr * s->decay) - rate * first / (sqrt(second) / root + s->eps));
    }
}

void dc3_ref_scale(int64_t n, float rate, float *x)
{
#pragma omp parallel for simd if (n > SMALL)
    for (int64_t i = 0; i < n; i++) x[i] *= rate;
}

/* An array is cut in this many pieces of one length, whatever the number of threads; each is summed in LANES
 * sums side by side. */
enum { PIECES = 64, LANES = 8 };

static double squares(const float *x, int64_t n)
{
    double sum[LANES] = {0}, total = 0;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++) sum[k] += (double)x[i + k] * (double)x[i + k];
    for (; i < n; i++) total += (double)x[i] * (double)x[i];
    for (int k = 0; k < LANES; k++) total += sum[k];
    return total;
}

void dc3_ref_sum_squares(int64_t n, const float *x, double *sum)
{
    double part[PIECES], total = 0;
    int64_t piece = (n + PIECES - 1) / PIECES;
#pragma omp parallel for if (n > SMALL)
    for (int k = 0; k < PIECES; k++) {
        int64_t from = k * piece, rest = n - from;
        part[k] = rest > 0 ? squares(x + from, rest < piece ? rest : piece) : 0;
    }
    for (int k = 0; k < PIECES; k++) total += part[k];
    *sum += total;
}

void dc3_ref_blend(int64_t n, float rate, const float *value, float *average)
{
#pragma omp parallel for if (n > SMALL)
    for (int64_t from = 0; from < n; from += SMALL) {
        int64_t to = n - from < SMALL ? n : from + SMALL;
#pragma omp simd
        for (int64_t i = from; i < to; i++) average[i] += rate * (value[i] - average[i]);
    }
}
