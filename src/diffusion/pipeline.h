/* The parts of a diffusers directory: networks, tokenizer, scheduler, index. An editor and a generator are
 * each made of one. */
#ifndef DC3_DIFFUSION_PIPELINE_H
#define DC3_DIFFUSION_PIPELINE_H

#include <jansson.h>
#include "diffusion/denoiser.h"
#include "diffusion/scheduler.h"
#include "nn/autoencoder_kl.h"
#include "nn/clip_text.h"
#include "ops/governor.h"
#include "tokenizer/tokenizer.h"

typedef struct dc3_pipeline_options {
    const char *setting;    /* what names the directory, for messages */
    const char *lora;       /* adapters (nn/adapters/lora.h) that are merged into the networks; NULL: none */
    double lora_scale;      /* what they count, -100 to 100 */
    dc3_denoiser *denoiser; /* in place of the directory's, of its shapes; borrowed. NULL: its own */
} dc3_pipeline_options;

typedef struct dc3_pipeline {
    dc3_vae *vae;
    dc3_denoiser *denoiser;
    int borrows_denoiser;
    dc3_clip_text *text;      /* NULL: the denoiser is one of classes */
    dc3_tokenizer *tokenizer; /* NULL: the directory has none, only token ids can be used */
    dc3_scheduler_config scheduler;
    dc3_sampler_kind sampler; /* of the scheduler's class; DC3_SAMPLER_DEFAULT: one that dc3 lacks */
    char *index_path;         /* of model_index.json, for messages */
    json_t *index;            /* what it says */
    char name[128];           /* what people call it (hub/cache.h, dc3_hub_cache_title) */
    char checkpoints[48];     /* the parts whose weights are a .bin, for want of safetensors */
    char index_scheduler[64]; /* the scheduler's class in model_index.json, where it is another */
    int no_class;             /* nothing names the scheduler's class, nor a sampler */
} dc3_pipeline;

/* DC3_ERR_IO, which names the setting and says what is there, unless the directory has a model_index.json. */
dc3_status dc3_pipeline_find(const char *setting, const char *directory);
/* Close it, before the contexts that its networks were used in, also after a failure. */
dc3_status dc3_pipeline_open(const char *directory, const dc3_pipeline_options *options,
                             dc3_pipeline *pipeline);
void dc3_pipeline_close(dc3_pipeline *pipeline);

/* Pixels of an image to one of the latents. */
int dc3_pipeline_factor(const dc3_pipeline *pipeline);
/* Sides of images are multiples of so many pixels. */
int dc3_pipeline_unit(const dc3_pipeline *pipeline);
/* Tokens of one text. */
int dc3_pipeline_tokens(const dc3_pipeline *pipeline);
/* Of all networks. */
double dc3_pipeline_parameters(const dc3_pipeline *pipeline);

/* DC3_ERR_OPTION, which names the setting, unless size is a multiple of `unit` up to 4096. */
dc3_status dc3_pipeline_check_size(const char *setting, int size, int unit);
/* DC3_ERR_IO where texts are to be encoded and there is no tokenizer. */
dc3_status dc3_pipeline_check_texts(const dc3_pipeline *pipeline);
/* A new sampler, of DC3_SAMPLER_DEFAULT the directory's; fails where dc3 lacks it or it cannot take the
 * steps. */
dc3_status dc3_pipeline_open_sampler(const dc3_pipeline *pipeline, dc3_sampler_kind kind, int steps,
                                     dc3_sampler **sampler);
/* The sampler of the settings and the denoiser at its time steps: those that are there where they are such,
 * else new ones in their place. */
dc3_status dc3_pipeline_prepare(const dc3_pipeline *pipeline, const dc3_edit_settings *settings, dc3_ctx *ctx,
                                dc3_sampler **sampler, dc3_denoising **denoising);
/* Gives the denoiser the texts of all rows, in the scope that is open: ids [texts, tokens]; row i sees text
 * rows[i], rows [count]. */
void dc3_pipeline_give_texts(const dc3_pipeline *pipeline, dc3_ctx *ctx, dc3_denoising *denoising, int texts,
                             const int64_t *ids, int count, const int *rows);

/* What of the directory is not followed with such a sampler, which is the directory's own (1) or not, and
 * weights that are no safetensors, as one sentence for people; "" where there is nothing to say. Returns
 * text.
 */
const char *dc3_pipeline_note(const dc3_pipeline *pipeline, dc3_sampler_kind sampler, int is_own, char *text,
                              size_t size);

/* A context of `threads` threads, as `like` is or, where that is NULL, a new one of this type, with its
 * governor. */
dc3_status dc3_pipeline_open_ctx(const dc3_ctx *like, dc3_dtype dtype, int threads, dc3_ctx **ctx,
                                 dc3_governor *governor);

#endif
