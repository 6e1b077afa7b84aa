/* Diffusion transformers (DiT, Peebles and Xie 2023) with adaLN-Zero, conditioned on a class: diffusers'
 * DiTTransformer2DModel (or Transformer2DModel), and the authors' own checkpoints. Both name their tensors in
 * their own way; which, the tensors show. The two differ in the frequencies of the time embedding, in one
 * epsilon, and in that diffusers gives each block embeddings of its own. */
#ifndef DC3_NN_DIT_H
#define DC3_NN_DIT_H

#include "nn/module.h"
#include "ops/ops.h"
#include "tensor/table.h"

typedef struct dc3_dit dc3_dit;

typedef struct dc3_dit_config {
    int64_t in_channels, out_channels; /* with a learned variance out_channels is twice in_channels: the
                                          noise, then what decides the variance (Nichol and Dhariwal 2021) */
    int64_t patch, size;               /* pixels: of a patch; height and width of the latents trained with */
    int64_t heads, hidden, classes;    /* hidden: a multiple of heads and of 4 */
    int layers, attention_bias;
    int diffusers_names; /* of a new network; else the authors' */
    float norm_eps;      /* before the feed-forward layers, in diffusers' form */
} dc3_dit_config;

/* config.json of diffusers; what is not computed here is refused by name. */
dc3_status dc3_dit_config_read(const char *path, dc3_dit_config *config);
/* The configuration of tensors with the authors' names, which have no file of it. heads: of attention, or 0
 * for those of the published sizes (S, B, L, XL), told by their width. DC3_ERR_FORMAT for other tensors,
 * DC3_ERR_UNSUPPORTED for a width that is none of these. */
dc3_status dc3_dit_config_of(const dc3_table *table, int64_t heads, dc3_dit_config *config);

/* Takes over `table`, with tensors by either's names. */
dc3_status dc3_dit_open(const dc3_device *device, const dc3_dit_config *config, dc3_table **table,
                        dc3_dit **dit);
/* Opened to be trained, in f32: from *table if there is one (taken over, also on failure, and nulled), else
 * new, with the authors' names, rules and `seed`. */
dc3_status dc3_dit_open_to_train(const dc3_device *device, const dc3_dit_config *config, dc3_table **table,
                                 uint64_t seed, dc3_dit **dit);
/* The same of a part of it alone (nn/module.h). */
dc3_status dc3_dit_open_to_tune(const dc3_device *device, const dc3_dit_config *config, dc3_table **table,
                                const dc3_trained *trained, dc3_dit **dit);
/* Its parameters, if opened to be trained. */
dc3_param *dc3_dit_params(dc3_dit *dit, size_t *count);
/* From here on backward computes each block again, and a tape keeps what goes into them alone. */
void dc3_dit_recompute(dc3_dit *dit);
/* Accepts NULL; nulls. */
void dc3_dit_close(dc3_dit **dit);
double dc3_dit_parameters(const dc3_dit *dit);

/* x [n, h, w, in_channels] in the compute type, h and w multiples of the patch and not necessarily the size
 * trained with, at timesteps [n] and of classes labels [n], 0 to `classes` (which stands for no class), to
 * [n, h, w, out_channels]. Recorded where the context has a tape. */
dc3_tensor dc3_dit_of(dc3_ctx *ctx, dc3_dit *dit, dc3_tensor x, const float *timesteps,
                      const int64_t *labels);

#endif
