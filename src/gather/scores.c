/* The scores of the page: those that dc3_evaluate keeps in the run's folder, beside them those of the
 * comparison that the run is a part of, or a file's. */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/listener.h"
#include "gather/parts.h"
#include "gather/sample.h"
#include "gather/score_answer.h"
#include "gather/score_rows.h"
#include "run_folder/document.h"
#include "run_folder/fingerprint.h"

/* ---- which rows there are ---- */

/* "random at 1, random at 10": what a table's rows are of. */
static void list_others(const json_t *rows, const dc3_identity *is, char text[200])
{
    size_t i, n = 0;
    json_t *row;
    *text = 0;
    json_array_foreach(rows, i, row)
    {
        char one[80], amount[DC3_ROW_AMOUNT];
        if (dc3_row_kind_of(is, row) != DC3_ROW_BESIDE) continue;
        snprintf(one, sizeof one, "%.30s at %.30s", dc3_row_text(row, "method"), dc3_row_amount(row, amount));
        if (n + strlen(one) + 3 > 200 || strstr(text, one)) continue;
        n += (size_t)snprintf(text + n, 200 - n, "%s%s", n ? ", " : "", one);
    }
}

/* A file that was asked for must have rows of this run, or of students that were trained on all of its
 * dataset. */
static dc3_status read_asked(const dc3_identity *is, const char *path, json_t *rows)
{
    int counts[DC3_ROW_KINDS];
    char others[200], amount[DC3_ROW_AMOUNT];
    json_t *found = json_array();
    dc3_status status = dc3_rows_read(is, path, found, counts);
    list_others(found, is, others);
    if (status == DC3_OK && !counts[DC3_ROW_OWN] && !counts[DC3_ROW_LIKE] && !counts[DC3_ROW_FULL])
        status =
            counts[DC3_ROW_BESIDE]
                ? dc3_fail(DC3_ERR_FORMAT,
                           "%s: expected a row of this run's set (%.64s at %s), found those of others: %s",
                           path, is->method, dc3_identity_amount(is, amount), others)
                : dc3_fail(DC3_ERR_FORMAT,
                           "%s: expected scores of this run's images, found those of other data", path);
    json_decref(found);
    return status == DC3_OK ? dc3_rows_read(is, path, rows, counts) : status;
}

/* One that lies there by itself is left out where it cannot be read. */
static void read_found(dc3_reporting *r, const dc3_identity *is, const char *path)
{
    int counts[DC3_ROW_KINDS], found = 0;
    if (dc3_path_what(path) != DC3_PATH_FILE) return;
    dc3_status status = dc3_rows_read(is, path, r->rows, counts);
    for (int i = 0; i < DC3_ROW_KINDS; i++) found += counts[i];
    if (status != DC3_OK)
        dc3_gather_note(r, "The scores cannot be shown: %.300s", dc3_error_text());
    else if (counts[DC3_ROW_OTHER])
        dc3_gather_note(r, "%d of %d scores in %.300s are of other data, and not shown.",
                        counts[DC3_ROW_OTHER], found, path);
}

/* The table of the comparison that a run at OUT/ipcN/METHOD/seedS or OUT/budgetB/METHOD/seedS is a part of;
 * caller frees, NULL: none. */
static char *table_of_comparison(const char *run)
{
    char *document = dc3_path_join(run, "../../../compare.json"), *table = NULL;
    if (document && dc3_path_what(document) == DC3_PATH_FILE)
        table = dc3_path_join(run, "../../../table.json");
    free(document);
    return table;
}

static dc3_status collect(dc3_reporting *r, const dc3_identity *is)
{
    const char *run = r->options->run;
    char *own = dc3_path_join(run, "scores.json"), *table = table_of_comparison(run);
    dc3_status status = own ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (own) read_found(r, is, own);
    if (table) read_found(r, is, table);
    if (status == DC3_OK && r->options->scores) status = read_asked(is, r->options->scores, r->rows);
    free(own);
    free(table);
    return status;
}

/* ---- random images in another run's folder ---- */

