/* How long a run will take: measured on a few of its own images before it starts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/memory.h"
#include "base/pieces.h"
#include "base/listener.h"
#include "condense/chosen.h"
#include "condense/amount.h"
#include "condense/estimate.h"
#include "features/features.h"
#include "features/run_teacher.h"
#include "dc3/text.h"
#include "options/coding.h"
#include "report/stage.h"

enum { IMAGES = 8 };                /* that are made */
enum { LEAST_LEFT = 64 << 20 };     /* bytes that a run takes beside what it has once it was measured */
static const double writing = 0.01; /* seconds until an image and its row of state.db are safely on a disk */
static const double enough = 0.7;   /* seconds to spend on a measurement, where one is not longer by itself */

/* Parts of an image that is stored before any was chosen: which crops is not known yet. */
static void fill_parts(const dc3_run *run, int64_t item, dc3_part parts[DC3_PARTS])
{
    for (int k = 0; k < DC3_PARTS; k++)
        parts[k] = (dc3_part){.item = item, .box = {.side = run->crops ? 1 : 0}, .candidate = -1};
}

/* Seconds to make one image, read, edited, combined and encoded; -1 if it cannot be read. `steps` is changed
 * for it. */
static dc3_status make_one(dc3_run *run, int64_t item, int steps, double *seconds)
{
    int all = run->edit.steps;
    void *data = NULL;
    size_t size;
    dc3_part parts[DC3_PARTS];
    dc3_made made = {0};
    double start = dc3_seconds_now();
    fill_parts(run, item, parts);
    run->edit.steps = steps;
    dc3_status status = run->synthesis->make(run, parts, &made);
    run->edit.steps = all;
    if (status == DC3_OK) status = dc3_image_encode_as(&made.image, run->coding, &data, &size);
    *seconds = dc3_seconds_now() - start;
    free(data);
    dc3_made_free(&made);
    if (status == DC3_OK || !made.unreadable) return status;
    *seconds = -1;
    return DC3_OK;
}

/* Seconds of one image: the mean of at most `most` spread over the dataset; 0: none of them can be read. None
 * is made twice, but an edit of the only one. */
static dc3_status measure_images(dc3_run *run, int steps, int most, double *seconds)
{
    int64_t n = dc3_dataset_size(run->dataset), least = run->editor ? 2 : 1;
    int read = 0, looks = (int)(n < least ? least : n < IMAGES ? n : IMAGES);
    double spent = 0;
    *seconds = 0;
    for (int i = 0; i < looks && read < most && spent < enough; i++) {
        double each;
        DC3_TRY(make_one(run, n * i / looks, steps, &each));
        if (each < 0) continue;
        if (read++) spent += each; /* the first makes the table of time steps */
        *seconds = read > 1 ? spent / (read - 1) : each;
    }
    return DC3_OK;
}

/* The fewest that the sampler takes: one, but for pndm. */
static int few_steps(const dc3_run *run)
{
    dc3_edit_settings few = run->edit;
    for (few.steps = 1; few.steps < run->edit.steps && dc3_editor_check(run->editor, &few) != DC3_OK;)
        few.steps++;
    return few.steps;
}

/* Images that a crew makes, to see how long it takes. */
typedef struct trial {
    dc3_crew crew;
    int steps;
    int64_t first, looks; /* number of the first among all that are looked at */
    int read;             /* could be, so far */
} trial;

static dc3_status try_one(void *user, int worker, int64_t piece, void *result)
{
    const trial *t = user;
    dc3_run *run = t->crew.runs[worker];
    int64_t item = dc3_dataset_size(run->dataset) * (t->first + piece) / t->looks;
    double seconds;
    DC3_TRY(make_one(run, item, t->steps, &seconds));
    *(int *)result = seconds >= 0;
    return DC3_OK;
}

static dc3_status tried(void *user, int64_t piece, void *result)
{
    trial *t = user;
    (void)piece;
    t->read += *(int *)result;
    return DC3_OK;
}

