#include "report/comparison_page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "gather/parts.h"
#include "report/comparison_rows.h"
#include "report/place.h"
#include "run_folder/document.h"

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

static dc3_status read_all(comparison *c)
{
    const char *folder = c->r.options->run;
    char *document = dc3_path_join(folder, "compare.json"), *table = dc3_path_join(folder, "table.json"),
         *text = NULL;
    size_t size;
    dc3_status status = document && table ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_json_read(document, 1 << 20, &c->r.document);
    dc3_document_drop_unset(c->r.document);
    dc3_document_use_names(c->r.document);
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

/* 1 if no earlier row has this one's method and size. */
static int is_first(const json_t *table, size_t i)
{
    const json_t *row = json_array_get(table, i);
    for (size_t k = 0; k < i; k++) {
        const json_t *other = json_array_get(table, k);
        if (dc3_comparison_amount(other) == dc3_comparison_amount(row) &&
            strcmp(dc3_row_text(other, "method"), dc3_row_text(row, "method")) == 0)
            return 0;
    }
    return 1;
}

static int has_score(const json_t *row)
{
    return json_is_number(json_object_get(row, "top1"));
}

/* Notes which methods take more than a budget; of the rows those without any score go. */
static void take_out_unmet(comparison *c)
{
    char text[48];
    for (size_t i = 0; i < json_array_size(c->table); i++) {
        const json_t *row = json_array_get(c->table, i);
        double needed = dc3_comparison_number(row, "needed_bytes");
        if (needed > 0 && is_first(c->table, i))
            dc3_gather_note(
                &c->r, "%.60s %s a budget of %s: an image of each class takes at least about %.0f bytes.",
                dc3_row_text(row, "method"),
                has_score(row) ? "with some seeds does not keep" : "does not keep",
                dc3_comparison_amount_text(row, text), needed);
    }
    for (size_t i = json_array_size(c->table); i-- > 0 && json_array_size(c->table) > 1;)
        if (!has_score(json_array_get(c->table, i))) json_array_remove(c->table, i);
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

/* The set of a row. One that is not there, or is not complete, is left out. */
static dc3_status add_set_of(comparison *c, const json_t *row)
{
    const char *method = dc3_row_text(row, "method");
    char below[200], name[200], text[48];
    double amount = dc3_comparison_amount(row);
    snprintf(below, sizeof below, "%s%.0f/%.60s/seed0", amount < 0 ? "budget" : "ipc", fabs(amount), method);
    snprintf(name, sizeof name, "%.60s, %s", method, dc3_comparison_amount_text(row, text));
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
            dc3_setting("any_teacher"), 100 * dc3_comparison_number(row, "teacher_top1"));
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
             dc3_row_text(c->r.settings, "data"), dc3_row_text(c->r.settings, "val"));
    json_object_set_new(c->r.page, "subtitle", dc3_json_text(text));
    free(folder);
    note_teacher(c);
    take_out_unmet(c);
    dc3_comparison_answers(c->r.page, c->table);
    dc3_comparison_charts(c->r.page, c->table);
    dc3_comparison_table(c->r.page, c->table);
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
