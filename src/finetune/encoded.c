#include "finetune/encoded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "finetune/encoding.h"
#include "io/json.h"
#include "io/safetensors.h"

static const char settings_key[] = "dc3.encoded", cut_key[] = "dc3.cut";

/* ---- the file ---- */

static json_t *entry(const char *type, int ndim, const int64_t *shape, size_t size, size_t *at)
{
    json_t *dimensions = json_array();
    for (int i = 0; i < ndim; i++) {
        json_array_append_new(dimensions, json_integer((json_int_t)shape[i]));
        size *= (size_t)shape[i];
    }
    json_t *e = json_pack("{s:s, s:o, s:[I, I]}", "dtype", type, "shape", dimensions, "data_offsets",
                          (json_int_t)*at, (json_int_t)(*at + size));
    *at += size;
    return e;
}

/* The header of what will follow: states, then latents, then which images are readable. */
static char *header_of(const dc3_encoding *e, const dc3_encoded *to)
{
    char cut[24];
    size_t at = 0;
    snprintf(cut, sizeof cut, "%lld", (long long)to->cut);
    json_t *h = json_object(), *texts = json_pack("{s:s, s:s}", settings_key, e->settings, cut_key, cut);
    json_object_set_new(h, "__metadata__", texts);
    if (to->texts)
        json_object_set_new(h, "states",
                            entry("F32", 3, (int64_t[]){to->texts, to->tokens, to->channels}, 4, &at));
    json_object_set_new(h, "latents",
                        entry("F32", 5, (int64_t[]){to->images, to->sides, to->h, to->w, to->c}, 4, &at));
    json_object_set_new(h, "readable", entry("U8", 1, &to->images, 1, &at));
    char *text = json_dumps(h, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(h);
    return text;
}

/* Its size, then the header with spaces up to a multiple of 8 bytes. */
static dc3_status append_header(dc3_growing *file, const char *text)
{
    size_t length = strlen(text), padding = (8 - length % 8) % 8;
    unsigned char size[8];
    for (int i = 0; i < 8; i++) size[i] = (unsigned char)((uint64_t)(length + padding) >> (8 * i));
    DC3_TRY(dc3_file_append(file, size, sizeof size));
    DC3_TRY(dc3_file_append(file, text, length));
    return dc3_file_append(file, "        ", padding);
}

static dc3_status append(void *file, const void *data, size_t size)
{
    return dc3_file_append(file, data, size);
}

static dc3_status fill(const dc3_encoding *e, dc3_encoded *to, dc3_growing *file)
{
    float *states = NULL;
    dc3_status status = e->captions ? dc3_encode_texts(e, to, &states) : DC3_OK;
    char *header = status == DC3_OK ? header_of(e, to) : NULL;
    if (status == DC3_OK && !header) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = append_header(file, header);
    if (status == DC3_OK && states)
        status =
            dc3_file_append(file, states, (size_t)(to->texts * to->tokens * to->channels) * sizeof *states);
    free(states);
    free(header);
    return status == DC3_OK ? dc3_encode_images(e, to, append, file) : status;
}

static dc3_status make(const dc3_encoding *e)
{
    dc3_growing file;
    dc3_encoded to = {.images = dc3_dataset_size(e->data),
                      .sides = e->flip ? 2 : 1,
                      .h = e->size / e->model->factor,
                      .w = e->size / e->model->factor,
                      .c = e->model->vae.latent_channels};
    if (e->captions) to.texts = e->captions->count, to.channels = e->model->unet.text_channels;
    DC3_TRY(dc3_file_begin(e->path, &file));
    return dc3_file_end(&file, fill(e, &to, &file));
}

/* ---- reading ---- */

static dc3_status find(const dc3_table *table, const char *name, dc3_dtype type, int ndim,
                       const dc3_tensor **found)
{
    DC3_TRY(dc3_table_get(table, name, ndim, (int64_t[]){-1, -1, -1, -1, -1}, found));
    if ((*found)->dtype == type) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: '%s' should hold %s, holds %s", dc3_table_origin(table), name,
                    dc3_dtype_name(type), dc3_dtype_name((*found)->dtype));
}

static dc3_status read(const dc3_encoding *e, dc3_encoded *to)
{
    const dc3_tensor *latents, *readable, *states;
    DC3_TRY(find(to->table, "latents", DC3_F32, 5, &latents));
    DC3_TRY(find(to->table, "readable", DC3_U8, 1, &readable));
    to->images = latents->shape[0], to->sides = latents->shape[1];
    to->h = latents->shape[2], to->w = latents->shape[3], to->c = latents->shape[4];
    to->latents = latents->data, to->readable = readable->data;
    const char *cut = dc3_table_text(to->table, cut_key);
    to->cut = cut ? strtoll(cut, NULL, 10) : 0;
    if (to->images != dc3_dataset_size(e->data) || readable->shape[0] != to->images)
        return dc3_fail(DC3_ERR_FORMAT, "%s: %lld images, expected %lld", e->path, (long long)to->images,
                        (long long)dc3_dataset_size(e->data));
    for (int64_t i = 0; i < to->images; i++) to->skipped += !to->readable[i];
    if (!e->captions) return DC3_OK;
    DC3_TRY(find(to->table, "states", DC3_F32, 3, &states));
    to->texts = states->shape[0], to->tokens = states->shape[1], to->channels = states->shape[2];
    to->states = states->data;
    return DC3_OK;
}

/* 1 if the file is there, of these settings. */
static int open_file(const dc3_encoding *e, dc3_table **table)
{
    if (dc3_path_what(e->path) != DC3_PATH_FILE || dc3_safetensors_open(e->path, table) != DC3_OK) return 0;
    const char *settings = dc3_table_text(*table, settings_key);
    if (settings && strcmp(settings, e->settings) == 0) return 1;
    dc3_table_close(table);
    return 0;
}

dc3_status dc3_encoded_open(const dc3_encoding *e, dc3_encoded *to)
{
    *to = (dc3_encoded){0};
    if (!open_file(e, &to->table)) {
        DC3_TRY(make(e));
        DC3_TRY(dc3_safetensors_open(e->path, &to->table));
    }
    DC3_TRY(read(e, to));
    if (to->skipped == to->images)
        return dc3_fail(DC3_ERR_FORMAT, "%s: no image can be read", dc3_dataset_path(e->data));
    return DC3_OK;
}

void dc3_encoded_close(dc3_encoded *to)
{
    dc3_table_close(&to->table);
}
