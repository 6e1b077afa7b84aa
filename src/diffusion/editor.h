/* The InstructPix2Pix editor (Brooks et al. 2023): a diffusers directory run on images. */
#ifndef DC3_DIFFUSION_EDITOR_H
#define DC3_DIFFUSION_EDITOR_H

#include <stdint.h>
#include "dc3/choices.h"
#include "diffusion/concepts.h"
#include "ops/context.h"

typedef struct dc3_editor dc3_editor;

/* As users write them; NULL after the last. */
extern const char *const dc3_sampler_names[];

/* What one edit is made with. dc3_editor_defaults fills it from the model directory. */
typedef struct dc3_edit_settings {
    int size;  /* working width and height in pixels, a multiple of the VAE's factor * 2^downs */
    int steps; /* 1..1000 */
    dc3_sampler_kind sampler; /* DC3_SAMPLER_DEFAULT: the directory's, which dc3 lacks */
    float guidance;           /* text guidance s_T, >= 0 */
    float image_guidance;     /* image guidance s_I, >= 0 */
    void (*stepped)(void *user, int done,
                    int evaluations); /* after each of the network; NULL: nobody hears */
    void *user;
} dc3_edit_settings;

typedef struct dc3_editor_info {
    char name[128];              /* what people call it */
    int latent_channels, factor; /* VAE: latents are [h / factor, w / factor, latent_channels] */
    dc3_dtype dtype;             /* compute type in use */
    int threads;
    double parameters; /* of all parts */
    dc3_detail detail; /* what of its edits is to be taken over, as the directory says */
} dc3_editor_info;

/* Of a directory that no edit needs: fails as dc3_editor_open where it is none of diffusers by its index.
 * NULL, "none" and "dc3-mini" (the program's word for its own, which may not be installed) are right. */
dc3_status dc3_editor_check_unused(const char *directory);
/* Opens a diffusers directory. dtype: DC3_F32 or DC3_BF16. threads >= 1. */
dc3_status dc3_editor_open(const char *directory, dc3_dtype dtype, int threads, dc3_editor **editor);
/* Another of the same networks, which they share, so that threads edit side by side: with a context of its
 * own of `threads` threads. It is closed before `editor` is. */
dc3_status dc3_editor_open_beside(const dc3_editor *editor, int threads, dc3_editor **beside);
/* The same with adapters (nn/adapters/lora.h), a file or its folder, merged into its networks, times `scale`
 * (-100 to 100, else DC3_ERR_OPTION); lora NULL: none. DC3_ERR_FORMAT where they are for another model. */
dc3_status dc3_editor_open_adapted(const char *directory, const char *lora, double scale, dc3_dtype dtype,
                                   int threads, dc3_editor **editor);
void dc3_editor_close(dc3_editor **editor);
dc3_edit_settings dc3_editor_defaults(const dc3_editor *editor);
dc3_editor_info dc3_editor_describe(const dc3_editor *editor);

/* DC3_OK where an edit by these settings can be made; else what dc3_editor_edit would fail with. */
dc3_status dc3_editor_check(const dc3_editor *editor, const dc3_edit_settings *settings);
/* What of the directory is not followed under these settings, and weights that are no safetensors, as one
 * sentence for people; "" where there is nothing to say. Returns text. */
const char *dc3_editor_note(const dc3_editor *editor, const dc3_edit_settings *settings, char *text,
                            size_t size);

/* The words that it knows, the editor's; NULL: all. */
const dc3_concepts *dc3_editor_concepts(const dc3_editor *editor);

/* Mean of the VAE posterior (unscaled) of `n` images: rgb [n, size, size, 3] in [0, 1], channels last;
 * latents [n, size / factor, size / factor, latent_channels] f32, caller's memory. */
dc3_status dc3_editor_encode(dc3_editor *editor, int n, int size, const float *rgb, float *latents);
/* The same in a context of the caller's, so that threads encode side by side (ops/workers.h). */
dc3_status dc3_editor_encode_in(const dc3_editor *editor, dc3_ctx *ctx, int n, int size, const float *rgb,
                                float *latents);
/* Bytes that such a call needs in its context. */
double dc3_editor_encode_bytes(const dc3_editor *editor, int n, int size);
/* The editor's own, for others beside it. */
dc3_ctx *dc3_editor_ctx(dc3_editor *editor);

/* One image, `n` prompts, one batch: rgb [size, size, 3] in [0, 1]; seeds [n]: noise of edit i depends on
 * seeds[i] alone; edits [n, size, size, 3] in [0, 1]; reconstruction [size, size, 3], or NULL: what the VAE
 * makes of the input . Reads the cancel flag between operations. */
dc3_status dc3_editor_edit(dc3_editor *editor, const dc3_edit_settings *settings, const float *rgb, int n,
                           const char *const *prompts, const uint64_t *seeds, float *edits,
                           float *reconstruction);

/* FLOPs of one edit call with `n` prompts under the settings, for estimates; `reconstruction`: with one. */
double dc3_editor_flops(const dc3_editor *editor, const dc3_edit_settings *settings, int n,
                        int reconstruction);
/* Bytes that such a call needs in the editor's context, beside the networks. */
double dc3_editor_bytes(const dc3_editor *editor, const dc3_edit_settings *settings, int n);
/* FLOPs of encoding one image. */
double dc3_editor_encode_flops(const dc3_editor *editor, int size);

/* How many editors make `calls` such calls side by side (ops/workers.h), each with one thread and with `more`
 * bytes beside the context. 1: the editor itself makes one after the other with all its threads. So it does
 * where a call is large, which is decided here for all commands: it takes seconds then, is told of step by
 * step, and what is interrupted is lost. Nothing but the arguments, the editor and the memory that the
 * process may use decides. */
int dc3_editor_workers(const dc3_editor *editor, const dc3_edit_settings *settings, int n, int64_t calls,
                       double more);
/* The editors of `workers` of them; of a single one `editor` itself. Close in any case. */
dc3_status dc3_editors_open(dc3_editor *editor, int workers, dc3_editor ***all);
/* Accepts NULL; nulls. */
void dc3_editors_close(const dc3_editor *editor, int workers, dc3_editor ***all);

#endif
