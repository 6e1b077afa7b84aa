/* Heun's method on the probability flow (Karras et al. 2022, algorithm 2 without churn): a step of Euler's,
 * then the mean of the slopes at both its ends; the last step, to sigma 0, is Euler's. Evaluations 2 k and 2
 * k + 1 belong to step k, which goes from sigmas[2 k] to sigmas[2 k + 1]. */
#include "diffusion/sampler.h"

enum { SLOPE = DC3_TERM_MEMORY, START }; /* the memories: the first slope, x before the step */

static dc3_status plan(dc3_sampler *s)
{
    DC3_TRY(dc3_plan_sigmas(s));
    int n = s->evaluations;
    DC3_TRY(dc3_sampler_room(s, 2 * n - 1));
    for (int i = 2 * n - 1; i > 0; i--) {
        s->sigmas[i] = s->sigmas[(i + 1) / 2];
        if (i < 2 * n - 1) s->times[i] = s->times[(i + 1) / 2];
    }
    return DC3_OK;
}

static void step_of(const dc3_sampler *s, int i, dc3_sampler_step *step)
{
    int first = i % 2 == 0;
    double from = s->sigmas[first ? i : i - 1], to = s->sigmas[first ? i + 1 : i], at = first ? from : to;
    dc3_sigma_slope(s, at, step);
    step->bound = s->config.clip;
    if (first) {
        step->next[DC3_TERM_X] = 1 + (to - from) / at;
        step->next[DC3_TERM_ESTIMATE] = -(to - from) / at;
        step->keep[SLOPE - DC3_TERM_MEMORY][DC3_TERM_X] = 1 / at;
        step->keep[SLOPE - DC3_TERM_MEMORY][DC3_TERM_ESTIMATE] = -1 / at;
        step->keep[START - DC3_TERM_MEMORY][DC3_TERM_X] = 1;
    } else {
        step->next[START] = 1;
        step->next[SLOPE] = (to - from) / 2;
        step->next[DC3_TERM_X] = (to - from) / 2 / at;
        step->next[DC3_TERM_ESTIMATE] = -(to - from) / 2 / at;
    }
}

const dc3_sampler_class dc3_sampler_heun = {.scheduler = "HeunDiscreteScheduler",
                                            .spacing = DC3_SPACING_LINSPACE,
                                            .sigma_form = 1,
                                            .follows = DC3_KEYS_RAMP | DC3_KEY_CLIP,
                                            .memories = 2,
                                            .plan = plan,
                                            .step = step_of};