/* Seconds of one image of the next `count` ones, with `steps`; 0: none of them can be read. */
static dc3_status try_some(trial *t, int64_t count, int steps, double *seconds)
{
    dc3_pieces pieces = {.count = count,
                         .workers = t->crew.count,
                         .result_size = sizeof(int),
                         .user = t,
                         .work = try_one,
                         .take = tried};
    double start = dc3_seconds_now();
    t->steps = steps, t->read = 0;
    dc3_status status = dc3_pieces_run(&pieces);
    t->first += count;
    *seconds = t->read ? (dc3_seconds_now() - start) / t->read : 0;
    return status;
}

/* Seconds of one compensation where several are made side by side: workers make an image each with `few`
 * steps, whose operations the whole has `ratio` times; of a small model then some whole ones. */
static dc3_status measure_crew(dc3_run *run, int64_t stored, int few, double ratio, double *seconds)
{
    trial t = {.read = 0};
    dc3_status status = dc3_crew_open(run, stored, dc3_run_edits_at_once(run), &t.crew);
    int64_t count = t.crew.count;
    t.looks = 2 * count + (count > IMAGES ? count : IMAGES);
    *seconds = 0;
    if (status == DC3_OK) status = try_some(&t, count, few, seconds);
    *seconds *= ratio;
    if (status == DC3_OK && *seconds < 3 * enough) {
        if (few != run->edit.steps) status = try_some(&t, count, run->edit.steps, seconds);
        int64_t fit = *seconds > 0 ? (int64_t)(enough / *seconds) : IMAGES;
        int64_t more = fit > IMAGES ? IMAGES : fit < count ? count : fit;
        if (status == DC3_OK) status = try_some(&t, more, run->edit.steps, seconds);
    }
    dc3_crew_close(&t.crew);
    return status;
}

/* Seconds of one compensation, of `stored` of them. The first, of few steps, also packs weights. A large
 * model's is extrapolated from it by the number of operations; else whole ones are made. */
static dc3_status measure_edits(dc3_run *run, int64_t stored, double *seconds)
{
    int edits = dc3_run_edits(run), keep = run->detail == DC3_DETAIL_KEEP;
    dc3_edit_settings one = run->edit;
    one.steps = few_steps(run);
    double flops = dc3_editor_flops(run->editor, &run->edit, edits, keep);
    double ratio = flops / dc3_editor_flops(run->editor, &one, edits, keep), first;
    if (dc3_crew_size(run, stored, dc3_run_edits_at_once(run)) > 1)
        DC3_TRY(measure_crew(run, stored, one.steps, ratio, seconds));
    else {
        DC3_TRY(measure_images(run, one.steps, 1, &first));
        *seconds = first * ratio;
        if (*seconds < 3 * enough) DC3_TRY(measure_images(run, run->edit.steps, IMAGES, seconds));
    }
    run->rate = *seconds > 0 ? flops / *seconds : 0;
    return DC3_OK;
}

/* Seconds to read one image in its own size, on one thread: the mean of some, none read twice. */
static double measure_reading(const dc3_run *run)
{
    enum { LOOK = 24 };
    int64_t n = dc3_dataset_size(run->dataset);
    double start = dc3_seconds_now(), spent = 0;
    int count = 0, looks = (int)(n < LOOK ? n : LOOK);
    for (; count < looks && spent < enough; count++, spent = dc3_seconds_now() - start) {
        dc3_image image;
        if (dc3_dataset_read(run->dataset, n * count / looks, 0, 0, run->fit, &image) == DC3_OK)
            dc3_image_free(&image);
    }
    return count ? spent / count : 0;
}

/* What the estimate is made from: seconds. */
typedef struct rates {
    double reading; /* of an image in its own size, by all threads together */
    double forward; /* of the teacher that is trained first, on one image; 0: there is none */
    int size;       /* pixels at which the teacher sees images */
} rates;

