/* The report of a run: what its folder and its dataset hold, joined for the page (src/gather). */
#include "gather/gather.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/call.h"
#include "base/file.h"
#include "base/options.h"
#include "base/lock.h"
#include "run_folder/document.h"
#include "run_folder/work.h"
#include "dc3/condense.h"
#include "report/comparison_page.h"
#include "gather/parts.h"
#include "report/place.h"
#include "report/report.h"
#include "gather/sample.h"
#include "report/training_page.h"

dc3_report_options dc3_report_defaults(void)
{
    return (dc3_report_options){.struct_size = sizeof(dc3_report_options), .threads = 1};
}

/* The summary of a method by its name; NULL: unknown here. */
static const char *summary_of(const char *method)
{
    for (int i = 0; method && dc3_method_name(i); i++)
        if (strcmp(dc3_method_name(i), method) == 0) return dc3_method_summary(i);
    return NULL;
}

static void add_figure(json_t *facts, int64_t n, const char *what, const char *unit)
{
    char count[32], text[64];
    if (n < 1) return;
    snprintf(text, sizeof text, "%s%s", dc3_gather_count(n, count), unit);
    json_array_append_new(facts, dc3_gather_pair(text, what));
}

static dc3_status add_head(dc3_reporting *r)
{
    const json_t *s = r->settings;
    const char *method = json_string_value(json_object_get(s, "method")),
               *data = json_string_value(json_object_get(s, "data")), *summary = summary_of(method);
    char *folder = dc3_path_real(r->options->run), text[1200];
    if (!folder) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    const char *slash = strrchr(folder, '/');
    json_t *facts = json_array();
    json_object_set_new(r->page, "title", dc3_json_text(slash && slash[1] ? slash + 1 : folder));
    snprintf(text, sizeof text, "Condensed from %.800s by the method %.64s%s%s.", data ? data : "a dataset",
             method ? method : "(none named)", summary ? ": " : "", summary ? summary : "");
    json_object_set_new(r->page, "subtitle", dc3_json_text(text));
    int64_t stored = (int64_t)json_array_size(r->lines),
            classes = (int64_t)json_array_size(json_object_get(r->document, "classes"));
    add_figure(facts, stored, stored == 1 ? "image stored" : "images stored", "");
    add_figure(facts, classes, classes == 1 ? "class" : "classes", "");
    char each[48];
    if (dc3_gather_is_uneven(r))
        json_array_append_new(facts, dc3_gather_pair(dc3_gather_each(r, each), "of each class"));
    else if (json_object_get(s, "ipc"))
        add_figure(facts, json_integer_value(json_object_get(s, "ipc")), "requested per class", "");
    add_figure(facts, json_integer_value(json_object_get(s, "images")), "images in the dataset", "");
    add_figure(facts, r->size, "side of a stored image", " px");
    json_object_set_new(r->page, "facts", facts);
    free(folder);
    return DC3_OK;
}

static dc3_status join(dc3_reporting *r)
{
    DC3_TRY(dc3_reporting_open_data(r));
    DC3_TRY(add_head(r));
    DC3_TRY(dc3_gather_settings(r));
    DC3_TRY(dc3_gather_scores(r));
    DC3_TRY(dc3_gather_times(r));
    DC3_TRY(dc3_gather_skipped(r));
    DC3_TRY(dc3_gather_colour(r));
    DC3_TRY(dc3_gather_calibration(r));
    DC3_TRY(dc3_gather_classes(r));
    dc3_gather_class_table(r);
    return dc3_gather_answers(r);
}

dc3_status dc3_report_claimed(const dc3_report_options *options, dc3_report_result *result)
{
    int is_training = dc3_report_is_training(options->run);
    if (options->measures && !is_training)
        return dc3_fail_setting("measures", "is for a folder of dc3 finetune, found %s", options->run);
    if (is_training) return dc3_report_training(options, result);
    if (dc3_report_is_comparison(options->run)) return dc3_report_comparison(options, result);
    dc3_reporting r = {.options = options,
                       .result = result,
                       .page = json_object(),
                       .notes = json_array(),
                       .distance = NAN,
                       .random_distance = NAN,
                       .random_run_distance = NAN};
    *result = (dc3_report_result){0};
    json_object_set_new(r.page, "notes", r.notes);
    char *place = NULL;
    dc3_status status = dc3_reporting_read(&r);
    if (status == DC3_OK) status = dc3_report_find_place(&r, &place);
    if (status == DC3_OK) status = join(&r);
    if (status == DC3_OK) status = dc3_report_write_page(&r, place);
    free(place);
    dc3_reporting_close(&r);
    return status;
}

/* A page in the run's folder is written while nobody else works there; for one elsewhere, and of a training,
 * it is enough that nobody does now. Who reads it says what is not a run. */
static dc3_status claim(const dc3_report_options *options, dc3_lock *lock)
{
    char *document = dc3_path_join(options->run, "dc3.json");
    if (!document) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    int is_run = dc3_path_what(document) == DC3_PATH_FILE || dc3_report_is_comparison(options->run);
    free(document);
    if (!is_run) return dc3_work_check(options->run);
    return options->out ? dc3_lock_check(options->run)
                        : dc3_lock_take(options->run, &options->listener, lock);
}

dc3_status dc3_report(const dc3_report_options *given, dc3_report_result *result)
{
    dc3_report_options own = dc3_report_defaults();
    const dc3_report_options *options = &own;
    DC3_TRY(dc3_place_need("result", result));
    *result = (dc3_report_result){0};
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_report_options, listener, given, &own));
    DC3_TRY(dc3_options_threads(&own.threads));
    DC3_TRY(dc3_options_need("run", own.run));
    DC3_CALL_SCOPE(own.listener.cancel);
    dc3_lock lock = {.fd = -1};
    dc3_status status = claim(options, &lock);
    if (status == DC3_OK) status = dc3_report_claimed(options, result);
    dc3_lock_release(&lock);
    return status;
}
