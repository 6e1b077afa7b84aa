/* The model that is trained further: the configurations of a diffusers directory's parts, and the parts
 * themselves, each opened when it is needed. */
#ifndef DC3_FINETUNE_MODEL_H
#define DC3_FINETUNE_MODEL_H

#include "dc3/listener.h"
#include "diffusion/scheduler.h"
#include "finetune/network.h"
#include "nn/autoencoder_kl.h"
#include "nn/clip_text.h"
#include "tokenizer/tokenizer.h"

typedef struct dc3_base_model {
    const char *directory;
    int is_new;       /* a transformer from scratch; the directory gives the VAE */
    int is_dit;       /* a transformer of classes, else a U-Net of texts */
    const char *part; /* its folder: "unet" or "transformer" */
    dc3_unet_config unet;
    dc3_dit_config dit;
    dc3_vae_config vae;
    dc3_scheduler_config scheduler;
    int factor; /* pixels of the image to one of the latents */
    int size;   /* pixels of a side that it was trained at */
} dc3_base_model;

/* config: the config.json of a new transformer, or NULL. DC3_ERR_UNSUPPORTED for what is no generator of
 * latents of its VAE; the strings must stay. */
dc3_status dc3_base_model_read(const char *directory, const char *config, dc3_base_model *model);
/* DC3_ERR_FORMAT names what does not fit. Weights that are no safetensors are told of. */
dc3_status dc3_base_model_network(const dc3_base_model *model, const dc3_tuning *tuning,
                                  const dc3_listener *listener, dc3_tuned *tuned);
dc3_status dc3_base_model_vae(const dc3_base_model *model, dc3_vae **vae);

/* What makes states of texts. */
typedef struct dc3_text_reader {
    dc3_clip_text *text;
    dc3_tokenizer *tokenizer;
    int tokens; /* of a text */
} dc3_text_reader;
/* Close in any case. */
dc3_status dc3_text_reader_open(const dc3_base_model *model, dc3_text_reader *reader);
void dc3_text_reader_close(dc3_text_reader *reader);
/* Token ids of a text into ids [tokens]; *cut is set to 1 where it has more. */
dc3_status dc3_text_reader_ids(const dc3_text_reader *reader, const char *text, int64_t *ids, int *cut);

#endif
