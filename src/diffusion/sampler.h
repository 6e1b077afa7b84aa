/* What the samplers share: the schedule at the chosen steps. A new one is a file with its class, and a line
 * in the table of sampler.c. Private to this folder. */
#ifndef DC3_DIFFUSION_SAMPLER_H
#define DC3_DIFFUSION_SAMPLER_H

#include "diffusion/scheduler.h"

/* DPM-Solver's family: what is integrated, and whether noise is added. */
typedef enum dc3_solver { DC3_SOLVER_DATA, DC3_SOLVER_NOISE, DC3_SOLVER_DATA_SDE } dc3_solver;

/* What a sampler is. */
typedef struct dc3_sampler_class {
    const char *scheduler; /* diffusers' class */
    dc3_spacing spacing;   /* where the file says none */
    int alpha_to_one;      /* set_alpha_to_one where the file does not say */
    int sigma_form;        /* x = x0 + sigma epsilon, and the network sees x / sqrt(sigma^2 + 1) */
    unsigned follows;      /* DC3_KEY_.. of the file that it follows, */
    unsigned refuses;      /* and those that diffusers' class follows and dc3 lacks */
    int memories;
    int order; /* of a solver, */
    dc3_solver solver;
    int ramp_ends; /* a solver whose last sigma is the ramp's, not the schedule's, and whose times are whole
                      with every schedule */
    /* Fills in evaluations, times and, where the sampler goes by them, sigmas. */
    dc3_status (*plan)(struct dc3_sampler *sampler);
    /* Fills in the whole of evaluation i. */
    void (*step)(const struct dc3_sampler *sampler, int i, dc3_sampler_step *step);
} dc3_sampler_class;

struct dc3_sampler {
    const dc3_sampler_class *kind;
    dc3_scheduler_config config; /* spacing and set_alpha_to_one as they are used */
    int steps, evaluations;
    double *alpha_bar; /* [train_steps], cumulative product of 1 - beta */
    double *times;     /* [evaluations], not rounded where the sampler interpolates */
    float *timesteps;  /* [evaluations], the same as f32 */
    double *sigmas;    /* [evaluations + 1], sqrt((1 - alpha_bar) / alpha_bar) */
    double final_alpha_bar;
};

/* All of them: constant, class, and the word that users write; in the order of dc3_sampler_kind. */
#define DC3_SAMPLERS(X)                                                                                      \
    X(DC3_EULER_ANCESTRAL, euler_ancestral, "euler-ancestral")                                               \
    X(DC3_EULER, euler, "euler")                                                                             \
    X(DC3_DDIM, ddim, "ddim")                                                                                \
    X(DC3_DPMPP_2M, dpmpp_2m, "dpmpp-2m")                                                                    \
    X(DC3_PNDM, pndm, "pndm")                                                                                \
    X(DC3_DDPM, ddpm, "ddpm")                                                                                \
    X(DC3_HEUN, heun, "heun")                                                                                \
    X(DC3_LMS, lms, "lms")                                                                                   \
    X(DC3_LCM, lcm, "lcm")                                                                                   \
    X(DC3_UNIPC, unipc, "unipc")                                                                             \
    X(DC3_DPMPP_1, dpmpp_1, "dpmpp-1")                                                                       \
    X(DC3_DPMPP_3M, dpmpp_3m, "dpmpp-3m")                                                                    \
    X(DC3_DPM_1, dpm_1, "dpm-1")                                                                             \
    X(DC3_DPM_2M, dpm_2m, "dpm-2m")                                                                          \
    X(DC3_DPM_3M, dpm_3m, "dpm-3m")                                                                          \
    X(DC3_DPMPP_1_SDE, dpmpp_1_sde, "dpmpp-1-sde")                                                           \
    X(DC3_DPMPP_2M_SDE, dpmpp_2m_sde, "dpmpp-2m-sde")                                                        \
    X(DC3_DPMPP_3M_SDE, dpmpp_3m_sde, "dpmpp-3m-sde")

#define DC3_SAMPLER_DECLARE(constant, class, word) extern const dc3_sampler_class dc3_sampler_##class;
DC3_SAMPLERS(DC3_SAMPLER_DECLARE)

/* ---- schedule.c ---- */

/* Room for evaluations, in times and timesteps, and one more in sigmas; sets their number. */
dc3_status dc3_sampler_room(dc3_sampler *s, int evaluations);
/* alpha_bar [train_steps] of the configuration. */
void dc3_schedule_alpha_bar(const dc3_scheduler_config *config, double *alpha_bar);
/* Whole time steps by the spacing, from the noisiest on: DDIM and its kin. */
dc3_status dc3_plan_times(dc3_sampler *s);
/* Time steps and sigmas of the samplers in sigma form, the last sigma 0. */
dc3_status dc3_plan_sigmas(dc3_sampler *s);
/* Those of the multistep solvers, which space one time step more and leave out the last. */
dc3_status dc3_plan_solver(dc3_sampler *s);
/* alpha_bar at a time step, or what stands before the first one. */
double dc3_schedule_before(const dc3_sampler *s, int time);

/* ---- slopes.c: what the network's output means ---- */

/* Sets the estimate of x0 in the sigma form and the slope (x - x0) / sigma; the rest becomes 0. */
void dc3_sigma_slope(const dc3_sampler *s, double sigma, dc3_sampler_step *step);
/* The same where x = alpha x0 + rate epsilon, alpha^2 + rate^2 = 1: the slope is epsilon. */
void dc3_unit_slope(const dc3_sampler *s, double alpha, double rate, dc3_sampler_step *step);

#endif
