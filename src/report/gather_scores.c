/* The scores of the page: those that dc3_evaluate keeps in the run's folder, those of the comparison that the
 * run is a part of, or a file's. A row says what it is of (docs/formats.md); rows of other data are not
 * shown. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/text.h"
#include "report/gather_parts.h"
#include "report/sample.h"
#include "run_folder/document.h"
#include "run_folder/fingerprint.h"

static double number(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

/* ---- which rows are this run's ---- */

/* What the rows must be of. */
typedef struct identity {
    char *stored, *dataset; /* hashes, as texts */
    int64_t images;         /* stored ones */
    const char *method;
    int64_t ipc;
} identity;

static char *hash_copy(uint64_t hash)
{
    json_t *text = dc3_fingerprint_text(hash);
    char *copy = strdup(json_string_value(text));
    json_decref(text);
    return copy;
}

/* Of the run `folder` with this dc3.json. */
static dc3_status identify(const char *folder, const json_t *document, identity *is)
{
    const json_t *settings = json_object_get(document, "settings");
    char *train = dc3_path_join(folder, "train");
    *is = (identity){.method = text_of(settings, "method"),
                     .ipc = json_integer_value(json_object_get(settings, "ipc"))};
    if (!train) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    is->stored = hash_copy(dc3_fingerprint_folder(train));
    is->dataset = hash_copy(dc3_fingerprint_classes(json_integer_value(json_object_get(settings, "images")),
                                                    json_object_get(document, "classes")));
    free(train);
    return is->stored && is->dataset ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

static void identity_free(identity *is)
{
    free(is->stored);
    free(is->dataset);
}

/* 0 if a row says that it is of other data. */
static int belongs(const identity *is, const json_t *row)
{
    const char *stored = text_of(json_object_get(row, "settings"), "stored"),
               *dataset = text_of(row, "dataset");
    if (*stored) return strcmp(stored, is->stored) == 0;
    if (*dataset) return strcmp(dataset, is->dataset) == 0;
    if (json_object_get(row, "method") || !json_object_get(row, "images")) return 1;
    return json_integer_value(json_object_get(row, "images")) == is->images;
}

static int is_row(const json_t *row)
{
    return json_object_get(row, "arch") && json_is_number(json_object_get(row, "top1"));
}

/* Adds the rows of the file that belong to the run; how many there were in *found, and how many are of other
 * data in *others. */
static dc3_status read_file(const identity *is, const char *path, json_t *rows, int *found, int *others)
{
    char *text;
    size_t size, i;
    json_t *row;
    *found = *others = 0;
    DC3_TRY(dc3_file_read(path, 1 << 28, &text, &size));
    json_t *all = json_loadb(text, size, 0, NULL);
    free(text);
    json_array_foreach(all, i, row)
    {
        if (!is_row(row)) continue;
        ++*found;
        if (belongs(is, row))
            json_array_append(rows, row);
        else
            ++*others;
    }
    json_decref(all);
    if (*found) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: expected the scores that dc3 evaluate %s prints, found none", path,
                    dc3_setting("json"));
}

/* A file that was asked for must have rows of this run. */
static dc3_status read_asked(const identity *is, const char *path, json_t *rows)
{
    int found, others;
    DC3_TRY(read_file(is, path, rows, &found, &others));
    if (json_array_size(rows)) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: expected scores of this run's images, found those of other data",
                    path);
}

/* One that lies there by itself is left out where it cannot be read. */
static void read_found(dc3_reporting *r, const identity *is, const char *path, json_t *rows)
{
    int found, others;
    if (dc3_path_what(path) != DC3_PATH_FILE) return;
    if (read_file(is, path, rows, &found, &others) != DC3_OK)
        dc3_report_note(r, "The scores cannot be shown: %.300s", dc3_error_text());
    else if (others)
        dc3_report_note(r, "%d of %d scores in %.300s are of other data, and not shown.", others, found,
                        path);
}

/* The table of the comparison that a run at OUT/ipcN/METHOD/seedS is a part of; caller frees, NULL: none. */
static char *table_of_comparison(const char *run)
{
    char *document = dc3_path_join(run, "../../../compare.json"), *table = NULL;
    if (document && dc3_path_what(document) == DC3_PATH_FILE)
        table = dc3_path_join(run, "../../../table.json");
    free(document);
    return table;
}

