/* The commands that join the stages. */
#include "dc3/condense.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/call.h"
#include "base/options.h"
#include "base/file.h"
#include "output/list_place.h"
#include "run_folder/listed.h"
#include "condense/map.h"
#include "base/listener.h"
#include "base/text.h"
#include "condense/amount.h"
#include "methods/choose.h"
#include "methods/chosen.h"
#include "condense/estimate.h"
#include "condense/condense_by.h"
#include "condense/helping.h"
#include "condense/lists.h"
#include "features/duplicates.h"
#include "features/features.h"
#include "features/given.h"
#include "condense/output.h"
#include "condense/run_open.h"
#include "features/run_teacher.h"
#include "condense/storing.h"
#include "ranks/ranks.h"
#include "features/skipped.h"
#include "report/stage.h"
#include "train/own_teacher.h"

static const char features_stage[] = "features";

static const char *selection_stage(const dc3_run *run)
{
    return run->needs & DC3_NEEDS_BINS ? "bins and selection" : "selection";
}

static dc3_status make_features(dc3_run *run)
{
    dc3_run_begin_stage(run, 0, features_stage);
    dc3_status status = dc3_run_features(run);
    dc3_run_end_stage(run);
    return status;
}

/* Of images that were not read, for features that are given, those that cannot be are not chosen. */
static dc3_status select_readable(dc3_run *run, dc3_chosen *chosen)
{
    int lost = 0;
    do {
        DC3_TRY(run->method->select(run, chosen));
        if (run->given && !dc3_run_asks(run))
            DC3_TRY(dc3_given_check(run, chosen->count * run->each, chosen->parts, &lost));
        if (lost) dc3_chosen_free(chosen);
        if (lost) DC3_TRY(dc3_run_features_again(run));
    } while (lost);
    return DC3_OK;
}

/* Features, where the method has any, and selection. */
static dc3_status choose(dc3_run *run, dc3_chosen *chosen)
{
    if (run->needs & (DC3_NEEDS_FEATURES | DC3_NEEDS_BINS)) DC3_TRY(make_features(run));
    if (dc3_run_probes_features(run)) DC3_TRY(dc3_run_probe(run));
    dc3_run_begin_stage(run, 1, selection_stage(run));
    dc3_status status = dc3_duplicates_find(run);
    if (status == DC3_OK) status = select_readable(run, chosen);
    if (status == DC3_OK) status = dc3_amount_trim(run, chosen);
    if (status == DC3_OK) status = dc3_run_write_skipped(run);
    dc3_run_end_stage(run);
    return status;
}

/* A probe is made where the images are chosen, or by itself where they were, and it is gone since; of crops
 * before there are features, since those are of the crops of which it is surest. */
static dc3_status train_teacher(dc3_run *run, const dc3_chosen *chosen)
{
    if (!dc3_run_probes_features(run) || run->crops) return dc3_run_train_teacher(run);
    if (!chosen->count) return DC3_OK;
    DC3_TRY(make_features(run));
    return dc3_run_probe(run);
}

static dc3_status choose_once(dc3_run *run, const dc3_output *output, dc3_chosen *chosen)
{
    if (chosen->count) {
        dc3_run_say(run, "continuing: %lld image%s selected before", (long long)chosen->count,
                    chosen->count == 1 ? " was" : "s were");
        dc3_run_earlier_stage(run, 0, features_stage);
        dc3_run_earlier_stage(run, 1, selection_stage(run));
        if (run->state) run->report->cached_seconds = dc3_state_cached_seconds(run->state);
        return DC3_OK;
    }
    DC3_TRY(choose(run, chosen));
    DC3_TRY(dc3_map_write(output, chosen));
    return dc3_output_write_selection(output, chosen);
}

/* Classes that may get images: those with any. */
static int64_t live_classes(const dc3_run *run)
{
    int64_t live = 0;
    for (int64_t i = 0; i < dc3_dataset_size(run->dataset); i++)
        live += !i || dc3_dataset_label(run->dataset, i) != dc3_dataset_label(run->dataset, i - 1);
    return live;
}

static dc3_status make_all(dc3_run *run, dc3_output *output, dc3_chosen *chosen)
{
    dc3_run_begin_stage(run, 2, run->synthesis->stage);
    dc3_status status = dc3_store_all(run, output, chosen);
    dc3_run_end_stage(run);
    return status;
}

/* The whole work; *chosen is what an earlier part of the run chose. A teacher that is there already may be
 * refused, before anything changes. */
static dc3_status work(dc3_run *run, dc3_output *output, dc3_chosen *chosen)
{
    int has_teacher =
        run->trains && output->continues &&
        (dc3_path_what(run->teacher_path) != DC3_PATH_MISSING || dc3_path_is_link(run->teacher_path));
    if (has_teacher) DC3_TRY(dc3_run_train_teacher(run));
    DC3_TRY(dc3_output_start(output));
    DC3_TRY(dc3_run_check_folder(run));
    if (has_teacher) dc3_run_earlier_stage(run, 3, "teacher");
    if (run->trains && !has_teacher) DC3_TRY(train_teacher(run, chosen));
    DC3_TRY(choose_once(run, output, chosen));
    return make_all(run, output, chosen);
}

