/* AutoencoderKL of diffusers: images to latents and back. */
#ifndef DC3_NN_AUTOENCODER_KL_H
#define DC3_NN_AUTOENCODER_KL_H

#include "ops/ops.h"
#include "tensor/table.h"

typedef struct dc3_vae dc3_vae;

enum { DC3_VAE_LEVELS = 8 };
typedef struct dc3_vae_config {
    int64_t in_channels, out_channels, latent_channels, groups;
    int levels, layers;
    int64_t channels[DC3_VAE_LEVELS];
    int quant_conv, post_quant_conv, mid_attention;
    float scaling_factor;
    char ignored[64]; /* what of the file is not followed, as "'shift_factor', 'latents_mean'"; "" */
} dc3_vae_config;

dc3_status dc3_vae_config_read(const char *path, dc3_vae_config *config);
/* Takes over `table`. */
dc3_status dc3_vae_open(const dc3_device *device, const dc3_vae_config *config, dc3_table **table,
                        dc3_vae **vae);
void dc3_vae_close(dc3_vae **vae);
const dc3_vae_config *dc3_vae_config_of(const dc3_vae *vae);
double dc3_vae_parameters(const dc3_vae *vae);

/* Images [n, h, w, in_channels] in [-1, 1], compute type, h and w multiples of 2^(levels - 1), to the mean
 * of the posterior [n, h / f, w / f, latent_channels], unscaled. */
dc3_tensor dc3_vae_encode(dc3_ctx *ctx, dc3_vae *vae, dc3_tensor images);
/* Latents, already divided by the scaling factor, to images [n, h * f, w * f, out_channels] around [-1, 1].
 */
dc3_tensor dc3_vae_decode(dc3_ctx *ctx, dc3_vae *vae, dc3_tensor latents);

#endif
