/* A diffusion transformer of classes (DiT) as a denoiser. Of one that has learned a variance too only the
 * prediction counts, as in diffusers' DiTPipeline. */
#include <stdlib.h>
#include "diffusion/denoiser.h"
#include "nn/dit.h"
#include "ops/denoise.h"

typedef struct dit_denoiser {
    dc3_denoiser base;
    dc3_dit *dit;
} dit_denoiser;

typedef struct dit_denoising {
    dc3_denoising base;
    dc3_dit *dit; /* borrowed */
    float *timesteps;
    int64_t rows;
    int64_t *labels; /* [rows] */
    float *times;    /* [rows], all of the step at hand */
} dit_denoising;

static dc3_status read_config(const char *path, void *config)
{
    return dc3_dit_config_read(path, config);
}

static void close_dit(dc3_denoiser *denoiser)
{
    dit_denoiser *d = (dit_denoiser *)denoiser;
    dc3_dit_close(&d->dit);
    free(d);
}

static dc3_status open_dit(const char *directory, const dc3_adapters *adapters, dc3_denoiser **out)
{
    dc3_dit_config config;
    dc3_table *table;
    dc3_dit *dit;
    if (adapters->lora)
        return dc3_fail(DC3_ERR_UNSUPPORTED,
                        "%s: low-rank adapters are for U-Nets and their text encoders, this is a diffusion "
                        "transformer",
                        directory);
    DC3_TRY(dc3_part_open(directory, dc3_denoiser_dit.part, "diffusion_pytorch_model", read_config, &config,
                          &table));
    int from_checkpoint = *dc3_table_notes(table) != 0;
    DC3_TRY(dc3_dit_open(NULL, &config, &table, &dit));
    dit_denoiser *d = malloc(sizeof *d);
    if (!d) {
        dc3_dit_close(&dit);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    int learns_variance = config.out_channels == 2 * config.in_channels;
    *d = (dit_denoiser){.base = {.kind = &dc3_denoiser_dit,
                                 .in_channels = config.in_channels,
                                 .out_channels = learns_variance ? config.in_channels : config.out_channels,
                                 .classes = config.classes,
                                 .from_checkpoint = from_checkpoint,
                                 .unit = config.patch,
                                 .size = config.size,
                                 .parameters = dc3_dit_parameters(dit)},
                        .dit = dit};
    *out = &d->base;
    return DC3_OK;
}

static void finish(dc3_denoising *denoising)
{
    dit_denoising *d = (dit_denoising *)denoising;
    free(d->timesteps);
    free(d->labels);
    free(d->times);
    free(d);
}

static dc3_status prepare(dc3_ctx *ctx, dc3_denoiser *denoiser, int steps, const float *timesteps,
                          dc3_denoising **out)
{
    dit_denoising *d = calloc(1, sizeof *d);
    (void)ctx;
    if (d) d->timesteps = malloc((size_t)steps * sizeof *d->timesteps);
    if (!d || !d->timesteps) {
        free(d);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    for (int i = 0; i < steps; i++) d->timesteps[i] = timesteps[i];
    d->base.denoiser = denoiser;
    d->dit = ((dit_denoiser *)denoiser)->dit;
    *out = &d->base;
    return DC3_OK;
}

static void classes(dc3_ctx *ctx, dc3_denoising *denoising, int64_t rows, const int64_t *labels)
{
    dit_denoising *d = (dit_denoising *)denoising;
    if (rows > d->rows) {
        free(d->labels);
        free(d->times);
        d->labels = malloc((size_t)rows * sizeof *d->labels);
        d->times = malloc((size_t)rows * sizeof *d->times);
        d->rows = d->labels && d->times ? rows : 0;
        if (!d->rows) {
            dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_MEMORY, "out of memory"));
            return;
        }
    }
    for (int64_t i = 0; i < rows; i++) d->labels[i] = labels[i];
}

static dc3_tensor step(dc3_ctx *ctx, dc3_denoising *denoising, dc3_tensor x, int at)
{
    dit_denoising *d = (dit_denoising *)denoising;
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    for (int64_t i = 0; i < x.shape[0]; i++) d->times[i] = d->timesteps[at];
    dc3_tensor y = dc3_dit_of(ctx, d->dit, x, d->times, d->labels);
    return dc3_replace(ctx, y, dc3_first_channels(ctx, y, denoising->denoiser->out_channels));
}

const dc3_denoiser_kind dc3_denoiser_dit = {.part = "transformer",
                                            .name = "diffusion transformer",
                                            .open = open_dit,
                                            .close = close_dit,
                                            .prepare = prepare,
                                            .classes = classes,
                                            .step = step,
                                            .finish = finish};
