/* The transformer over an image's pixels with text (diffusers' Transformer2DModel with
 * BasicTransformerBlocks). */
#ifndef DC3_NN_TRANSFORMER_2D_H
#define DC3_NN_TRANSFORMER_2D_H

#include "nn/layers.h"

typedef struct dc3_transformer_block {
    dc3_norm_layer norm1, norm2, norm3;
    dc3_linear_layer qkv, out1;   /* attention of the pixels to each other */
    dc3_linear_layer q, kv, out2; /* attention to the text */
    dc3_linear_layer ff_in, ff_out;
} dc3_transformer_block;

typedef struct dc3_transformer_2d {
    dc3_norm_layer norm;
    dc3_linear_layer proj_in, proj_out;
    dc3_transformer_block *blocks;
    int count;
    int64_t heads, dim;
} dc3_transformer_2d;

typedef struct dc3_transformer_2d_config {
    int64_t channels, heads, text_channels, groups;
    int layers;
    int linear_projection; /* proj_in and proj_out are stored as linear layers instead of 1x1 convolutions */
} dc3_transformer_2d_config;

void dc3_take_transformer_2d(dc3_module *module, dc3_transformer_2d *transformer, const char *prefix,
                             const dc3_transformer_2d_config *config);
/* Keys and values of the text for each block: states [n, tokens, text_channels] to kv[i] [n, tokens, 2 *
 * inner]; they are the same at every step. */
void dc3_transformer_2d_text(dc3_ctx *ctx, dc3_transformer_2d *transformer, dc3_tensor states,
                             dc3_tensor *kv);
/* x [n, h, w, c] to the same shape. */
dc3_tensor dc3_transformer_2d_of(dc3_ctx *ctx, dc3_transformer_2d *transformer, dc3_tensor x,
                                 const dc3_tensor *kv);

#endif
