/* From noise to latents through all steps of a sampler, under guidance, and from latents to images: what
 * editing an image and generating one share. */
#ifndef DC3_DIFFUSION_SOLVE_H
#define DC3_DIFFUSION_SOLVE_H

#include "diffusion/denoiser.h"
#include "diffusion/guidance.h"
#include "diffusion/scheduler.h"
#include "nn/autoencoder_kl.h"
#include "ops/governor.h"

typedef struct dc3_solving {
    dc3_ctx *ctx;
    dc3_governor *governor; /* of the context's threads, step by step */
    const dc3_sampler *sampler;
    dc3_denoising *denoising; /* at the sampler's time steps, with the texts or classes of all rows */
    const dc3_guidance *guidance;
    dc3_tensor image; /* f32 latents [1, h, w, c] that the denoiser sees beside x; empty: it sees x alone */
    float share;      /* of those latents in the denoiser's output (kernels/shapes.h) */
    const uint64_t *seeds;             /* [n] of the guidance's n, */
    const float *noises;               /* or [evaluations + 1, n, h, w, c], the first for the start */
    const dc3_edit_settings *settings; /* who hears of steps */
} dc3_solving;

/* Latents [n, h, w, c] f32, shape being theirs, times the VAE's scaling factor. The noise of row i depends on
 * seeds[i] alone. `host`: room for n * h * w * c floats where there are seeds. Empty after a failure, which
 * the context has. */
dc3_tensor dc3_solve(const dc3_solving *solving, const int64_t shape[4], float *host);

/* As many threads as the governor of steps found fastest for a step; else, and where there is none, all. */
void dc3_solve_take_threads(dc3_ctx *ctx, dc3_governor *governor, int is_step);

/* Mean of the posterior of images rgb [n, size, size, 3] in [0, 1], memory of the host: f32 [n, size /
 * factor, size / factor, latent channels], unscaled. */
dc3_tensor dc3_solve_encode(dc3_ctx *ctx, dc3_vae *vae, int n, int size, const float *rgb);
/* Latents [n, h, w, c] f32 times `scale` to images rgb [n, height, width, 3] in [0, 1], memory of the host,
 * one at a time so that memory does not grow with n. */
void dc3_solve_decode(dc3_ctx *ctx, dc3_vae *vae, dc3_tensor latents, float scale, float *rgb);

#endif
