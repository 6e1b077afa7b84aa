/* The editor's steps with token ids and noise handed in, for golden tests. */
#ifndef DC3_DIFFUSION_EDITOR_PRIVATE_H
#define DC3_DIFFUSION_EDITOR_PRIVATE_H

#include "diffusion/editor.h"

typedef struct dc3_edit_request {
    const float *rgb; /* [size, size, 3] in [0, 1] */
    int n;
    const int64_t *ids;    /* [n + 1, tokens]: the instructions, then the empty text */
    const uint64_t *seeds; /* [n], or NULL with `noises` */
    const float *noises;   /* [steps + 1, n, h, w, latent_channels], the first for the start, or NULL */
    float *edits;          /* [n, size, size, 3] */
    float *reconstruction; /* or NULL */
    float *latents;        /* final latents [n, h, w, latent_channels], scaled; or NULL */
} dc3_edit_request;

/* Tokens of one text for this model. */
int dc3_editor_tokens(const dc3_editor *editor);
dc3_status dc3_editor_run(dc3_editor *editor, const dc3_edit_settings *settings,
                          const dc3_edit_request *request);

#endif
