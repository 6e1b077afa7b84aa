/* The network that denoises latents, of an editor or a generator, behind one interface: a new one is a file
 * denoiser_*.c and a line in denoiser.c.
 *
 * The order of calls: open once; prepare for the time steps of a sampler; for each batch texts, or classes,
 * then step for each of its time steps. */
#ifndef DC3_DIFFUSION_DENOISER_H
#define DC3_DIFFUSION_DENOISER_H

#include "diffusion/part.h"
#include "ops/context.h"

typedef struct dc3_denoiser dc3_denoiser;
/* A denoiser prepared for time steps and, after dc3_denoising_texts, for texts. */
typedef struct dc3_denoising dc3_denoising;

/* What a network provides. */
typedef struct dc3_denoiser_kind {
    const char *part; /* its folder in a diffusers directory */
    const char *name; /* in messages: "U-Net" */
    dc3_status (*open)(const char *directory, const dc3_adapters *adapters, dc3_denoiser **denoiser);
    void (*close)(dc3_denoiser *denoiser);
    dc3_status (*prepare)(dc3_ctx *ctx, dc3_denoiser *denoiser, int steps, const float *timesteps,
                          dc3_denoising **denoising);
    /* One of the two is NULL. */
    void (*texts)(dc3_ctx *ctx, dc3_denoising *denoising, dc3_tensor states);
    void (*classes)(dc3_ctx *ctx, dc3_denoising *denoising, int64_t rows, const int64_t *labels);
    dc3_tensor (*step)(dc3_ctx *ctx, dc3_denoising *denoising, dc3_tensor x, int step);
    void (*finish)(dc3_denoising *denoising);
} dc3_denoiser_kind;

/* How an implementation's own structs begin. */
struct dc3_denoiser {
    const dc3_denoiser_kind *kind;
    int64_t in_channels, out_channels;
    int64_t text_channels; /* of the text encoder's states; 0: it denoises under classes */
    int64_t classes;       /* of a network of classes, which takes one more for none; else 0 */
    int64_t unit;          /* width and height of the latents are multiples of it */
    int64_t size;          /* side of the latents that it was trained on; 0: its configuration does not say */
    int from_checkpoint;   /* its weights are a .bin, for want of safetensors */
    double parameters;
};
struct dc3_denoising {
    dc3_denoiser *denoiser;
};

extern const dc3_denoiser_kind dc3_denoiser_unet, dc3_denoiser_dit;

/* Opens the network that the diffusers directory holds. Close it before the context it was used in.
 * DC3_ERR_UNSUPPORTED where there are adapters and it takes none. */
dc3_status dc3_denoiser_open(const char *directory, const dc3_adapters *adapters, dc3_denoiser **denoiser);
/* Accepts NULL; nulls. */
void dc3_denoiser_close(dc3_denoiser **denoiser);

/* Computes what `steps` time steps contribute (timesteps [steps]), for any number of edits. The denoiser is
 * borrowed. Threads may do so with one denoiser, and take steps meanwhile: preparing is done one at a time,
 * so that it may free packed weights that no step needs. */
dc3_status dc3_denoising_open(dc3_ctx *ctx, dc3_denoiser *denoiser, int steps, const float *timesteps,
                              dc3_denoising **denoising);
/* Accepts NULL; nulls. */
void dc3_denoising_close(dc3_denoising **denoising);
/* Takes the texts of the rows to be denoised: states [n, tokens, text_channels] in the compute type. What is
 * computed from them lives in the scope that is open. */
void dc3_denoising_texts(dc3_ctx *ctx, dc3_denoising *denoising, dc3_tensor states);
/* Takes the classes of the rows to be denoised, in place of texts: labels [rows], 0 to `classes`, which
 * stands for none. */
void dc3_denoising_classes(dc3_ctx *ctx, dc3_denoising *denoising, int64_t rows, const int64_t *labels);
/* x [n, h, w, in_channels] in the compute type at time step `step` of those prepared, to the prediction [n,
 * h, w, out_channels]. */
dc3_tensor dc3_denoising_step(dc3_ctx *ctx, dc3_denoising *denoising, dc3_tensor x, int step);

#endif
