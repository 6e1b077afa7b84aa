/* Opening and describing an editor: the parts of a diffusers directory, and its defaults. */
#include "diffusion/editor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "diffusion/edit_options.h"
#include "diffusion/editor_private.h"
#include "diffusion/part.h"
#include "io/found.h"
#include "io/json.h"

static dc3_status read_vae(const char *path, void *config)
{
    return dc3_vae_config_read(path, config);
}

static dc3_status read_text(const char *path, void *config)
{
    return dc3_clip_text_config_read(path, config);
}

static dc3_status check_networks(const dc3_editor *e, const char *directory)
{
    const dc3_denoiser *d = e->denoiser;
    int64_t latents = dc3_vae_config_of(e->vae)->latent_channels;
    int64_t text = dc3_clip_text_config_of(e->text)->hidden;
    if (d->in_channels != 2 * latents || d->out_channels != latents)
        return dc3_fail(DC3_ERR_UNSUPPORTED,
                        "%s: an InstructPix2Pix %s takes %lld channels and gives %lld, this one takes "
                        "%lld and gives %lld",
                        directory, d->kind->name, (long long)(2 * latents), (long long)latents,
                        (long long)d->in_channels, (long long)d->out_channels);
    if (d->text_channels != text)
        return dc3_fail(DC3_ERR_FORMAT, "%s: the text encoder gives %lld channels, the %s expects %lld",
                        directory, (long long)text, d->kind->name, (long long)d->text_channels);
    return DC3_OK;
}

static void note_checkpoint(dc3_editor *e, const char *part, int is_one)
{
    size_t used = strlen(e->checkpoints);
    if (is_one) snprintf(e->checkpoints + used, sizeof e->checkpoints - used, "%s%s", used ? ", " : "", part);
}

static dc3_status open_networks(dc3_editor *e, const char *directory)
{
    dc3_table *table;
    dc3_vae_config vae;
    dc3_clip_text_config text;
    DC3_TRY(dc3_part_open(directory, "vae", "diffusion_pytorch_model", read_vae, &vae, &table));
    note_checkpoint(e, "vae", *dc3_table_notes(table) != 0);
    DC3_TRY(dc3_vae_open(NULL, &vae, &table, &e->vae));
    DC3_TRY(dc3_denoiser_open(directory, &e->denoiser));
    note_checkpoint(e, e->denoiser->kind->part, e->denoiser->from_checkpoint);
    DC3_TRY(dc3_part_open(directory, "text_encoder", "model", read_text, &text, &table));
    note_checkpoint(e, "text_encoder", *dc3_table_notes(table) != 0);
    DC3_TRY(dc3_clip_text_open(NULL, &text, &table, &e->text));
    return check_networks(e, directory);
}

/* The scheduler's class, which the index knows too; a class that dc3 lacks is left to whoever edits. */
static void choose_sampler(const json_t *index, dc3_editor *e)
{
    const char *named = json_string_value(json_array_get(json_object_get(index, "scheduler"), 1));
    char *class = e->scheduler.class_name;
    if (!*class && named) snprintf(class, sizeof e->scheduler.class_name, "%s", named);
    e->no_class = !*class && !json_object_get(json_object_get(index, "dc3"), "sampler");
    if (named && strcmp(named, class) != 0)
        snprintf(e->index_scheduler, sizeof e->index_scheduler, "%s", named);
    if (dc3_scheduler_sampler(&e->scheduler, &e->defaults.sampler) != DC3_OK)
        e->defaults.sampler = DC3_SAMPLER_DEFAULT;
}

