#include "run_folder/chosen_table.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"
#include "io/csv.h"
#include "run_folder/document.h"
#include "run_folder/selection_file.h"

const char dc3_chosen_table[] = "chosen.csv";

/* How the rows are made. */
typedef struct table {
    FILE *to;
    json_t *document;
    const char *objective; /* of the run; "": none */
    GHashTable *stands;    /* names of images to GStrings, the images that they stand for */
} table;

/* The image that stands for `key` at the end: one that does may itself be left out for another. */
static const char *find_last(GHashTable *by, const char *key)
{
    const char *next;
    for (guint i = 0; i <= g_hash_table_size(by) && (next = g_hash_table_lookup(by, key)); i++) key = next;
    return key;
}

/* Of "passed_over", lists of [class, image, the image that stands for it]. */
static void read_stands(table *t, const json_t *passed)
{
    GHashTable *by = g_hash_table_new(g_str_hash, g_str_equal);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < json_array_size(passed); i++) {
            const json_t *one = json_array_get(passed, i);
            const char *key = json_string_value(json_array_get(one, 1)),
                       *stands = json_string_value(json_array_get(one, 2));
            if (!key || !stands) continue;
            if (pass == 0) {
                g_hash_table_insert(by, (gpointer)(uintptr_t)key, (gpointer)(uintptr_t)stands);
                continue;
            }
            const char *last = find_last(by, key);
            GString *text = g_hash_table_lookup(t->stands, last);
            if (!text) g_hash_table_insert(t->stands, g_strdup(last), text = g_string_new(NULL));
            g_string_append_printf(text, "%s%s", text->len ? "; " : "", key);
        }
    g_hash_table_destroy(by);
}

static void free_text(gpointer text)
{
    g_string_free(text, TRUE);
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

static void print_number(FILE *to, const json_t *number)
{
    if (json_is_integer(number))
        fprintf(to, "%lld", (long long)json_integer_value(number));
    else if (json_is_real(number))
        fprintf(to, "%.9g", json_real_value(number));
    fputc(',', to);
}

static void print_text(FILE *to, const char *text)
{
    if (*text) dc3_csv_print(to, text);
    fputc(',', to);
}

/* The texts of the edits, "; " between them. */
static void print_edits(FILE *to, const json_t *line)
{
    const json_t *prompts = json_object_get(line, "prompts");
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < json_array_size(prompts); i++) {
        const char *prompt = json_string_value(json_array_get(prompts, i));
        if (prompt) g_string_append_printf(text, "%s%s", text->len ? "; " : "", prompt);
    }
    if (text->len) dc3_csv_print(to, text->str);
    g_string_free(text, TRUE);
}

/* An image of a line: the line itself, or one of its patches. */
static void print_row(const table *t, const json_t *line, const json_t *image)
{
    const char *source = text_of(image, "source");
    const GString *stands = g_hash_table_lookup(t->stands, source);
    print_text(t->to, text_of(line, "class"));
    print_text(t->to, source);
    print_text(t->to, text_of(line, "file_name"));
    print_text(t->to, text_of(line, "method"));
    print_text(t->to, t->objective);
    print_number(t->to, json_object_get(image, "bin"));
    print_number(t->to, json_object_get(image, "rank"));
    print_number(t->to, json_object_get(image, "gain"));
    print_number(t->to, json_object_get(line, "repeat"));
    print_text(t->to, stands ? stands->str : "");
    print_edits(t->to, line);
    fputc('\n', t->to);
}

static dc3_status print_line(void *user, json_t *line)
{
    const table *t = user;
    const json_t *patches = json_object_get(line, "patches");
    if (!json_array_size(patches)) print_row(t, line, line);
    for (size_t i = 0; i < json_array_size(patches); i++) print_row(t, line, json_array_get(patches, i));
    return DC3_OK;
}

static dc3_status print_all(table *t, const char *folder)
{
    const json_t *settings = json_object_get(t->document, "settings");
    t->objective =
        *text_of(settings, "objective") ? text_of(settings, "objective") : text_of(settings, "selection");
    fputs("class,image,stored,method,objective,bin,rank,gain,repeat,stands_for,edits\n", t->to);
    char *train = dc3_path_join(folder, "train");
    dc3_status status =
        train ? dc3_metadata_each(train, print_line, t) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(train);
    return status;
}

dc3_status dc3_chosen_table_write(const char *folder, const char *chosen_in)
{
    table t = {.stands = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_text)};
    char *path = dc3_path_join(folder, dc3_chosen_table);
    json_t *selection = NULL;
    dc3_draft draft = {0};
    dc3_status status =
        path ? dc3_selection_file_read(chosen_in, &selection) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_document_read(folder, &t.document);
    if (status == DC3_OK) status = dc3_draft_open(&draft);
    if (status == DC3_OK) {
        read_stands(&t, json_object_get(selection, "passed_over"));
        t.to = draft.file;
        status = print_all(&t, folder);
    }
    status = dc3_draft_write(&draft, status, path);
    json_decref(selection);
    json_decref(t.document);
    g_hash_table_destroy(t.stands);
    free(path);
    return status;
}
