#include "finetune/texts.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "generate/captions.h"
#include "io/json.h"

enum { FILE_LIMIT = 1 << 28 };

void dc3_texts_free(dc3_texts *c)
{
    for (int64_t i = 0; c->texts && i < c->count; i++) free(c->texts[i]);
    free(c->texts);
    free(c->of);
    *c = (dc3_texts){0};
}

/* The place of a text, which is added if it is new; -1 without memory. `places`: of those that are there. */
static int64_t place_of(dc3_texts *c, GHashTable *places, const char *text)
{
    gpointer found;
    if (g_hash_table_lookup_extended(places, text, NULL, &found)) return (int64_t)GPOINTER_TO_SIZE(found);
    char *copy = strdup(text);
    if (!copy) return -1;
    c->texts[c->count] = copy;
    g_hash_table_insert(places, copy, GSIZE_TO_POINTER((gsize)c->count));
    return c->count++;
}

/* Room for a text of each image, and the empty one. */
static dc3_status make_room(const dc3_dataset *data, dc3_texts *c, GHashTable *places)
{
    size_t n = (size_t)dc3_dataset_size(data);
    c->texts = calloc(n + 1, sizeof *c->texts);
    c->of = calloc(n + 1, sizeof *c->of);
    if (c->texts && c->of && place_of(c, places, "") == 0) return DC3_OK;
    return dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* ---- of classes ---- */

/* Lines whose first word is no class are mistakes: of another dataset, or in the word. */
static dc3_status check_names(const dc3_dataset *data, const char *path, const char *names)
{
    int number = 1;
    for (const char *line = names; *line; number++) {
        size_t length = strcspn(line, "\r\n"), word = strcspn(line, " \t\r\n");
        char between = memchr(line, '\t', length) ? '\t' : ' '; /* as dc3_caption has it */
        int known = length == 0;
        for (int i = 0; i < dc3_dataset_classes(data) && !known; i++) {
            const char *name = dc3_dataset_class_name(data, i);
            size_t n = strlen(name);
            known = strncmp(line, name, n) == 0 && n < length && line[n] == between;
        }
        if (!known)
            return dc3_fail(
                DC3_ERR_FORMAT,
                "%s, line %d: '%.*s' is no class of %s; expected lines of a class's folder and its "
                "name (%s)",
                path, number, (int)(word < 60 ? word : 60), line, dc3_dataset_path(data),
                dc3_setting("names"));
        line += length;
        line += *line == '\r', line += *line == '\n';
    }
    return DC3_OK;
}

static dc3_status class_captions(const dc3_dataset *data, const dc3_captions *captions, dc3_texts *c,
                                 GHashTable *places)
{
    int classes = dc3_dataset_classes(data);
    int64_t *of_class = calloc((size_t)classes, sizeof *of_class);
    const char **names = calloc((size_t)classes, sizeof *names);
    dc3_status status = of_class && names ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; names && i < classes; i++) names[i] = dc3_dataset_class_name(data, i);
    for (int i = 0; i < classes && status == DC3_OK; i++) {
        char *text = dc3_caption(captions, names[i], names, classes);
        of_class[i] = text ? place_of(c, places, text) : -1;
        if (of_class[i] < 0) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
        free(text);
    }
    for (int64_t i = 0; i < dc3_dataset_size(data) && status == DC3_OK; i++)
        c->of[i] = of_class[dc3_dataset_label(data, i)];
    free(of_class);
    free(names);
    return status;
}

static dc3_status from_classes(const dc3_dataset *data, const char *form, const char *names, dc3_texts *c,
                               GHashTable *places)
{
    dc3_captions captions;
    dc3_status status = dc3_captions_open(form, names, &captions);
    if (status == DC3_OK && captions.names) status = check_names(data, names, captions.names);
    if (status == DC3_OK) status = class_captions(data, &captions, c, places);
    dc3_captions_close(&captions);
    return status;
}

/* ---- of a file ---- */

static dc3_status take_line(const json_t *line, const char *path, size_t number, GHashTable *texts)
{
    const char *file = json_string_value(json_object_get(line, "file_name")),
               *text = json_string_value(json_object_get(line, "text"));
    if (!file || !text)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s, object %zu: expected texts 'file_name' and 'text', found no '%s' (%s)", path,
                        number, file ? "text" : "file_name", dc3_setting("captions"));
    g_hash_table_insert(texts, (gpointer)(uintptr_t)file, (gpointer)(uintptr_t)text);
    return DC3_OK;
}

static dc3_status from_file(const dc3_dataset *data, const char *path, dc3_texts *c, GHashTable *places)
{
    json_t *lines = NULL;
    GHashTable *texts = g_hash_table_new(g_str_hash, g_str_equal);
    dc3_status status = dc3_json_read_lines(path, FILE_LIMIT, &lines);
    for (size_t i = 0; status == DC3_OK && i < json_array_size(lines); i++)
        status = take_line(json_array_get(lines, i), path, i + 1, texts);
    for (int64_t i = 0; status == DC3_OK && i < dc3_dataset_size(data); i++) {
        const char *key = dc3_dataset_key(data, i), *text = g_hash_table_lookup(texts, key);
        if (!text)
            status = dc3_fail(DC3_ERR_FORMAT, "%s: no text of '%.200s' of %s (%s)", path, key,
                              dc3_dataset_path(data), dc3_setting("captions"));
        else if ((c->of[i] = place_of(c, places, text)) < 0)
            status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    g_hash_table_destroy(texts);
    json_decref(lines);
    return status;
}

dc3_status dc3_texts_make(const dc3_dataset *data, const char *form, const char *file, const char *names,
                          dc3_texts *c)
{
    GHashTable *places = g_hash_table_new(g_str_hash, g_str_equal);
    *c = (dc3_texts){0};
    dc3_status status = make_room(data, c, places);
    if (status == DC3_OK)
        status = file ? from_file(data, file, c, places) : from_classes(data, form, names, c, places);
    g_hash_table_destroy(places);
    return status;
}