/* What the index says under "dc3"; else as Brooks et al. 2023 and the scheduler's class have it. */
static dc3_status read_defaults(const json_t *index, const char *file, dc3_editor *e)
{
    enum { USUAL = 100, FEW = 4 }; /* steps; of Luo et al. 2023 */
    const json_t *own = json_object_get(index, "dc3");
    int64_t size;
    const char *detail;
    DC3_TRY(dc3_json_int(own, file, "resolution", 256, 8, 4096, &size));
    DC3_TRY(dc3_json_string(own, file, "detail", "edit", &detail));
    DC3_TRY(dc3_json_bool(own, file, "residual_image_latents", 0, &e->residual));
    e->detail = strcmp(detail, "keep") == 0 ? DC3_DETAIL_KEEP : DC3_DETAIL_EDIT;
    e->defaults =
        (dc3_edit_settings){.size = (int)size, .steps = USUAL, .guidance = 4, .image_guidance = 1.5f};
    choose_sampler(index, e);
    if (e->defaults.sampler == DC3_LCM) e->defaults.steps = FEW;
    DC3_TRY(dc3_concepts_open(json_object_get(own, "concepts"), file, &e->concepts));
    return dc3_edit_settings_read(own, file, &e->defaults);
}

static dc3_status open_rest(dc3_editor *e, const char *directory)
{
    char *path;
    json_t *index;
    DC3_TRY(dc3_part_path(directory, "scheduler", "scheduler_config.json", &path));
    dc3_status status = dc3_scheduler_config_read(path, &e->scheduler);
    free(path);
    if (status != DC3_OK) return status;
    path = dc3_path_join(directory, "model_index.json");
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    status = dc3_json_read(path, 1 << 20, &index);
    if (status == DC3_OK) {
        status = read_defaults(index, path, e);
        json_decref(index);
    }
    free(path);
    if (status != DC3_OK) return status;
    path = dc3_path_join(directory, "tokenizer");
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    /* Tests of the numbers alone have no tokenizer; an edit by text then says so. */
    if (dc3_path_what(path) == DC3_PATH_FOLDER) status = dc3_tokenizer_open(path, &e->tokenizer);
    if (status == DC3_OK && e->tokenizer &&
        dc3_tokenizer_size(e->tokenizer) > dc3_clip_text_config_of(e->text)->vocabulary)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: %lld tokens, the text encoder's embedding has %lld rows", path,
                          (long long)dc3_tokenizer_size(e->tokenizer),
                          (long long)dc3_clip_text_config_of(e->text)->vocabulary);
    free(path);
    return status;
}

/* What is there in place of an editor, and what to do about it. */
static dc3_status no_editor(const char *path)
{
    static const char expected[] = "expected a diffusers directory with a model_index.json, found";
    char text[DC3_FOUND_TEXT];
    switch (dc3_path_what(path)) {
    case DC3_PATH_MISSING:
        return dc3_fail(DC3_ERR_IO, "%s: %s nothing there (%s)%s", path, expected, dc3_setting("editor"),
                        dc3_hub_hint(path, text));
    case DC3_PATH_FILE:
        dc3_found_in(path, text);
        return dc3_fail(
            DC3_ERR_IO, "%s: %s none but a file (%s): %s%s", path, expected, dc3_setting("editor"), text,
            strstr(text, "safetensors file") || strstr(text, "zip file") || strstr(text, "pickle")
                ? "; diffusers makes a directory of a model in one file (from_single_file, save_pretrained)"
                : "");
    default:
        return dc3_fail(DC3_ERR_IO, "%s: %s none (%s)", path, expected, dc3_setting("editor"));
    }
}

static dc3_status find_index(const char *directory)
{
    char *index = dc3_path_join(directory, "model_index.json");
    int there = index && dc3_path_what(index) == DC3_PATH_FILE;
    free(index);
    return there ? DC3_OK : no_editor(directory);
}

dc3_status dc3_editor_check_unused(const char *directory)
{
    if (!directory || strcmp(directory, "none") == 0 || strcmp(directory, "dc3-mini") == 0) return DC3_OK;
    return find_index(directory);
}

dc3_status dc3_editor_open_ctx(dc3_editor *e, const dc3_ctx *like, dc3_dtype dtype, int threads)
{
    DC3_TRY(like ? dc3_ctx_open_beside(like, threads, &e->ctx)
                 : dc3_ctx_open(NULL, dtype, threads, DC3_CTX_FAST, &e->ctx));
    dc3_governor_open(&e->governor, dc3_ctx_team_is_free(e->ctx) ? threads : 1);
    return DC3_OK;
}

