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

void dc3_dpmpp_2m_step(const dc3_sampler *s, int i, dc3_sampler_step *step)
{
    double sigma = s->sigmas[i], next = s->sigmas[i + 1];
    double alpha = 1 / sqrt(sigma * sigma + 1), alpha_next = 1 / sqrt(next * next + 1);
    double rate = sigma * alpha, rate_next = next * alpha_next;
    int last = i + 1 == s->steps, first_order = i == 0 || last;
    double h = next > 0 ? lambda_of(next) - lambda_of(sigma) : INFINITY, gain = -alpha_next * expm1(-h);
    double ratio = first_order ? 0 : h / (lambda_of(sigma) - lambda_of(s->sigmas[i - 1]));
    if (s->config.prediction == DC3_PREDICT_V)
        *step = (dc3_sampler_step){.estimate = {alpha, -rate, 1}};
    else if (s->config.prediction == DC3_PREDICT_SAMPLE)
        *step = (dc3_sampler_step){.estimate = {0, 1, 1}};
    else
        *step = (dc3_sampler_step){.estimate = {1, -rate, alpha}};
    step->slope[3] = 1; /* not used */
    step->next[0] = rate_next / rate;
    step->next[1] = gain * (1 + 0.5 * ratio);
    step->next[3] = -gain * 0.5 * ratio;
}
