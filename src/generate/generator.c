/* Opening and describing a generator. */
#include "generate/generator.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "diffusion/edit_options.h"
#include "generate/generator_private.h"
#include "io/json.h"

static dc3_status check_networks(const dc3_generator *g, const char *directory)
{
    const dc3_denoiser *d = g->model.denoiser;
    int64_t latents = dc3_vae_config_of(g->model.vae)->latent_channels;
    if (d->in_channels == latents && d->out_channels == latents) return DC3_OK;
    return dc3_fail(DC3_ERR_UNSUPPORTED,
                    "%s: a generator's %s takes %lld channels and gives as many, this one takes %lld and "
                    "gives %lld%s",
                    directory, d->kind->name, (long long)latents, (long long)d->in_channels,
                    (long long)d->out_channels,
                    d->in_channels == 2 * latents ? "; it is an InstructPix2Pix, which edits images" : "");
}

/* What the index says under "dc3"; else as diffusers' pipelines have it. */
static dc3_status read_defaults(dc3_generator *g)
{
    enum {
        USUAL = 50,
        FEW = 4,
        SIZE = 64
    }; /* steps; of Luo et al. 2023; a side of Stable Diffusion's latents */
    const json_t *own = json_object_get(g->model.index, "dc3");
    const char *file = g->model.index_path;
    int64_t latents = g->model.denoiser->size ? g->model.denoiser->size : SIZE, size;
    DC3_TRY(dc3_json_int(own, file, "resolution", latents * dc3_pipeline_factor(&g->model), 8, 4096, &size));
    g->defaults = (dc3_edit_settings){.size = (int)size,
                                      .steps = g->model.sampler == DC3_LCM ? FEW : USUAL,
                                      .sampler = g->model.sampler,
                                      .guidance = g->model.text ? 7.5f : 4,
                                      .image_guidance = 1};
    DC3_TRY(dc3_edit_settings_read(own, file, &g->defaults));
    g->defaults.image_guidance = 1;
    g->labels = json_object_get(g->model.index, "id2label");
    return DC3_OK;
}

static dc3_status open_model(dc3_generator *g, const char *directory, const dc3_generator_options *o)
{
    dc3_pipeline_options options = {
        .setting = "model", .lora = o->lora, .lora_scale = o->lora_scale, .denoiser = o->denoiser};
    DC3_TRY(dc3_pipeline_open(directory, &options, &g->model));
    DC3_TRY(check_networks(g, directory));
    return read_defaults(g);
}

dc3_status dc3_generator_open(const char *directory, const dc3_generator_options *options,
                              dc3_generator **out)
{
    *out = NULL;
    DC3_TRY(dc3_pipeline_find("model", directory));
    dc3_generator *g = *out = calloc(1, sizeof *g);
    if (!g) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = dc3_pipeline_open_ctx(NULL, options->dtype, options->threads, &g->ctx, &g->governor);
    if (status == DC3_OK) status = open_model(g, directory, options);
    if (status != DC3_OK) dc3_generator_close(out);
    return status;
}

dc3_status dc3_generator_open_beside(const dc3_generator *generator, int threads, dc3_generator **out)
{
    dc3_generator *g = *out = malloc(sizeof *g);
    if (!g) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *g = *generator;
    g->is_beside = 1;
    g->ctx = NULL;
    g->sampler = NULL;
    g->denoising = NULL;
    dc3_status status =
        dc3_pipeline_open_ctx(generator->ctx, dc3_ctx_dtype(generator->ctx), threads, &g->ctx, &g->governor);
    if (status != DC3_OK) dc3_generator_close(out);
    return status;
}

void dc3_generator_close(dc3_generator **generator)
{
    dc3_generator *g = *generator;
    if (!g) return;
    dc3_sampler_close(&g->sampler);
    dc3_denoising_close(&g->denoising);
    if (!g->is_beside) dc3_pipeline_close(&g->model);
    dc3_ctx_close(&g->ctx);
    free(g);
    *generator = NULL;
}

dc3_status dc3_generators_open(dc3_generator *g, int workers, dc3_generator ***out)
{
    int threads = omp_get_max_threads(); /* which opening changes */
    dc3_generator **all = *out = calloc((size_t)workers, sizeof *all);
    dc3_status status = all ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && workers == 1) all[0] = g;
    for (int i = 0; status == DC3_OK && workers > 1 && i < workers; i++)
        status = dc3_generator_open_beside(g, 1, &all[i]);
    omp_set_num_threads(threads);
    return status;
}

void dc3_generators_close(const dc3_generator *g, int workers, dc3_generator ***all)
{
    for (int i = 0; *all && i < workers; i++)
        if ((*all)[i] != g) dc3_generator_close(&(*all)[i]);
    free(*all);
    *all = NULL;
}

dc3_generator_info dc3_generator_describe(const dc3_generator *g)
{
    dc3_generator_info info = {.classes = g->model.text ? 0 : g->model.denoiser->classes,
                               .latent_channels = (int)dc3_vae_config_of(g->model.vae)->latent_channels,
                               .factor = dc3_pipeline_factor(&g->model),
                               .unit = dc3_pipeline_unit(&g->model),
                               .dtype = dc3_ctx_dtype(g->ctx),
                               .threads = dc3_ctx_threads(g->ctx),
                               .parameters = dc3_pipeline_parameters(&g->model)};
    memcpy(info.name, g->model.name, sizeof info.name);
    return info;
}

const dc3_pipeline *dc3_generator_pipeline(const dc3_generator *generator)
{
    return &generator->model;
}

dc3_ctx *dc3_generator_ctx(dc3_generator *generator)
{
    return generator->ctx;
}

dc3_edit_settings dc3_generator_defaults(const dc3_generator *generator)
{
    return generator->defaults;
}

dc3_status dc3_generator_check(const dc3_generator *g, const dc3_edit_settings *s)
{
    dc3_sampler *sampler;
    DC3_TRY(dc3_pipeline_check_texts(&g->model));
    DC3_TRY(dc3_pipeline_check_size("size", s->size, dc3_pipeline_unit(&g->model)));
    DC3_TRY(dc3_edit_settings_check(s));
    dc3_status status = dc3_pipeline_open_sampler(&g->model, s->sampler, s->steps, &sampler);
    dc3_sampler_close(&sampler);
    return status;
}

const char *dc3_generator_note(const dc3_generator *g, const dc3_edit_settings *s, char *text, size_t size)
{
    return dc3_pipeline_note(&g->model, s->sampler, s->sampler == g->defaults.sampler, text, size);
}

uint64_t dc3_generator_seed(uint64_t seed, const char *key, int64_t number)
{
    uint64_t parts[] = {seed, dc3_hash64(key, strlen(key)), (uint64_t)number};
    return dc3_hash64(parts, sizeof parts);
}
