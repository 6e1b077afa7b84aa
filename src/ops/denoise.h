/* Operations on what a diffusion model denoises: f32 tensors, without gradients (nothing is recorded). */
#ifndef DC3_OPS_DENOISE_H
#define DC3_OPS_DENOISE_H

#include "ops/context.h"

/* x * scale + offset. */
dc3_tensor dc3_affine(dc3_ctx *ctx, dc3_tensor x, float scale, float offset);
/* x between low and high, in place; what is not a number becomes low. */
void dc3_clamp(dc3_ctx *ctx, dc3_tensor x, float low, float high);
/* Of any type, [rows, ...] to [count, ...]: row rows[i] of x, or zeros where that is -1. */
dc3_tensor dc3_take_rows(dc3_ctx *ctx, dc3_tensor x, int count, const int *rows);
/* Of any type, x [..., channels or more] without its channels from `channels` on; x itself where it has no
 * more. */
dc3_tensor dc3_first_channels(dc3_ctx *ctx, dc3_tensor x, int64_t channels);
/* Guidance (kernels/shapes.h): rows and condition [kinds * n, ...] to [n, ...]; shape->n is filled in. */
dc3_tensor dc3_guided(dc3_ctx *ctx, const dc3_guided_shape *shape, dc3_tensor rows, dc3_tensor condition);
/* A sampler's step (kernels/shapes.h) in place, from the denoiser's output, of x's shape; noise: or NULL;
 * memory: step->memories times x, one after the other. */
void dc3_step_sampler(dc3_ctx *ctx, const dc3_sampler_step *step, dc3_tensor output, const dc3_tensor *noise,
                      dc3_tensor x, dc3_tensor memory);

#endif
