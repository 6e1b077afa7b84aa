/* Every reader of a JSON configuration on the same bytes; a scheduler that is accepted also makes its tables.
 */
#include "fuzz.h"
#include "diffusion/scheduler.h"
#include "nn/autoencoder_kl.h"
#include "nn/clip_text.h"
#include "nn/dit.h"
#include "nn/unet_2d_condition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[FUZZ_PATH];
    int fd = fuzz_file(data, size, path);
    dc3_vae_config vae;
    dc3_unet_config unet;
    dc3_dit_config dit;
    dc3_clip_text_config text;
    dc3_scheduler_config scheduler;
    dc3_vae_config_read(path, &vae);
    dc3_unet_config_read(path, &unet);
    dc3_dit_config_read(path, &dit);
    dc3_clip_text_config_read(path, &text);
    if (dc3_scheduler_config_read(path, &scheduler) == DC3_OK && scheduler.train_steps <= 2000) {
        dc3_sampler *sampler;
        dc3_sampler_kind kind;
        if (dc3_scheduler_sampler(&scheduler, &kind) == DC3_OK &&
            dc3_sampler_open(kind, &scheduler, 5, &sampler) == DC3_OK)
            dc3_sampler_close(&sampler);
    }
    close(fd);
    return 0;
}