/* Images whose crops are scored: all that have features, those that the method looks at, or what is drawn. */
static int64_t cropped_images(const dc3_run *run, int64_t images, int64_t stored)
{
    int64_t all = dc3_dataset_size(run->dataset), most = 0;
    if (run->needs & (DC3_NEEDS_FEATURES | DC3_NEEDS_BINS)) return images;
    if (!run->method->looks) return stored * run->each;
    for (int c = 0; c < dc3_dataset_classes(run->dataset); c++)
        most += run->method->looks(run, dc3_run_wanted(run, c));
    return most < all ? most : all;
}

/* Seconds to score crops. Each image is read twice. */
static dc3_status cropping_time(dc3_run *run, const rates *r, int64_t images, double *seconds, char *text,
                                size_t size)
{
    double each = 0;
    if (run->teacher.net) DC3_TRY(dc3_teacher_measure(&run->teacher, &each));
    each = (each + r->forward) * run->crops + 2 * r->reading;
    dc3_run_say(run, "measured: %.1f ms per image to score %d crops", each * 1e3, run->crops);
    snprintf(text, size, "%lld crops scored at %d px, ", (long long)images * run->crops, r->size);
    *seconds = (double)images * each;
    return DC3_OK;
}

/* Seconds to choose `stored` of `images` images; `text` says what is done for it. */
static dc3_status selection_time(dc3_run *run, const rates *r, int64_t images, int64_t stored,
                                 double *seconds, char *text, size_t size)
{
    double each = 0, cropping = 0;
    *seconds = 0;
    *text = 0;
    if (run->needs & (DC3_NEEDS_FEATURES | DC3_NEEDS_BINS)) {
        int pixels = run->encodes ? run->feature_size : r->size;
        if (run->encodes || run->teacher.net) DC3_TRY(dc3_run_measure_features(run, &each));
        each = (each > 0 ? each : r->reading) + r->forward;
        dc3_run_say(run, "measured: %.1f ms per image to read and encode at %d px", each * 1e3, pixels);
        snprintf(text, size, "%lld images encoded at %d px, ", (long long)images, pixels);
        *seconds = (double)images * each;
    } else if (!run->crops) { /* only those that are drawn are read */
        snprintf(text, size, "%lld images drawn, ", (long long)stored);
        *seconds = (double)stored * r->reading;
    }
    size_t used = strlen(text);
    if (run->crops)
        DC3_TRY(
            cropping_time(run, r, cropped_images(run, images, stored), &cropping, text + used, size - used));
    *seconds += cropping;
    return DC3_OK;
}

/* Seconds to make and store `stored` images. */
static dc3_status storing_time(dc3_run *run, double reading, int64_t stored, double *seconds, char *text,
                               size_t size)
{
    double each = 0;
    if (run->method->needs & DC3_NEEDS_EDITOR) {
        DC3_TRY(measure_edits(run, stored, &each));
        dc3_run_say(run, "measured: %.0f ms per image to edit and store, %.0f GFLOP/s%s", each * 1e3,
                    run->rate * 1e-9, each > 0 ? "" : " (none of those tried could be read)");
        snprintf(text, size, "%lld edits of %d step%s at %d px, ", (long long)stored * dc3_run_edits(run),
                 run->edit.steps, run->edit.steps == 1 ? "" : "s", run->edit.size);
    } else {
        if (run->crops) /* which is not known yet */
            each = run->each * reading * run->options->select.threads;
        else
            DC3_TRY(measure_images(run, run->edit.steps, IMAGES, &each));
        snprintf(text, size, "%lld images stored at %d px, ", (long long)stored, run->size);
    }
    *seconds = (double)stored * (each + writing);
    return DC3_OK;
}

