/* Euler's method to a lower noise level than asked for, then fresh noise up to it (Karras' k-diffusion,
 * sample_euler_ancestral): sigma_up^2 = sigma'^2 (sigma^2 - sigma'^2) / sigma^2, sigma_down^2 = sigma'^2 -
 * sigma_up^2. */
#include <math.h>
#include "diffusion/sampler.h"

static void step_of(const dc3_sampler *s, int i, dc3_sampler_step *step)
{
    double sigma = s->sigmas[i], next = s->sigmas[i + 1];
    double up = sqrt(next * next * (sigma * sigma - next * next) / (sigma * sigma));
    double down = sqrt(next * next - up * up);
    dc3_sigma_slope(s, sigma, step);
    step->next[DC3_TERM_X] = 1;
    step->next[DC3_TERM_SLOPE] = down - sigma;
    step->next[DC3_TERM_NOISE] = up;
}

const dc3_sampler_class dc3_sampler_euler_ancestral = {.scheduler = "EulerAncestralDiscreteScheduler",
                                                       .spacing = DC3_SPACING_LINSPACE,
                                                       .sigma_form = 1,
                                                       .follows = DC3_KEY_ZERO_SNR,
                                                       .plan = dc3_plan_sigmas,
                                                       .step = step_of};
