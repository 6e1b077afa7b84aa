#include "features/copies.h"
#include "features/feature_rows.h"
#include "features/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include "base/listener.h"

void dc3_run_say(const dc3_run *run, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    dc3_listener_vsay(&run->options->listener, format, args);
    va_end(args);
}

void dc3_run_progress(const dc3_run *run, const char *stage, int64_t done, int64_t total)
{
    const dc3_listener *listener = &run->options->listener;
    if (run->state) dc3_state_progress(run->state, stage, done, total);
    if (listener->progress) listener->progress(listener->user, stage, done, total);
}

void dc3_run_begin_stage(dc3_run *run, int stage, const char *name)
{
    run->stage = stage;
    run->stage_start = dc3_seconds_now();
    run->report->stage[stage] = name;
    if (run->state) dc3_state_stage_begin(run->state, name);
}

void dc3_run_end_stage(dc3_run *run)
{
    struct rusage usage;
    dc3_condense_report *r = run->report;
    double seconds = dc3_seconds_now() - run->stage_start;
    if (getrusage(RUSAGE_SELF, &usage) == 0) r->peak_bytes = (double)usage.ru_maxrss * 1024;
    double all = run->state ? dc3_state_stage_end(run->state, r->peak_bytes) : seconds;
    r->seconds[run->stage] = all > seconds ? all : seconds; /* less where it cannot be written */
}

void dc3_run_earlier_stage(dc3_run *run, int stage, const char *name)
{
    double seconds = run->state ? dc3_state_stage_seconds(run->state, name) : -1;
    if (seconds < 0) return;
    run->report->stage[stage] = name;
    run->report->seconds[stage] = seconds;
}

int64_t dc3_run_wanted(const dc3_run *run, int label)
{
    return run->give ? run->give[label] : run->options->select.ipc;
}

int64_t dc3_run_mean_ipc(const dc3_run *run)
{
    int64_t all = run->listed ? run->listed : run->total, classes = dc3_dataset_classes(run->dataset);
    if (!run->listed && !run->give) return run->options->select.ipc;
    return all > classes ? (all + classes / 2) / classes : 1;
}

void dc3_run_close(dc3_run *run)
{
    dc3_editor_close(&run->editor);
    dc3_teacher_close(&run->teacher);
    dc3_teacher_close(&run->backbone);
    free(run->teacher_path);
    dc3_dataset_say_reading(run->dataset, &run->options->listener);
    dc3_dataset_close(&run->dataset);
    dc3_choice_free(&run->choice);
    dc3_feature_rows_close(run);
    dc3_image_rows_close(&run->given);
    free(run->seen);
    free(run->items);
    free(run->give);
    free(run->bins);
    free(run->answers);
    free(run->boxes);
    free(run->losses);
    free(run->duplicates);
    dc3_copies_close(&run->copies);
    json_decref(run->choices);
    json_decref(run->skipped);
    free(run->skipped_path);
}