/* Of a run that is complete only a dry run says so. */
static dc3_status estimate(dc3_run *run, const dc3_output *output, int64_t images, int64_t stored)
{
    if (!output->whole) return dc3_run_estimate(run, images, stored);
    if (run->options->dry_run)
        dc3_run_say(run, "estimate: %s is complete: no image is left to be made", run->options->out);
    return DC3_OK;
}

static dc3_status condense(dc3_run *run, dc3_output *output)
{
    int64_t stored = run->give ? run->total : live_classes(run) * run->options->select.ipc;
    run->report->planned = stored;
    dc3_run_say(run, "%s: %lld image%s in %lld class%s (%s), %s%d per class to store at %d px",
                run->options->data, (long long)run->report->images, run->report->images == 1 ? "" : "s",
                (long long)run->report->classes, run->report->classes == 1 ? "" : "es",
                dc3_dataset_kind(run->dataset), run->give ? "at most " : "", run->options->select.ipc,
                run->size);
    DC3_TRY(estimate(run, output, run->report->images, stored));
    if (run->options->dry_run) return DC3_OK;
    dc3_chosen chosen;
    DC3_TRY(dc3_output_claim(output));
    DC3_TRY(dc3_output_read_selection(output, &chosen));
    dc3_status status = work(run, output, &chosen);
    dc3_chosen_free(&chosen);
    return status;
}

/* The page, as a stage of its own. */
static dc3_status write_report(const dc3_condense_options *options, dc3_condense_report *report)
{
    enum { STAGE = DC3_STAGES - 1 };
    dc3_report_options o = dc3_report_defaults();
    o.run = options->out, o.data = options->data, o.threads = options->select.threads;
    o.listener = options->listener;
    report->stage[STAGE] = "report";
    return dc3_report_stage(&o, report->stage[STAGE], report->peak_bytes, &report->seconds[STAGE]);
}

/* A command's options, of which it needs `data`, and `out` unless it is a dry run; empties its report. */
static dc3_status take(const dc3_condense_options *given, dc3_condense_options *own,
                       dc3_condense_report *report)
{
    DC3_TRY(dc3_place_need("report", report));
    memset(report, 0, sizeof *report);
    DC3_TRY(dc3_condense_take(given, own));
    dc3_ranks_mute(&own->listener);
    DC3_TRY(dc3_options_need("data", own->data));
    return own->dry_run ? DC3_OK : dc3_options_need("out", own->out);
}

dc3_status dc3_condense(const dc3_condense_options *given, dc3_condense_report *report)
{
    return dc3_condense_by(given, NULL, report);
}

dc3_status dc3_condense_by(const dc3_condense_options *given, const dc3_image_rows *opened,
                           dc3_condense_report *report)
{
    dc3_condense_options own;
    const dc3_condense_options *options = &own;
    DC3_TRY(take(given, &own, report));
    if (!own.out) own.out = dc3_nowhere;
    DC3_CALL_SCOPE(own.listener.cancel);
    if (dc3_ranks_rank()) return dc3_run_help(&own, DC3_RUN_CONDENSE, opened, report);
    dc3_run run;
    dc3_output output;
    dc3_lock lock = {.fd = -1};
    dc3_status status = dc3_run_open_by(options, DC3_RUN_CONDENSE, opened, report, &run);
    if (status == DC3_OK) status = dc3_run_agree(&run);
    if (status == DC3_OK) status = dc3_run_check_edits(&run);
    if (status == DC3_OK) status = dc3_amount_decide(&run, &own);
    if (status == DC3_OK) status = dc3_output_open(&run, &output);
    if (status == DC3_OK) {
        status = condense(&run, &output);
        lock = dc3_output_hand_over_lock(&output);
        dc3_output_close(&output);
    }
    dc3_run_count_places(&run);
    dc3_run_close(&run);
    if (status == DC3_OK && !options->dry_run && !options->no_report) status = write_report(options, report);
    dc3_lock_release(&lock);
    return status;
}

dc3_status dc3_condense_check(const dc3_condense_options *given)
{
    dc3_condense_options own;
    dc3_condense_report report = {0};
    dc3_run run;
    DC3_TRY(take(given, &own, &report));
    own.listener = (dc3_listener){.cancel = own.listener.cancel};
    if (!own.out) own.out = dc3_nowhere;
    DC3_CALL_SCOPE(own.listener.cancel);
    dc3_status status = dc3_run_open(&own, DC3_RUN_CONDENSE, &report, &run);
    if (status == DC3_OK) status = dc3_run_check_edits(&run);
    dc3_run_close(&run);
    return status;
}

/* The images to compensate: those of the list, or all. */
static dc3_status take_images(const dc3_run *run, dc3_chosen *chosen)
{
    const char *path = run->options->list;
    int64_t n = dc3_dataset_size(run->dataset);
    dc3_listed *list = NULL;
    dc3_status status = path ? dc3_listed_read(path, run->dataset, &list, &n) : DC3_OK;
    *chosen = (dc3_chosen){.count = n, .parts = calloc((size_t)n + 1, sizeof *chosen->parts)};
    if (status == DC3_OK && !chosen->parts) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; status == DC3_OK && i < n; i++) {
        if (list) dc3_part_of_json(list[i].line, &chosen->parts[i]);
        chosen->parts[i].item = list ? list[i].item : i;
    }
    if (path) dc3_listed_free(list, n);
    return status;
}

