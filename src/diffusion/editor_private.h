/* What the files of the editor share, and its steps with token ids and noise handed in, for golden tests.
 * Private to this folder. */
#ifndef DC3_DIFFUSION_EDITOR_PRIVATE_H
#define DC3_DIFFUSION_EDITOR_PRIVATE_H

#include "diffusion/concepts.h"
#include "diffusion/editor.h"
#include "diffusion/pipeline.h"

struct dc3_editor {
    int is_beside; /* the model and the concepts are another editor's */
    dc3_ctx *ctx;
    dc3_governor governor; /* of the context's threads, step by step */
    dc3_pipeline model;
    dc3_edit_settings defaults;
    dc3_detail detail; /* the directory's advice */
    int residual; /* the denoiser's output is relative to the input image's latents, docs/mini-editor.md */
    dc3_concepts *concepts;   /* NULL: every word is known */
    dc3_sampler *sampler;     /* of the last edit, */
    dc3_denoising *denoising; /* and the denoiser prepared for its time steps */
};

typedef struct dc3_edit_request {
    const float *rgb; /* [size, size, 3] in [0, 1] */
    int n;
    const int64_t *ids;    /* [n + 1, tokens]: the instructions, then the empty text */
    const uint64_t *seeds; /* [n], or NULL with `noises` */
    const float *noises;   /* [evaluations + 1, n, h, w, latent_channels], the first for the start, or NULL */
    float *edits;          /* [n, size, size, 3] */
    float *reconstruction; /* or NULL */
    float *latents;        /* final latents [n, h, w, latent_channels], scaled; or NULL */
} dc3_edit_request;

/* Tokens of one text for this model. */
int dc3_editor_tokens(const dc3_editor *editor);
dc3_status dc3_editor_run(dc3_editor *editor, const dc3_edit_settings *settings,
                          const dc3_edit_request *request);

#endif
