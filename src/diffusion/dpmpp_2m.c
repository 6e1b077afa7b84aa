/* DPM-Solver++ 2M (Lu et al. 2022, algorithm 2, midpoint form): with alpha = 1 / sqrt(sigma^2 + 1), s = sigma
 * * alpha and lambda = log(alpha / s), h the step in lambda: x = (s' / s) x - alpha' (e^-h - 1) (D0 + D1 /
 * 2), D0 the new estimate of x0, D1 = (D0 - last estimate) * h / h_last. The first step, and the last of
 * fewer than 15 or when it ends at sigma 0, is of first order. */
#include <math.h>
#include "diffusion/sampler.h"

static double lambda_of(double sigma)
{
    return -log(sigma);
}

void dc3_dpmpp_2m_step(const dc3_sampler *s, int i, int64_t n, const float *output, const float *noise,
                       float *x, float *memory)
{
    (void)noise;
    double sigma = s->sigmas[i], next = s->sigmas[i + 1];
    double alpha = 1 / sqrt(sigma * sigma + 1), alpha_next = 1 / sqrt(next * next + 1);
    double rate = sigma * alpha, rate_next = next * alpha_next;
    int last = i + 1 == s->steps, first_order = i == 0 || last;
    double h = next > 0 ? lambda_of(next) - lambda_of(sigma) : INFINITY, shrink = expm1(-h);
    double ratio = first_order ? 0 : h / (lambda_of(sigma) - lambda_of(s->sigmas[i - 1]));
    for (int64_t k = 0; k < n; k++) {
        double x0;
        if (s->config.prediction == DC3_PREDICT_V)
            x0 = alpha * x[k] - rate * output[k];
        else if (s->config.prediction == DC3_PREDICT_SAMPLE)
            x0 = output[k];
        else
            x0 = (x[k] - rate * output[k]) / alpha;
        double d1 = first_order ? 0 : ratio * (x0 - memory[k]);
        memory[k] = (float)x0;
        x[k] = (float)(rate_next / rate * x[k] - alpha_next * shrink * (x0 + 0.5 * d1));
    }
}
