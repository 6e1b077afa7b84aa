#include "run_folder/listed.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cancel.h"
#include "base/file.h"
#include "io/found.h"

/* Numbers of the images, + 1, by their keys as JSON has them. */
static GHashTable *number_keys(const dc3_dataset *dataset)
{
    GHashTable *numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (int64_t i = 0; i < dc3_dataset_size(dataset); i++) {
        json_t *key = dc3_json_text(dc3_dataset_key(dataset, i));
        g_hash_table_insert(numbers, g_strdup(json_string_value(key)), GSIZE_TO_POINTER((gsize)i + 1));
        json_decref(key);
    }
    return numbers;
}

/* What a line says; the text says where it stands. */
static dc3_status find(const dc3_dataset *dataset, GHashTable *numbers, const char *where, dc3_listed *listed)
{
    const char *source = json_string_value(json_object_get(listed->line, "source"));
    if (!source)
        return dc3_fail(
            DC3_ERR_FORMAT,
            "%s: expected a line of a list that dc3 select wrote, {\"source\":\"class/1.png\", ...}", where);
    gsize found = GPOINTER_TO_SIZE(g_hash_table_lookup(numbers, source));
    if (!found)
        return dc3_fail(DC3_ERR_FORMAT, "%s: '%.200s' is no image of %s", where, source,
                        dc3_dataset_path(dataset));
    if (json_object_get(listed->line, "box"))
        return dc3_fail(DC3_ERR_FORMAT, "%s: a square of an image; expected whole images", where);
    listed->item = (int64_t)found - 1;
    listed->label = dc3_dataset_label(dataset, listed->item);
    return DC3_OK;
}

static int by_class(const void *a, const void *b)
{
    const dc3_listed *x = a, *y = b;
    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static dc3_status read_lines(const char *path, const dc3_dataset *dataset, char *text, dc3_listed *list,
                             int64_t *count)
{
    GHashTable *numbers = number_keys(dataset);
    char *rest = text, *line;
    dc3_status status = DC3_OK;
    for (int number = 1; status == DC3_OK && (line = strsep(&rest, "\n")); number++) {
        if (!line[strspn(line, " \t\r")]) continue;
        char *where = g_strdup_printf("%s: line %d", path, number);
        dc3_listed *listed = &list[(*count)++];
        *listed = (dc3_listed){.order = number, .line = json_loads(line, 0, NULL)};
        status = find(dataset, numbers, where, listed);
        g_free(where);
        if (status == DC3_OK) status = dc3_check_cancel();
    }
    g_hash_table_destroy(numbers);
    if (status == DC3_OK) qsort(list, (size_t)*count, sizeof *list, by_class);
    return status;
}

/* A table of the same images is no list: what a line of it says beside the image is not read. */
static dc3_status check_form(const char *path, const char *text, size_t size)
{
    static const char head[] = "path,label,image,";
    DC3_TRY(dc3_check_found(path, "a list that dc3 select wrote", text, size));
    if (strncmp(text, head, sizeof head - 1) != 0) return DC3_OK;
    return dc3_fail(
        DC3_ERR_FORMAT,
        "%s: a table, expected a list in lines of JSON, which dc3 select writes as FILE.jsonl; the "
        "table may be the dataset itself",
        path);
}

dc3_status dc3_listed_read(const char *path, const dc3_dataset *dataset, dc3_listed **list, int64_t *count)
{
    enum { LIMIT = 1 << 30 };
    char *text = NULL;
    size_t size = 0, lines = 1;
    *list = NULL;
    *count = 0;
    DC3_TRY(dc3_file_read(path, LIMIT, &text, &size));
    for (size_t i = 0; i < size; i++) lines += text[i] == '\n';
    *list = calloc(lines, sizeof **list);
    dc3_status status = *list ? check_form(path, text, size) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = read_lines(path, dataset, text, *list, count);
    free(text);
    if (status == DC3_OK && !*count)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: expected a list that dc3 select wrote, found no line", path);
    return status;
}

void dc3_listed_free(dc3_listed *list, int64_t count)
{
    for (int64_t i = 0; list && i < count; i++) json_decref(list[i].line);
    free(list);
}
