/* The commands that join the stages. */
#include "dc3/condense.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "condense/detail_keep.h"
#include "condense/run.h"

/* Makes the class's folder, which must be one of the run's own. */
static dc3_status make_folder(char *picture)
{
    char *slash = strrchr(picture, '/');
    *slash = 0;
    dc3_status status = dc3_make_dirs(picture);
    if (status == DC3_OK && dc3_path_is_link(picture))
        status = dc3_fail(DC3_ERR_ARGUMENT, "%s: expected a folder, found a symbolic link", picture);
    *slash = '/';
    return status;
}

/* Makes and stores one picture; one that cannot be read is passed over: *stored stays 0. */
static dc3_status make_picture(dc3_run *run, int64_t item, int repeat, char *path, char *stored)
{
    char reason[512];
    dc3_compensated made = {0};
    dc3_status status = dc3_run_compensate(run, item, repeat, &made);
    if (status != DC3_OK && made.unreadable) {
        snprintf(reason, sizeof reason, "%s", dc3_error_text());
        return dc3_run_skip(run, dc3_dataset_key(run->dataset, item), reason);
    }
    if (status == DC3_OK) status = make_folder(path);
    if (status == DC3_OK) status = dc3_image_write(path, &made.image, run->format);
    dc3_image_free(&made.image);
    run->report->edits += status == DC3_OK ? made.edits : 0;
    *stored = status == DC3_OK;
    return status;
}

/* Stores one compensated picture unless it is there already. */
static dc3_status store(dc3_run *run, const dc3_output *output, int64_t item, int64_t place, int repeat,
                        char *stored)
{
    char *relative, *path;
    DC3_TRY(dc3_output_name(output, item, place, &relative, &path));
    *stored = dc3_path_what(path) == DC3_PATH_FILE;
    dc3_status status = *stored ? DC3_OK : make_picture(run, item, repeat, path, stored);
    run->report->stored += *stored;
    free(relative);
    free(path);
    return status;
}

/* Every selected picture in turn: items are grouped by class. */
static dc3_status store_each(dc3_run *run, const dc3_output *output, const int64_t *items, char *stored,
                             int64_t count)
{
    int64_t place = 0;
    for (int64_t i = 0; i < count; i++) {
        int same =
            i && dc3_dataset_label(run->dataset, items[i]) == dc3_dataset_label(run->dataset, items[i - 1]);
        place = same ? place + 1 : 0;
        int repeat = 0;
        for (int64_t k = i - place; k < i; k++) repeat += items[k] == items[i];
        DC3_TRY(dc3_check_cancel());
        DC3_TRY(store(run, output, items[i], place, repeat, stored + i));
        dc3_run_progress(run, "compensation", i + 1, count);
    }
    return DC3_OK;
}

static dc3_status store_all(dc3_run *run, dc3_output *output, const int64_t *items, int64_t count)
{
    char *stored = calloc((size_t)count + 1, 1);
    if (!stored) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = dc3_output_plan(output, items, count);
    if (status == DC3_OK) status = store_each(run, output, items, stored, count);
    if (status == DC3_OK && run->report->stored == 0)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: none of %lld pictures can be read", run->options->data,
                          (long long)count);
    if (status == DC3_OK) status = dc3_output_write_metadata(output, items, stored, count);
    free(stored);
    return status == DC3_OK ? dc3_output_finish(output) : status;
}

static dc3_status choose(dc3_run *run, const dc3_output *output, int64_t **items, int64_t *count)
{
    double start = dc3_seconds_now();
    DC3_TRY(dc3_output_read_selection(output, items, count));
    if (*count) {
        dc3_run_say(run, "continuing: %lld pictures were selected before", (long long)*count);
        return DC3_OK;
    }
    DC3_TRY(dc3_run_features(run));
    dc3_run_stage(run, 0, "features", start);
    start = dc3_seconds_now();
    DC3_TRY(dc3_run_select(run, items, count));
    dc3_run_stage(run, 1, "bins and selection", start);
    return dc3_output_write_selection(output, *items, *count);
}

/* Classes that may get pictures: those with any. */
static int64_t live_classes(const dc3_run *run)
{
    int64_t live = 0;
    for (int64_t i = 0; i < dc3_dataset_size(run->dataset); i++)
        live += !i || dc3_dataset_label(run->dataset, i) != dc3_dataset_label(run->dataset, i - 1);
    return live;
}

static dc3_status condense(dc3_run *run, dc3_output *output)
{
    int64_t *items = NULL, count = 0;
    dc3_run_say(run, "%s: %lld images in %lld classes (%s), %d a class to store at %d px", run->options->data,
                (long long)run->report->images, (long long)run->report->classes,
                dc3_dataset_kind(run->dataset), run->options->select.ipc, run->size);
    DC3_TRY(dc3_run_estimate(run, run->report->images, live_classes(run) * run->options->select.ipc));
    if (run->options->dry_run) return DC3_OK;
    DC3_TRY(dc3_output_start(output));
    dc3_status status = choose(run, output, &items, &count);
    double start = dc3_seconds_now();
    if (status == DC3_OK) status = store_all(run, output, items, count);
    free(items);
    dc3_run_stage(run, 2, "compensation", start);
    return status;
}