static dc3_status collect(dc3_reporting *r, const identity *is)
{
    const char *run = r->options->run;
    if (r->options->scores) return read_asked(is, r->options->scores, r->rows);
    char *own = dc3_path_join(run, "scores.json"), *table = table_of_comparison(run);
    if (own) read_found(r, is, own, r->rows);
    if (table) read_found(r, is, table, r->rows);
    free(own);
    free(table);
    return own ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* ---- the rows that answer ---- */

static int same_conditions(const json_t *a, const json_t *b)
{
    static const char *const keys[] = {"arch", "labels", "epochs", "size", "augment"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *x = json_object_get(a, keys[i]), *y = json_object_get(b, keys[i]);
        if (x && y && !json_equal(x, y)) return 0;
    }
    return 1;
}

/* Of this run itself: a row without a method, or with its own. */
static int is_own(const identity *is, const json_t *row)
{
    const char *method = text_of(row, "method");
    return !*method || (strcmp(method, is->method) == 0 && number(row, "ipc") == (double)is->ipc);
}

/* The last of the run's scores, and that of random images under the same conditions. */
static void find_answers(dc3_reporting *r, const identity *is)
{
    size_t i;
    json_t *row;
    json_array_foreach(r->rows, i, row)
    {
        if (is_own(is, row)) r->score = row;
    }
    json_array_foreach(r->rows, i, row)
    {
        if (r->score && strcmp(text_of(row, "method"), "random") == 0 &&
            number(row, "ipc") == (double)is->ipc && same_conditions(row, r->score))
            r->random = row;
    }
}

/* A run of random images that stands beside this one, with as many images of each class. */
static dc3_status look_at_baseline(dc3_reporting *r, const char *folder, int64_t ipc)
{
    json_t *document = NULL, *rows = json_array(), *row;
    identity is = {0};
    size_t i;
    int found, others;
    char *path = dc3_path_join(folder, "scores.json");
    dc3_status status = dc3_document_read(folder, &document);
    if (status == DC3_OK) status = identify(folder, document, &is);
    if (status == DC3_OK && path && dc3_path_what(path) == DC3_PATH_FILE &&
        strcmp(is.method, "random") == 0 && is.ipc == ipc &&
        read_file(&is, path, rows, &found, &others) == DC3_OK)
        json_array_foreach(rows, i, row)
        {
            if (same_conditions(row, r->score)) r->random = row;
        }
    if (r->random) json_array_append(r->rows, (json_t *)(uintptr_t)r->random); /* keeps it; not shown */
    free(path);
    identity_free(&is);
    json_decref(document);
    json_decref(rows);
    return status;
}

static void note_classes(dc3_reporting *r)
{
    const json_t *accuracy = NULL;
    size_t i;
    json_t *row;
    json_array_foreach(r->rows, i, row)
    {
        if (!*text_of(row, "method") && json_object_size(json_object_get(row, "class_top1")))
            accuracy = json_object_get(row, "class_top1");
    }
    for (int64_t k = 0; k < r->classes_count; k++) {
        const char *name = text_of(json_array_get(r->lines, r->classes[k].first), "class");
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

static json_t *score_row(const json_t *s, int compared, const identity *is)
{
    char text[32];
    json_t *row = json_array();
    int named = *text_of(s, "method") != 0;
    add_text(row, text_of(s, "arch"));
    if (compared) {
        add_text(row, named ? text_of(s, "method") : is->method);
        snprintf(text, sizeof text, "%.0f", named ? number(s, "ipc") : (double)is->ipc);
        add_text(row, text);
    }
    add_text(row, text_of(s, "labels"));
    add_percent(row, s, "top1");
    add_percent(row, s, "top5");
    add_percent(row, s, "best_top1");
    snprintf(text, sizeof text, "%.0f", number(s, "seeds"));
    add_text(row, text);
    add_conditions(row, s);
    return row;
}

/* 1 if a later row has all of this one but its time. */
static int is_repeated(const json_t *rows, size_t i)
{
    for (size_t k = i + 1; k < json_array_size(rows); k++) {
        json_t *a = json_copy(json_array_get(rows, i)), *b = json_copy(json_array_get(rows, k));
        json_object_del(a, "date"), json_object_del(b, "date");
        json_object_del(a, "seconds"), json_object_del(b, "seconds");
        int same = json_equal(a, b);
        json_decref(a);
        json_decref(b);
        if (same) return 1;
    }
    return 0;
}

static void add_table(dc3_reporting *r, const identity *is)
{
    size_t i;
    json_t *score, *rows = json_array();
    int compared = 0;
    json_array_foreach(r->rows, i, score) compared |= json_object_get(score, "method") != NULL;
    json_array_foreach(r->rows, i, score)
    {
        if (!is_repeated(r->rows, i)) json_array_append_new(rows, score_row(score, compared, is));
    }
    json_t *head =
        compared ? json_pack("[s, s, s, s, s, s, s, s, s]", "Student", "Method", "Images a class", "Labels",
                             "Top-1, last (%)", "Top-5, last (%)", "Top-1, best (%)", "Seeds", "Conditions")
                 : json_pack("[s, s, s, s, s, s, s]", "Student", "Labels", "Top-1, last (%)",
                             "Top-5, last (%)", "Top-1, best (%)", "Seeds", "Conditions");
    json_object_set_new(
        r->page, "scores",
        json_pack("{s:o, s:o, s:s}", "head", head, "rows", rows, "text",
                  "The last epoch's accuracy is the score, as mean and deviation over seeds; the best of the "
                  "tests during training stands beside it."));
}

dc3_status dc3_report_scores(dc3_reporting *r)
{
    identity is;
    const char *const *against = r->options->against;
    r->rows = json_array();
    dc3_status status = identify(r->options->run, r->document, &is);
    is.images = (int64_t)json_array_size(r->lines);
    if (status == DC3_OK) status = collect(r, &is);
    if (status == DC3_OK && json_array_size(r->rows)) {
        add_table(r, &is);
        find_answers(r, &is);
        note_classes(r);
        for (int i = 0; status == DC3_OK && !r->random && r->score && against && against[i]; i++)
            status = look_at_baseline(r, against[i], is.ipc);
        if (status != DC3_OK) status = dc3_fail_in(status, "%s", dc3_setting("against"));
    }
    identity_free(&is);
    return status;
}
