/* Latent consistency models (Luo et al. 2023, algorithm 3): the estimate, blended with x so that it is x at
 * time 0, is given the noise of the next step: d = c_out x0 + c_skip x,  x = sqrt(a') d + sqrt(1 - a') noise,
 * x = d at the end; c_skip = s^2 / (u^2 + s^2), c_out = u / sqrt(u^2 + s^2), u = t * timestep_scaling, s =
 * 0.5. The time steps are some of those that the model was distilled with. */
#include <math.h>
#include "diffusion/sampler.h"

static dc3_status plan(dc3_sampler *s)
{
    int original = s->config.original_steps, leap = s->config.train_steps / original;
    if (s->steps > original)
        return dc3_fail(DC3_ERR_ARGUMENT,
                        "steps: the sampler lcm takes at most %d with this model "
                        "('original_inference_steps'), found %d",
                        original, s->steps);
    DC3_TRY(dc3_sampler_room(s, s->steps));
    for (int i = 0; i < s->steps; i++)
        s->times[i] = (original - (int)(i * ((double)original / s->steps))) * leap - 1;
    return DC3_OK;
}

static void step_of(const dc3_sampler *s, int i, dc3_sampler_step *step)
{
    int at = (int)s->times[i], last = i + 1 == s->evaluations;
    double a = s->alpha_bar[at], before = last ? 1 : s->alpha_bar[(int)s->times[i + 1]];
    double scaled = at * s->config.timestep_scaling, power = scaled * scaled + 0.25;
    dc3_unit_slope(s, sqrt(a), sqrt(1 - a), step);
    step->bound = s->config.clip;
    step->next[DC3_TERM_ESTIMATE] = sqrt(before) * scaled / sqrt(power);
    step->next[DC3_TERM_X] = sqrt(before) * 0.25 / power;
    step->next[DC3_TERM_NOISE] = sqrt(1 - before);
}

const dc3_sampler_class dc3_sampler_lcm = {.scheduler = "LCMScheduler",
                                           .spacing = DC3_SPACING_LEADING,
                                           .alpha_to_one = 1,
                                           .follows = DC3_KEY_CLIP | DC3_KEY_ZERO_SNR |
                                                      DC3_KEY_ORIGINAL_STEPS | DC3_KEY_TIMESTEP_SCALING,
                                           .refuses = DC3_KEY_THRESHOLDING,
                                           .plan = plan,
                                           .step = step_of};
