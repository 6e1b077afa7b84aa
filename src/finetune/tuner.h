/* Training steps of a denoiser (network.h): the loss of noised latents (denoising_loss.h), added up over some
 * batches, then AdamW's step. Kept values of what is trained are f32, also where the context computes in
 * bf16. */
#ifndef DC3_FINETUNE_TUNER_H
#define DC3_FINETUNE_TUNER_H

#include "finetune/denoising_loss.h"
#include "finetune/network.h"
#include "learn/ema.h"
#include "learn/optimizer.h"
#include "ops/governor.h"
#include "ops/tape.h"

typedef struct dc3_tuner {
    dc3_ctx *ctx;
    dc3_tape *tape;
    dc3_tuned *net; /* the caller's */
    const dc3_noising *noising;
    dc3_optimizer *optimizer;
    dc3_ema *ema;          /* of what is trained; NULL: none */
    dc3_governor governor; /* of the batches' threads */
    double clip, min_snr;  /* the most that the norm of all gradients may be; min-SNR's gamma; 0: neither */
    float *host;           /* noisy latents, target, output and slope of a batch */
    size_t room;           /* values of it */
} dc3_tuner;

typedef struct dc3_tuner_options {
    dc3_dtype dtype;
    int threads;
    dc3_optimizer_options optimizer;
    double ema_decay; /* with the warm-up of learn/ema.h; 0: none */
    double clip, min_snr;
} dc3_tuner_options;

/* DC3_ERR_UNSUPPORTED where the network and the schedule do not suit each other. Close in any case, after the
 * network. */
dc3_status dc3_tuner_open(const dc3_tuner_options *options, dc3_tuned *net, const dc3_noising *noising,
                          dc3_tuner *tuner);
void dc3_tuner_close(dc3_tuner *tuner);

/* Latents [n, h, w, channels] of the network with their noise, time steps [n], and of texts states [n,
 * tokens, text_channels], or their ids [n, tokens] where the text encoder is trained, or labels [n]; of the
 * host. */
typedef struct dc3_tuning_batch {
    int64_t n, h, w, tokens;
    const float *latents, *noise, *states;
    const int *timesteps;
    const int64_t *ids, *labels;
} dc3_tuning_batch;

/* Adds the gradients of `share` times the batch's loss to those that are there; its loss is in *loss. One
 * that is not finite adds nothing: DC3_ERR_FORMAT. */
dc3_status dc3_tuner_add(dc3_tuner *tuner, const dc3_tuning_batch *batch, double share, double *loss);
/* A step along them at rate `lr`, after which they are zero; their norm before it was limited in *norm. One
 * that is not finite changes nothing: DC3_ERR_FORMAT. */
dc3_status dc3_tuner_step(dc3_tuner *tuner, double lr, double *norm);

#endif
