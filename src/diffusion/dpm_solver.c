/* DPM-Solver (Lu et al. 2022a, algorithms 1 to 3 as multistep), DPM-Solver++ (Lu et al. 2022b, algorithm 2)
 * and its SDE (equation 18), of first to third order. With alpha = 1 / sqrt(sigma^2 + 1), s = sigma alpha,
 * lambda = log(alpha / s) and h the step in lambda, x = a x + b0 D0 + b1 D1 + b2 D2 + c noise, D0 = m0, D1 =
 * (m0 - m1) / r0, of third order D1 += r0 / (r0 + r1) (D1 - E), D2 = (D1 - E) / (r0 + r1), E = (m1 - m2) /
 * r1, where m0 is the newest estimate of x0 (++) or of the noise, m1 and m2 those before it, r0 and r1 the
 * steps in lambda before this one in units of h. The first steps, and, as the configuration says, the last
 * ones are of lower order. */
#include <math.h>
#include "diffusion/sampler.h"

enum { FEW = 15 }; /* steps, below which 'lower_order_final' lowers the order */

static double lambda_of(const dc3_sampler *s, int i)
{
    return -log(s->sigmas[i]);
}

/* Of the step from sigmas[i]. */
static int order_of(const dc3_sampler *s, int i)
{
    const dc3_scheduler_config *c = &s->config;
    int n = s->evaluations, lower = c->lower_order_final && n < FEW, order = s->kind->order;
    if (i + 1 == n && (c->euler_at_final || lower || s->sigmas[n] == 0)) return 1;
    if (i + 2 == n && lower && order > 2) order = 2;
    return order < i + 1 ? order : i + 1;
}

/* The factors of x, D0 and the noise; w1 and w2: b1 / b0 and b2 / b0. */
typedef struct factors {
    double x, b0, w1, w2, noise;
} factors;

static factors factors_of(const dc3_sampler *s, int i, int order)
{
    dc3_solver solver = s->kind->solver;
    double sigma = s->sigmas[i], next = s->sigmas[i + 1];
    double alpha = 1 / sqrt(sigma * sigma + 1), alpha_next = 1 / sqrt(next * next + 1);
    double rate = sigma * alpha, rate_next = next * alpha_next;
    double h = next > 0 ? lambda_of(s, i + 1) - lambda_of(s, i) : INFINITY;
    double u = solver == DC3_SOLVER_DATA ? -h : solver == DC3_SOLVER_NOISE ? h : -2 * h, e = expm1(u);
    factors f = {.x = rate_next / rate, .b0 = -alpha_next * e, .w1 = 0.5};
    if (solver == DC3_SOLVER_NOISE) f.x = alpha_next / alpha, f.b0 = -rate_next * e;
    if (solver == DC3_SOLVER_DATA_SDE) f.x *= exp(-h), f.noise = rate_next * sqrt(-e);
    if (order == 3 || s->config.heun) f.w1 = (e / u - 1) / e;
    /* diffusers adds a half in the SDE where the expansion takes one away. */
    f.w2 = ((e - u) / (u * u) + (solver == DC3_SOLVER_DATA_SDE ? 0.5 : -0.5)) / e;
    if (order < 2) f.w1 = 0;
    if (order < 3) f.w2 = 0;
    return f;
}

static void step_of(const dc3_sampler *s, int i, dc3_sampler_step *step)
{
    int order = order_of(s, i),
        newest = s->kind->solver == DC3_SOLVER_NOISE ? DC3_TERM_SLOPE : DC3_TERM_ESTIMATE;
    factors f = factors_of(s, i, order);
    double sigma = s->sigmas[i], alpha = 1 / sqrt(sigma * sigma + 1);
    double h = order > 1 ? lambda_of(s, i + 1) - lambda_of(s, i) : 0; /* q0, q1: 1 / r0, 1 / r1 */
    double q0 = order > 1 ? h / (lambda_of(s, i) - lambda_of(s, i - 1)) : 0;
    double q1 = order > 2 ? h / (lambda_of(s, i - 1) - lambda_of(s, i - 2)) : 0;
    double share = order > 2 ? (f.w1 / q0 + f.w2) / (1 / q0 + 1 / q1) : 0; /* of D1 - E in it */
    double first = (f.w1 + share) * q0, second = share * q1;
    dc3_unit_slope(s, alpha, sigma * alpha, step);
    step->next[DC3_TERM_X] = f.x;
    step->next[newest] = f.b0 * (1 + first);
    step->next[DC3_TERM_MEMORY] = -f.b0 * (first + second);
    step->next[DC3_TERM_MEMORY + 1] = f.b0 * second;
    step->next[DC3_TERM_NOISE] = f.noise;
    step->keep[0][newest] = 1;
    step->keep[1][DC3_TERM_MEMORY] = 1;
}

#define SOLVER(variable, nth, what)                                                                          \
    const dc3_sampler_class variable = {                                                                     \
        .scheduler = "DPMSolverMultistepScheduler",                                                          \
        .spacing = DC3_SPACING_LINSPACE,                                                                     \
        .follows = DC3_KEY_ZERO_SNR | DC3_KEYS_RAMP | DC3_KEY_FINAL_SIGMA | DC3_KEY_LAMBDA_MIN |             \
                   DC3_KEYS_SOLVER | DC3_KEY_ALGORITHM | DC3_KEY_EULER_AT_FINAL,                             \
        .refuses = DC3_KEY_THRESHOLDING | DC3_KEY_LU_LAMBDAS | DC3_KEY_FLOW_SIGMAS,                          \
        .memories = (nth)-1,                                                                                 \
        .order = nth,                                                                                        \
        .solver = what,                                                                                      \
        .plan = dc3_plan_solver,                                                                             \
        .step = step_of}

SOLVER(dc3_sampler_dpmpp_1, 1, DC3_SOLVER_DATA);
SOLVER(dc3_sampler_dpmpp_2m, 2, DC3_SOLVER_DATA);
SOLVER(dc3_sampler_dpmpp_3m, 3, DC3_SOLVER_DATA);
SOLVER(dc3_sampler_dpm_1, 1, DC3_SOLVER_NOISE);
SOLVER(dc3_sampler_dpm_2m, 2, DC3_SOLVER_NOISE);
SOLVER(dc3_sampler_dpm_3m, 3, DC3_SOLVER_NOISE);
SOLVER(dc3_sampler_dpmpp_1_sde, 1, DC3_SOLVER_DATA_SDE);
SOLVER(dc3_sampler_dpmpp_2m_sde, 2, DC3_SOLVER_DATA_SDE);
SOLVER(dc3_sampler_dpmpp_3m_sde, 3, DC3_SOLVER_DATA_SDE);
