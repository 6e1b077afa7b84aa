/* UNet2DConditionModel of diffusers: the denoiser of Stable Diffusion and InstructPix2Pix. */
#ifndef DC3_NN_UNET_2D_CONDITION_H
#define DC3_NN_UNET_2D_CONDITION_H

#include "nn/module.h"
#include "ops/ops.h"
#include "tensor/table.h"

typedef struct dc3_unet dc3_unet;

enum { DC3_UNET_LEVELS = 8 };
/* config.json, checked. */
typedef struct dc3_unet_config {
    int64_t in_channels, out_channels, groups;
    int64_t size; /* height and width of the latents trained with; 0: not said */
    int levels;
    int64_t channels[DC3_UNET_LEVELS];
    int down_attention[DC3_UNET_LEVELS], up_attention[DC3_UNET_LEVELS]; /* the level has transformers */
    int64_t heads[DC3_UNET_LEVELS];
    int layers[DC3_UNET_LEVELS]; /* residual blocks a level on the way down; one more on the way up */
    int transformer_layers[DC3_UNET_LEVELS];
    int64_t text_channels;
    float norm_eps;
    int linear_projection, flip_sin_to_cos;
    double freq_shift;
} dc3_unet_config;

dc3_status dc3_unet_config_read(const char *path, dc3_unet_config *config);
/* Takes over `table`. */
dc3_status dc3_unet_open(const dc3_device *device, const dc3_unet_config *config, dc3_table **table,
                         dc3_unet **unet);
/* Opened to be trained, in f32: from *table if there is one (taken over, also on failure, and nulled), else
 * new, by PyTorch's rules and `seed`. */
dc3_status dc3_unet_open_to_train(const dc3_device *device, const dc3_unet_config *config, dc3_table **table,
                                  uint64_t seed, dc3_unet **unet);
/* The same of a part of it alone (nn/module.h). */
dc3_status dc3_unet_open_to_tune(const dc3_device *device, const dc3_unet_config *config, dc3_table **table,
                                 const dc3_trained *trained, dc3_unet **unet);
/* Its parameters, if opened to be trained. */
dc3_param *dc3_unet_params(dc3_unet *unet, size_t *count);
/* From here on backward computes residual blocks and transformers again, and a tape keeps what goes into them
 * alone. */
void dc3_unet_recompute(dc3_unet *unet);
void dc3_unet_close(dc3_unet **unet);
const dc3_unet_config *dc3_unet_config_of(const dc3_unet *unet);
double dc3_unet_parameters(const dc3_unet *unet);

/* What the time steps contribute: conv1's bias plus the projected time embedding of every residual block, for
 * all steps of a sampler at once, since it does not depend on the image. Computed in f32. */
typedef struct dc3_unet_time dc3_unet_time;
dc3_status dc3_unet_time_open(dc3_ctx *ctx, dc3_unet *unet, int steps, const float *timesteps,
                              dc3_unet_time **time);
void dc3_unet_time_close(dc3_unet_time **time);

/* Keys and values of the text in every transformer block, the same at every step: temporaries of the scope
 * that is open when dc3_unet_text_of is called. states [n, tokens, text_channels]. The list
 * [dc3_unet_text_count] is the caller's. */
int dc3_unet_text_count(const dc3_unet *unet);
void dc3_unet_text_of(dc3_ctx *ctx, dc3_unet *unet, dc3_tensor states, dc3_tensor *kv);

/* x [n, h, w, in_channels] in the compute type, h and w multiples of 2^(levels - 1), to [n, h, w,
 * out_channels]. */
dc3_tensor dc3_unet_of(dc3_ctx *ctx, dc3_unet *unet, dc3_tensor x, const dc3_unet_time *time, int step,
                       const dc3_tensor *kv);

/* The same from the start, every row with a time step of its own (timesteps [n]) and its text (states [n,
 * tokens, text_channels], or fewer rows: n is a multiple, and row r reads text r % rows). All of it is
 * recorded where the context has a tape. */
dc3_tensor dc3_unet_denoise(dc3_ctx *ctx, dc3_unet *unet, dc3_tensor x, const float *timesteps,
                            dc3_tensor states);

#endif
