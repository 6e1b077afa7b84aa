/* Folders that dc3 makes: a run, and a comparison. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "info/kinds.h"
#include "compare/results.h"
#include "dc3/progress.h"
#include "run_folder/document.h"
#include "run_folder/store.h"

enum { LIMIT = 1 << 28 };

/* Lines of FOLDER/NAME; 0 where it is not there. */
static int64_t count_lines(const char *folder, const char *name)
{
    char *path = dc3_path_join(folder, name), *text = NULL;
    size_t size = 0;
    int64_t lines = 0;
    if (path && dc3_path_what(path) == DC3_PATH_FILE && dc3_file_read(path, LIMIT, &text, &size) == DC3_OK)
        for (size_t i = 0; i < size; i++) lines += text[i] == '\n';
    free(text);
    free(path);
    return lines;
}

/* How far a run that is not complete came. */
static const char *stage_of(const char *folder, const json_t *settings)
{
    if (dc3_folder_holds(folder, "pictures.txt")) return "storing images";
    if (dc3_folder_holds(folder, "selection.json")) return "selected";
    if (!json_object_get(settings, "own_teacher") || dc3_folder_holds(folder, "teacher.safetensors"))
        return "before the selection";
    return dc3_folder_holds(folder, "teacher.safetensors.checkpoint") ? "training its teacher"
                                                                      : "before its teacher";
}

static void say_disk_use(dc3_info_page *page, const char *train)
{
    char bytes[DC3_NUMBER_TEXT], blocks[DC3_NUMBER_TEXT];
    dc3_disk_use use = dc3_disk_use_of(train);
    if (!use.files) return;
    dc3_info_line(page, "on the disk", "%lld file%s of %s, whose blocks take %s", (long long)use.files,
                  use.files == 1 ? "" : "s", dc3_size_text(use.bytes, bytes),
                  dc3_size_text(use.blocks, blocks));
    dc3_info_set(page, "files", json_integer((json_int_t)use.files));
    dc3_info_set(page, "file_bytes", json_integer((json_int_t)use.bytes));
    dc3_info_set(page, "disk_bytes", json_integer((json_int_t)use.blocks));
}

/* The images that lie in train/; those that are to come too. noted: those of the run, as dc3 status counts
 * them; -1: nobody knows. */
static dc3_status say_stored(dc3_info_page *page, int complete, int64_t noted)
{
    const char *folder = page->options->path;
    char *train = dc3_path_join(folder, "train");
    int64_t planned = count_lines(folder, "pictures.txt"), skipped = count_lines(folder, "skipped.txt");
    dc3_dataset *d = NULL;
    dc3_status status = train ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (train && dc3_path_what(train) == DC3_PATH_FOLDER && dc3_dataset_open(train, &d) != DC3_OK) d = NULL;
    int64_t stored = noted >= 0 ? noted : d ? dc3_dataset_size(d) : 0;
    if (planned && !(complete && stored == planned))
        dc3_info_line(page, "stored", "%lld of %lld images", (long long)stored, (long long)planned);
    dc3_info_set(page, "stored", json_integer(stored));
    dc3_info_set(page, "planned", json_integer(planned));
    if (d) status = dc3_info_images(page, d);
    if (train) say_disk_use(page, train);
    if (skipped)
        dc3_info_line(page, "skipped", "%lld that cannot be read; skipped.txt lists them",
                      (long long)skipped);
    else if (complete)
        dc3_info_line(page, "skipped", "none");
    dc3_info_set(page, "skipped", json_integer(skipped));
    dc3_dataset_close(&d);
    free(train);
    return status;
}

static void say_extras(dc3_info_page *page)
{
    static const char *const files[] = {"teacher.safetensors", "soft_labels.safetensors"};
    json_t *extras = json_object();
    for (int i = 0; i < 2; i++) {
        char *path = dc3_path_join(page->options->path, files[i]), text[DC3_NUMBER_TEXT];
        struct stat info;
        if (path && dc3_path_what(path) == DC3_PATH_FILE && stat(path, &info) == 0) {
            dc3_info_line(page, "also here", "%s, %s", files[i], dc3_size_text((double)info.st_size, text));
            json_object_set_new(extras, files[i], json_integer((json_int_t)info.st_size));
        }
        free(path);
    }
    dc3_info_set(page, "other_file_bytes", extras);
}

/* The state as dc3 status has it; `at` is where it stands where it is not complete, else what is to be added.
 */
