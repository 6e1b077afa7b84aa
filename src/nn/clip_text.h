/* CLIPTextModel of transformers: token ids to the last hidden state after the final layer norm. */
#ifndef DC3_NN_CLIP_TEXT_H
#define DC3_NN_CLIP_TEXT_H

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
void dc3_clip_text_close(dc3_clip_text **text);
const dc3_clip_text_config *dc3_clip_text_config_of(const dc3_clip_text *text);
double dc3_clip_text_parameters(const dc3_clip_text *text);

/* ids [n, tokens], tokens at most `positions`, to states [n, tokens, hidden]. */
dc3_tensor dc3_clip_text_of(dc3_ctx *ctx, dc3_clip_text *text, int64_t n, int64_t tokens, const int64_t *ids);

#endif
