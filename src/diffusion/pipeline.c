/* Opening the parts of a diffusers directory, and saying what of it is not followed. */
#include "diffusion/pipeline.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "diffusion/part.h"
#include "hub/cache.h"
#include "io/found.h"
#include "io/json.h"
#include "ops/denoise.h"

/* ---- the directory ---- */

/* What is there in place of a directory, and what to do about it. */
static dc3_status none_there(const char *setting, const char *path)
{
    static const char expected[] = "expected a diffusers directory with a model_index.json, found";
    char text[DC3_FOUND_TEXT];
    switch (dc3_path_what(path)) {
    case DC3_PATH_MISSING:
        return dc3_fail(DC3_ERR_IO, "%s: %s nothing there (%s)%s", path, expected, dc3_setting(setting),
                        dc3_hub_hint(path, text));
    case DC3_PATH_FILE:
        dc3_found_in(path, text);
        return dc3_fail(
            DC3_ERR_IO, "%s: %s none but a file (%s): %s%s", path, expected, dc3_setting(setting), text,
            strstr(text, "safetensors file") || strstr(text, "zip file") || strstr(text, "pickle")
                ? "; diffusers makes a directory of a model in one file (from_single_file, save_pretrained)"
                : "");
    default:
        return dc3_fail(DC3_ERR_IO, "%s: %s none (%s)", path, expected, dc3_setting(setting));
    }
}

dc3_status dc3_pipeline_find(const char *setting, const char *directory)
{
    return dc3_folder_holds(directory, "model_index.json") ? DC3_OK : none_there(setting, directory);
}

/* ---- networks ---- */

static dc3_status read_vae(const char *path, void *config)
{
    return dc3_vae_config_read(path, config);
}

static dc3_status read_text(const char *path, void *config)
{
    return dc3_clip_text_config_read(path, config);
}

static void note_checkpoint(dc3_pipeline *p, const char *part, int is_one)
{
    size_t used = strlen(p->checkpoints);
    if (is_one) snprintf(p->checkpoints + used, sizeof p->checkpoints - used, "%s%s", used ? ", " : "", part);
}

static dc3_status open_vae(dc3_pipeline *p, const char *directory)
{
    dc3_table *table;
    dc3_vae_config config;
    DC3_TRY(dc3_part_open(directory, "vae", "diffusion_pytorch_model", read_vae, &config, &table));
    note_checkpoint(p, "vae", *dc3_table_notes(table) != 0);
    return dc3_vae_open(NULL, &config, &table, &p->vae);
}

static dc3_status open_text(dc3_pipeline *p, const char *directory, const dc3_adapters *adapters)
{
    dc3_table *table;
    dc3_clip_text_config config;
    DC3_TRY(dc3_part_open(directory, "text_encoder", "model", read_text, &config, &table));
    note_checkpoint(p, "text_encoder", *dc3_table_notes(table) != 0);
    DC3_TRY(dc3_part_adapt(adapters, DC3_LORA_TEXT_ENCODER, &table));
    DC3_TRY(dc3_clip_text_open(NULL, &config, &table, &p->text));
    if (p->denoiser->text_channels == config.hidden) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: the text encoder gives %lld channels, the %s expects %lld",
                    directory, (long long)config.hidden, p->denoiser->kind->name,
                    (long long)p->denoiser->text_channels);
}

static dc3_status open_denoiser(dc3_pipeline *p, const char *directory, const dc3_adapters *adapters,
                                dc3_denoiser *own)
{
    p->borrows_denoiser = own != NULL;
    p->denoiser = own;
    if (own) return DC3_OK;
    DC3_TRY(dc3_denoiser_open(directory, adapters, &p->denoiser));
    note_checkpoint(p, p->denoiser->kind->part, p->denoiser->from_checkpoint);
    return DC3_OK;
}

static dc3_status open_networks(dc3_pipeline *p, const char *directory, const dc3_pipeline_options *o)
{
    dc3_lora *lora = NULL;
    dc3_status status = o->lora ? dc3_lora_open(o->lora, &lora) : DC3_OK;
    dc3_adapters adapters = {lora, o->lora_scale};
    if (status == DC3_OK) status = open_vae(p, directory);
    if (status == DC3_OK) status = open_denoiser(p, directory, &adapters, o->denoiser);
    if (status == DC3_OK && p->denoiser->text_channels) status = open_text(p, directory, &adapters);
    dc3_lora_close(&lora);
    return status;
}

