/* Noise schedules and samplers of latent diffusion, as the scheduler_config.json of a diffusers directory
 * describes them. A sampler holds its tables and history; all arrays that it works on are f32 on the host,
 * and the coefficients are f64. */
#ifndef DC3_DIFFUSION_SCHEDULER_H
#define DC3_DIFFUSION_SCHEDULER_H

#include <stdbool.h>
#include <stddef.h>
#include "base/status.h"
#include "diffusion/editor.h"

typedef enum dc3_beta_schedule { DC3_BETA_LINEAR, DC3_BETA_SCALED_LINEAR, DC3_BETA_COSINE } dc3_beta_schedule;
typedef enum dc3_prediction { DC3_PREDICT_EPSILON, DC3_PREDICT_V, DC3_PREDICT_SAMPLE } dc3_prediction;
typedef enum dc3_spacing { DC3_SPACING_LINSPACE, DC3_SPACING_LEADING, DC3_SPACING_TRAILING } dc3_spacing;

typedef struct dc3_scheduler_config {
    int train_timesteps;         /* 2..100000; default 1000 */
    double beta_start, beta_end; /* in (0, 1); defaults 0.0001, 0.02 */
    dc3_beta_schedule beta_schedule;
    dc3_prediction prediction;
    bool has_spacing; /* whether the file gives timestep_spacing; else the sampler's own default holds */
    dc3_spacing spacing;
    int steps_offset;                           /* added to the time steps of "leading"; default 0 */
    bool set_alpha_to_one;                      /* DDIM: last alpha is 1; default true */
    bool clip_sample;                           /* DDIM: clip the predicted sample; default true */
    double clip_sample_range;                   /* default 1 */
    bool rescale_zero_snr;                      /* rescale_betas_zero_snr; default false */
    bool final_sigma_min;                       /* final_sigmas_type sigma_min (default zero) */
    bool lower_order_final, euler_at_final;     /* DPM-Solver++; defaults true, false */
    bool karras;                                /* use_karras_sigmas: Euler and DPM-Solver++ */
    double variance_limit;                      /* lambda_min_clipped; default -infinity */
    int solver_order;                           /* DPM-Solver++: 1 or 2; default 2 */
    bool midpoint;                              /* DPM-Solver++: solver_type midpoint (default), else heun */
    bool has_kind;
    dc3_sampler_kind kind; /* that of _class_name, where it is one of ours */
} dc3_scheduler_config;

/* diffusers' defaults of everything above. */
dc3_scheduler_config dc3_scheduler_defaults(void);
/* Reads scheduler_config.json. DC3_ERR_IO or DC3_ERR_FORMAT with a sentence that names file and key. */
dc3_status dc3_scheduler_read(const char *path, dc3_scheduler_config *config);

typedef struct dc3_sampler dc3_sampler;

/* Tables for `steps` (1..train_timesteps) steps. On success the caller closes *sampler. */
dc3_status dc3_sampler_open(dc3_sampler_kind kind, const dc3_scheduler_config *config, int steps,
                            dc3_sampler **sampler);
void dc3_sampler_close(dc3_sampler **sampler);
/* Forgets the history: the sampler can run another trajectory. */
void dc3_sampler_reset(dc3_sampler *sampler);

/* Number of model calls (the `steps` given to open). */
int dc3_sampler_steps(const dc3_sampler *sampler);
/* Time steps [steps], what the model gets; possibly fractional. */
const float *dc3_sampler_timesteps(const dc3_sampler *sampler);
/* Noise levels [steps + 1]; NULL for DDIM. */
const float *dc3_sampler_sigmas(const dc3_sampler *sampler);
/* What standard normal noise is multiplied by to start. */
float dc3_sampler_init_sigma(const dc3_sampler *sampler);
/* Whether step i wants noise (Euler ancestral; its last step to sigma 0 too takes none if NULL is given). */
bool dc3_sampler_wants_noise(const dc3_sampler *sampler, int i);

/* Model input of step i from the state x [n]: out [n] (may be x itself). */
void dc3_sampler_scale_input(const dc3_sampler *sampler, int i, size_t n, const float *x, float *out);
/* One step, in place: x [n] from step i to i + 1, with the model's output [n] and, for the ancestral
 * sampler, standard normal noise [n] (else NULL). Steps go in order from 0. DC3_ERR_ARGUMENT for a step out
 * of order or missing noise, DC3_ERR_MEMORY. */
dc3_status dc3_sampler_step(dc3_sampler *sampler, int i, size_t n, const float *model_output, float *x,
                            const float *noise);

#endif
