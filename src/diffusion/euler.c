/* Euler's method on the probability flow (Karras et al. 2022, algorithm 2 without churn): x += (x - x0) /
 * sigma * (sigma' - sigma). */
#include "diffusion/sampler.h"

static void step_of(const dc3_sampler *s, int i, dc3_sampler_step *step)
{
    dc3_sigma_slope(s, s->sigmas[i], step);
    step->next[DC3_TERM_X] = 1;
    step->next[DC3_TERM_SLOPE] = s->sigmas[i + 1] - s->sigmas[i];
}

const dc3_sampler_class dc3_sampler_euler = {.scheduler = "EulerDiscreteScheduler",
                                             .spacing = DC3_SPACING_LINSPACE,
                                             .sigma_form = 1,
                                             .follows = DC3_KEY_ZERO_SNR | DC3_KEYS_RAMP |
                                                        DC3_KEY_FINAL_SIGMA | DC3_KEY_INTERPOLATION |
                                                        DC3_KEY_TIMESTEP_TYPE,
                                             .plan = dc3_plan_sigmas,
                                             .step = step_of};
