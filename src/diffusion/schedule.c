/* Schedules: betas to alpha_bar, the time steps of a spacing, and the sigmas at them. */
#include <math.h>
#include <stdlib.h>
#include "diffusion/sampler.h"

/* ---- alpha_bar ---- */

static double cosine(double t)
{
    double root = cos((t + 0.008) / 1.008 * M_PI / 2);
    return root * root;
}

static double beta_at(const dc3_scheduler_config *c, int t)
{
    double n = c->train_steps - 1, root = sqrt(c->beta_start);
    switch (c->betas) {
    case DC3_BETAS_SCALED: /* linear in the square root */
        root += (sqrt(c->beta_end) - root) * t / n;
        return root * root;
    case DC3_BETAS_COSINE: /* Nichol and Dhariwal 2021, equation 17 */
        return fmin(1 - cosine((t + 1.0) / c->train_steps) / cosine((double)t / c->train_steps), 0.999);
    case DC3_BETAS_SIGMOID:
        return (c->beta_end - c->beta_start) / (1 + exp(6 - 12 * t / n)) + c->beta_start;
    default:
        return c->beta_start + (c->beta_end - c->beta_start) * t / n;
    }
}

/* alpha_bar in f32 steps as PyTorch makes it would differ in the 7th digit; this is the exact product. */
void dc3_schedule_alpha_bar(const dc3_scheduler_config *c, double *bar)
{
    double product = 1;
    for (int t = 0; t < c->train_steps; t++) bar[t] = product *= 1 - beta_at(c, t);
    if (!c->zero_snr) return;
    /* Lin et al. 2023, algorithm 1. */
    double first = sqrt(bar[0]), last = sqrt(bar[c->train_steps - 1]);
    for (int t = 0; t < c->train_steps; t++) {
        double root = (sqrt(bar[t]) - last) * first / (first - last);
        bar[t] = root * root;
    }
}

double dc3_schedule_before(const dc3_sampler *s, int time)
{
    int most = s->config.train_steps - 1;
    return time < 0 ? s->final_alpha_bar : s->alpha_bar[time < most ? time : most];
}

/* ---- time steps ---- */

dc3_status dc3_sampler_room(dc3_sampler *s, int evaluations)
{
    size_t n = (size_t)evaluations;
    double *times = realloc(s->times, n * sizeof *times);
    if (times) s->times = times;
    float *timesteps = realloc(s->timesteps, n * sizeof *timesteps);
    if (timesteps) s->timesteps = timesteps;
    double *sigmas = realloc(s->sigmas, (n + 1) * sizeof *sigmas);
    if (sigmas) s->sigmas = sigmas;
    if (!times || !timesteps || !sigmas) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    s->evaluations = evaluations;
    return DC3_OK;
}

static double within(const dc3_sampler *s, double t)
{
    return t < 0 ? 0 : t > s->config.train_steps - 1 ? s->config.train_steps - 1 : t;
}

/* The time step of place i (0 is the noisiest); whole but for linspace. */
static double time_at(const dc3_sampler *s, int i)
{
    const dc3_scheduler_config *c = &s->config;
    int n = s->steps;
    switch (c->spacing) {
    case DC3_SPACING_LINSPACE:
        return n > 1 ? (c->train_steps - 1) * (1 - (double)i / (n - 1)) : 0;
    case DC3_SPACING_LEADING:
        return (n - 1 - i) * (c->train_steps / n) + c->steps_offset;
    default:
        return nearbyint(c->train_steps - (double)i * c->train_steps / n) - 1;
    }
}

dc3_status dc3_plan_times(dc3_sampler *s)
{
    DC3_TRY(dc3_sampler_room(s, s->steps));
    for (int i = 0; i < s->steps; i++) s->times[i] = within(s, nearbyint(time_at(s, i)));
    return DC3_OK;
}

/* ---- sigmas ---- */

static double sigma_of(double alpha_bar)
{
    return sqrt((1 - alpha_bar) / alpha_bar);
}

/* At a time step that need not be whole. */
static double sigma_at(const dc3_sampler *s, double t)
{
    int low = (int)floor(t), high = low + 1 < s->config.train_steps ? low + 1 : low;
    double a = sigma_of(s->alpha_bar[low]), b = sigma_of(s->alpha_bar[high]);
    return a + (b - a) * (t - low);
}

/* The time step at which log(sigma), linear between the time steps, is that of sigma. */
static double time_of_sigma(const dc3_sampler *s, double sigma)
{
    double at = log(fmax(sigma, 1e-10));
    int low = 0, high = s->config.train_steps - 1;
    while (high - low > 1) { /* sigmas grow with the time */
        int middle = (low + high) / 2;
        if (at >= log(sigma_of(s->alpha_bar[middle])))
            low = middle;
        else
            high = middle;
    }
    double a = log(sigma_of(s->alpha_bar[low])), b = log(sigma_of(s->alpha_bar[low + 1]));
    double share = (a - at) / (a - b);
    return low + (share < 0 ? 0 : share > 1 ? 1 : share);
}

/* The distribution function of Beta(p, p) at x <= 1/2 by its series (DLMF 8.17.8 with 15.2.1). */
static double beta_function(double p, double x)
{
    double term = 1, sum = 0;
    for (int n = 0; n < 200 && term > 1e-18; n++) {
        sum += term / (p + n);
        term *= (1 - p + n) / (n + 1) * x;
    }
    return sum * pow(x, p) * tgamma(2 * p) / (tgamma(p) * tgamma(p));
}

