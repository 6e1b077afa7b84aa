/* How long a run will take: measured on a few of its own images before it starts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/memory.h"
#include "base/pieces.h"
#include "base/listener.h"
#include "methods/chosen.h"
#include "condense/amount.h"
#include "condense/estimate.h"
#include "features/features.h"
#include "features/run_teacher.h"
#include "dc3/text.h"
#include "options/coding.h"
#include "report/stage.h"

enum { IMAGES = 8 };                /* that are made */
enum { LEAST_LEFT = 64 << 20 };     /* bytes that a run takes beside what it has once it was measured */
static const double writing = 0.01; /* seconds until an image is safely on a disk, for one of a crew */
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

/* Seconds of one image: the mean of at most `most` spread over the dataset, of the first alone where it takes
 * more than `slow`; 0: none of them can be read. None is made twice, but an edit of the only one. */
static dc3_status measure_images(dc3_run *run, int steps, int most, double slow, double *seconds)
{
    int64_t n = dc3_dataset_size(run->dataset), least = run->editor ? 2 : 1;
    int read = 0, looks = (int)(n < least ? least : n < IMAGES ? n : IMAGES);
    double spent = 0;
    *seconds = 0;
    for (int i = 0; i < looks && read < most && spent < enough && *seconds <= slow; i++) {
        double each;
        DC3_TRY(make_one(run, n * i / looks, steps, &each));
        if (each < 0) continue;
        if (read++) spent += each; /* the first packs weights, or makes the table of time steps */
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
    char *had;         /* [crew.count], of a worker: 1: it has made one, for which weights were packed */
    int64_t count;     /* of images at the most, spread over the dataset */
    double latest;     /* none begins later but one for each worker, in dc3_seconds_now */
    double seconds[2]; /* sums over a worker's first images, and over those behind */
    int64_t made[2];
} trial;

/* What came of an image. */
typedef struct tried {
    double seconds; /* below 0: it cannot be read, or was not begun */
    int is_warm;
} tried;

static dc3_status try_one(void *user, int worker, int64_t piece, void *result)
{
    const trial *t = user;
    tried *r = result;
    dc3_run *run = t->crew.runs[worker];
    *r = (tried){.seconds = -1, .is_warm = t->had[worker]};
    if (piece >= t->crew.count && dc3_seconds_now() > t->latest) return DC3_OK;
    DC3_TRY(make_one(run, dc3_dataset_size(run->dataset) * piece / t->count, t->steps, &r->seconds));
    if (r->seconds >= 0) t->had[worker] = 1;
    return DC3_OK;
}

static dc3_status take_tried(void *user, int64_t piece, void *result)
{
    trial *t = user;
    const tried *r = result;
    (void)piece;
    if (r->seconds < 0) return DC3_OK;
    t->seconds[r->is_warm] += r->seconds;
    t->made[r->is_warm]++;
    return DC3_OK;
}

/* Seconds of one image of the crew, of as many as it makes of `most` with `steps` until `latest`, and of the
 * workers' first ones only if there are no others; as it was if none can be read. */
static dc3_status try_some(trial *t, int64_t most, int steps, double latest, double *seconds)
{
    int64_t n = dc3_dataset_size(t->crew.runs[0]->dataset);
    t->steps = steps, t->latest = latest, t->count = most < n ? most : n;
    for (int k = 0; k < 2; k++) t->seconds[k] = 0, t->made[k] = 0;
    dc3_pieces pieces = {.count = t->count,
                         .workers = t->crew.count,
                         .result_size = sizeof(tried),
                         .user = t,
                         .work = try_one,
                         .take = take_tried};
    dc3_status status = dc3_pieces_run(&pieces);
    int k = t->made[1] > 0;
    if (t->made[k]) *seconds = t->seconds[k] / (double)t->made[k] / t->crew.count;
    return status;
}

/* Seconds that a measurement may take where one edit takes `each`: a small part of the run's. */
static double patience(int64_t stored, double each)
{
    static const double part = 0.05;
    double all = (double)stored * each * part;
    return all > enough ? all : enough;
}

/* Seconds of one compensation where several are made side by side: workers make images with `few` steps,
 * whose operations the whole has `ratio` times; where there is time for it, an image each with all steps, and
 * more of a small model. They are no more than are stored. */
static dc3_status measure_crew(dc3_run *run, int64_t stored, int few, double ratio, double *seconds)
{
    trial t = {.made = {0}};
    dc3_status status = dc3_crew_open(run, stored, dc3_run_crew_edits(run), &t.crew);
    int64_t count = t.crew.count, twice = 2 * count > IMAGES ? 2 * count : IMAGES;
    int64_t most = twice < stored ? twice : stored;
    *seconds = 0;
    t.had = calloc((size_t)count, 1);
    if (status == DC3_OK && !t.had) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    double start = dc3_seconds_now();
    if (status == DC3_OK) status = try_some(&t, most, few, start + enough, seconds);
    *seconds *= ratio;
    double left = start + patience(stored, *seconds) - dc3_seconds_now(), round = *seconds * (double)count;
    if (status == DC3_OK && few != run->edit.steps && round < left)
        status = try_some(&t, most, run->edit.steps, start + enough - round, seconds);
    free(t.had);
    dc3_crew_close(&t.crew);
    return status;
}

/* Seconds of one compensation, of `stored` of them. The first, of few steps, also packs weights: another
 * follows unless that takes too long. A large model's is extrapolated from it by the number of operations;
 * else whole ones are made. */
static dc3_status measure_edits(dc3_run *run, int64_t stored, double *seconds)
{
    int edits = dc3_run_edits(run), keep = run->detail == DC3_DETAIL_KEEP;
    dc3_edit_settings one = run->edit;
    one.steps = few_steps(run);
    double flops = dc3_editor_flops(run->editor, &run->edit, edits, keep);
    double ratio = flops / dc3_editor_flops(run->editor, &one, edits, keep), first;
    if (dc3_crew_size(run, stored, dc3_run_crew_edits(run)) > 1)
        DC3_TRY(measure_crew(run, stored, one.steps, ratio, seconds));
    else {
        int is_short = patience(stored, ratio) > 1; /* beside the run, whatever one takes */
        DC3_TRY(measure_images(run, one.steps, 2, is_short ? INFINITY : enough, &first));
        *seconds = first * ratio;
        if (*seconds < 3 * enough)
            DC3_TRY(measure_images(run, run->edit.steps, IMAGES, patience(stored, *seconds), seconds));
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
    double each = 0, crew = dc3_crew_size(run, stored, dc3_run_crew_edits(run));
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
            DC3_TRY(measure_images(run, run->edit.steps, IMAGES, enough, &each));
        each /= crew;
        snprintf(text, size, "%lld images stored at %d px, ", (long long)stored, run->size);
    }
    *seconds = (double)stored * (each + writing / crew);
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
    double made = stored ? dc3_crew_bytes(run, stored, dc3_run_crew_edits(run)) : 0;
    if (stored && run->synthesis->bytes) made += run->synthesis->bytes(run, stored);
    return dc3_check_memory(LEAST_LEFT + made + (images ? selection_bytes(run) : 0));
}
