/* The network that is trained, a text-to-image U-Net or a diffusion transformer, and what of it. */
#ifndef DC3_FINETUNE_NETWORK_H
#define DC3_FINETUNE_NETWORK_H

#include "dc3/choices.h"
#include "nn/clip_text.h"
#include "nn/dit.h"
#include "nn/unet_2d_condition.h"

typedef struct dc3_tuned {
    dc3_unet *unet; /* or NULL: */
    dc3_dit *dit;
    dc3_clip_text *text;       /* beside a U-Net, where its adapters are trained, too; else NULL */
    int64_t channels, outputs; /* of the latents, and of what it gives for each of their pixels */
    int64_t unit;              /* sides of latents are multiples of it */
    int64_t text_channels;     /* of a U-Net */
    int64_t classes;           /* of a transformer, which takes the number behind them for no class; else 0 */
    int64_t parameters;        /* that are trained */
    dc3_param *params;         /* those of the text encoder are called "text_encoder.NAME" */
    size_t count;
    void *joined; /* memory of `params`, where they are of two networks */
} dc3_tuned;

/* Layers of a U-Net that get adapters, in the order of the words of "lora_layers". */
enum { DC3_LORA_ATTENTION = 1, DC3_LORA_FEED_FORWARD = 2, DC3_LORA_CONVOLUTIONS = 4 };

/* What is trained of it, and the adapters of DC3_FINETUNE_LORA. */
typedef struct dc3_tuning {
    dc3_finetune_part part;
    unsigned layers;
    int text; /* the text encoder's attention gets adapters, too */
    int64_t rank;
    double alpha;
    uint64_t seed; /* of new values */
    int recompute; /* backward computes blocks again instead of keeping what they made */
} dc3_tuning;

/* All take *table over, also on failure, and null it; a transformer without one is new. Close in any case.
 */
dc3_status dc3_tuned_open_unet(const dc3_unet_config *config, const dc3_tuning *tuning, dc3_table **table,
                               dc3_tuned *tuned);
/* Adds the text encoder to a U-Net: adapters of its attention. */
dc3_status dc3_tuned_add_text(const dc3_clip_text_config *config, const dc3_tuning *tuning, dc3_table **table,
                              dc3_tuned *tuned);
/* DC3_ERR_OPTION for adapters, which are of U-Nets. */
dc3_status dc3_tuned_open_dit(const dc3_dit_config *config, const dc3_tuning *tuning, dc3_table **table,
                              dc3_tuned *tuned);
/* Before the context that it was used in. */
void dc3_tuned_close(dc3_tuned *tuned);

/* x [n, h, w, channels] in the compute type at timesteps [n] under states [n, tokens, text_channels] in it,
 * or of labels [n], to [n, h, w, outputs]. */
dc3_tensor dc3_tuned_of(dc3_ctx *ctx, dc3_tuned *tuned, dc3_tensor x, const float *timesteps,
                        dc3_tensor states, const int64_t *labels);

/* Of texts' ids [n, tokens] the states that it takes, by its own text encoder. */
dc3_tensor dc3_tuned_states(dc3_ctx *ctx, dc3_tuned *tuned, int64_t n, int64_t tokens, const int64_t *ids);

#endif
