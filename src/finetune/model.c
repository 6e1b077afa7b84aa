#include "finetune/model.h"

#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/listener.h"
#include "diffusion/part.h"
#include "io/json.h"

static dc3_status read_vae(const char *path, void *config)
{
    return dc3_vae_config_read(path, config);
}

static dc3_status read_unet(const char *path, void *config)
{
    return dc3_unet_config_read(path, config);
}

static dc3_status read_dit(const char *path, void *config)
{
    return dc3_dit_config_read(path, config);
}

static dc3_status read_text(const char *path, void *config)
{
    return dc3_clip_text_config_read(path, config);
}

/* directory/part/config.json by `read`. */
static dc3_status read_part(const char *directory, const char *part, const char *file,
                            dc3_status (*read)(const char *path, void *config), void *config)
{
    char *path;
    DC3_TRY(dc3_part_path(directory, part, file, &path));
    dc3_status status = read(path, config);
    free(path);
    return status;
}

static int has_part(const char *directory, const char *part)
{
    char *path = dc3_path_join(directory, part);
    int has = path && dc3_path_what(path) == DC3_PATH_FOLDER;
    free(path);
    return has;
}

/* Side of the latents that a U-Net was trained at, which nothing else of it depends on. */
static dc3_status read_sample_size(const char *path, void *config)
{
    json_t *object;
    DC3_TRY(dc3_json_read(path, 1 << 20, &object));
    dc3_status status = dc3_json_int(object, path, "sample_size", 64, 1, 4096, config);
    json_decref(object);
    return status;
}

static dc3_status read_scheduler(const char *path, void *config)
{
    return dc3_scheduler_config_read(path, config);
}

/* DiT's, with noise as what it predicts (Peebles and Xie 2023). */
static dc3_scheduler_config new_scheduler(void)
{
    dc3_scheduler_config c = {.train_steps = 1000,
                              .beta_start = 1e-4,
                              .beta_end = 0.02,
                              .betas = DC3_BETAS_LINEAR,
                              .spacing = -1,
                              .set_alpha_to_one = -1,
                              .order = 2};
    strcpy(c.class_name, "DDIMScheduler");
    return c;
}

static dc3_status check_channels(const dc3_base_model *m)
{
    int64_t latents = m->vae.latent_channels, in = m->is_dit ? m->dit.in_channels : m->unet.in_channels,
            out = m->is_dit ? m->dit.out_channels : m->unet.out_channels;
    if (in == latents && (out == in || (m->is_dit && out == 2 * in))) return DC3_OK;
    return dc3_fail(
        DC3_ERR_UNSUPPORTED,
        "%s: a generator of this VAE's latents takes %lld channels and gives as many, this %s takes "
        "%lld and gives %lld%s",
        m->directory, (long long)latents, m->is_dit ? "transformer" : "U-Net", (long long)in, (long long)out,
        in == 2 * latents ? ": it is an editor, which takes an image too" : "");
}

static dc3_status read_network(dc3_base_model *m, const char *config, int64_t *side)
{
    if (config) {
        m->is_new = m->is_dit = 1;
        m->scheduler = new_scheduler();
        DC3_TRY(dc3_dit_config_read(config, &m->dit));
        m->dit.diffusers_names = 1;
    } else if (has_part(m->directory, "transformer")) {
        m->is_dit = 1;
        DC3_TRY(read_part(m->directory, "transformer", "config.json", read_dit, &m->dit));
    } else {
        DC3_TRY(read_part(m->directory, "unet", "config.json", read_unet, &m->unet));
        DC3_TRY(read_part(m->directory, "unet", "config.json", read_sample_size, side));
    }
    if (m->is_dit) *side = m->dit.size;
    m->part = m->is_dit ? "transformer" : "unet";
    return m->is_new
               ? DC3_OK
               : read_part(m->directory, "scheduler", "scheduler_config.json", read_scheduler, &m->scheduler);
}

dc3_status dc3_base_model_read(const char *directory, const char *config, dc3_base_model *m)
{
    int64_t side = 0;
    *m = (dc3_base_model){.directory = directory};
    if (dc3_path_what(directory) != DC3_PATH_FOLDER || !has_part(directory, "vae"))
        return dc3_fail(DC3_ERR_IO, "%s: expected a diffusers directory with a folder 'vae', found none (%s)",
                        directory, dc3_setting("model"));
    if (!config && !has_part(directory, "unet") && !has_part(directory, "transformer"))
        return dc3_fail(
            DC3_ERR_IO,
            "%s: expected a diffusers directory with a folder 'unet' or 'transformer', found none "
            "(%s)",
            directory, dc3_setting("model"));
    DC3_TRY(read_part(directory, "vae", "config.json", read_vae, &m->vae));
    DC3_TRY(read_network(m, config, &side));
    m->factor = 1 << (m->vae.levels - 1);
    m->size = (int)side * m->factor;
    return check_channels(m);
}

