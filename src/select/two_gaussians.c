#include "select/two_gaussians.h"

#include <math.h>

enum { ROUNDS = 100, HALVINGS = 200 };
static const double added = 1e-6, tolerance = 1e-3;

/* log(weight_k N_k(x)), without the constant that both have. */
static double log_part(const dc3_two_gaussians *g, int k, double x)
{
    double d = x - g->mean[k];
    return log(g->weight[k]) - 0.5 * log(g->variance[k]) - d * d / (2 * g->variance[k]);
}

/* Of the parts [n, 2] that each value has in the two. */
static void maximise(int64_t n, const double *x, const double *parts, dc3_two_gaussians *g)
{
    for (int k = 0; k < 2; k++) {
        double sum = 1e-15, mean = 0, spread = 0; /* the sum never is 0 */
        for (int64_t i = 0; i < n; i++) sum += parts[2 * i + k], mean += parts[2 * i + k] * x[i];
        mean /= sum;
        for (int64_t i = 0; i < n; i++) spread += parts[2 * i + k] * (x[i] - mean) * (x[i] - mean);
        g->weight[k] = sum / (double)n;
        g->mean[k] = mean;
        g->variance[k] = spread / sum + added;
    }
}

/* Returns the mean log-likelihood, without its constant. */
static double expect(int64_t n, const double *x, const dc3_two_gaussians *g, double *parts)
{
    double total = 0;
    for (int64_t i = 0; i < n; i++) {
        double a = log_part(g, 0, x[i]), b = log_part(g, 1, x[i]), most = a > b ? a : b;
        double both = most + log(exp(a - most) + exp(b - most));
        parts[2 * i] = exp(a - both);
        parts[2 * i + 1] = exp(b - both);
        total += both;
    }
    return total / (double)n;
}

/* How many of the ascending values are in the lower part of the split with the least sum of squares. */
static int64_t split(int64_t n, const double *x)
{
    double all = 0, below = 0, most = -INFINITY;
    int64_t best = 1;
    for (int64_t i = 0; i < n; i++) all += x[i] - x[0];
    for (int64_t i = 1; i < n; i++) { /* the squares of the values themselves are in every split's sum */
        below += x[i - 1] - x[0];
        double gain = below * below / (double)i + (all - below) * (all - below) / (double)(n - i);
        if (gain > most) most = gain, best = i;
    }
    return best;
}

int dc3_fit_two_gaussians(int64_t n, const double *x, double *parts, dc3_two_gaussians *g)
{
    if (!(x[n - 1] > x[0])) return 0;
    int64_t lower = split(n, x);
    for (int64_t i = 0; i < n; i++) parts[2 * i] = i < lower, parts[2 * i + 1] = i >= lower;
    maximise(n, x, parts, g);
    double before = -INFINITY;
    for (int round = 0; round < ROUNDS; round++) {
        double now = expect(n, x, g, parts);
        maximise(n, x, parts, g);
        if (fabs(now - before) < tolerance) break;
        before = now;
    }
    if (g->mean[0] <= g->mean[1]) return 1;
    *g = (dc3_two_gaussians){
        {g->weight[1], g->weight[0]}, {g->mean[1], g->mean[0]}, {g->variance[1], g->variance[0]}};
    return 1;
}

double dc3_gaussians_meet(const dc3_two_gaussians *g)
{
    double low = g->mean[0], high = g->mean[1];
    if (log_part(g, 0, low) <= log_part(g, 1, low) || log_part(g, 0, high) >= log_part(g, 1, high))
        return INFINITY;
    for (int i = 0; i < HALVINGS && high > low; i++) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high) break;
        if (log_part(g, 0, middle) > log_part(g, 1, middle))
            low = middle;
        else
            high = middle;
    }
    return low;
}
