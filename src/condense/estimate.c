/* How long a run will take: measured on a few of its own pictures before it starts. */
#include <stdio.h>
#include <stdlib.h>
#include "condense/combine.h"
#include "condense/run.h"

enum { PICTURES = 8 };
static const double enough = 0.7; /* seconds to spend on a measurement, where one is not longer by itself */

/* Seconds to make one picture, read, edited, combined and encoded; `steps` is changed for it. */
static dc3_status make_one(dc3_run *run, int64_t item, int steps, double *seconds)
{
    int all = run->edit.steps;
    void *data = NULL;
    size_t size;
    dc3_compensated made = {0};
    double start = dc3_seconds_now();
    run->edit.steps = steps;
    dc3_status status = dc3_run_compensate(run, item, 0, &made);
    run->edit.steps = all;
    if (status == DC3_OK) status = dc3_image_encode(&made.image, run->format, &data, &size);
    *seconds = dc3_seconds_now() - start;
    free(data);
    dc3_image_free(&made.image);
    return status != DC3_OK && made.unreadable ? DC3_OK : status;
}

/* Seconds of one compensation. The first, of one step, also packs weights. A large model's is extrapolated
 * from it by the number of operations; else whole ones are made. */
static dc3_status measure_pictures(dc3_run *run, double *seconds)
{
    int edits = dc3_combine_edits(run->combine);
    int64_t n = dc3_dataset_size(run->dataset);
    dc3_edit_settings one = run->edit;
    one.steps = 1;
    double flops = dc3_editor_flops(run->editor, &run->edit, edits), spent = 0;
    double ratio = flops / dc3_editor_flops(run->editor, &one, edits), first;
    DC3_TRY(make_one(run, 0, 1, &first));
    *seconds = first * ratio;
    int whole = *seconds < 3 * enough, counted = 0;
    for (int i = 0; whole && i < PICTURES && spent < enough; i++) {
        double each;
        DC3_TRY(make_one(run, n * i / PICTURES, run->edit.steps, &each));
        if (i) spent += each, counted++; /* the first makes the table of time steps */
        *seconds = counted ? spent / counted : each;
    }
    run->rate = flops / (*seconds > 1e-6 ? *seconds : 1e-6);
    return DC3_OK;
}

const char *dc3_duration_text(double seconds, char *text, size_t size)
{
    if (seconds < 90)
        snprintf(text, size, "%.0f s", seconds < 1 ? 1 : seconds);
    else if (seconds < 5400)
        snprintf(text, size, "%.0f min", seconds / 60);
    else
        snprintf(text, size, "%.1f h", seconds / 3600);
    return text;
}

dc3_status dc3_run_estimate(dc3_run *run, int64_t encodes, int64_t pictures)
{
    char text[32];
    int edits = dc3_combine_edits(run->combine);
    double encode = 0, picture = 0;
    dc3_editor_info info = dc3_editor_describe(run->editor);
    if (encodes) DC3_TRY(dc3_run_measure_features(run, &encode));
    if (pictures) DC3_TRY(measure_pictures(run, &picture));
    double seconds = (double)encodes * encode + (double)pictures * picture;
    run->report->estimate_seconds = seconds;
    dc3_duration_text(seconds, text, sizeof text);
    dc3_run_say(run, "editor %s: %.1f M parameters, %s, %d threads", info.name, info.parameters * 1e-6,
                dc3_dtype_name(info.dtype), info.threads);
    if (encodes)
        dc3_run_say(run, "measured: %.1f ms a picture to read and encode at %d px", encode * 1e3,
                    run->feature_size);
    if (pictures)
        dc3_run_say(run, "measured: %.0f ms a picture to edit and store, %.0f GFLOP/s", picture * 1e3,
                    run->rate * 1e-9);
    dc3_run_say(run, "estimate: %lld pictures encoded at %d px, %lld edits of %d steps at %d px, about %s",
                (long long)encodes, run->feature_size, (long long)pictures * edits, run->edit.steps,
                run->edit.size, text);
    return DC3_OK;
}