static dc3_status estimate_bytes(dc3_run *run, int64_t stored)
{
    char format[DC3_CODING_TEXT], one[DC3_NUMBER_TEXT], all[DC3_NUMBER_TEXT];
    double each;
    DC3_TRY(dc3_run_measure_bytes(run, &run->coding, 1, enough, &each, NULL));
    run->report->bytes = each * (double)stored;
    if (each > 0)
        dc3_run_say(run, "estimate: %lld images as %s of about %s each, %s in all", (long long)stored,
                    dc3_coding_text(run->coding, format), dc3_size_text(each, one),
                    dc3_size_text(run->report->bytes, all));
    return DC3_OK;
}

/* Bytes of the features of all images, and of what the selection of the largest class works on beside them.
 */
static double selection_bytes(const dc3_run *run)
{
    const dc3_teacher *t = &run->teacher;
    int64_t n = dc3_dataset_size(run->dataset), largest = 0;
    for (int64_t i = 0, first = 0; i < n; i++) {
        if (dc3_dataset_label(run->dataset, i) != dc3_dataset_label(run->dataset, first)) first = i;
        if (i - first + 1 > largest) largest = i - first + 1;
    }
    double encoded = run->encodes ? (double)run->feature_length : 0;
    double taught = dc3_run_asks(run) ? (double)t->info->embedding + (double)t->info->classes : 0;
    if (run->probes) taught = (double)run->report->classes + encoded; /* the regression has a copy */
    if (!(run->needs & (DC3_NEEDS_FEATURES | DC3_NEEDS_BINS))) return 0;
    return 4 * ((double)n * (encoded + taught) + (double)largest * (encoded + taught));
}

dc3_status dc3_run_estimate(dc3_run *run, int64_t images, int64_t stored)
{
    char text[DC3_NUMBER_TEXT], first[80] = "", second[80] = "";
    double training = 0, selection = 0, storing = 0, page = 0, start = dc3_seconds_now();
    rates r = {measure_reading(run) / run->options->select.threads, 0,
               run->trains ? dc3_run_teacher_size(run) : run->teacher.size};
    if (run->editor) {
        dc3_editor_info info = dc3_editor_describe(run->editor);
        dc3_run_say(run, "editor %s: %.1f M parameters, %s, %d threads", info.name, info.parameters * 1e-6,
                    dc3_dtype_name(info.dtype), info.threads);
    }
    if (images && run->trains && dc3_path_what(run->teacher_path) != DC3_PATH_FILE) {
        dc3_teacher_cost cost;
        DC3_TRY(dc3_run_measure_teacher(run, &cost));
        /* What the backbone says is measured with the features, but of crops. */
        int known = dc3_run_probes_features(run) && !run->crops;
        r.forward = known ? 0 : cost.forward;
        training = known ? cost.regression : cost.training + (double)images * r.reading;
        dc3_run_say(run, "measured: about %s to train a teacher first (%s FILE uses yours)",
                    dc3_duration_text(training, text), dc3_setting("teacher"));
    }
    if (images) DC3_TRY(selection_time(run, &r, images, stored, &selection, first, sizeof first));
    if (stored) DC3_TRY(storing_time(run, r.reading, stored, &storing, second, sizeof second));
    if (images && stored && !run->options->no_report) page = dc3_report_reads(images, stored) * r.reading;
    /* What was measured here is done, and measured again by the run after a dry one. */
    run->report->estimate_seconds = training + selection + storing + page + dc3_seconds_now() - start;
    dc3_duration_text(run->report->estimate_seconds, text);
    dc3_run_say(run, "estimate: %s%s%sabout %s", training > 0 ? "a teacher's training, " : "", first, second,
                text);
    if (stored && run->options->dry_run) DC3_TRY(estimate_bytes(run, stored));
    double made = stored ? dc3_crew_bytes(run, stored, dc3_run_edits_at_once(run)) : 0;
    return dc3_check_memory(LEAST_LEFT + made + (images ? selection_bytes(run) : 0));
}
