/* What a denoiser is trained on. With abar_t the share of the image's variance that is left at time step t
 * (Ho et al. 2020), x the latents and e standard normal noise:
 *   x_t = sqrt(abar_t) x + sqrt(1 - abar_t) e
 *   target: e (epsilon), or sqrt(abar_t) e - sqrt(1 - abar_t) x (v, Salimans and Ho 2022), or x (sample)
 *   weight: 1, or of min-SNR (Hang et al. 2023), with s = abar_t / (1 - abar_t): min(s, gamma) over s for
 *   epsilon, over s + 1 for v, and itself for sample. */
#ifndef DC3_FINETUNE_NOISING_H
#define DC3_FINETUNE_NOISING_H

#include "diffusion/scheduler.h"

typedef struct dc3_noising {
    int steps;         /* of the training's schedule */
    double *alpha_bar; /* [steps] */
    dc3_prediction prediction;
} dc3_noising;

/* As a scheduler_config.json says; dc3_noising_free in any case. */
dc3_status dc3_noising_open(const dc3_scheduler_config *config, dc3_noising *noising);
void dc3_noising_free(dc3_noising *noising);

/* x_t and the target, n values each, of x and noise at time step t, 0 to steps - 1. */
void dc3_noise_add(const dc3_noising *noising, int t, int64_t n, const float *x, const float *noise,
                   float *noisy);
void dc3_noise_target(const dc3_noising *noising, int t, int64_t n, const float *x, const float *noise,
                      float *target);
/* gamma 0: 1. */
double dc3_noise_weight(const dc3_noising *noising, int t, double gamma);

/* What is random about row `row` of all rows that a training sees, in the order that it sees them: drawn by
 * seed and row alone. */
typedef struct dc3_noise_draw {
    int timestep; /* uniform in 0 .. steps - 1 */
    int flip;     /* 1 of two */
    int drop;     /* the caption or class is left out: with probability `dropout` */
} dc3_noise_draw;
/* Noise of n values as well. */
dc3_noise_draw dc3_noise_draw_row(uint64_t seed, int64_t row, int steps, double dropout, int64_t n,
                                  float *noise);

#endif
