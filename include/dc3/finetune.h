/* Further training of a generator of images on a dataset, or training of a new one. */
#ifndef DC3_FINETUNE_H
#define DC3_FINETUNE_H

#include <stddef.h>
#include <stdint.h>
#include "dc3/choices.h"
#include "dc3/data.h"
#include "dc3/export.h"
#include "dc3/listener.h"
#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* NULL or 0 (or -1 where said) means the default. Two defaults are those of a text-to-image U-Net and of a
 * diffusion transformer (DiT). */
typedef struct dc3_finetune_options {
    size_t struct_size;      /* set by dc3_finetune_defaults; not to be changed */
    const char *data;        /* dataset to train on */
    const char *model;       /* diffusers directory of a generator; with `config` of the VAE alone */
    const char *out;         /* folder to write */
    dc3_finetune_part train; /* default -1 */
    const char *config;      /* config.json of a new DiT, which is trained from scratch, all of it; or NULL */
    const char
        *caption_template; /* of a U-Net: "{}" stands for the class's name; default "a photo of a {}" */
    const char *names;     /* what classes are called in captions: a file of lines "FOLDER NAME"; or NULL */
    const char *captions;  /* in place of both a file of JSON lines with file_name and text; or NULL */
    int size;              /* pixels of a side; default as the model was trained */
    int steps;      /* of the optimizer; default 15,000; of a DiT as many as show each image 8 times, of a
                       new one 100 times */
    int batch;      /* images whose loss is computed at once; default 1, and 8 */
    int accumulate; /* batches whose gradients make a step; default 4, and 1 */
    double lr;      /* default of lora 1e-4, else 1e-5; of a DiT's bias-norm 1e-3, else 1e-4 */
    dc3_finetune_schedule lr_schedule; /* -1: cosine, of a DiT constant */
    int warm_up;                       /* steps in which the rate rises; default 0 */
    double weight_decay;               /* -1: 0.01, and 0 */
    double clip; /* the most that the norm of all gradients may be, 0: anything; -1: 1, and 0 */
    double
        ema; /* decay of averages that are stored in place of the last values, 0: none; -1: 0, and 0.9999 */
    double min_snr; /* gamma of min-SNR weighting; 0: none */
    double dropout; /* share of captions, or classes, that are left out; -1: 0, and 0.1 */
    int no_flip;    /* images are never mirrored; else one time of two */
    int rank;       /* of adapters, 1 to 1024; default 4 */
    double alpha;   /* of adapters; default as large as the rank */
    int recompute;  /* backward computes blocks again instead of keeping what they made: less memory, and the
                       same result */
    dc3_compute dtype;
    uint64_t seed;
    int threads;      /* 1 to 1024 */
    int sample_every; /* steps between grids of samples in OUT/samples; 0: only at the end; -1: none; default
                         500 */
    int strict;       /* an image that cannot be read ends the training */
    int dry_run;      /* stop after the estimate */
    int fresh;        /* start over although an interrupted training of other settings is there */
    dc3_listener listener;
    int keep_every; /* steps between copies of what is trained so far, whole results in OUT/steps/STEP; 0:
                       none */
    const char *lora_layers; /* of the U-Net that get adapters, words of "lora_layers" with commas between:
                                attention (its four projections), feed-forward (both layers), convolutions (of
                                residual blocks, and where the resolution changes); default attention */
    int train_text_encoder;  /* the text encoder's attention gets adapters, too; captions are then encoded
                                anew in each step */
    dc3_data_choice choice;  /* which images of `data` are trained on */
} dc3_finetune_options;

DC3_API dc3_finetune_options dc3_finetune_defaults(void);

typedef struct dc3_finetune_report {
    int64_t images, skipped, classes;
    int64_t captions, cut; /* different ones; those of more tokens than the text encoder takes */
    int64_t steps;
    int size, batch, accumulate;
    double lr;
    double parameters, trained; /* numbers of the network, and those that are trained */
    double loss;                /* mean of the last hundredth of the steps */
    double seconds;       /* of all calls that made the result together, as far as their checkpoints say */
    double images_second; /* of this call */
    double estimate_seconds, estimate_bytes; /* of a dry run: of the training, and of its memory */
    double peak_bytes;                       /* of the process's memory, at the most */
} dc3_finetune_report;

/* Latents and states of texts are made once and kept in OUT/encoded.safetensors. A step: noise is added to
 * latents at uniform time steps, the network predicts it (or v, as its scheduler says), and AdamW follows the
 * gradient of the squared difference, with a DiT's learned variance that of the variational bound too. Writes
 * OUT/training.checkpoint every minute and where the training ends early, and resumes from one of the same
 * settings, to the bit; lr, warm_up and clip may be others, which is told. It is removed at the end. A loss
 * that is not finite ends the training (DC3_ERR_FORMAT) and leaves the last checkpoint.
 * OUT gets pytorch_lora_weights.safetensors, or is a diffusers directory with the trained network
 * (docs/generators.md). DC3_ERR_MEMORY before the first step where a step would not fit. */
DC3_API dc3_status dc3_finetune(const dc3_finetune_options *options, dc3_finetune_report *report);

#ifdef __cplusplus
}
#endif
#endif
