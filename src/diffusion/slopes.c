/* What a network's output means, by its prediction type: the estimate of x0, and the noise. */
#include <math.h>
#include "diffusion/sampler.h"

void dc3_sigma_slope(const dc3_sampler *s, double sigma, dc3_sampler_step *step)
{
    double power = sigma * sigma + 1;
    *step = (dc3_sampler_step){.slope = {1, 0, -1, sigma}, .memories = s->kind->memories};
    double *e = step->estimate;
    e[2] = 1;
    if (s->config.prediction == DC3_PREDICT_SAMPLE)
        e[1] = 1;
    else if (s->config.prediction == DC3_PREDICT_V)
        e[0] = 1 / power, e[1] = -sigma / sqrt(power);
    else
        e[0] = 1, e[1] = -sigma;
}

void dc3_unit_slope(const dc3_sampler *s, double alpha, double rate, dc3_sampler_step *step)
{
    if (s->config.prediction == DC3_PREDICT_V)
        *step = (dc3_sampler_step){.estimate = {alpha, -rate, 1}, .slope = {rate, alpha, 0, 1}};
    else if (s->config.prediction == DC3_PREDICT_SAMPLE)
        *step = (dc3_sampler_step){.estimate = {0, 1, 1}, .slope = {1, 0, -alpha, rate}};
    else
        *step = (dc3_sampler_step){.estimate = {1, -rate, alpha}, .slope = {0, 1, 0, 1}};
    step->memories = s->kind->memories;
}
