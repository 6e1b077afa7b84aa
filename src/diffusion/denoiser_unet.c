/* diffusers' UNet2DConditionModel as a denoiser. */
#include <stdlib.h>
#include "diffusion/denoiser.h"
#include "diffusion/part.h"
#include "nn/unet_2d_condition.h"

typedef struct unet_denoiser {
    dc3_denoiser base;
    dc3_unet *unet;
} unet_denoiser;

typedef struct unet_denoising {
    dc3_denoising base;
    dc3_unet *unet; /* borrowed */
    dc3_unet_time *time;
    dc3_tensor *kv; /* [dc3_unet_text_count] */
} unet_denoising;

static dc3_status read_config(const char *path, void *config)
{
    return dc3_unet_config_read(path, config);
}

static void close_unet(dc3_denoiser *denoiser)
{
    unet_denoiser *d = (unet_denoiser *)denoiser;
    dc3_unet_close(&d->unet);
    free(d);
}

static dc3_status open_unet(const char *directory, const dc3_adapters *adapters, dc3_denoiser **out)
{
    dc3_unet_config config;
    dc3_table *table;
    dc3_unet *unet;
    DC3_TRY(dc3_part_open(directory, dc3_denoiser_unet.part, "diffusion_pytorch_model", read_config, &config,
                          &table));
    int from_checkpoint = *dc3_table_notes(table) != 0;
    DC3_TRY(dc3_part_adapt(adapters, DC3_LORA_UNET, &table));
    DC3_TRY(dc3_unet_open(NULL, &config, &table, &unet));
    unet_denoiser *d = malloc(sizeof *d);
    if (!d) {
        dc3_unet_close(&unet);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    *d = (unet_denoiser){.base = {.kind = &dc3_denoiser_unet,
                                  .in_channels = config.in_channels,
                                  .out_channels = config.out_channels,
                                  .text_channels = config.text_channels,
                                  .from_checkpoint = from_checkpoint,
                                  .unit = (int64_t)1 << (config.levels - 1),
                                  .size = config.size,
                                  .parameters = dc3_unet_parameters(unet)},
                         .unet = unet};
    *out = &d->base;
    return DC3_OK;
}

static void finish(dc3_denoising *denoising)
{
    unet_denoising *d = (unet_denoising *)denoising;
    dc3_unet_time_close(&d->time);
    free(d->kv);
    free(d);
}

static dc3_status prepare(dc3_ctx *ctx, dc3_denoiser *denoiser, int steps, const float *timesteps,
                          dc3_denoising **out)
{
    dc3_unet *unet = ((unet_denoiser *)denoiser)->unet;
    unet_denoising *d = calloc(1, sizeof *d);
    if (d) d->kv = calloc((size_t)dc3_unet_text_count(unet) + 1, sizeof *d->kv);
    if (!d || !d->kv) {
        free(d);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    d->base.denoiser = denoiser;
    d->unet = unet;
    dc3_status status = dc3_unet_time_open(ctx, unet, steps, timesteps, &d->time);
    if (status == DC3_OK)
        *out = &d->base;
    else
        finish(&d->base);
    return status;
}

static void texts(dc3_ctx *ctx, dc3_denoising *denoising, dc3_tensor states)
{
    unet_denoising *d = (unet_denoising *)denoising;
    dc3_unet_text_of(ctx, d->unet, states, d->kv);
}

static dc3_tensor step(dc3_ctx *ctx, dc3_denoising *denoising, dc3_tensor x, int i)
{
    unet_denoising *d = (unet_denoising *)denoising;
    return dc3_unet_of(ctx, d->unet, x, d->time, i, d->kv);
}

const dc3_denoiser_kind dc3_denoiser_unet = {.part = "unet",
                                             .name = "U-Net",
                                             .open = open_unet,
                                             .close = close_unet,
                                             .prepare = prepare,
                                             .texts = texts,
                                             .step = step,
                                             .finish = finish};
