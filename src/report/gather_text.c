/* The parts of the report that are words: settings, scores, times, skipped images. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "report/gather_parts.h"
#include "dc3/progress.h"
#include "dc3/text.h"

enum { SKIPPED = 1000 }; /* images that are listed */

static void print_value(FILE *to, const json_t *v)
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
        print_value(to, one);
    }
    i = 0;
    json_object_foreach((json_t *)(uintptr_t)v, key, one)
    {
        fprintf(to, "%s%s ", i++ ? ", " : "", key);
        print_value(to, one);
    }
}

char *dc3_report_value(const json_t *value)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to) return NULL;
    print_value(to, value);
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
                                            {"bins", "Bins a class"},
                                            {"components", "Components of the PCA"},
                                            {"similarity", "Similarity by"},
                                            {"dtype", "Compute type"},
                                            {"size", "Stored size, pixels"},
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

dc3_status dc3_report_settings(dc3_reporting *r)
{
    const char *key;
    json_t *value, *list = json_array();
    char label[64];
    json_object_foreach(r->settings, key, value)
    {
        char *text = dc3_report_value(value);
        if (text && *text) json_array_append_new(list, dc3_report_pair(label_of(key, label), text));
        free(text);
    }
    const char *version = json_string_value(json_object_get(r->document, "version"));
    if (version) json_array_append_new(list, dc3_report_pair("Version of dc3", version));
    json_object_set_new(r->page, "settings", list);
    return DC3_OK;
}

static double number(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

static void add_text(json_t *row, const char *text)
{
    json_array_append_new(row, dc3_json_text(text ? text : ""));
}

/* A score in percent, with its deviation where there are several seeds. */
static void add_percent(json_t *row, const json_t *score, const char *key)
{
    char text[64] = "", deviation[32];
    snprintf(deviation, sizeof deviation, "%s_deviation", key);
    if (json_is_number(json_object_get(score, key)))
        snprintf(text, sizeof text, "%.2f", 100 * number(score, key));
    if (*text && number(score, "seeds") > 1 && json_is_number(json_object_get(score, deviation)))
        snprintf(text + strlen(text), sizeof text - strlen(text), " \xc2\xb1 %.2f",
                 100 * number(score, deviation));
    add_text(row, text);
}

/* Under which conditions a score was made. */
static void add_conditions(json_t *row, const json_t *s)
{
    char text[300];
    int n = 0;
    const char *teacher = json_string_value(json_object_get(s, "teacher"));
    if (json_object_get(s, "epochs")) /* %.9g: a number may be anything, and is short so */
        n = snprintf(text, sizeof text, "%.9g epochs, batches of %.9g, %.9g px", number(s, "epochs"),
                     number(s, "batch"), number(s, "size"));
    if (n && teacher)
        snprintf(text + n, sizeof text - (size_t)n, ", teacher %.32s at temperature %g", teacher,
                 number(s, "temperature"));
    add_text(row, n ? text : "");
}

static json_t *score_row(const json_t *s, int compared)
{
    char text[32];
    json_t *row = json_array();
    add_text(row, json_string_value(json_object_get(s, "arch")));
    if (compared) {
        add_text(row, json_string_value(json_object_get(s, "method")));
        snprintf(text, sizeof text, "%.0f", number(s, "ipc"));
        add_text(row, text);
    }
    add_text(row, json_string_value(json_object_get(s, "labels")));
    add_percent(row, s, "top1");
    add_percent(row, s, "top5");
    add_percent(row, s, "best_top1");
    snprintf(text, sizeof text, "%.0f", number(s, "seeds"));
    add_text(row, text);
    if (!compared) add_conditions(row, s);
    return row;
}

/* The rows of `dc3 evaluate --json`, or of the table of `dc3 compare`, whose rows name their methods. */
static dc3_status read_scores(dc3_reporting *r, const char *path)
{
    char *text;
    size_t size, i;
    json_t *score;
    DC3_TRY(dc3_file_read(path, 1 << 24, &text, &size));
    json_t *all = json_loadb(text, size, 0, NULL), *rows = json_array();
    free(text);
    int compared = json_object_get(json_array_get(all, 0), "method") != NULL;
    json_array_foreach(all, i, score) if (json_object_get(score, "arch") &&
                                          json_is_number(json_object_get(score, "top1")))
        json_array_append_new(rows, score_row(score, compared));
    json_decref(all);
    if (!json_array_size(rows)) {
        json_decref(rows);
        return dc3_fail(DC3_ERR_FORMAT, "%s: expected the scores that dc3 evaluate %s prints, found none",
                        path, dc3_setting("json"));
    }
    json_t *head = compared
                       ? json_pack("[s, s, s, s, s, s, s, s]", "Student", "Method", "Images a class",
                                   "Labels", "Top-1, last (%)", "Top-5, last (%)", "Top-1, best (%)", "Seeds")
                       : json_pack("[s, s, s, s, s, s, s]", "Student", "Labels", "Top-1, last (%)",
                                   "Top-5, last (%)", "Top-1, best (%)", "Seeds", "Conditions");
    json_t *scores = json_object();
    json_object_set_new(scores, "head", head);
    json_object_set_new(scores, "rows", rows);
    json_object_set_new(
        scores, "text",
        json_string("The last epoch's accuracy is the score, as mean and deviation over seeds; the "
                    "best of the tests during training stands beside it."));
    json_object_set_new(r->page, "scores", scores);
    return DC3_OK;
}

dc3_status dc3_report_scores(dc3_reporting *r)
{
    if (r->options->scores) return read_scores(r, r->options->scores);
    char *path = dc3_path_join(r->options->run, "scores.json");
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (dc3_path_what(path) == DC3_PATH_FILE && read_scores(r, path) != DC3_OK)
        dc3_report_note(r, "The scores cannot be shown: %.300s", dc3_error_text());
    free(path);
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
        double seconds = p->seconds[i];
        snprintf(text, sizeof text, seconds < 10 ? "%.2f s" : seconds < 1000 ? "%.1f s" : "%.0f s", seconds);
        json_t *row = dc3_report_pair(p->names[i], text);
        json_array_append_new(row, json_real(longest > 0 ? seconds / longest : 0));
        json_array_append_new(rows, row);
    }
    return rows;
}

dc3_status dc3_report_times(dc3_reporting *r)
{
    char duration[DC3_NUMBER_TEXT], text[400];
    double sum = 0;
    dc3_progress p;
    DC3_TRY(dc3_progress_read(r->options->run, &p));
    for (int i = 0; i < p.stages; i++) sum += p.seconds[i];
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

dc3_status dc3_report_skipped(dc3_reporting *r)
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
