/* The residual block of diffusion networks (diffusers' ResnetBlock2D):
 * x + conv2(silu(norm2(conv1(silu(norm1(x))) + time))), with a 1x1 convolution on x where the channels
 * change. */
#ifndef DC3_NN_RESNET_BLOCK_H
#define DC3_NN_RESNET_BLOCK_H

#include "nn/layers.h"

typedef struct dc3_resnet_block {
    dc3_norm_layer norm1, norm2;
    dc3_conv_layer conv1, conv2;
    dc3_linear_layer time, shortcut;
    int has_time, has_shortcut;
    int64_t co;
} dc3_resnet_block;

/* time_channels 0: no time embedding. */
void dc3_take_resnet_block(dc3_module *module, dc3_resnet_block *block, const char *prefix, int64_t ci,
                           int64_t co, int64_t time_channels, int64_t groups, float eps);
/* x [n, h, w, ci] to [n, h, w, co]. conv1_bias [co]: conv1's bias plus the time embedding's projection, which
 * is the same for the whole batch; NULL for conv1's own bias. */
dc3_tensor dc3_resnet_block_of(dc3_ctx *ctx, dc3_resnet_block *block, dc3_tensor x,
                               const dc3_tensor *conv1_bias);
/* The same with a time embedding for each row, [n, time_channels] f32 behind its SiLU; can be recorded. */
dc3_tensor dc3_resnet_block_timed(dc3_ctx *ctx, dc3_resnet_block *block, dc3_tensor x, dc3_tensor embedding);

#endif
