#include "condense/image_times.h"

#include <math.h>
#include <stdlib.h>
#include "base/listener.h"
#include "base/pieces.h"
#include "methods/chosen.h"

enum { IMAGES = 8 };              /* that are made */
static const double enough = 0.7; /* seconds to spend on a measurement, where one is not longer by itself */

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

dc3_status dc3_run_time_edits(dc3_run *run, int64_t stored, double *seconds)
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

dc3_status dc3_run_time_images(dc3_run *run, double *seconds)
{
    return measure_images(run, run->edit.steps, IMAGES, enough, seconds);
}