static dc3_status open_table(const dc3_base_model *m, dc3_table **table)
{
    dc3_unet_config unet;
    dc3_dit_config dit;
    return dc3_part_open(m->directory, m->part, "diffusion_pytorch_model", m->is_dit ? read_dit : read_unet,
                         m->is_dit ? (void *)&dit : (void *)&unet, table);
}

static dc3_status add_text(const dc3_base_model *m, const dc3_tuning *tuning, const dc3_listener *listener,
                           dc3_tuned *tuned)
{
    dc3_clip_text_config config;
    dc3_table *table = NULL;
    DC3_TRY(dc3_part_open(m->directory, "text_encoder", "model", read_text, &config, &table));
    if (*dc3_table_notes(table)) dc3_listener_say(listener, "note: %s", dc3_table_notes(table));
    return dc3_tuned_add_text(&config, tuning, &table, tuned);
}

dc3_status dc3_base_model_network(const dc3_base_model *m, const dc3_tuning *tuning,
                                  const dc3_listener *listener, dc3_tuned *tuned)
{
    dc3_table *table = NULL;
    if (!m->is_new) DC3_TRY(open_table(m, &table));
    if (table && *dc3_table_notes(table)) dc3_listener_say(listener, "note: %s", dc3_table_notes(table));
    if (m->is_dit) return dc3_tuned_open_dit(&m->dit, tuning, &table, tuned);
    DC3_TRY(dc3_tuned_open_unet(&m->unet, tuning, &table, tuned));
    return tuning->text ? add_text(m, tuning, listener, tuned) : DC3_OK;
}

dc3_status dc3_base_model_vae(const dc3_base_model *m, dc3_vae **vae)
{
    dc3_vae_config config;
    dc3_table *table;
    DC3_TRY(dc3_part_open(m->directory, "vae", "diffusion_pytorch_model", read_vae, &config, &table));
    return dc3_vae_open(NULL, &config, &table, vae);
}

dc3_status dc3_text_reader_open(const dc3_base_model *m, dc3_text_reader *r)
{
    dc3_clip_text_config config;
    dc3_table *table;
    *r = (dc3_text_reader){0};
    DC3_TRY(dc3_part_open(m->directory, "text_encoder", "model", read_text, &config, &table));
    DC3_TRY(dc3_clip_text_open(NULL, &config, &table, &r->text));
    char *path = dc3_path_join(m->directory, "tokenizer");
    dc3_status status =
        path ? dc3_tokenizer_open(path, &r->tokenizer) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(path);
    DC3_TRY(status);
    r->tokens = dc3_tokenizer_max_length(r->tokenizer);
    if (r->tokens > config.positions) r->tokens = (int)config.positions;
    if (dc3_tokenizer_size(r->tokenizer) > config.vocabulary)
        return dc3_fail(DC3_ERR_FORMAT, "%s: %lld tokens, the text encoder's embedding has %lld rows",
                        m->directory, (long long)dc3_tokenizer_size(r->tokenizer),
                        (long long)config.vocabulary);
    if (config.hidden == m->unet.text_channels) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: the text encoder gives %lld channels, the U-Net expects %lld",
                    m->directory, (long long)config.hidden, (long long)m->unet.text_channels);
}

void dc3_text_reader_close(dc3_text_reader *r)
{
    dc3_clip_text_close(&r->text);
    dc3_tokenizer_close(&r->tokenizer);
}

/* With room for one token more, the last place but one of a text that is cut is no longer the end's. */
dc3_status dc3_text_reader_ids(const dc3_text_reader *r, const char *text, int64_t *ids, int *cut)
{
    int64_t *longer = malloc((size_t)(r->tokens + 1) * sizeof *longer);
    if (!longer) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = dc3_tokenizer_encode(r->tokenizer, text, r->tokens, ids);
    if (status == DC3_OK) status = dc3_tokenizer_encode(r->tokenizer, text, r->tokens + 1, longer);
    if (status == DC3_OK && longer[r->tokens - 1] != ids[r->tokens - 1]) *cut = 1;
    free(longer);
    return status;
}