/* Its rows become those of a comparison's method. */
static void add_baseline(dc3_reporting *r, const dc3_identity *is, const json_t *rows)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (dc3_row_kind_of(is, row) != DC3_ROW_OWN) continue;
        json_t *copy = json_copy(row);
        json_object_set_new(copy, "method", json_string("random"));
        json_object_set_new(copy, "ipc", json_integer(is->ipc));
        if (is->total) json_object_set_new(copy, "total", json_integer(is->total));
        if (is->budget) json_object_set_new(copy, "budget", json_integer(is->budget));
        json_array_append_new(r->baselines, copy);
    }
}

/* The scores of a run of random images, or why they are of no use. */
static void take_baseline(dc3_reporting *r, const char *folder, const char *path, const dc3_identity *is,
                          const dc3_identity *here)
{
    int counts[DC3_ROW_KINDS];
    char *why = r->why_random, there[DC3_ROW_AMOUNT], own[DC3_ROW_AMOUNT];
    size_t room = sizeof r->why_random;
    json_t *rows = json_array();
    if (strcmp(is->dataset, here->dataset) != 0)
        snprintf(why, room, "the random images in %.200s are of another dataset", folder);
    else if (!dc3_identity_as_many(is, here))
        snprintf(why, room, "the random images in %.150s are %s, here %s", folder,
                 dc3_identity_amount(is, there), dc3_identity_amount(here, own));
    else if (dc3_path_what(path) != DC3_PATH_FILE || dc3_rows_read(is, path, rows, counts) != DC3_OK ||
             !counts[DC3_ROW_OWN])
        snprintf(why, room, "the random images in %.200s have no scores; dc3 evaluate makes them", folder);
    else
        add_baseline(r, is, rows);
    json_decref(rows);
}

/* A run that stands beside this one, if it is one of random images. */
static dc3_status read_baseline(dc3_reporting *r, const char *folder, const dc3_identity *here)
{
    json_t *document = NULL;
    dc3_identity is = {0};
    char *path = dc3_path_join(folder, "scores.json");
    dc3_status status =
        path ? dc3_document_read(folder, &document) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_identity_of(folder, document, &is);
    if (status == DC3_OK && strcmp(is.method, "random") == 0) take_baseline(r, folder, path, &is, here);
    free(path);
    dc3_identity_free(&is);
    json_decref(document);
    return status;
}

/* ---- what the page has of them ---- */

/* The accuracy of the classes, of the row that answers, or the last that has it. */
static void note_classes(dc3_reporting *r, const dc3_identity *is)
{
    size_t i;
    json_t *row;
    json_array_foreach(r->rows, i, row)
    {
        if (json_object_size(json_object_get(row, "class_top1")) && dc3_row_kind_of(is, row) == DC3_ROW_OWN &&
            !json_object_get(row, "diverged") && (!r->by_class || r->by_class != r->score))
            r->by_class = row;
    }
    const json_t *accuracy = json_object_get(r->by_class, "class_top1");
    for (int64_t k = 0; k < r->classes_count; k++) {
        const char *name = dc3_row_text(json_array_get(r->lines, r->classes[k].first), "class");
        const json_t *value = json_object_get(accuracy, name);
        if (json_is_number(value)) r->classes[k].top1 = json_number_value(value);
    }
}

/* ---- the table ---- */

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
        snprintf(text, sizeof text, "%.2f", 100 * dc3_row_number(score, key));
    if (*text && dc3_row_number(score, "seeds") > 1 && json_is_number(json_object_get(score, deviation)))
        snprintf(text + strlen(text), sizeof text - strlen(text), "\xc2\xa0\xc2\xb1\xc2\xa0%.2f",
                 100 * dc3_row_number(score, deviation));
    add_text(row, text);
}