static void say_state(dc3_info_page *page, int running, const char *holder, int complete, const char *at)
{
    dc3_info_set(page, "complete", json_boolean(complete));
    dc3_info_set(page, "running", json_boolean(running));
    if (running)
        dc3_info_line(page, "state", "running: %s%s%s", holder, complete ? "" : "; ", complete ? "" : at);
    else if (complete)
        dc3_info_line(page, "state", "complete%s", at);
    else
        dc3_info_line(page, "state", "interrupted: %s; run its command again to resume", at);
}

/* With the keys of status (docs/run-folder.md). */
static json_t *work_json(const dc3_work *w)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "command", w->command, "holder", w->holder,
                          "stage", w->stage, "stage_done", (json_int_t)w->done, "stage_total",
                          (json_int_t)w->total, "updated", (json_int_t)w->updated);
    if (w->seconds_left >= 0) json_object_set_new(o, "seconds_left", json_real(w->seconds_left));
    return o ? o : json_null();
}

/* Commands that work on what is there: evaluate, label, measure. */
static void say_works(dc3_info_page *page)
{
    dc3_work works[DC3_WORKS];
    int count = dc3_works_read(page->options->path, works);
    json_t *list = json_array();
    for (int i = 0; i < count; i++) {
        const dc3_work *w = &works[i];
        char done[64] = "";
        if (*w->stage && w->total >= 0)
            snprintf(done, sizeof done, " %lld of %lld", (long long)w->done, (long long)w->total);
        dc3_info_line(page, i ? "" : "at work", "%s, %s%s%s%s", w->command, w->holder, *w->stage ? ": " : "",
                      w->stage, done);
        json_array_append_new(list, work_json(w));
    }
    dc3_info_set(page, "working", list);
}

/* How many images, and what that counts. Of a budget more are made than stay: `noted` once it is complete. */
static int64_t count_of(const json_t *settings, int64_t noted, const char **counts)
{
    int64_t listed = json_integer_value(json_object_get(settings, "listed"));
    int64_t total = json_integer_value(json_object_get(settings, "total"));
    int budget = json_object_get(settings, "budget") != NULL;
    *counts = listed || total ? "in all" : "per class";
    if (listed) return listed;
    if (total) return budget && noted > 0 ? noted : total;
    return json_integer_value(json_object_get(settings, "ipc"));
}

/* What the run's budget was spent on and why, a line each. */
static void say_choices(dc3_info_page *page, const json_t *choices)
{
    size_t i;
    const json_t *text;
    json_array_foreach(choices, i, text)
        dc3_info_line(page, i ? "" : "chosen", "%s", json_string_value(text));
    if (choices) dc3_info_set(page, "budget_choices", json_deep_copy(choices));
}

static dc3_status describe_run(dc3_info_page *page, const json_t *object)
{
    const json_t *settings = json_object_get(object, "settings");
    const char *method = json_string_value(json_object_get(settings, "method"));
    const char *version = json_string_value(json_object_get(object, "version"));
    int complete = json_is_true(json_object_get(object, "complete"));
    const char *stage = complete ? "complete" : stage_of(page->options->path, settings);
    const char *counts;
    char at[100];
    dc3_progress progress;
    DC3_TRY(dc3_progress_read(page->options->path, &progress));
    int64_t noted = progress.has_database && progress.chosen ? progress.stored : -1;
    int64_t images = count_of(settings, complete ? noted : -1, &counts);
    int per_class = strcmp(counts, "in all") != 0;
    dc3_info_title(page, "run", "a %s dataset, method %.40s, %lld image%s %s",
                   json_object_get(settings, "listed") ? "compensated" : "condensed",
                   method ? method : "not said", (long long)images, images == 1 ? "" : "s", counts);
    dc3_info_set(page, "method", method ? json_string(method) : json_null());
    dc3_info_set(page, "images_per_class", per_class ? json_integer(images) : json_null());
    dc3_info_set(page, "stage", json_string(stage));
    dc3_info_set(page, "version", version ? json_string(version) : json_null());
    if (progress.running && progress.total > 0)
        snprintf(at, sizeof at, "%s %lld of %lld", progress.stage, (long long)progress.done,
                 (long long)progress.total);
    else if (complete && progress.gone)
        snprintf(at, sizeof at, "; %lld of its images are gone: removed, or links to nothing",
                 (long long)progress.gone);
    else if (complete)
        *at = 0;
    else
        snprintf(at, sizeof at, "%s", stage);
    say_state(page, progress.running, progress.holder, complete, at);
    dc3_progress_free(&progress);
    say_works(page);
    DC3_TRY(say_stored(page, complete, noted));
    say_extras(page);
    if (json_is_object(settings)) dc3_info_settings(page, settings);
    say_choices(page, json_object_get(object, "budget_choices"));
    return DC3_OK;
}

