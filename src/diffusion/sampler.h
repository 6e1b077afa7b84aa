/* What the samplers share: the schedule at the chosen steps. Private to this folder. */
#ifndef DC3_DIFFUSION_SAMPLER_H
#define DC3_DIFFUSION_SAMPLER_H

#include "diffusion/scheduler.h"

struct dc3_sampler {
    dc3_sampler_kind kind;
    dc3_scheduler_config config;
    int steps;
    double *alpha_bar; /* [train_steps], cumulative product of 1 - beta */
    double *times;     /* [steps], not rounded where the sampler interpolates */
    float *timesteps;  /* [steps], the same as f32 */
    double
        *sigmas; /* [steps + 1], sqrt((1 - alpha_bar) / alpha_bar), the last 0; the Euler and DPM samplers */
    double final_alpha_bar;
    void (*step)(const dc3_sampler *sampler, int i, dc3_sampler_step *step);
};

/* Sets the estimate of x0 in the sigma form x = x0 + sigma * epsilon, whose network input is x / sqrt(sigma^2
 * + 1), and the slope (x - x0) / sigma; the rest becomes 0. */
void dc3_sigma_slope(const dc3_sampler *s, double sigma, dc3_sampler_step *step);

/* Each fills in the whole step. */
void dc3_euler_step(const dc3_sampler *s, int i, dc3_sampler_step *step);
void dc3_euler_ancestral_step(const dc3_sampler *s, int i, dc3_sampler_step *step);
void dc3_ddim_step(const dc3_sampler *s, int i, dc3_sampler_step *step);
void dc3_dpmpp_2m_step(const dc3_sampler *s, int i, dc3_sampler_step *step);

#endif
