#include "report/comparison_page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "gather/parts.h"
#include "gather/score_rows.h"
#include "report/place.h"

enum {
    LIMIT = 1 << 28,
    CLASSES = 8,
    SETS = 24
}; /* bytes of table.json; classes and sets of which images are shown */

typedef struct comparison {
    dc3_reporting r; /* settings, page and notes; of no run */
    json_t *table;   /* the rows */
    json_t *classes; /* of the page */
    int sets;        /* of which images are shown */
} comparison;

int dc3_report_is_comparison(const char *folder)
{
    char *document = dc3_path_join(folder, "compare.json"), *run = dc3_path_join(folder, "dc3.json");
    int is =
        document && run && dc3_path_what(document) == DC3_PATH_FILE && dc3_path_what(run) != DC3_PATH_FILE;
    free(document);
    free(run);
    return is;
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

/* NAN of what is missing, no number, or so large that no comparison finds it and texts have no room. */
static double number(const json_t *o, const char *key)
{
    const double most = 1e9;
    const json_t *field = json_object_get(o, key);
    double value = json_is_number(field) ? json_number_value(field) : NAN;
    return fabs(value) <= most ? value : NAN;
}

static dc3_status read_all(comparison *c)
{
    const char *folder = c->r.options->run;
    char *document = dc3_path_join(folder, "compare.json"), *table = dc3_path_join(folder, "table.json"),
         *text = NULL;
    size_t size;
    dc3_status status = document && table ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_json_read(document, 1 << 20, &c->r.document);
    if (status == DC3_OK && dc3_path_what(table) != DC3_PATH_FILE)
        status =
            dc3_fail(DC3_ERR_FORMAT,
                     "%s: expected a comparison with its table, found no table.json: it is not complete; the "
                     "command that began it, given again, completes it",
                     folder);
    if (status == DC3_OK) status = dc3_file_read(table, LIMIT, &text, &size);
    if (status == DC3_OK) c->table = json_loadb(text, size, 0, NULL);
    if (status == DC3_OK && !json_array_size(c->table))
        status = dc3_fail(DC3_ERR_FORMAT, "%s: expected the rows that dc3 compare writes, found none", table);
    free(text);
    free(document);
    free(table);
    c->r.settings = c->r.document;
    return status;
}

/* ---- the table ---- */

/* "28.30 +- 0.40" of a column in percent, without a place to break; with its mark. */
static const char *percent(const json_t *row, const char *key, int marked, char text[64])
{
    char deviation[40];
    const char *mark = text_of(json_object_get(row, "marks"), key);
    snprintf(deviation, sizeof deviation, "%s_deviation", key);
    double value = number(row, key), spread = number(row, deviation);
    if (isnan(value)) return "";
    snprintf(text, 64, "%.2f", 100 * value); /* cut, where the file has an absurd number */
    size_t n = strlen(text);
    if (number(row, "seeds") > 1 && !isnan(spread))
        snprintf(text + n, 64 - n, "\xc2\xa0\xc2\xb1\xc2\xa0%.2f", 100 * spread);
    n = strlen(text);
    if (marked && *mark)
        snprintf(text + n, 64 - n, "%s",
                 strcmp(mark, "best") == 0 ? "\xc2\xa0\xe2\x98\x85" : "\xc2\xa0\xe2\x89\x88");
    return text;
}

static void add(json_t *row, const char *text)
{
    json_array_append_new(row, dc3_json_text(text));
}

static void add_number(json_t *row, const char *format, double value, const char *mark)
{
    char text[64] = "";
    if (!isnan(value)) {
        int n = snprintf(text, sizeof text, format, value);
        if (strcmp(mark, "best") == 0) snprintf(text + n, sizeof text - (size_t)n, "\xc2\xa0\xe2\x98\x85");
    }
    add(row, text);
}

static json_t *table_row(const json_t *one)
{
    static const char *const shares[] = {"top1", "top5", "best_top1"};
    const json_t *marks = json_object_get(one, "marks");
    char text[64];
    json_t *row = json_array();
    snprintf(text, sizeof text, "%.0f", number(one, "ipc"));
    add(row, text_of(one, "method"));
    add(row, text);
    add(row, text_of(one, "arch"));
    add(row, text_of(one, "labels"));
    for (int i = 0; i < 3; i++) add(row, percent(one, shares[i], 1, text));
    add_number(row, "%.4f", number(one, "label_robust_score"), text_of(marks, "label_robust_score"));
    add_number(row, "%.4f", number(one, "augmentation_robust_score"),
               text_of(marks, "augmentation_robust_score"));
    add_number(row, "%.1f", number(one, "colourfulness"), "");
    add_number(row, "%.1f", number(one, "seconds_condense"), "");
    return row;
}

static void add_table(comparison *c)
{
    size_t i;
    json_t *one, *rows = json_array();
    json_array_foreach(c->table, i, one) json_array_append_new(rows, table_row(one));
    json_object_set_new(
        c->r.page, "scores",
        json_pack("{s:[s, s, s, s, s, s, s, s, s, s, s], s:o, s:s}", "head", "Method", "Images a class",
                  "Student", "Labels", "Top-1, last (%)", "Top-5, last (%)", "Top-1, best (%)", "LRS", "ARS",
                  "Colourfulness", "Seconds to condense", "rows", rows, "text",
                  "\xe2\x98\x85: the best of its images a class, student and labels; \xe2\x89\x88: the "
                  "difference from "
                  "it is within both deviations over seeds. LRS and ARS are the label-robust and the "
                  "augmentation-robust score of DD-Ranking, 0 to 1, more is better: what the images bring "
                  "beside soft "
                  "labels, and beside augmentation. The last epoch's accuracy is the score."));
}

/* ---- the first box ---- */

static int same_group(const json_t *a, const json_t *b)
{
    return number(a, "ipc") == number(b, "ipc") && strcmp(text_of(a, "arch"), text_of(b, "arch")) == 0 &&
           strcmp(text_of(a, "labels"), text_of(b, "labels")) == 0;
}

/* The rows of a group of which `first` is the first: its best, its random images, how many are not told
 * apart. Returns 1 where several methods have the best one's accuracy and no other. */
static int look_at_group(const json_t *table, size_t first, const json_t **best, const json_t **random,
                         int *close)
{
    const json_t *of = json_array_get(table, first);
    int rows = 0, differ = 0;
    *best = of, *random = NULL, *close = 0;
    for (size_t i = first; i < json_array_size(table); i++) {
        const json_t *row = json_array_get(table, i);
        if (!same_group(row, of)) continue;
        rows++;
        differ |= number(row, "top1") != number(of, "top1");
        if (number(row, "top1") > number(*best, "top1")) *best = row;
        if (strcmp(text_of(row, "method"), "random") == 0) *random = row;
        *close += strcmp(text_of(json_object_get(row, "marks"), "top1"), "within the spread") == 0;
    }
    return rows > 1 && !differ;
}

static json_t *answer_row(const json_t *table, size_t first)
{
    const json_t *best, *random, *of = json_array_get(table, first);
    int close;
    char text[300], share[64], all[32] = "not known";
    json_t *row = json_array();
    int equal = look_at_group(table, first, &best, &random, &close);
    snprintf(text, sizeof text, "%.0f per class, %.40s, %.20s labels", number(of, "ipc"), text_of(of, "arch"),
             text_of(of, "labels"));
    add(row, text);
    snprintf(text, sizeof text, "%.60s: %s %%", equal ? "no difference" : text_of(best, "method"),
             percent(best, "top1", 0, share));
    if (close) snprintf(text + strlen(text), 80, " (%d not told apart from it)", close);
    add(row, text);
    snprintf(text, sizeof text, "%s %%", random ? percent(random, "top1", 0, share) : "");
    add(row, random ? text : "not compared");
    double full = number(of, "full_top1");
    if (isnan(full)) full = number(of, "teacher_top1");
    if (!isnan(full)) snprintf(all, sizeof all, "%.2f %%", 100 * full);
    add(row, all);
    return row;
}

static void add_answers(comparison *c)
{
    json_t *rows = json_array(), *next = json_array();
    int seeds = 0;
    for (size_t i = 0; i < json_array_size(c->table); i++) {
        size_t before = 0;
        const json_t *row = json_array_get(c->table, i);
        while (before < i && !same_group(json_array_get(c->table, before), row)) before++;
        if (before == i) json_array_append_new(rows, answer_row(c->table, i));
        if (number(row, "seeds") > seeds) seeds = (int)number(row, "seeds");
    }
    if (seeds < 3) {
        char doubt[DC3_ROWS_DOUBT], text[DC3_ROWS_DOUBT + 80];
        snprintf(text, sizeof text, "Compare with three seeds or more: %s.", dc3_rows_doubt(c->table, doubt));
        add(next, text);
    }
    json_object_set_new(c->r.page, "answers",
                        json_pack("{s:s, s:s, s:[s, s, s, s], s:o, s:o}", "title",
                                  "Which method is the best?", "text", "", "head", "", "Best",
                                  "Random images", "All data", "rows", rows, "next", next));
}

/* ---- images ---- */

/* The images of one set, the first of some classes spread over all, as one group of the page. */
static dc3_status add_set(comparison *c, const char *folder, const char *name)
{
    dc3_report_options options = *c->r.options;
    dc3_report_result result = {0};
    dc3_reporting r = {.options = &options, .result = &result, .page = json_object(), .notes = json_array()};
    size_t i;
    json_t *class, *images = json_array();
    options.run = folder;
    options.listener.progress = NULL;
    if (json_array_size(c->classes)) options.listener.message = NULL; /* the first set has told all */
    json_object_set_new(r.page, "notes", r.notes);
    dc3_status status = dc3_reporting_read(&r);
    if (status == DC3_OK) status = dc3_reporting_open_data(&r);
    int64_t room = status == DC3_OK ? dc3_gather_room(&r) / c->sets : 0,
            count = room < CLASSES ? room : CLASSES;
    if (count < 1) count = 1;
    for (int64_t k = 0; status == DC3_OK && k < count; k++)
        if (r.classes_count) r.classes[k * r.classes_count / count].shown = 1;
    if (status == DC3_OK) status = dc3_gather_shown(&r);
    json_array_foreach(json_object_get(r.page, "classes"), i, class)
        json_array_extend(images, json_object_get(class, "pictures"));
    if (status == DC3_OK)
        json_array_append_new(c->classes,
                              json_pack("{s:o, s:I, s:O}", "name", dc3_json_text(name), "stored",
                                        (json_int_t)json_array_size(r.lines), "pictures", images));
    c->r.result->images += (int64_t)json_array_size(r.lines);
    c->r.result->shown += result.shown;
    c->r.result->originals += result.originals;
    json_decref(images);
    dc3_reporting_close(&r);
    return status;
}

/* 1 if no earlier row has this one's method and size. */
static int is_first(const json_t *table, size_t i)
{
    const json_t *row = json_array_get(table, i);
    for (size_t k = 0; k < i; k++) {
        const json_t *other = json_array_get(table, k);
        if (number(other, "ipc") == number(row, "ipc") &&
            strcmp(text_of(other, "method"), text_of(row, "method")) == 0)
            return 0;
    }
    return 1;
}

/* The set of a row. One that is not there, or is not complete, is left out. */
static dc3_status add_set_of(comparison *c, const json_t *row)
{
    const char *method = text_of(row, "method");
    char below[200], name[200];
    snprintf(below, sizeof below, "ipc%.0f/%.60s/seed0", number(row, "ipc"), method);
    snprintf(name, sizeof name, "%.60s, %.0f per class", method, number(row, "ipc"));
    char *folder = dc3_path_stays(below) ? dc3_path_join(c->r.options->run, below) : NULL;
    dc3_status status =
        folder ? add_set(c, folder, name) : dc3_fail(DC3_ERR_FORMAT, "%s: no such set", below);
    free(folder);
    if (status == DC3_OK || status == DC3_ERR_MEMORY || status == DC3_ERR_CANCELLED) return status;
    dc3_gather_note(&c->r, "The images of %s are not shown: %.300s", name, dc3_error_text());
    return DC3_OK;
}

static dc3_status add_sets(comparison *c)
{
    size_t rows = json_array_size(c->table);
    int done = 0;
    for (size_t i = 0; i < rows; i++) c->sets += is_first(c->table, i);
    if (c->sets > SETS) c->sets = SETS;
    for (size_t i = 0; i < rows && done < c->sets; i++) {
        if (!is_first(c->table, i)) continue;
        const dc3_listener *listener = &c->r.options->listener;
        DC3_TRY(add_set_of(c, json_array_get(c->table, i)));
        done++;
        if (listener->progress) listener->progress(listener->user, "report", done, c->sets);
    }
    return DC3_OK;
}

/* Says where labels are of a teacher that was taken against the checks. */
static void note_teacher(comparison *c)
{
    size_t i;
    json_t *row;
    json_array_foreach(c->table, i, row)
    {
        if (!json_is_true(json_object_get(row, "any_teacher"))) continue;
        dc3_gather_note(
            &c->r,
            "Soft labels are of a teacher that is hardly one of these classes, taken with %s: top-1 "
            "%.2f %% on the test images.",
            dc3_setting("any_teacher"), 100 * number(row, "teacher_top1"));
        return;
    }
}

static dc3_status join(comparison *c)
{
    char *folder = dc3_path_real(c->r.options->run), text[1200];
    if (!folder) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    const char *slash = strrchr(folder, '/');
    json_object_set_new(c->r.page, "title", dc3_json_text(slash && slash[1] ? slash + 1 : folder));
    snprintf(text, sizeof text, "Methods compared on %.500s, tested on %.500s.",
             text_of(c->r.settings, "data"), text_of(c->r.settings, "val"));
    json_object_set_new(c->r.page, "subtitle", dc3_json_text(text));
    free(folder);
    note_teacher(c);
    add_answers(c);
    add_table(c);
    json_object_set(c->r.page, "classes", c->classes);
    DC3_TRY(add_sets(c));
    return dc3_gather_settings(&c->r);
}

dc3_status dc3_report_comparison(const dc3_report_options *options, dc3_report_result *result)
{
    comparison c = {.r = {.options = options, .result = result, .page = json_object(), .notes = json_array()},
                    .classes = json_array()};
    *result = (dc3_report_result){0};
    json_object_set_new(c.r.page, "notes", c.r.notes);
    char *place = NULL;
    dc3_status status = read_all(&c);
    if (status == DC3_OK) status = dc3_report_find_place(&c.r, &place);
    if (status == DC3_OK) status = join(&c);
    if (status == DC3_OK) status = dc3_report_write_page(&c.r, place);
    free(place);
    json_decref(c.table);
    json_decref(c.classes);
    dc3_reporting_close(&c.r);
    return status;
}