/* On what it was tested, and whether that is what the run's images were chosen from. */
static void say_tests(const dc3_reporting *r, const json_t *s, GString *text)
{
    const json_t *settings = json_object_get(s, "settings"), *val = json_object_get(settings, "val_path"),
                 *part = json_object_get(settings, "val_split");
    if (!json_is_string(val)) return;
    g_string_append_printf(text, ", tested on %.0f images of %.200s", dc3_row_number(s, "test_images"),
                           json_string_value(val));
    if (json_is_string(part)) g_string_append_printf(text, " (split %.60s)", json_string_value(part));
    double images = dc3_row_number(s, "test_images") + dc3_row_number(s, "test_unreadable");
    if (!r->data || images != (double)dc3_dataset_size(r->data)) return;
    json_t *all = dc3_fingerprint_text(dc3_fingerprint_images(r->data));
    if (json_equal(all, json_object_get(settings, "val")))
        g_string_append(text, ", from which the run's images were chosen");
    json_decref(all);
}

/* Under which conditions a score was made. A number of a file may be anything, and its text of any length. */
static void add_conditions(const dc3_reporting *r, json_t *row, const json_t *s)
{
    char departures[160];
    const char *teacher = json_string_value(json_object_get(s, "teacher"));
    double temperature = dc3_row_number(s, "temperature");
    if (!temperature) temperature = dc3_row_number(json_object_get(s, "settings"), "temperature");
    GString *text = g_string_new(json_object_get(s, "epochs") ? "" : "not said");
    if (json_object_get(s, "epochs"))
        g_string_printf(text, "%.9g epoch%s, batches of %.9g, %.9g px", dc3_row_number(s, "epochs"),
                        dc3_row_number(s, "epochs") == 1 ? "" : "s", dc3_row_number(s, "batch"),
                        dc3_row_number(s, "size"));
    int several = json_array_size(json_object_get(s, "teachers")) > 1;
    if (teacher && json_object_get(s, "epochs"))
        g_string_append_printf(text, ", %s %.*s", several ? "averaged logits of teachers" : "teacher",
                               several ? 200 : 32, teacher);
    if (teacher && json_object_get(s, "epochs") && temperature > 0)
        g_string_append_printf(text, " at temperature %g", temperature);
    if (teacher && json_is_number(json_object_get(s, "teacher_top1")))
        g_string_append_printf(text, " (top-1 %.2f\xc2\xa0%%)", 100 * dc3_row_number(s, "teacher_top1"));
    if (json_object_get(s, "any_teacher"))
        g_string_append_printf(text, ", which is hardly one of these classes (%.40s)",
                               dc3_setting("any_teacher"));
    if (*dc3_row_text(s, "recipe")) g_string_append_printf(text, ", recipe %.16s", dc3_row_text(s, "recipe"));
    g_string_append(text, dc3_row_departures(s, departures));
    if (dc3_row_number(s, "diverged") > 0) g_string_append(text, "; the training diverged");
    say_tests(r, s, text);
    add_text(row, text->str);
    g_string_free(text, TRUE);
}

/* What a row is of: "dc3 (this set)". */
static void add_method(json_t *row, const json_t *s, const dc3_identity *is)
{
    char text[120], amount[DC3_ROW_AMOUNT];
    const char *named = dc3_row_text(s, "method");
    dc3_row_kind kind = dc3_row_kind_of(is, s);
    if (kind == DC3_ROW_FULL)
        snprintf(text, sizeof text, "all data");
    else
        snprintf(text, sizeof text, "%.64s%s", *named ? named : is->method,
                 kind == DC3_ROW_LIKE ? " (other sets)"
                 : !*named            ? " (this set)"
                                      : "");
    add_text(row, text);
    if (*named)
        dc3_row_amount(s, amount);
    else if (is->total || is->budget)
        dc3_identity_amount(is, amount);
    else
        snprintf(amount, sizeof amount, "%lld", (long long)is->ipc);
    add_text(row, kind == DC3_ROW_FULL ? "" : amount);
}

static json_t *score_row(const dc3_reporting *r, const json_t *s, int compared, const dc3_identity *is)
{
    char text[32];
    json_t *row = json_array();
    add_text(row, dc3_row_text(s, "arch"));
    if (compared) add_method(row, s, is);
    add_text(row, dc3_row_text(s, "labels"));
    add_percent(row, s, "top1");
    add_percent(row, s, "top5");
    add_percent(row, s, "best_top1");
    snprintf(text, sizeof text, "%.0f", dc3_row_number(s, "seeds"));
    add_text(row, text);
    add_conditions(r, row, s);
    return row;
}

