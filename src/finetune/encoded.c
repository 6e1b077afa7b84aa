#include "finetune/encoded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "finetune/encoding.h"
#include "io/json.h"
#include "io/safetensors.h"

static const char settings_key[] = "dc3.encoded";

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

/* The header of what will follow: states, or ids, and how many texts are cut, then latents, then which images
 * are readable. */
static char *header_of(const dc3_encoding *e, const dc3_encoded *to)
{
    size_t at = 0;
    json_t *h = json_object(), *texts = json_pack("{s:s}", settings_key, e->settings);
    json_object_set_new(h, "__metadata__", texts);
    if (to->texts) {
        int64_t shape[] = {to->texts, to->tokens, to->channels};
        if (e->ids)
            json_object_set_new(h, "ids", entry("I64", 2, shape, 8, &at));
        else
            json_object_set_new(h, "states", entry("F32", 3, shape, 4, &at));
        json_object_set_new(h, "cut", entry("I64", 1, (int64_t[]){1}, 8, &at));
    }
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

static dc3_status fill(const dc3_encoding *e, const dc3_encoded *to, dc3_growing *file)
{
    char *header = header_of(e, to);
    dc3_status status = header ? append_header(file, header) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(header);
    if (status == DC3_OK && e->captions) status = dc3_encode_texts(e, to, append, file);
    return status == DC3_OK ? dc3_encode_images(e, to, append, file) : status;
}

/* The dimensions of what the settings lead to. */
static dc3_encoded shapes_of(const dc3_encoding *e)
{
    dc3_encoded to = {.images = dc3_dataset_size(e->data),
                      .sides = e->flip ? 2 : 1,
                      .h = e->size / e->model->factor,
                      .w = e->size / e->model->factor,
                      .c = e->model->vae.latent_channels};
    if (e->captions)
        to.texts = e->captions->count, to.tokens = e->tokens, to.channels = e->model->unet.text_channels;
    return to;
}

static dc3_status make(const dc3_encoding *e)
{
    dc3_growing file;
    dc3_encoded to = shapes_of(e);
    DC3_TRY(dc3_file_begin(e->path, &file));
    return dc3_file_end(&file, fill(e, &to, &file));
}

/* ---- reading ---- */

static dc3_status find(const dc3_table *table, const char *name, dc3_dtype type, int ndim,
                       const int64_t *shape, const void **data)
{
    const dc3_tensor *found;
    DC3_TRY(dc3_table_get(table, name, ndim, shape, &found));
    *data = found->data;
    if (found->dtype == type) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: '%s' should hold %s, holds %s", dc3_table_origin(table), name,
                    dc3_dtype_name(type), dc3_dtype_name(found->dtype));
}

static dc3_status read(const dc3_encoding *e, dc3_encoded *to)
{
    dc3_table *table = to->table;
    const void *latents, *readable, *texts, *cut;
    int64_t shape[3];
    *to = shapes_of(e);
    to->table = table;
    DC3_TRY(find(table, "latents", DC3_F32, 5, (int64_t[]){to->images, to->sides, to->h, to->w, to->c},
                 &latents));
    DC3_TRY(find(table, "readable", DC3_U8, 1, &to->images, &readable));
    to->latents = latents, to->readable = readable;
    for (int64_t i = 0; i < to->images; i++) to->skipped += !to->readable[i];
    if (!e->captions) return DC3_OK;
    shape[0] = to->texts, shape[1] = to->tokens, shape[2] = to->channels;
    if (e->ids)
        DC3_TRY(find(table, "ids", DC3_I64, 2, shape, &texts));
    else
        DC3_TRY(find(table, "states", DC3_F32, 3, shape, &texts));
    DC3_TRY(find(table, "cut", DC3_I64, 1, (int64_t[]){1}, &cut));
    if (e->ids)
        to->ids = texts;
    else
        to->states = texts;
    memcpy(&to->cut, cut, sizeof to->cut);
    return DC3_OK;
}

/* With `strict`: the first image that an earlier call could not read. */
static dc3_status check_strict(const dc3_encoding *e, const dc3_encoded *to)
{
    for (int64_t i = 0; e->strict && i < to->images; i++)
        if (!to->readable[i])
            return dc3_fail(DC3_ERR_FORMAT, "%s: %s cannot be read (%s)", dc3_dataset_path(e->data),
                            dc3_dataset_key(e->data, i), dc3_setting("strict"));
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
        if (e->made)
            return dc3_fail(DC3_ERR_IO,
                            "%s: not seen here as rank 0 has made it; expected a file system that "
                            "all ranks share",
                            e->path);
        DC3_TRY(make(e));
        DC3_TRY(dc3_safetensors_open(e->path, &to->table));
    }
    DC3_TRY(read(e, to));
    if (to->skipped == to->images)
        return dc3_fail(DC3_ERR_FORMAT, "%s: no image can be read", dc3_dataset_path(e->data));
    return check_strict(e, to);
}

void dc3_encoded_close(dc3_encoded *to)
{
    dc3_table_close(&to->table);
}
