/* Euler's method on the probability flow (Karras et al. 2022, algorithm 2 without churn): x += (x - x0) /
 * sigma * (sigma' - sigma). */
#include "diffusion/sampler.h"

void dc3_euler_step(const dc3_sampler *s, int i, dc3_sampler_step *step)
{
    dc3_sigma_slope(s, s->sigmas[i], step);
    step->next[0] = 1;
    step->next[2] = s->sigmas[i + 1] - s->sigmas[i];
}
