/* The estimate of x0 in the sigma form, which the Euler samplers share. */
#include <math.h>
#include "diffusion/sampler.h"

void dc3_sigma_slope(const dc3_sampler *s, double sigma, dc3_sampler_step *step)
{
    double power = sigma * sigma + 1;
    *step = (dc3_sampler_step){.slope = {1, 0, -1, sigma}};
    double *e = step->estimate;
    e[2] = 1;
    if (s->config.prediction == DC3_PREDICT_SAMPLE)
        e[1] = 1;
    else if (s->config.prediction == DC3_PREDICT_V)
        e[0] = 1 / power, e[1] = -sigma / sqrt(power);
    else
        e[0] = 1, e[1] = -sigma;
}
