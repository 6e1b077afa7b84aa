/* DDIM without noise (Song et al. 2021, equation 12 with eta = 0): x = sqrt(a') x0 + sqrt(1 - a') epsilon,
 * where a is alpha_bar at this step and a' at the next. */
#include <math.h>
#include "diffusion/sampler.h"

static void step_of(const dc3_sampler *s, int i, dc3_sampler_step *step)
{
    int at = (int)s->times[i];
    double a = s->alpha_bar[at], next = dc3_schedule_before(s, at - s->config.train_steps / s->steps);
    dc3_unit_slope(s, sqrt(a), sqrt(1 - a), step);
    step->bound = s->config.clip; /* epsilon stays, as in diffusers */
    step->next[DC3_TERM_ESTIMATE] = sqrt(next);
    step->next[DC3_TERM_SLOPE] = sqrt(1 - next);
}

const dc3_sampler_class dc3_sampler_ddim = {.scheduler = "DDIMScheduler",
                                            .spacing = DC3_SPACING_LEADING,
                                            .alpha_to_one = 1,
                                            .follows = DC3_KEY_CLIP | DC3_KEY_ZERO_SNR,
                                            .refuses = DC3_KEY_THRESHOLDING,
                                            .plan = dc3_plan_times,
                                            .step = step_of};
