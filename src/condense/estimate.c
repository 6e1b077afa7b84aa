/* How long a run will take: measured on a few of its own images before it starts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/memory.h"
#include "base/listener.h"
#include "base/text.h"
#include "methods/chosen.h"
#include "methods/selection.h"
#include "condense/offers.h"
#include "condense/estimate.h"
#include "condense/image_times.h"
#include "condense/originals.h"
#include "features/features.h"
#include "features/near_copies.h"
#include "features/run_teacher.h"
#include "dc3/ranks.h"
#include "dc3/text.h"
#include "options/coding.h"
#include "report/stage.h"
#include "run_folder/store.h"

enum { LEAST_LEFT = 64 << 20 };     /* bytes that a run takes beside what it has once it was measured */
static const double writing = 0.01; /* seconds until an image is safely on a disk, for one of a crew */
static const double enough = 0.7;   /* seconds to spend on a measurement */

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
    double each = 0, cropping = 0, comparing = 0;
    char duration[DC3_NUMBER_TEXT];
    *seconds = 0;
    *text = 0;
    if (run->needs & (DC3_NEEDS_FEATURES | DC3_NEEDS_BINS)) {
        int pixels = run->encodes ? run->feature_size : r->size;
        int looks = run->encodes || dc3_run_asks(run), will = run->trains && !run->idle;
        if (looks) DC3_TRY(dc3_run_measure_features(run, &each));
        each /= dc3_ranks_count();
        if (looks || will) each = (each > 0 ? each : r->reading) + r->forward;
        if (looks || will)
            dc3_run_say(run, "measured: %.1f ms per image to read and encode at %d px", each * 1e3, pixels);
        if (looks || will)
            snprintf(text, size, "%lld image%s encoded at %d px, ", (long long)images, dc3_s(images), pixels);
        *seconds = (double)images * each;
    } else if (!run->crops) { /* only those that are drawn are read */
        snprintf(text, size, "%lld image%s drawn, ", (long long)stored, dc3_s(stored));
        *seconds = (double)stored * r->reading;
    }
    size_t used = strlen(text);
    if (run->crops)
        DC3_TRY(
            cropping_time(run, r, cropped_images(run, images, stored), &cropping, text + used, size - used));
    DC3_TRY(dc3_near_copies_measure(run, &comparing));
    if (run->options->without_duplicates) comparing += (double)images * r->reading;
    if (comparing >= 1)
        dc3_run_say(run, "measured: about %s to find near-duplicates",
                    dc3_duration_text(comparing, duration));
    *seconds += cropping + comparing;
    return DC3_OK;
}

/* Seconds to prepare the images beside their edits, by a teacher that there is, or will be. */
static dc3_status preparing_time(dc3_run *run, const rates *r, int64_t stored, double *seconds)
{
    dc3_teacher *known = run->teacher.net ? &run->teacher : run->probes ? &run->backbone : NULL;
    double forward = r->forward;
    *seconds = 0;
    if (!run->synthesis->time) return DC3_OK;
    if (known) DC3_TRY(dc3_teacher_measure(known, &forward));
    return run->synthesis->time(run, stored, r->reading, forward, seconds);
}

/* Seconds to make and store `stored` images. */
static dc3_status storing_time(dc3_run *run, const rates *r, int64_t stored, double *seconds, char *text,
                               size_t size)
{
    double each = 0, before, crew = dc3_crew_size(run, stored, dc3_run_crew_edits(run));
    if (run->method->needs & DC3_NEEDS_EDITOR) {
        DC3_TRY(dc3_run_time_edits(run, stored, &each));
        each /= dc3_ranks_count();
        dc3_run_say(run, "measured: %.0f ms per image to edit and store, %.0f GFLOP/s%s", each * 1e3,
                    run->rate * 1e-9, each > 0 ? "" : " (none of those tried could be read)");
        snprintf(text, size, "%lld edit%s of %d step%s at %d px, ", (long long)stored * dc3_run_edits(run),
                 dc3_s(stored * dc3_run_edits(run)), run->edit.steps, dc3_s(run->edit.steps), run->edit.size);
    } else {
        if (run->crops) /* which is not known yet */
            each = run->each * r->reading * run->options->select.threads;
        else
            DC3_TRY(dc3_run_time_images(run, &each));
        each /= crew;
        snprintf(text, size, "%lld image%s stored at %d px, ", (long long)stored, dc3_s(stored), run->size);
    }
    DC3_TRY(preparing_time(run, r, stored, &before));
    *seconds = (double)stored * (each + writing / crew) + before;
    return DC3_OK;
}