dc3_status dc3_condense(const dc3_condense_options *options, dc3_condense_report *report)
{
    dc3_run run;
    dc3_output output;
    dc3_status status = dc3_run_open(options, DC3_RUN_DATA | DC3_RUN_TEACHER, report, &run);
    if (status == DC3_OK) status = dc3_output_open(&run, &output);
    if (status == DC3_OK) {
        status = condense(&run, &output);
        dc3_output_close(&output);
    }
    dc3_run_close(&run);
    return status;
}

dc3_status dc3_compensate_command(const dc3_condense_options *options, dc3_condense_report *report)
{
    dc3_run run;
    dc3_output output;
    dc3_status status = dc3_run_open(options, DC3_RUN_DATA, report, &run);
    if (status == DC3_OK) status = dc3_output_open(&run, &output);
    if (status == DC3_OK) {
        int64_t n = dc3_dataset_size(run.dataset), *items = malloc((size_t)n * sizeof *items);
        for (int64_t i = 0; items && i < n; i++) items[i] = i;
        status = items ? dc3_run_estimate(&run, 0, n) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        double start = dc3_seconds_now();
        if (status == DC3_OK && !options->dry_run) status = dc3_output_start(&output);
        if (status == DC3_OK && !options->dry_run) status = store_all(&run, &output, items, n);
        dc3_run_stage(&run, 2, "compensation", start);
        free(items);
        dc3_output_close(&output);
    }
    dc3_run_close(&run);
    return status;
}

/* One line of JSON for a picture, and its bin if bin >= 0. */
static void describe(const dc3_run *run, FILE *file, int64_t item, int64_t bin)
{
    int label = dc3_dataset_label(run->dataset, item);
    json_t *o = json_object();
    json_object_set_new(o, "source", dc3_json_text(dc3_dataset_key(run->dataset, item)));
    json_object_set_new(o, "label", json_integer(label));
    json_object_set_new(o, "class", dc3_json_text(dc3_dataset_class_name(run->dataset, label)));
    if (bin >= 0) json_object_set_new(o, "bin", json_integer(bin));
    char *line = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
    if (line) fprintf(file, "%s\n", line);
    free(line);
    json_decref(o);
}

static dc3_status write_list(const dc3_run *run, const int64_t *items, const int64_t *bins, int64_t count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (!file) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; i < count; i++) describe(run, file, items[i], bins ? bins[i] : -1);
    dc3_status status = fclose(file) == 0 ? dc3_file_write(run->options->out, text, size)
                                          : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(text);
    return status;
}

static dc3_status features_with_estimate(dc3_run *run)
{
    double start = dc3_seconds_now();
    const char *out = run->options->out, *ending = ".skipped.txt";
    size_t length = out ? strlen(out) + strlen(ending) + 1 : 0;
    if (out && !(run->skipped_path = malloc(length))) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (out) snprintf(run->skipped_path, length, "%s%s", out, ending);
    DC3_TRY(dc3_run_estimate(run, run->report->images, 0));
    if (run->options->dry_run) return DC3_OK;
    DC3_TRY(dc3_run_features(run));
    DC3_TRY(dc3_run_write_skipped(run));
    dc3_run_stage(run, 0, "features", start);
    return DC3_OK;
}

dc3_status dc3_bins_command(const dc3_condense_options *options, dc3_condense_report *report)
{
    dc3_run run;
    dc3_status status = dc3_run_open(options, DC3_RUN_DATA, report, &run);
    if (status == DC3_OK) status = features_with_estimate(&run);
    if (status == DC3_OK && !options->dry_run) {
        double start = dc3_seconds_now();
        int64_t *bins = malloc((size_t)run.n * sizeof *bins);
        status = bins ? dc3_run_bins(&run, bins) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        dc3_run_stage(&run, 1, "bins", start);
        if (status == DC3_OK) status = write_list(&run, run.items, bins, run.n);
        free(bins);
    }
    dc3_run_close(&run);
    return status;
}

dc3_status dc3_select_command(const dc3_condense_options *options, dc3_condense_report *report)
{
    dc3_run run;
    int64_t *items = NULL, count = 0;
    dc3_status status = dc3_run_open(options, DC3_RUN_DATA | DC3_RUN_TEACHER, report, &run);
    if (status == DC3_OK) status = features_with_estimate(&run);
    if (status == DC3_OK && !options->dry_run) {
        double start = dc3_seconds_now();
        status = dc3_run_select(&run, &items, &count);
        dc3_run_stage(&run, 1, "bins and selection", start);
        if (status == DC3_OK) status = write_list(&run, items, NULL, count);
    }
    free(items);
    report->stored = count;
    dc3_run_close(&run);
    return status;
}
