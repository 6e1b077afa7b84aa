/* Schedules: betas to alpha_bar, the time steps of a spacing, and the sigmas at them. */
#include "diffusion/sampler.h"

#include <math.h>
#include <stdlib.h>

/* alpha_bar in f32 steps as PyTorch makes it would differ in the 7th digit; this is the exact product. */
static void make_alpha_bar(const dc3_scheduler_config *c, double *bar)
{
    double product = 1, n = c->train_steps - 1;
    for (int t = 0; t < c->train_steps; t++) {
        double low = c->scaled_linear ? sqrt(c->beta_start) : c->beta_start;
        double high = c->scaled_linear ? sqrt(c->beta_end) : c->beta_end;
        double beta = low + (high - low) * t / n;
        bar[t] = product *= 1 - (c->scaled_linear ? beta * beta : beta);
    }
    if (!c->zero_snr) return;
    /* Lin et al. 2023, algorithm 1. */
    double first = sqrt(bar[0]), last = sqrt(bar[c->train_steps - 1]);
    for (int t = 0; t < c->train_steps; t++) {
        double root = (sqrt(bar[t]) - last) * first / (first - last);
        bar[t] = root * root;
    }
}

/* Sigma-form samplers cannot start at infinite sigma: diffusers puts 2^-24 there. */
static double sigma_at(const dc3_sampler *s, double t)
{
    int low = (int)floor(t), high = low + 1 < s->config.train_steps ? low + 1 : low;
    double sigma[2];
    for (int i = 0; i < 2; i++) {
        double bar = s->alpha_bar[i ? high : low];
        if (s->config.zero_snr && (i ? high : low) == s->config.train_steps - 1) bar = 0x1p-24;
        sigma[i] = sqrt((1 - bar) / bar);
    }
    return sigma[0] + (sigma[1] - sigma[0]) * (t - low);
}

/* The time step of place i (0 is the noisiest) as the sampler's scheduler spaces them. */
static double time_at(const dc3_sampler *s, int i)
{
    const dc3_scheduler_config *c = &s->config;
    int leap, n = s->steps, euler = s->kind == DC3_EULER || s->kind == DC3_EULER_ANCESTRAL;
    double t;
    switch (c->spacing) {
    case DC3_SPACING_LINSPACE:
        if (s->kind == DC3_DPMPP_2M) return nearbyint((c->train_steps - 1) * (1 - (double)i / n));
        t = n > 1 ? (c->train_steps - 1) * (1 - (double)i / (n - 1)) : 0;
        return euler ? t : nearbyint(t);
    case DC3_SPACING_LEADING:
        leap = c->train_steps / (s->kind == DC3_DPMPP_2M ? n + 1 : n); /* whole steps */
        t = (s->kind == DC3_DPMPP_2M ? n - i : n - 1 - i) * leap;
        return t + c->steps_offset;
    default:
        return nearbyint(c->train_steps - (double)i * c->train_steps / n) - 1;
    }
}

dc3_status dc3_sampler_open(dc3_sampler_kind kind, const dc3_scheduler_config *config, int steps,
                            dc3_sampler **out)
{
    *out = NULL;
    if (steps < 1 || steps > config->train_steps)
        return dc3_fail_setting("steps", "expected 1 to %d, found %d", config->train_steps, steps);
    dc3_sampler *s = *out = calloc(1, sizeof *s);
    if (s) {
        s->alpha_bar = calloc((size_t)config->train_steps, sizeof *s->alpha_bar);
        s->times = malloc((size_t)steps * sizeof *s->times);
        s->timesteps = malloc((size_t)steps * sizeof *s->timesteps);
        s->sigmas = malloc((size_t)(steps + 1) * sizeof *s->sigmas);
    }
    if (!s || !s->alpha_bar || !s->times || !s->timesteps || !s->sigmas) {
        dc3_sampler_close(out);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    s->kind = kind;
    s->config = *config;
    s->steps = steps;
    make_alpha_bar(config, s->alpha_bar);
    s->final_alpha_bar = config->set_alpha_to_one ? 1 : s->alpha_bar[0];
    for (int i = 0; i < steps; i++) {
        double t = time_at(s, i);
        s->times[i] = t < 0 ? 0 : t > config->train_steps - 1 ? config->train_steps - 1 : t;
        s->timesteps[i] = (float)s->times[i];
        s->sigmas[i] = sigma_at(s, s->times[i]);
    }
    s->sigmas[steps] = 0;
    static void (*const kinds[])(const dc3_sampler *, int, dc3_sampler_step *) = {
        dc3_euler_ancestral_step, dc3_euler_step, dc3_ddim_step, dc3_dpmpp_2m_step};
    s->step = kinds[kind];
    return DC3_OK;
}

void dc3_sampler_close(dc3_sampler **sampler)
{
    if (!*sampler) return;
    free((*sampler)->alpha_bar);
    free((*sampler)->times);
    free((*sampler)->timesteps);
    free((*sampler)->sigmas);
    free(*sampler);
    *sampler = NULL;
}

int dc3_sampler_steps(const dc3_sampler *s)
{
    return s->steps;
}

int dc3_sampler_is(const dc3_sampler *s, dc3_sampler_kind kind)
{
    return s->kind == kind;
}

const float *dc3_sampler_timesteps(const dc3_sampler *s)
{
    return s->timesteps;
}

float dc3_sampler_initial_sigma(const dc3_sampler *s)
{
    if (s->kind == DC3_DDIM || s->kind == DC3_DPMPP_2M) return 1;
    double most = s->sigmas[0];
    return (float)(s->config.spacing == DC3_SPACING_LEADING ? sqrt(most * most + 1) : most);
}

float dc3_sampler_input_scale(const dc3_sampler *s, int i)
{
    if (s->kind == DC3_DDIM || s->kind == DC3_DPMPP_2M) return 1;
    return (float)(1 / sqrt(s->sigmas[i] * s->sigmas[i] + 1));
}

int dc3_sampler_needs_noise(const dc3_sampler *s)
{
    return s->kind == DC3_EULER_ANCESTRAL;
}

dc3_sampler_step dc3_sampler_step_of(const dc3_sampler *s, int i)
{
    dc3_sampler_step step;
    s->step(s, i, &step);
    return step;
}
