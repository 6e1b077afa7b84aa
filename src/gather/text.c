/* The parts of the report that are words: settings, scores, times, skipped images. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "gather/parts.h"
#include "dc3/progress.h"
#include "run_folder/sources.h"
#include "dc3/text.h"

enum { SKIPPED = 1000 }; /* images that are listed */

/* Objects inside others or lists stand in parentheses. */
static void print_value(FILE *to, const json_t *v, int inside)
{
    const char *key;
    json_t *one;
    size_t i;
    if (json_is_string(v))
        fputs(json_string_value(v), to);
    else if (json_is_integer(v))
        fprintf(to, "%lld", (long long)json_integer_value(v));
    else if (json_is_real(v))
        fprintf(to, "%.4g", json_real_value(v));
    else if (json_is_boolean(v))
        fputs(json_is_true(v) ? "yes" : "no", to);
    json_array_foreach(v, i, one)
    {
        fputs(i ? ", " : "", to);
        print_value(to, one, 1);
    }
    i = 0;
    int encloses = inside && json_is_object(v);
    if (encloses) fputc('(', to);
    json_object_foreach((json_t *)(uintptr_t)v, key, one)
    {
        fprintf(to, "%s%s ", i++ ? ", " : "", key);
        print_value(to, one, 1);
    }
    if (encloses) fputc(')', to);
}

char *dc3_gather_value(const json_t *value)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to) return NULL;
    print_value(to, value, 0);
    if (fclose(to) == 0) return text;
    free(text);
    return NULL;
}

/* What the settings are called where their key says too little. */
static const char *label_of(const char *key, char text[64])
{
    static const char *const labels[][2] = {{"data", "Dataset"},
                                            {"images", "Images in the dataset"},
                                            {"ipc", "Images a class"},
                                            {"total", "Images in all"},
                                            {"listed", "Images to compensate"},
                                            {"bins", "Bins a class"},
                                            {"components", "Components of the PCA"},
                                            {"similarity", "Similarity by"},
                                            {"dtype", "Compute type"},
                                            {"size", "Stored size, pixels"},
                                            {"view_size", "Size for students, pixels"},
                                            {"feature_size", "Size for features, pixels"},
                                            {"edit_size", "Size for edits, pixels"},
                                            {"teacher_size", "Size for the teacher, pixels"},
                                            {"own_teacher", "Teacher of its own"},
                                            {"combine", "Edits combined as"},
                                            {"fit", "Fitted by"}};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (strcmp(labels[i][0], key) == 0) return labels[i][1];
    snprintf(text, 64, "%s", key);
    for (char *c = text; *c; c++)
        if (*c == '_') *c = ' ';
    if (*text >= 'a' && *text <= 'z') *text = (char)(*text - 'a' + 'A');
    return text;
}

/* How many images, where that was not said of each class: settings have what was planned. NULL: as the
 * setting says. Caller frees. */
static char *amount_of(const dc3_reporting *r, const char *key)
{
    char text[48], count[32];
    const json_t *budget = json_object_get(r->settings, "budget");
    if (strcmp(key, "ipc") == 0 && dc3_gather_is_uneven(r)) return strdup(dc3_gather_each(r, text));
    if (strcmp(key, "total") == 0 && budget)
        return strdup(dc3_gather_count((int64_t)json_array_size(r->lines), count));
    if (strcmp(key, "budget") == 0) return strdup(dc3_exact_size_text(json_number_value(budget), text));
    return NULL;
}

dc3_status dc3_gather_settings(dc3_reporting *r)
{
    const char *key;
    json_t *value, *list = json_array();
    char label[64];
    json_object_foreach(r->settings, key, value)
    {
        char *text = amount_of(r, key);
        if (!text) text = dc3_gather_value(value);
        if (text && *text) json_array_append_new(list, dc3_gather_pair(label_of(key, label), text));
        free(text);
    }
    size_t i;
    json_array_foreach(json_object_get(r->document, "budget_choices"), i, value)
        json_array_append_new(list, dc3_gather_pair("Chosen for the budget", json_string_value(value)));
    double bytes = r->train ? dc3_sources_stored_bytes(r->train, r->lines) : 0;
    char size[DC3_NUMBER_TEXT];
    if (bytes > 0)
        json_array_append_new(list, dc3_gather_pair("Bytes of the images", dc3_size_text(bytes, size)));
    const char *version = json_string_value(json_object_get(r->document, "version"));
    if (version) json_array_append_new(list, dc3_gather_pair("Version of dc3", version));
    json_object_set_new(r->page, "settings", list);
    return DC3_OK;
}

/* The stages as rows of name, text and share of the longest. */
static json_t *stage_rows(const dc3_progress *p)
{
    char text[32];
    double longest = 0;
    json_t *rows = json_array();
    for (int i = 0; i < p->stages; i++) longest = p->seconds[i] > longest ? p->seconds[i] : longest;
    for (int i = 0; i < p->stages; i++) {
        if (strcmp(p->names[i], "report") == 0) continue; /* which is being made */
        double seconds = p->seconds[i];
        snprintf(text, sizeof text, seconds < 10 ? "%.2f s" : seconds < 1000 ? "%.1f s" : "%.0f s", seconds);
        json_t *row = dc3_gather_pair(p->names[i], text);
        json_array_append_new(row, json_real(longest > 0 ? seconds / longest : 0));
        json_array_append_new(rows, row);
    }
    return rows;
}

dc3_status dc3_gather_times(dc3_reporting *r)
{
    char duration[DC3_NUMBER_TEXT], text[400];
    double sum = 0;
    dc3_progress p;
    DC3_TRY(dc3_progress_read(r->options->run, &p));
    for (int i = 0; i < p.stages; i++)
        if (strcmp(p.names[i], "report") != 0) sum += p.seconds[i];
    int n = snprintf(text, sizeof text, "%s in all; at most %.0f MB of memory.",
                     dc3_duration_text(sum, duration), 1e-6 * (double)p.peak_bytes);
    if (p.calls > 1)
        n += snprintf(text + n, sizeof text - (size_t)n, " Summed over %lld calls of the program.",
                      (long long)p.calls);
    if (p.cached_seconds > 0)
        snprintf(text + n, sizeof text - (size_t)n,
                 " The features came from the cache; they took %lld s when they were made.",
                 (long long)p.cached_seconds);
    if (p.stages)
        json_object_set_new(r->page, "times", json_pack("{s:o, s:s}", "rows", stage_rows(&p), "text", text));
    dc3_progress_free(&p);
    return DC3_OK;
}

dc3_status dc3_gather_skipped(dc3_reporting *r)
{
    char *path = dc3_path_join(r->options->run, "skipped.txt"), *text = NULL, *rest, *line;
    size_t size;
    json_int_t more = 0;
    json_t *list = json_array();
    dc3_status status = path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && dc3_path_what(path) == DC3_PATH_FILE)
        status = dc3_file_read(path, 1 << 28, &text, &size);
    rest = text;
    while (text && (line = strsep(&rest, "\n")))
        if (*line && json_array_size(list) < SKIPPED)
            json_array_append_new(list, dc3_json_text(line));
        else
            more += *line != 0;
    json_object_set_new(r->page, "skipped", list);
    json_object_set_new(r->page, "skipped_more", json_integer(more));
    free(text);
    free(path);
    return status;
}