/* ---- the rest ---- */

/* The scheduler's class, which the index knows too; a class that dc3 lacks is left to whoever denoises. */
static void choose_sampler(dc3_pipeline *p)
{
    const char *named = json_string_value(json_array_get(json_object_get(p->index, "scheduler"), 1));
    char *class = p->scheduler.class_name;
    if (!*class && named) snprintf(class, sizeof p->scheduler.class_name, "%s", named);
    p->no_class = !*class && !json_object_get(json_object_get(p->index, "dc3"), "sampler");
    if (named && strcmp(named, class) != 0)
        snprintf(p->index_scheduler, sizeof p->index_scheduler, "%s", named);
    if (dc3_scheduler_sampler(&p->scheduler, &p->sampler) != DC3_OK) p->sampler = DC3_SAMPLER_DEFAULT;
}

static dc3_status open_scheduler(dc3_pipeline *p, const char *directory)
{
    char *path;
    DC3_TRY(dc3_part_path(directory, "scheduler", "scheduler_config.json", &path));
    dc3_status status = dc3_scheduler_config_read(path, &p->scheduler);
    free(path);
    if (status != DC3_OK) return status;
    p->index_path = dc3_path_join(directory, "model_index.json");
    if (!p->index_path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    DC3_TRY(dc3_json_read(p->index_path, 1 << 20, &p->index));
    choose_sampler(p);
    return DC3_OK;
}

static dc3_status open_tokenizer(dc3_pipeline *p, const char *directory)
{
    char *path = dc3_path_join(directory, "tokenizer");
    dc3_status status = DC3_OK;
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    /* Tests of the numbers alone have no tokenizer; what is asked for by a text then says so. */
    if (dc3_path_what(path) == DC3_PATH_FOLDER) status = dc3_tokenizer_open(path, &p->tokenizer);
    int64_t rows = dc3_clip_text_config_of(p->text)->vocabulary;
    if (status == DC3_OK && p->tokenizer && dc3_tokenizer_size(p->tokenizer) > rows)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: %lld tokens, the text encoder's embedding has %lld rows", path,
                          (long long)dc3_tokenizer_size(p->tokenizer), (long long)rows);
    free(path);
    return status;
}

dc3_status dc3_pipeline_open(const char *directory, const dc3_pipeline_options *options, dc3_pipeline *p)
{
    *p = (dc3_pipeline){.sampler = DC3_SAMPLER_DEFAULT};
    if (!(options->lora_scale >= -100 && options->lora_scale <= 100))
        return dc3_fail_setting("lora_scale", "expected -100 to 100, found %g", options->lora_scale);
    if (!options->lora && options->lora_scale != 1)
        return dc3_fail_setting("lora_scale", "means nothing without %s", dc3_setting("lora"));
    DC3_TRY(dc3_pipeline_find(options->setting, directory));
    dc3_hub_cache_title(directory, p->name, sizeof p->name);
    DC3_TRY(open_networks(p, directory, options));
    DC3_TRY(open_scheduler(p, directory));
    return p->text ? open_tokenizer(p, directory) : DC3_OK;
}

void dc3_pipeline_close(dc3_pipeline *p)
{
    dc3_vae_close(&p->vae);
    if (!p->borrows_denoiser) dc3_denoiser_close(&p->denoiser);
    dc3_clip_text_close(&p->text);
    dc3_tokenizer_close(&p->tokenizer);
    json_decref(p->index);
    free(p->index_path);
    *p = (dc3_pipeline){0};
}

/* ---- what it is ---- */

int dc3_pipeline_factor(const dc3_pipeline *p)
{
    return 1 << (dc3_vae_config_of(p->vae)->levels - 1);
}

int dc3_pipeline_unit(const dc3_pipeline *p)
{
    return dc3_pipeline_factor(p) * (int)p->denoiser->unit;
}

int dc3_pipeline_tokens(const dc3_pipeline *p)
{
    int64_t most = dc3_clip_text_config_of(p->text)->positions;
    int length = p->tokenizer ? dc3_tokenizer_max_length(p->tokenizer) : (int)most;
    return length < most ? length : (int)most;
}

double dc3_pipeline_parameters(const dc3_pipeline *p)
{
    return dc3_vae_parameters(p->vae) + p->denoiser->parameters +
           (p->text ? dc3_clip_text_parameters(p->text) : 0);
}