dc3_status dc3_info_run(dc3_info_page *page)
{
    char *path = dc3_path_join(page->options->path, "dc3.json");
    json_t *object = NULL;
    dc3_status status =
        path ? dc3_json_read(path, DC3_DOCUMENT_LIMIT, &object) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    const char *program = json_string_value(json_object_get(object, "program"));
    if (status == DC3_OK && (!program || strcmp(program, "dc3") != 0))
        status = dc3_fail(DC3_ERR_FORMAT,
                          "%s: was not made by dc3; of a dataset in this folder give a folder "
                          "without such a file",
                          path);
    if (status == DC3_OK) status = describe_run(page, object);
    json_decref(object);
    free(path);
    return status;
}

/* ---- comparisons ---- */

/* The different values of a member of the results' lines, as they come. */
static json_t *values_of(const json_t *lines, const char *key)
{
    json_t *values = json_array(), *line, *one;
    size_t i, k;
    json_array_foreach(lines, i, line)
    {
        json_t *value = json_object_get(line, key);
        int known = !value;
        json_array_foreach(values, k, one) known |= value && json_equal(one, value);
        if (!known) json_array_append(values, value);
    }
    return values;
}

/* single, several: what the line is called where there is one value, or more. */
static void say_values(dc3_info_page *page, const json_t *lines, const char *key, const char *single,
                       const char *several)
{
    json_t *values = values_of(lines, key), *one;
    char text[400] = "";
    size_t i;
    if (!json_array_size(values)) {
        json_decref(values);
        return;
    }
    json_array_foreach(values, i, one)
    {
        size_t used = strlen(text);
        char size[DC3_NUMBER_TEXT];
        if (json_is_string(one))
            snprintf(text + used, sizeof text - used, "%s%.40s", i ? ", " : "", json_string_value(one));
        else if (strcmp(key, "budget") == 0)
            snprintf(text + used, sizeof text - used, "%s%s", i ? ", " : "",
                     dc3_exact_size_text(json_number_value(one), size));
        else
            snprintf(text + used, sizeof text - used, "%s%lld", i ? ", " : "",
                     (long long)json_integer_value(one));
    }
    dc3_info_line(page, json_array_size(values) > 1 ? several : single, "%s", text);
    dc3_info_set(page, key, values);
}

/* Which scores are there, of those that are wanted. */
static void say_scores(dc3_info_page *page, const dc3_comparison *c)
{
    char at[200];
    snprintf(at, sizeof at, "%lld score%s there", (long long)c->scores, c->scores == 1 ? " is" : "s are");
    if (c->total)
        snprintf(at, sizeof at, "%lld of %lld scores are there", (long long)c->done, (long long)c->total);
    dc3_info_line(page, "scores", "%lld", (long long)c->scores);
    say_state(page, c->running, c->holder, c->complete, c->complete ? "" : at);
    if (c->complete) dc3_info_line(page, "table", "%s/table.txt", page->options->path);
    dc3_info_set(page, "scores", json_integer(c->scores));
    if (c->total) dc3_info_set(page, "done", json_integer(c->done));
    if (c->total) dc3_info_set(page, "total", json_integer(c->total));
}

static void describe_comparison(dc3_info_page *page, json_t *settings, const json_t *lines,
                                const dc3_comparison *c)
{
    dc3_info_title(page, "comparison", "a comparison of methods");
    say_scores(page, c);
    if (c->scores) {
        say_values(page, lines, "method", "method", "methods");
        say_values(page, lines, "ipc", "IPC", "IPC");
        say_values(page, lines, "budget", "budget", "budgets");
        say_values(page, lines, "arch", "student", "students");
        say_values(page, lines, "labels", "labels", "labels");
        say_values(page, lines, "seed", "seed", "seeds");
    }
    say_extras(page);
    dc3_document_drop_unset(settings);
    json_t *named = json_deep_copy(settings);
    dc3_document_use_names(named);
    dc3_info_settings(page, named);
    dc3_info_set(page, "settings", json_deep_copy(settings));
    json_decref(named);
}

dc3_status dc3_info_comparison(dc3_info_page *page)
{
    const char *folder = page->options->path;
    char *path = dc3_path_join(folder, "compare.json");
    json_t *settings = NULL;
    dc3_results results = {0};
    dc3_comparison c = {0};
    dc3_status status =
        path ? dc3_json_read(path, 1 << 20, &settings) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_results_read(folder, "rded", &results);
    if (status == DC3_OK) status = dc3_comparison_read(folder, &c);
    if (status == DC3_OK) describe_comparison(page, settings, results.lines, &c);
    dc3_comparison_free(&c);
    dc3_results_free(&results);
    json_decref(settings);
    free(path);
    return status;
}
