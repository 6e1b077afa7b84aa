/* The U-Net of Stable Diffusion 1.5. */
#ifndef DC3_BENCH_SD15_H
#define DC3_BENCH_SD15_H

#include "nn/unet_2d_condition.h"

/* in_channels: 4 of the generator, 8 of an editor. */
static inline dc3_unet_config sd15_unet(int64_t in_channels)
{
    return (dc3_unet_config){.in_channels = in_channels,
                             .out_channels = 4,
                             .groups = 32,
                             .levels = 4,
                             .channels = {320, 640, 1280, 1280},
                             .down_attention = {1, 1, 1, 0},
                             .up_attention = {0, 1, 1, 1},
                             .heads = {8, 8, 8, 8},
                             .layers = {2, 2, 2, 2},
                             .transformer_layers = {1, 1, 1, 1},
                             .text_channels = 768,
                             .norm_eps = 1e-5f,
                             .flip_sin_to_cos = 1};
}

#endif