static dc3_status compensate(dc3_run *run, dc3_output *output, dc3_chosen *chosen)
{
    DC3_TRY(estimate(run, output, 0, chosen->count));
    if (run->options->dry_run) return DC3_OK;
    DC3_TRY(dc3_output_claim(output));
    DC3_TRY(dc3_output_start(output));
    DC3_TRY(dc3_run_check_folder(run));
    return make_all(run, output, chosen);
}

dc3_status dc3_compensate_command(const dc3_condense_options *given, dc3_condense_report *report)
{
    dc3_condense_options own;
    const dc3_condense_options *options = &own;
    DC3_TRY(take(given, &own, report));
    if (!own.out) own.out = dc3_nowhere;
    DC3_CALL_SCOPE(own.listener.cancel);
    if (dc3_ranks_rank()) return dc3_run_help(&own, DC3_RUN_DATA, NULL, report);
    dc3_run run;
    dc3_output output;
    dc3_status status = dc3_run_open(options, DC3_RUN_DATA, report, &run);
    if (status == DC3_OK) status = dc3_run_agree(&run);
    dc3_chosen chosen = {0};
    if (status == DC3_OK) status = dc3_run_check_edits(&run);
    if (status == DC3_OK) status = take_images(&run, &chosen);
    run.listed = chosen.count;
    if (status == DC3_OK) status = dc3_output_open(&run, &output);
    if (status == DC3_OK) {
        status = compensate(&run, &output, &chosen);
        dc3_output_close(&output);
    }
    dc3_chosen_free(&chosen);
    dc3_run_count_places(&run);
    dc3_run_close(&run);
    return status;
}

static dc3_status list_skipped(dc3_run *run, const char *place)
{
    if (place && !(run->skipped_path = dc3_list_skipped(place)))
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    return DC3_OK;
}

static dc3_status write_bins(dc3_run *run, const char *place)
{
    DC3_TRY(make_features(run));
    dc3_run_begin_stage(run, 1, "bins");
    dc3_part *parts = calloc((size_t)run->n, sizeof *parts);
    dc3_status status = parts ? dc3_run_bins(run) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_run_end_stage(run);
    for (int64_t i = 0; parts && i < run->n; i++) parts[i].item = run->items[i];
    if (status == DC3_OK) status = dc3_run_write_skipped(run);
    if (status == DC3_OK) status = dc3_list_write(run, parts, run->bins, run->n, place);
    free(parts);
    return status;
}

dc3_status dc3_bins_command(const dc3_condense_options *given, dc3_condense_report *report)
{
    dc3_condense_options own;
    const dc3_condense_options *options = &own;
    DC3_TRY(take(given, &own, report));
    DC3_CALL_SCOPE(own.listener.cancel);
    if (dc3_ranks_rank()) return dc3_run_help(&own, DC3_RUN_BINS, NULL, report);
    dc3_run run;
    char *place;
    DC3_TRY(dc3_list_place_apart(options, &place));
    dc3_status status = dc3_run_open(options, DC3_RUN_BINS, report, &run);
    if (status == DC3_OK) status = dc3_run_agree(&run);
    if (status == DC3_OK) status = list_skipped(&run, place);
    if (status == DC3_OK) status = dc3_run_estimate(&run, run.report->images, 0);
    if (status == DC3_OK && !options->dry_run) status = write_bins(&run, place);
    dc3_run_count_places(&run);
    dc3_run_close(&run);
    free(place);
    return status;
}

dc3_status dc3_select_command(const dc3_condense_options *given, dc3_condense_report *report)
{
    dc3_condense_options own;
    const dc3_condense_options *options = &own;
    DC3_TRY(take(given, &own, report));
    DC3_CALL_SCOPE(own.listener.cancel);
    if (dc3_ranks_rank()) return dc3_run_help(&own, DC3_RUN_METHOD, NULL, report);
    dc3_run run;
    dc3_chosen chosen = {0};
    char *place;
    DC3_TRY(dc3_list_place_apart(options, &place));
    dc3_status status = dc3_run_open(options, DC3_RUN_METHOD, report, &run);
    if (status == DC3_OK) status = dc3_run_agree(&run);
    if (status == DC3_OK) status = dc3_amount_decide(&run, &own);
    if (status == DC3_OK) status = list_skipped(&run, place);
    if (status == DC3_OK) status = dc3_run_estimate(&run, run.report->images, 0);
    if (status == DC3_OK && !options->dry_run) status = choose(&run, &chosen);
    if (status == DC3_OK && !options->dry_run)
        status = dc3_list_write(&run, chosen.parts, NULL, chosen.count * run.each, place);
    report->stored = chosen.count;
    dc3_chosen_free(&chosen);
    dc3_run_count_places(&run);
    dc3_run_close(&run);
    free(place);
    return status;
}
