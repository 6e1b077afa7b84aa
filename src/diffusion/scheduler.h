/* Noise schedules and samplers of diffusion models, as diffusers' schedulers of the same names compute them.
 */
#ifndef DC3_DIFFUSION_SCHEDULER_H
#define DC3_DIFFUSION_SCHEDULER_H

#include "diffusion/editor.h"
#include "kernels/shapes.h"

typedef enum dc3_prediction { DC3_PREDICT_EPSILON, DC3_PREDICT_V, DC3_PREDICT_SAMPLE } dc3_prediction;
typedef enum dc3_spacing { DC3_SPACING_LINSPACE, DC3_SPACING_LEADING, DC3_SPACING_TRAILING } dc3_spacing;
typedef enum dc3_betas { DC3_BETAS_LINEAR, DC3_BETAS_SCALED, DC3_BETAS_COSINE, DC3_BETAS_SIGMOID } dc3_betas;
/* How sigmas lie between the largest and the least: as the time steps have them, or by a curve. */
typedef enum dc3_ramp { DC3_RAMP_NONE, DC3_RAMP_KARRAS, DC3_RAMP_EXPONENTIAL, DC3_RAMP_BETA } dc3_ramp;

/* Keys of scheduler_config.json that some samplers follow and others do not know. */
enum {
    DC3_KEY_CLIP = 1 << 0,
    DC3_KEY_ZERO_SNR = 1 << 1,
    DC3_KEY_RAMP = 1 << 2, /* use_karras_sigmas, use_exponential_sigmas, use_beta_sigmas */
    DC3_KEY_FINAL_SIGMA = 1 << 3,
    DC3_KEY_INTERPOLATION = 1 << 4,
    DC3_KEY_TIMESTEP_TYPE = 1 << 5,
    DC3_KEY_LAMBDA_MIN = 1 << 6,
    DC3_KEY_THRESHOLDING = 1 << 7, /* from here on to SOLVER_P: followed by no sampler of dc3 */
    DC3_KEY_LU_LAMBDAS = 1 << 8,
    DC3_KEY_FLOW_SIGMAS = 1 << 9,
    DC3_KEY_TRAINED_BETAS = 1 << 10,
    DC3_KEY_VARIANCE = 1 << 11,
    DC3_KEY_CORRECTOR = 1 << 12,
    DC3_KEY_SOLVER_P = 1 << 13,
    DC3_KEY_SIGMA_MIN = 1 << 14, /* from here on: set to other than diffusers' default */
    DC3_KEY_SIGMA_MAX = 1 << 15,
    DC3_KEY_SOLVER_ORDER = 1 << 16,
    DC3_KEY_SOLVER_TYPE = 1 << 17,
    DC3_KEY_ALGORITHM = 1 << 18,
    DC3_KEY_LOWER_ORDER = 1 << 19,
    DC3_KEY_EULER_AT_FINAL = 1 << 20,
    DC3_KEY_PREDICT_X0 = 1 << 21,
    DC3_KEY_LARGE_VARIANCE = 1 << 22,
    DC3_KEY_ORIGINAL_STEPS = 1 << 23,
    DC3_KEY_TIMESTEP_SCALING = 1 << 24,
    /* What samplers of a kind have in common. */
    DC3_KEYS_RAMP = DC3_KEY_RAMP | DC3_KEY_SIGMA_MIN | DC3_KEY_SIGMA_MAX,
    DC3_KEYS_SOLVER = DC3_KEY_SOLVER_ORDER | DC3_KEY_SOLVER_TYPE | DC3_KEY_LOWER_ORDER
};

/* scheduler_config.json, checked. */
typedef struct dc3_scheduler_config {
    int train_steps;
    double beta_start, beta_end;
    dc3_betas betas;
    dc3_prediction prediction;
    int spacing; /* dc3_spacing; -1: the sampler's usual one */
    int steps_offset, zero_snr;
    int set_alpha_to_one; /* -1: the sampler's usual value */
    double clip;          /* bound of the estimated image, 0: none */
    dc3_ramp ramp;
    double sigma_min, sigma_max; /* of the ramp; 0: those of the schedule */
    int final_sigma_min;         /* ends at the schedule's least sigma, not at 0 */
    int log_linear, continuous;  /* Euler: sigmas linear in their logarithm; time steps log(sigma) / 4 */
    int order;                   /* of the file's solver, 1 to 3 */
    int heun, lower_order_final, euler_at_final;
    double lambda_min;      /* DPM-Solver: least log(alpha / sigma) */
    int bh1, predict_noise; /* UniPC */
    int skip_prk;           /* PNDM: no Runge-Kutta steps at the start */
    int variance_large;     /* DDPM: beta, else the posterior's */
    int original_steps;     /* LCM: of the distillation, */
    double timestep_scaling;
    unsigned keys;       /* DC3_KEY_..: set to what not every sampler follows */
    char algorithm[24];  /* DPM-Solver: "dpmsolver++", .. */
    char class_name[64]; /* "EulerAncestralDiscreteScheduler", ...; "" if not given */
    char unknown[200];   /* keys that no sampler has and that are set, as "'eta', 'gamma'" */
} dc3_scheduler_config;

dc3_status dc3_scheduler_config_read(const char *path, dc3_scheduler_config *config);
/* The sampler that the configuration's class names, Euler ancestral where it names none. DC3_ERR_UNSUPPORTED
 * for a class that dc3 lacks, with a text that says what works in its place; *kind is
 * DC3_SAMPLER_DEFAULT then. */
dc3_status dc3_scheduler_sampler(const dc3_scheduler_config *config, dc3_sampler_kind *kind);
/* What of the file the sampler does not follow, as "'use_karras_sigmas', 'clip_sample'"; "" where it follows
 * all of it. Returns text. */
const char *dc3_scheduler_ignored(const dc3_scheduler_config *config, dc3_sampler_kind kind, char *text,
                                  size_t size);

/* A sampler that was asked for `steps` steps. x is what is denoised. Some evaluate the network more often
 * than once a step; evaluation i takes x from timesteps[i] on. */
typedef struct dc3_sampler dc3_sampler;
/* DC3_ERR_ARGUMENT where it cannot take so many steps, DC3_ERR_UNSUPPORTED where it cannot follow the
 * configuration. */
dc3_status dc3_sampler_open(dc3_sampler_kind kind, const dc3_scheduler_config *config, int steps,
                            dc3_sampler **sampler);
void dc3_sampler_close(dc3_sampler **sampler);
int dc3_sampler_is(const dc3_sampler *sampler, dc3_sampler_kind kind, int steps);
int dc3_sampler_evaluations(const dc3_sampler *sampler);
/* Arrays of x's size that it keeps from one evaluation to the next. */
int dc3_sampler_memories(const dc3_sampler *sampler);
/* [evaluations], what the network sees; fractional for some spacings. */
const float *dc3_sampler_timesteps(const dc3_sampler *sampler);
/* What the initial standard normal noise is multiplied by. */
float dc3_sampler_initial_sigma(const dc3_sampler *sampler);
/* What x is multiplied by to be the network's input at evaluation i. */
float dc3_sampler_input_scale(const dc3_sampler *sampler, int i);
/* Evaluation i: what becomes of x, the denoiser's output, the noise and the memories, which are zeros at
 * first. It reads noise where next[DC3_TERM_NOISE] is not 0. */
dc3_sampler_step dc3_sampler_step_of(const dc3_sampler *sampler, int i);

#endif
