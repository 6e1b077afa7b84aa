#include "learn/clip.h"

#include <math.h>

/* A tensor is cut in this many pieces of one length, whatever the number of threads; each is summed in LANES
 * sums side by side. */
enum { PIECES = 64, LANES = 8, SMALL = 1 << 13 };

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

static double squares_of(const float *x, int64_t n)
{
    double part[PIECES], total = 0;
    int64_t piece = (n + PIECES - 1) / PIECES;
#pragma omp parallel for if (n > SMALL)
    for (int k = 0; k < PIECES; k++) {
        int64_t from = k * piece, rest = n - from;
        part[k] = rest > 0 ? squares(x + from, rest < piece ? rest : piece) : 0;
    }
    for (int k = 0; k < PIECES; k++) total += part[k];
    return total;
}

double dc3_gradient_norm(const dc3_param *params, size_t count)
{
    double total = 0;
    for (size_t i = 0; i < count; i++)
        if (params[i].gradient) total += squares_of(params[i].gradient, dc3_count(&params[i].value));
    return sqrt(total);
}

double dc3_clip_gradients(dc3_param *params, size_t count, double max_norm)
{
    double norm = dc3_gradient_norm(params, count);
    float rate = (float)(max_norm / (norm + 1e-6));
    if (!isfinite(norm) || !(rate < 1)) return norm;
    for (size_t i = 0; i < count; i++) {
        float *gradient = params[i].gradient;
        int64_t n = gradient ? dc3_count(&params[i].value) : 0;
#pragma omp parallel for simd if (n > SMALL)
        for (int64_t k = 0; k < n; k++) gradient[k] *= rate;
    }
    return norm;
}
