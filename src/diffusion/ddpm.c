/* DDPM (Ho et al. 2020, equations 6 and 7): with a = alpha_bar at this step, a' at the next, b = 1 - a / a',
 *   x = sqrt(a') b / (1 - a) x0 + sqrt(a / a') (1 - a') / (1 - a) x + sqrt(v) noise,
 * where v is (1 - a') / (1 - a) b ("fixed_small") or b ("fixed_large"); none at time 0. */
#include <math.h>
#include "diffusion/sampler.h"

static void step_of(const dc3_sampler *s, int i, dc3_sampler_step *step)
{
    int at = (int)s->times[i], last = i + 1 == s->evaluations;
    double a = s->alpha_bar[at], before = last ? 1 : s->alpha_bar[(int)s->times[i + 1]];
    double beta = 1 - a / before, small = fmax((1 - before) / (1 - a) * beta, 1e-20);
    dc3_unit_slope(s, sqrt(a), sqrt(1 - a), step);
    step->bound = s->config.clip;
    step->next[DC3_TERM_ESTIMATE] = sqrt(before) * beta / (1 - a);
    step->next[DC3_TERM_X] = sqrt(a / before) * (1 - before) / (1 - a);
    if (at > 0) step->next[DC3_TERM_NOISE] = sqrt(s->config.variance_large ? beta : small);
}

const dc3_sampler_class dc3_sampler_ddpm = {.scheduler = "DDPMScheduler",
                                            .spacing = DC3_SPACING_LEADING,
                                            .alpha_to_one = 1,
                                            .follows =
                                                DC3_KEY_CLIP | DC3_KEY_ZERO_SNR | DC3_KEY_LARGE_VARIANCE,
                                            .refuses = DC3_KEY_THRESHOLDING | DC3_KEY_VARIANCE,
                                            .plan = dc3_plan_times,
                                            .step = step_of};
