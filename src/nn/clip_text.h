/* CLIPTextModel of transformers: token ids to the last hidden state after the final layer norm. Stable
 * Diffusion 1 has OpenAI's (QuickGELU); Stable Diffusion 2 OpenCLIP's (GELU), whose last layer its
 * config.json leaves out. */
#ifndef DC3_NN_CLIP_TEXT_H
#define DC3_NN_CLIP_TEXT_H

#include "nn/module.h"
#include "ops/ops.h"
#include "tensor/table.h"

typedef struct dc3_clip_text dc3_clip_text;

typedef struct dc3_clip_text_config {
    int64_t vocabulary, hidden, intermediate, layers, heads, positions;
    float eps;
    dc3_activation act;
} dc3_clip_text_config;

dc3_status dc3_clip_text_config_read(const char *path, dc3_clip_text_config *config);
/* Takes over `table`. */
dc3_status dc3_clip_text_open(const dc3_device *device, const dc3_clip_text_config *config, dc3_table **table,
                              dc3_clip_text **text);
/* Opened to be trained, in f32, from *table. */
dc3_status dc3_clip_text_open_to_train(const dc3_device *device, const dc3_clip_text_config *config,
                                       dc3_table **table, dc3_clip_text **text);
/* The same of a part of it alone (nn/module.h). */
dc3_status dc3_clip_text_open_to_tune(const dc3_device *device, const dc3_clip_text_config *config,
                                      dc3_table **table, const dc3_trained *trained, dc3_clip_text **text);
/* From here on backward computes layers again, and a tape keeps what goes into them alone. */
void dc3_clip_text_recompute(dc3_clip_text *text);
/* Its parameters, if opened to be trained. */
dc3_param *dc3_clip_text_params(dc3_clip_text *text, size_t *count);
void dc3_clip_text_close(dc3_clip_text **text);
const dc3_clip_text_config *dc3_clip_text_config_of(const dc3_clip_text *text);
double dc3_clip_text_parameters(const dc3_clip_text *text);

/* ids [n, tokens], tokens at most `positions`, to states [n, tokens, hidden]. Recorded where the context has
 * a tape. */
dc3_tensor dc3_clip_text_of(dc3_ctx *ctx, dc3_clip_text *text, int64_t n, int64_t tokens, const int64_t *ids);
/* The same without the last `skip` layers, 0 to layers - 1, but with the final layer norm (diffusers'
 * clip_skip). */
dc3_tensor dc3_clip_text_skipping(dc3_ctx *ctx, dc3_clip_text *text, int64_t n, int64_t tokens,
                                  const int64_t *ids, int64_t skip);

#endif
