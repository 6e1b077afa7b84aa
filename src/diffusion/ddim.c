/* DDIM without noise (Song et al. 2021, equation 12 with eta = 0): x = sqrt(a') x0 + sqrt(1 - a') epsilon,
 * where a is alpha_bar at this step and a' at the next. */
#include <math.h>
#include "diffusion/sampler.h"

void dc3_ddim_step(const dc3_sampler *s, int i, dc3_sampler_step *step)
{
    int at = (int)s->times[i], before = at - s->config.train_steps / s->steps;
    double a = s->alpha_bar[at], next = before >= 0 ? s->alpha_bar[before] : s->final_alpha_bar;
    double root = sqrt(a), rest = sqrt(1 - a);
    if (s->config.prediction == DC3_PREDICT_V)
        *step = (dc3_sampler_step){.estimate = {root, -rest, 1}, .slope = {rest, root, 0, 1}};
    else if (s->config.prediction == DC3_PREDICT_SAMPLE)
        *step = (dc3_sampler_step){.estimate = {0, 1, 1}, .slope = {1, 0, -root, rest}};
    else
        *step = (dc3_sampler_step){.estimate = {1, -rest, root}, .slope = {0, 1, 0, 1}};
    step->bound = s->config.clip; /* epsilon stays, as in diffusers */
    step->next[1] = sqrt(next);
    step->next[2] = sqrt(1 - next);
}