dc3_status dc3_editor_open(const char *directory, dc3_dtype dtype, int threads, dc3_editor **out)
{
    *out = NULL;
    DC3_TRY(find_index(directory));
    dc3_editor *e = *out = calloc(1, sizeof *e);
    if (!e) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    const char *slash = strrchr(directory, '/');
    snprintf(e->name, sizeof e->name, "%s", slash && slash[1] ? slash + 1 : directory);
    dc3_status status = dc3_editor_open_ctx(e, NULL, dtype, threads);
    if (status == DC3_OK) status = open_networks(e, directory);
    if (status == DC3_OK) status = open_rest(e, directory);
    if (status != DC3_OK) dc3_editor_close(out);
    return status;
}

static void close_networks(dc3_editor *e)
{
    dc3_vae_close(&e->vae);
    dc3_denoiser_close(&e->denoiser);
    dc3_clip_text_close(&e->text);
    dc3_tokenizer_close(&e->tokenizer);
    dc3_concepts_close(&e->concepts);
}

void dc3_editor_close(dc3_editor **editor)
{
    dc3_editor *e = *editor;
    if (!e) return;
    dc3_sampler_close(&e->sampler);
    dc3_denoising_close(&e->denoising);
    if (!e->is_beside) close_networks(e);
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

/* What the sampler does not follow, and which scheduler is followed of two that are named. */
static void scheduler_note(const dc3_editor *e, const dc3_edit_settings *s, char *text, size_t size)
{
    char ignored[600];
    if (s->sampler < 0) return;
    if (*dc3_scheduler_ignored(&e->scheduler, s->sampler, ignored, sizeof ignored))
        snprintf(text, size, "%s: the sampler %s does not follow %s of scheduler_config.json", e->name,
                 dc3_sampler_names[s->sampler], ignored);
    else if (*e->index_scheduler)
        snprintf(text, size,
                 "%s: model_index.json names %s, scheduler_config.json %s; the latter is followed", e->name,
                 e->index_scheduler, e->scheduler.class_name);
}

__attribute__((format(printf, 3, 4))) static void add_note(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list arguments;
    if (used) used += (size_t)snprintf(text + used, size - used, "; ");
    if (used >= size) return;
    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

const char *dc3_editor_note(const dc3_editor *e, const dc3_edit_settings *s, char *text, size_t size)
{
    *text = 0;
    scheduler_note(e, s, text, size);
    const char *vae = dc3_vae_config_of(e->vae)->ignored;
    if (e->no_class && s->sampler >= 0 && s->sampler == e->defaults.sampler)
        add_note(text, size,
                 "%s: neither scheduler_config.json nor model_index.json names a scheduler's class; the "
                 "sampler %s is taken",
                 e->name, dc3_sampler_names[s->sampler]);
    if (*vae)
        add_note(text, size, "%s: %s of the VAE's config.json is not followed, as in InstructPix2Pix",
                 e->name, vae);
    if (*e->checkpoints)
        add_note(text, size, "%s: weights of %s read from .bin, for want of safetensors", e->name,
                 e->checkpoints);
    return text;
}

dc3_ctx *dc3_editor_ctx(dc3_editor *e)
{
    return e->ctx;
}

int dc3_editor_factor(const dc3_editor *e)
{
    return 1 << (dc3_vae_config_of(e->vae)->levels - 1);
}

int dc3_editor_tokens(const dc3_editor *e)
{
    int64_t most = dc3_clip_text_config_of(e->text)->positions;
    int length = e->tokenizer ? dc3_tokenizer_max_length(e->tokenizer) : (int)most;
    return length < most ? length : (int)most;
}

dc3_editor_info dc3_editor_describe(const dc3_editor *e)
{
    dc3_editor_info info = {.latent_channels = (int)dc3_vae_config_of(e->vae)->latent_channels,
                            .factor = dc3_editor_factor(e),
                            .dtype = dc3_ctx_dtype(e->ctx),
                            .threads = dc3_ctx_threads(e->ctx),
                            .detail = e->detail,
                            .parameters = dc3_vae_parameters(e->vae) + e->denoiser->parameters +
                                          dc3_clip_text_parameters(e->text)};
    memcpy(info.name, e->name, sizeof info.name);
    return info;
}
