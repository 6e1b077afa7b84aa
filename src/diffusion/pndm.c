/* Pseudo numerical methods (Liu et al. 2022, equation 11 and algorithm 2): from time t to t', with a and a'
 * the alpha_bar there, x = sqrt(a' / a) x - (a' - a) e / (a sqrt(1 - a') + sqrt(a (1 - a) a')), where e is a
 * sum of the network's outputs by Adams and Bashforth's formula of fourth order. The outputs before the first
 * ones come from three pseudo Runge-Kutta steps of four evaluations each; or, with 'skip_prk_steps', the
 * order begins with one, and the first step is taken again with the mean of the outputs at both its ends. */
#include <math.h>
#include "diffusion/sampler.h"

enum { RUNGE_KUTTA = 12 };                                           /* evaluations */
enum { FIRST = DC3_TERM_MEMORY, SECOND, THIRD, START, SUM, BEHIND }; /* the memories: the last outputs, .. */
_Static_assert(BEHIND - DC3_TERM_MEMORY == DC3_SAMPLER_MEMORIES, "what is kept"); /* .. x, sum of outputs */

static dc3_status plan(dc3_sampler *s)
{
    int n = s->steps, skips = s->config.skip_prk, half = s->config.train_steps / n / 2;
    if (!skips && n < 4)
        return dc3_fail(DC3_ERR_ARGUMENT, "steps: the sampler pndm takes at least 4, found %d", n);
    if (s->config.prediction == DC3_PREDICT_SAMPLE)
        return dc3_fail(DC3_ERR_UNSUPPORTED,
                        "the sampler pndm cannot run a model with the prediction_type 'sample'; ddim can");
    DC3_TRY(dc3_plan_times(s));
    DC3_TRY(dc3_sampler_room(s, skips ? n + (n > 1) : n + 9));
    if (skips) { /* the second one twice */
        for (int i = s->evaluations - 1; i > 1; i--) s->times[i] = s->times[i - 1];
        return DC3_OK;
    }
    double first[4] = {s->times[0], s->times[1], s->times[2], s->times[3]};
    for (int i = s->evaluations - 1; i >= RUNGE_KUTTA; i--) s->times[i] = s->times[i - 9];
    for (int i = 0; i < RUNGE_KUTTA; i++) { /* t, the middle twice, the next t */
        int part = i % 4;
        double next = first[i / 4 + 1];
        s->times[i] = part == 0 ? first[i / 4] : part == 3 ? next : next + half;
    }
    return DC3_OK;
}

/* Adds x's way from time `from` to `to`: start is the term that is x then, output[k] the weights of e. */
static void move(const dc3_sampler *s, int from, int to, int start, const double *output,
                 dc3_sampler_step *step)
{
    double a = dc3_schedule_before(s, from), b = dc3_schedule_before(s, to);
    double gain = (b - a) / (a * sqrt(1 - b) + sqrt(a * (1 - a) * b));
    int v = s->config.prediction == DC3_PREDICT_V; /* e = sqrt(a) v + sqrt(1 - a) x */
    for (int k = 0; k < DC3_TERMS; k++) step->next[k] -= gain * output[k] * (v ? sqrt(a) : 1);
    step->next[start] += sqrt(b / a) - (v ? gain * sqrt(1 - a) : 0);
}

static void keep_output(dc3_sampler_step *step, int keeps)
{
    static const int from[] = {DC3_TERM_ESTIMATE, FIRST, SECOND};
    for (int k = 0; k < 3; k++) step->keep[k][keeps ? from[k] : FIRST + k] = 1;
}

/* Evaluation i of the Runge-Kutta steps. */
static void runge_kutta(const dc3_sampler *s, int i, dc3_sampler_step *step)
{
    static const double share[] = {1. / 6, 1. / 3, 1. / 3, 1. / 6};
    int part = i % 4, half = s->config.train_steps / s->steps / 2, from = (int)s->times[i - part];
    double output[DC3_TERMS] = {[DC3_TERM_ESTIMATE] = part == 3 ? share[3] : 1, [SUM] = part == 3};
    move(s, from, (int)s->times[i] - (part % 2 ? 0 : half), part ? START : DC3_TERM_X, output, step);
    keep_output(step, part == 0);
    step->keep[START - FIRST][part ? START : DC3_TERM_X] = 1;
    if (part == 3) return;
    step->keep[SUM - FIRST][DC3_TERM_ESTIMATE] = share[part];
    step->keep[SUM - FIRST][SUM] = 1;
}

/* Evaluation i of the multistep, `known` outputs before it. */
static void multistep(const dc3_sampler *s, int i, int known, dc3_sampler_step *step)
{
    static const double weights[4][4] = {
        {1}, {3. / 2, -1. / 2}, {23. / 12, -16. / 12, 5. / 12}, {55. / 24, -59. / 24, 37. / 24, -9. / 24}};
    int at = (int)s->times[i], leap = s->config.train_steps / s->steps;
    double output[DC3_TERMS] = {[DC3_TERM_ESTIMATE] = weights[known][0]};
    for (int k = 0; k < known; k++) output[FIRST + k] = weights[known][k + 1];
    move(s, at, at - leap, DC3_TERM_X, output, step);
    keep_output(step, 1);
    step->keep[START - FIRST][DC3_TERM_X] = 1;
}

/* The first step again. */
static void repeat(const dc3_sampler *s, dc3_sampler_step *step)
{
    int at = (int)s->times[1], leap = s->config.train_steps / s->steps;
    const double output[DC3_TERMS] = {[DC3_TERM_ESTIMATE] = 0.5, [FIRST] = 0.5};
    move(s, at + leap, at, START, output, step);
    keep_output(step, 0);
}

static void step_of(const dc3_sampler *s, int i, dc3_sampler_step *step)
{
    *step = (dc3_sampler_step){.estimate = {0, 1, 1}, .slope = {0, 0, 0, 1}, .memories = s->kind->memories};
    int before = s->config.skip_prk ? i - (i > 0) : 3; /* outputs that are known */
    if (!s->config.skip_prk && i < RUNGE_KUTTA)
        runge_kutta(s, i, step);
    else if (s->config.skip_prk && i == 1)
        repeat(s, step);
    else
        multistep(s, i, before < 3 ? before : 3, step);
}

const dc3_sampler_class dc3_sampler_pndm = {.scheduler = "PNDMScheduler",
                                            .spacing = DC3_SPACING_LEADING,
                                            .memories = DC3_SAMPLER_MEMORIES,
                                            .plan = plan,
                                            .step = step_of};
