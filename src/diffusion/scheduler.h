/* Noise schedules and samplers of diffusion models, as diffusers' schedulers of the same names compute them.
 */
#ifndef DC3_DIFFUSION_SCHEDULER_H
#define DC3_DIFFUSION_SCHEDULER_H

#include "diffusion/editor.h"
#include "kernels/shapes.h"

typedef enum dc3_prediction { DC3_PREDICT_EPSILON, DC3_PREDICT_V, DC3_PREDICT_SAMPLE } dc3_prediction;
typedef enum dc3_spacing { DC3_SPACING_LINSPACE, DC3_SPACING_LEADING, DC3_SPACING_TRAILING } dc3_spacing;

/* scheduler_config.json, checked. */
typedef struct dc3_scheduler_config {
    int train_steps;
    double beta_start, beta_end;
    int scaled_linear; /* betas linear in their square root, else linear */
    dc3_prediction prediction;
    dc3_spacing spacing;
    int steps_offset, set_alpha_to_one, zero_snr;
    double clip;         /* DDIM: bound of the estimated image, 0: none */
    char class_name[64]; /* "EulerAncestralDiscreteScheduler", ...; "" if not given */
} dc3_scheduler_config;

dc3_status dc3_scheduler_config_read(const char *path, dc3_scheduler_config *config);
/* The sampler that the configuration's class names, or Euler ancestral. */
dc3_sampler_kind dc3_scheduler_sampler(const dc3_scheduler_config *config);

/* A sampler over `steps` steps; step i goes from timesteps[i] to the next. x is what is denoised. */
typedef struct dc3_sampler dc3_sampler;
dc3_status dc3_sampler_open(dc3_sampler_kind kind, const dc3_scheduler_config *config, int steps,
                            dc3_sampler **sampler);
void dc3_sampler_close(dc3_sampler **sampler);
int dc3_sampler_steps(const dc3_sampler *sampler);
int dc3_sampler_is(const dc3_sampler *sampler, dc3_sampler_kind kind);
/* [steps], what the network sees; fractional for some spacings. */
const float *dc3_sampler_timesteps(const dc3_sampler *sampler);
/* What the initial standard normal noise is multiplied by. */
float dc3_sampler_initial_sigma(const dc3_sampler *sampler);
/* What x is multiplied by to be the network's input at step i. */
float dc3_sampler_input_scale(const dc3_sampler *sampler, int i);
/* 1 if the steps read noise. */
int dc3_sampler_needs_noise(const dc3_sampler *sampler);
/* Step i: what becomes of x, the denoiser's output and the noise. Its memory, zeros at first, belongs to one
 * x and stays from step to step. */
dc3_sampler_step dc3_sampler_step_of(const dc3_sampler *sampler, int i);

#endif
