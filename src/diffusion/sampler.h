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
    void (*step)(const dc3_sampler *sampler, int i, int64_t n, const float *output, const float *noise,
                 float *x, float *memory);
};

/* x0 and epsilon of one value in the sigma form x = x0 + sigma * epsilon, whose network input is x /
 * sqrt(sigma^2 + 1). */
static inline double dc3_denoised(const dc3_sampler *s, double sigma, double x, double output)
{
    switch (s->config.prediction) {
    case DC3_PREDICT_EPSILON:
        return x - sigma * output;
    case DC3_PREDICT_V:
        return x / (sigma * sigma + 1) - output * (sigma / __builtin_sqrt(sigma * sigma + 1));
    default:
        return output;
    }
}

void dc3_euler_step(const dc3_sampler *s, int i, int64_t n, const float *output, const float *noise, float *x,
                    float *memory);
void dc3_euler_ancestral_step(const dc3_sampler *s, int i, int64_t n, const float *output, const float *noise,
                              float *x, float *memory);
void dc3_ddim_step(const dc3_sampler *s, int i, int64_t n, const float *output, const float *noise, float *x,
                   float *memory);
void dc3_dpmpp_2m_step(const dc3_sampler *s, int i, int64_t n, const float *output, const float *noise,
                       float *x, float *memory);

#endif
