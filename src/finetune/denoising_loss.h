/* Losses of denoisers and their gradients, on arrays of the host; sums in double precision. */
#ifndef DC3_FINETUNE_DENOISING_LOSS_H
#define DC3_FINETUNE_DENOISING_LOSS_H

#include <stdint.h>
#include "finetune/noising.h"

/* A batch of n images' latents, channels last: `pixels` of `channels` values. The network gives `outputs`
 * values a pixel: as many as channels, or twice as many, of which the second half decides the variance. */
typedef struct dc3_denoised {
    int64_t n, pixels, channels, outputs;
    const float *x, *noisy, *target; /* [n, pixels, channels]; noisy may be NULL without a variance */
    const int *timesteps;            /* [n] */
    const float *y;                  /* [n, pixels, outputs] */
} dc3_denoised;

/* The mean over the batch of
 *   w_t |y - target|^2 / (pixels channels), w_t as dc3_noise_weight has it,
 * and where a variance is learned (Nichol and Dhariwal 2021, L_hybrid, as DiT weighs it) the variational
 * bound of the step in bits a dimension, KL(q(x_{t-1} | x_t, x) || p(x_{t-1} | x_t)), at t = 0 -log p(x |
 * x_1) of 256 levels, with log-variance v log beta_t + (1 - v) log beta~_t, v = (y + 1) / 2, and a mean that
 * passes no gradient on (epsilon alone). slope, as y: the gradient with respect to y. */
double dc3_denoising_loss(const dc3_noising *noising, const dc3_denoised *batch, double min_snr,
                          float *slope);

#endif
