/* Euler's method to a lower noise level than asked for, then fresh noise up to it (Karras' k-diffusion,
 * sample_euler_ancestral): sigma_up^2 = sigma'^2 (sigma^2 - sigma'^2) / sigma^2, sigma_down^2 = sigma'^2 -
 * sigma_up^2. */
#include <math.h>
#include "diffusion/sampler.h"

void dc3_euler_ancestral_step(const dc3_sampler *s, int i, dc3_sampler_step *step)
{
    double sigma = s->sigmas[i], next = s->sigmas[i + 1];
    double up = sqrt(next * next * (sigma * sigma - next * next) / (sigma * sigma));
    double down = sqrt(next * next - up * up);
    dc3_sigma_slope(s, sigma, step);
    step->next[0] = 1;
    step->next[2] = down - sigma;
    step->next[4] = up;
}