/* Its inverse. */
static double beta_quantile(double p, double share)
{
    double low = 0, high = 0.5, wanted = share > 0.5 ? 1 - share : share;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (beta_function(p, middle) < wanted)
            low = middle;
        else
            high = middle;
    }
    return share > 0.5 ? 1 - high : wanted > 0 ? high : 0;
}

/* Sigmas from `most` down to `least` at share 0 to 1 of the way. */
static double ramp_at(dc3_ramp ramp, double most, double least, double share)
{
    const double rho = 7, shape = 0.6; /* Karras et al. 2022, equation 5; Lee et al. 2024 */
    double a = pow(most, 1 / rho), b = pow(least, 1 / rho);
    switch (ramp) {
    case DC3_RAMP_KARRAS:
        return pow(a + share * (b - a), rho);
    case DC3_RAMP_EXPONENTIAL:
        return exp(log(most) + share * (log(least) - log(most)));
    default:
        return least + beta_quantile(shape, 1 - share) * (most - least);
    }
}

/* By the configuration's ramp between `most` and `least`, and the times that belong to them. */
static void make_ramp(dc3_sampler *s, double most, double least)
{
    const dc3_scheduler_config *c = &s->config;
    int n = s->evaluations;
    if (c->sigma_max > 0) most = c->sigma_max;
    if (c->sigma_min > 0) least = c->sigma_min;
    for (int i = 0; i < n; i++) {
        s->sigmas[i] = ramp_at(c->ramp, most, least, n > 1 ? (double)i / (n - 1) : 0);
        s->times[i] = time_of_sigma(s, s->sigmas[i]);
    }
}

/* sigmas [n + 1] from the schedule's largest to its least, linear in the logarithm. */
static void make_log_linear(dc3_sampler *s)
{
    int n = s->evaluations;
    double least = log(sigma_of(s->alpha_bar[0])),
           most = log(sigma_of(s->alpha_bar[s->config.train_steps - 1]));
    for (int i = 0; i <= n; i++) s->sigmas[i] = exp(most + (least - most) * i / n);
}

dc3_status dc3_plan_sigmas(dc3_sampler *s)
{
    const dc3_scheduler_config *c = &s->config;
    unsigned follows = s->kind->follows;
    int n = s->steps, log_linear = follows & DC3_KEY_INTERPOLATION && c->log_linear;
    DC3_TRY(dc3_sampler_room(s, n));
    for (int i = 0; i < n; i++) {
        s->times[i] = within(s, time_at(s, i));
        s->sigmas[i] = sigma_at(s, s->times[i]);
    }
    s->sigmas[n] = follows & DC3_KEY_FINAL_SIGMA && c->final_sigma_min > 0 ? sigma_of(s->alpha_bar[0]) : 0;
    double end = s->sigmas[n];
    if (log_linear) make_log_linear(s);
    if (follows & DC3_KEY_RAMP && c->ramp != DC3_RAMP_NONE) {
        make_ramp(s, s->sigmas[0], s->sigmas[log_linear ? n : n - 1]);
        s->sigmas[n] = end;
    }
    if (follows & DC3_KEY_TIMESTEP_TYPE && c->continuous && c->prediction == DC3_PREDICT_V)
        for (int i = 0; i < n; i++) s->times[i] = log(s->sigmas[i]) / 4;
    return DC3_OK;
}

/* ---- of the multistep solvers ---- */

/* Time steps whose log(alpha / sigma) is not below the least that is wanted. */
static int usable_times(const dc3_sampler *s)
{
    int count = s->config.train_steps;
    if (!(s->kind->follows & DC3_KEY_LAMBDA_MIN)) return count;
    while (count > 1 && -log(sigma_of(s->alpha_bar[count - 1])) < s->config.lambda_min) count--;
    return count;
}

static double solver_time_at(const dc3_sampler *s, int usable, int i)
{
    const dc3_scheduler_config *c = &s->config;
    int n = s->steps;
    switch (c->spacing) {
    case DC3_SPACING_LINSPACE:
        return nearbyint((usable - 1) * (1 - (double)i / n));
    case DC3_SPACING_LEADING:
        return (n - i) * (usable / (n + 1)) + c->steps_offset;
    default:
        return nearbyint(usable - (double)i * c->train_steps / n) - 1;
    }
}

dc3_status dc3_plan_solver(dc3_sampler *s)
{
    const dc3_scheduler_config *c = &s->config;
    int n = s->steps, usable = usable_times(s), last = c->train_steps - 1;
    int whole = c->ramp == DC3_RAMP_KARRAS && (c->betas != DC3_BETAS_COSINE || s->kind->ramp_ends);
    if (c->spacing == DC3_SPACING_TRAILING && c->ramp == DC3_RAMP_NONE && usable <= last)
        n = (int)ceil((double)usable * n / c->train_steps);
    DC3_TRY(dc3_sampler_room(s, n));
    for (int i = 0; i < n; i++) {
        s->times[i] = within(s, solver_time_at(s, usable, i));
        s->sigmas[i] = sigma_at(s, s->times[i]);
    }
    double least = sigma_of(s->alpha_bar[0]), end = least;
    if (c->ramp != DC3_RAMP_NONE) {
        make_ramp(s, sigma_of(s->alpha_bar[last]), least);
        for (int i = 0; i < n; i++) s->times[i] = whole ? nearbyint(s->times[i]) : floor(s->times[i]);
        if (s->kind->ramp_ends) end = s->sigmas[n - 1];
    }
    s->sigmas[n] = c->final_sigma_min > 0 || s->kind->solver == DC3_SOLVER_NOISE ? end : 0;
    return DC3_OK;
}