/* Marks the rows of which a later one has all but the time: [rows], caller frees; NULL without memory. */
static char *mark_repeated(const json_t *rows)
{
    size_t n = json_array_size(rows);
    char *marks = calloc(n + 1, 1);
    GHashTable *later = g_hash_table_new_full(g_str_hash, g_str_equal, free, NULL);
    while (marks && n-- > 0) {
        json_t *row = json_copy(json_array_get(rows, n));
        json_object_del(row, "date"), json_object_del(row, "seconds");
        char *text = json_dumps(row, JSON_COMPACT | JSON_SORT_KEYS);
        marks[n] = text && !g_hash_table_add(later, text);
        json_decref(row);
    }
    g_hash_table_destroy(later);
    return marks;
}

/* What the rows are, and which of them the first box takes. */
static void say_answer(const dc3_reporting *r, char *text, size_t size)
{
    int n =
        snprintf(text, size,
                 "The last epoch's accuracy is the score, as mean and deviation over seeds; the best of the "
                 "tests during training stands beside it.");
    if (r->score && json_array_size(r->rows) > 1)
        snprintf(text + n, size - (size_t)n,
                 " The first box takes %.24s, %.12s labels, %.9g epoch%s, %.0f seed%s%s.",
                 dc3_row_text(r->score, "arch"), dc3_row_text(r->score, "labels"),
                 dc3_row_number(r->score, "epochs"), dc3_row_number(r->score, "epochs") == 1 ? "" : "s",
                 dc3_row_number(r->score, "seeds"), dc3_row_number(r->score, "seeds") > 1 ? "s" : "",
                 r->random ? ", beside random images under the same conditions" : "");
}

static void add_table(dc3_reporting *r, const dc3_identity *is)
{
    size_t i;
    json_t *score, *rows = json_array();
    int compared = 0;
    char text[500], *repeated = mark_repeated(r->rows);
    json_array_foreach(r->rows, i, score) compared |=
        json_object_get(score, "method") != NULL || dc3_row_kind_of(is, score) == DC3_ROW_FULL;
    json_array_foreach(r->rows, i, score)
    {
        if (!repeated || !repeated[i]) json_array_append_new(rows, score_row(r, score, compared, is));
    }
    free(repeated);
    json_t *head =
        compared ? json_pack("[s, s, s, s, s, s, s, s, s]", "Student", "Method",
                             is->total || is->budget ? "Images" : "Images a class", "Labels",
                             "Top-1, last (%)", "Top-5, last (%)", "Top-1, best (%)", "Seeds", "Conditions")
                 : json_pack("[s, s, s, s, s, s, s]", "Student", "Labels", "Top-1, last (%)",
                             "Top-5, last (%)", "Top-1, best (%)", "Seeds", "Conditions");
    say_answer(r, text, sizeof text);
    json_object_set_new(r->page, "scores",
                        json_pack("{s:o, s:o, s:s}", "head", head, "rows", rows, "text", text));
}

dc3_status dc3_gather_scores(dc3_reporting *r)
{
    dc3_identity is;
    const char *const *against = r->options->against;
    r->rows = json_array();
    r->baselines = json_array();
    dc3_status status = dc3_identity_of(r->options->run, r->document, &is);
    is.images = (int64_t)json_array_size(r->lines);
    if (status == DC3_OK) status = collect(r, &is);
    if (status == DC3_OK && json_array_size(r->rows)) {
        for (int i = 0; status == DC3_OK && against && against[i]; i++)
            status = read_baseline(r, against[i], &is);
        if (status != DC3_OK) status = dc3_fail_in(status, "%s", dc3_setting("against"));
        dc3_scores_answer(r, &is, r->baselines);
        add_table(r, &is);
        note_classes(r, &is);
    }
    dc3_identity_free(&is);
    return status;
}
