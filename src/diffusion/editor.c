/* Opening and describing an editor: a pipeline, and its defaults. */
#include "diffusion/editor.h"

#include <stdlib.h>
#include <string.h>
#include "diffusion/edit_options.h"
#include "diffusion/editor_private.h"
#include "io/json.h"

static dc3_status check_networks(const dc3_editor *e, const char *directory)
{
    const dc3_denoiser *d = e->model.denoiser;
    int64_t latents = dc3_vae_config_of(e->model.vae)->latent_channels;
    if (d->in_channels == 2 * latents && d->out_channels == latents && d->text_channels) return DC3_OK;
    return dc3_fail(DC3_ERR_UNSUPPORTED,
                    "%s: an InstructPix2Pix %s takes %lld channels and gives %lld, this one takes "
                    "%lld and gives %lld",
                    directory, d->kind->name, (long long)(2 * latents), (long long)latents,
                    (long long)d->in_channels, (long long)d->out_channels);
}

/* What the index says under "dc3"; else as Brooks et al. 2023 and the scheduler's class have it. */
static dc3_status read_defaults(dc3_editor *e)
{
    enum { USUAL = 100, FEW = 4 }; /* steps; of Luo et al. 2023 */
    const json_t *own = json_object_get(e->model.index, "dc3");
    int64_t size;
    const char *detail, *file = e->model.index_path;
    DC3_TRY(dc3_json_int(own, file, "resolution", 256, 8, 4096, &size));
    DC3_TRY(dc3_json_string(own, file, "detail", "edit", &detail));
    DC3_TRY(dc3_json_bool(own, file, "residual_image_latents", 0, &e->residual));
    e->detail = strcmp(detail, "keep") == 0 ? DC3_DETAIL_KEEP : DC3_DETAIL_EDIT;
    e->defaults = (dc3_edit_settings){.size = (int)size,
                                      .steps = e->model.sampler == DC3_LCM ? FEW : USUAL,
                                      .sampler = e->model.sampler,
                                      .guidance = 4,
                                      .image_guidance = 1.5f};
    DC3_TRY(dc3_concepts_open(json_object_get(own, "concepts"), file, &e->concepts));
    return dc3_edit_settings_read(own, file, &e->defaults);
}

dc3_status dc3_editor_check_unused(const char *directory)
{
    if (!directory || strcmp(directory, "none") == 0 || strcmp(directory, "dc3-mini") == 0) return DC3_OK;
    return dc3_pipeline_find("editor", directory);
}

static dc3_status open_model(dc3_editor *e, const char *directory, const char *lora, double scale)
{
    dc3_pipeline_options options = {.setting = "editor", .lora = lora, .lora_scale = scale};
    DC3_TRY(dc3_pipeline_open(directory, &options, &e->model));
    DC3_TRY(check_networks(e, directory));
    return read_defaults(e);
}

dc3_status dc3_editor_open(const char *directory, dc3_dtype dtype, int threads, dc3_editor **out)
{
    return dc3_editor_open_adapted(directory, NULL, 1, dtype, threads, out);
}

dc3_status dc3_editor_open_adapted(const char *directory, const char *lora, double scale, dc3_dtype dtype,
                                   int threads, dc3_editor **out)
{
    *out = NULL;
    DC3_TRY(dc3_pipeline_find("editor", directory));
    dc3_editor *e = *out = calloc(1, sizeof *e);
    if (!e) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = dc3_pipeline_open_ctx(NULL, dtype, threads, &e->ctx, &e->governor);
    if (status == DC3_OK) status = open_model(e, directory, lora, scale);
    if (status != DC3_OK) dc3_editor_close(out);
    return status;
}

void dc3_editor_close(dc3_editor **editor)
{
    dc3_editor *e = *editor;
    if (!e) return;
    dc3_sampler_close(&e->sampler);
    dc3_denoising_close(&e->denoising);
    if (!e->is_beside) {
        dc3_pipeline_close(&e->model);
        dc3_concepts_close(&e->concepts);
    }
    dc3_ctx_close(&e->ctx);
    free(e);
    *editor = NULL;
}

dc3_edit_settings dc3_editor_defaults(const dc3_editor *editor)
{
    return editor->defaults;
}

const dc3_concepts *dc3_editor_concepts(const dc3_editor *editor)
{
    return editor->concepts;
}

const char *dc3_editor_note(const dc3_editor *e, const dc3_edit_settings *s, char *text, size_t size)
{
    return dc3_pipeline_note(&e->model, s->sampler, s->sampler == e->defaults.sampler, text, size);
}

dc3_ctx *dc3_editor_ctx(dc3_editor *e)
{
    return e->ctx;
}

int dc3_editor_tokens(const dc3_editor *e)
{
    return dc3_pipeline_tokens(&e->model);
}

dc3_editor_info dc3_editor_describe(const dc3_editor *e)
{
    dc3_editor_info info = {.latent_channels = (int)dc3_vae_config_of(e->model.vae)->latent_channels,
                            .factor = dc3_pipeline_factor(&e->model),
                            .dtype = dc3_ctx_dtype(e->ctx),
                            .threads = dc3_ctx_threads(e->ctx),
                            .detail = e->detail,
                            .parameters = dc3_pipeline_parameters(&e->model)};
    memcpy(info.name, e->model.name, sizeof info.name);
    return info;
}