static dc3_status estimate_bytes(dc3_run *run, int64_t stored)
{
    char format[DC3_CODING_TEXT], one[DC3_NUMBER_TEXT], all[DC3_NUMBER_TEXT];
    double each;
    if (dc3_store_keeps(run->options)) {
        each = dc3_originals_bytes(run);
        run->report->bytes = each * (double)stored;
        dc3_run_say(run, "estimate: %lld images as their files of about %s each are", (long long)stored,
                    dc3_size_text(each, one));
        return DC3_OK;
    }
    DC3_TRY(dc3_run_measure_bytes(run, &run->coding, 1, enough, &each, NULL));
    run->report->bytes = each * (double)stored;
    if (each > 0)
        dc3_run_say(run, "estimate: %lld image%s as %s of about %s each, %s in all", (long long)stored,
                    dc3_s(stored), dc3_coding_text(run->coding, format), dc3_size_text(each, one),
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
    double encoded = dc3_run_has_features(run) ? (double)run->feature_length : 0;
    double taught = dc3_run_asks(run) ? (double)t->info->embedding + (double)t->info->classes : 0;
    if (run->probes && run->encodes)
        taught = (double)run->report->classes + encoded; /* the regression has a copy */
    if (!(run->needs & (DC3_NEEDS_FEATURES | DC3_NEEDS_BINS))) return 0;
    double bytes = 4 * ((double)n * (encoded + taught) + (double)largest * (encoded + taught));
    int at_once = run->options->select.threads < dc3_dataset_classes(run->dataset)
                      ? run->options->select.threads
                      : dc3_dataset_classes(run->dataset);
    if (dc3_run_nests(run)) /* whole classes are compared, as f64 */
        bytes += 8 * (double)largest * (taught > 0 ? taught : encoded) * at_once;
    return bytes;
}

dc3_status dc3_run_estimate(dc3_run *run, int64_t images, int64_t stored)
{
    char text[DC3_NUMBER_TEXT], first[80] = "", second[80] = "";
    double training = 0, selection = 0, storing = 0, page = 0, start = dc3_seconds_now();
    rates r = {measure_reading(run) / run->options->select.threads, 0,
               run->trains ? dc3_run_teacher_size(run) : run->teacher.size};
    if (run->editor) {
        dc3_editor_info info = dc3_editor_describe(run->editor);
        dc3_run_say(run, "editor %s: %.1f M parameters, %s, %d thread%s", info.name, info.parameters * 1e-6,
                    dc3_dtype_name(info.dtype), info.threads, info.threads == 1 ? "" : "s");
    }
    if (images && run->trains && dc3_path_what(run->teacher_path) != DC3_PATH_FILE) {
        dc3_teacher_cost cost;
        DC3_TRY(dc3_run_measure_teacher(run, &cost));
        /* What the backbone says is measured with the features, but of crops. */
        int known = dc3_run_probes_features(run) && !run->crops;
        r.forward = known ? 0 : cost.forward;
        training = known ? cost.regression : cost.training + (double)images * r.reading;
        dc3_run_say(run, "measured: about %s to train a teacher first%s (%s FILE uses yours)",
                    dc3_duration_text(training, text),
                    run->both ? ", if a linear probe is too often wrong" : "", dc3_setting("teacher"));
    }
    if (images) DC3_TRY(selection_time(run, &r, images, stored, &selection, first, sizeof first));
    if (stored) DC3_TRY(storing_time(run, &r, stored, &storing, second, sizeof second));
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