dc3_status dc3_pipeline_check_size(const char *setting, int size, int unit)
{
    if (size < unit || size > 4096 || size % unit != 0)
        return dc3_fail_setting(setting, "expected a multiple of %d from %d to 4096, found %d", unit, unit,
                                size);
    return DC3_OK;
}

dc3_status dc3_pipeline_check_texts(const dc3_pipeline *p)
{
    if (!p->text || p->tokenizer) return DC3_OK;
    return dc3_fail(DC3_ERR_IO, "%s: expected a folder 'tokenizer', found none", p->name);
}

dc3_status dc3_pipeline_open_sampler(const dc3_pipeline *p, dc3_sampler_kind kind, int steps,
                                     dc3_sampler **sampler)
{
    *sampler = NULL;
    if (kind == DC3_SAMPLER_DEFAULT) DC3_TRY(dc3_scheduler_sampler(&p->scheduler, &kind));
    return dc3_sampler_open(kind, &p->scheduler, steps, sampler);
}

dc3_status dc3_pipeline_prepare(const dc3_pipeline *p, const dc3_edit_settings *s, dc3_ctx *ctx,
                                dc3_sampler **sampler, dc3_denoising **denoising)
{
    dc3_sampler *now;
    if (*denoising && dc3_sampler_is(*sampler, s->sampler, s->steps)) return DC3_OK;
    DC3_TRY(dc3_pipeline_open_sampler(p, s->sampler, s->steps, &now));
    dc3_sampler_close(sampler);
    dc3_denoising_close(denoising);
    *sampler = now;
    return dc3_denoising_open(ctx, p->denoiser, dc3_sampler_evaluations(now), dc3_sampler_timesteps(now),
                              denoising);
}

void dc3_pipeline_give_texts(const dc3_pipeline *p, dc3_ctx *ctx, dc3_denoising *denoising, int texts,
                             const int64_t *ids, int count, const int *rows)
{
    dc3_tensor states = dc3_clip_text_of(ctx, p->text, texts, dc3_pipeline_tokens(p), ids);
    dc3_tensor all = dc3_take_rows(ctx, states, count, rows);
    dc3_drop(ctx, states);
    dc3_denoising_texts(ctx, denoising, all);
    dc3_drop(ctx, all);
}

/* What the sampler does not follow, and which scheduler is followed of two that are named. */
static void scheduler_note(const dc3_pipeline *p, dc3_sampler_kind sampler, char *text, size_t size)
{
    char ignored[600];
    if (sampler < 0) return;
    if (*dc3_scheduler_ignored(&p->scheduler, sampler, ignored, sizeof ignored))
        snprintf(text, size, "%s: the sampler %s does not follow %s of scheduler_config.json", p->name,
                 dc3_sampler_names[sampler], ignored);
    else if (*p->index_scheduler)
        snprintf(text, size,
                 "%s: model_index.json names %s, scheduler_config.json %s; the latter is followed", p->name,
                 p->index_scheduler, p->scheduler.class_name);
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

const char *dc3_pipeline_note(const dc3_pipeline *p, dc3_sampler_kind sampler, int is_own, char *text,
                              size_t size)
{
    *text = 0;
    scheduler_note(p, sampler, text, size);
    const char *vae = dc3_vae_config_of(p->vae)->ignored;
    if (p->no_class && sampler >= 0 && is_own)
        add_note(text, size,
                 "%s: neither scheduler_config.json nor model_index.json names a scheduler's class; the "
                 "sampler %s is taken",
                 p->name, dc3_sampler_names[sampler]);
    if (*vae)
        add_note(text, size, "%s: %s of the VAE's config.json is not followed, as in diffusers' pipelines",
                 p->name, vae);
    if (*p->checkpoints)
        add_note(text, size, "%s: weights of %s read from .bin, for want of safetensors", p->name,
                 p->checkpoints);
    return text;
}

dc3_status dc3_pipeline_open_ctx(const dc3_ctx *like, dc3_dtype dtype, int threads, dc3_ctx **ctx,
                                 dc3_governor *governor)
{
    DC3_TRY(like ? dc3_ctx_open_beside(like, threads, ctx)
                 : dc3_ctx_open(NULL, dtype, threads, DC3_CTX_FAST, ctx));
    dc3_governor_open(governor, dc3_ctx_team_is_free(*ctx) ? threads : 1);
    return DC3_OK;
}
