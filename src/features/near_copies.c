#include "features/near_copies.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/listener.h"
#include "base/rng.h"
#include "features/copies.h"
#include "features/feature_rows.h"
#include "lookalikes/near.h"

dc3_status dc3_near_copies_check(const dc3_run *run, int looks)
{
    double least = run->options->near_duplicates;
    int compares = run->given || run->backbone.net || run->shares || dc3_run_asks(run) || run->trains;
    if (least == 0) return DC3_OK;
    if (!(least >= 0.5 && least <= 1))
        return dc3_fail_setting("near_duplicates", "expected a cosine from 0.5 to 1, found %g", least);
    if (!looks)
        return dc3_fail_setting("near_duplicates",
                                "the method looks at some images only; expected another %s",
                                dc3_setting("method"));
    if (!compares)
        return dc3_fail_setting(
            "near_duplicates",
            "there are no embeddings to compare images by; expected %s, %s or %s with a file",
            dc3_setting("backbone"), dc3_setting("teacher"), dc3_setting("features"));
    return DC3_OK;
}

/* 1 if the features are compared, a file's or the backbone's, 0: the teacher's embeddings. */
static int by_features(const dc3_run *run)
{
    return run->given || run->backbone.net;
}

static const float *embeddings_of(const dc3_run *run, int64_t *d)
{
    int own = by_features(run);
    *d = own ? run->feature_length : run->teacher.info->embedding;
    return own ? run->features : run->embeddings;
}

double dc3_near_copies_pairs(const dc3_dataset *d)
{
    double pairs = 0;
    int64_t n = dc3_dataset_size(d);
    for (int64_t begin = 0, end; begin < n; begin = end) {
        for (end = begin + 1; end < n && dc3_dataset_label(d, end) == dc3_dataset_label(d, begin);) end++;
        pairs += (double)(end - begin) * (double)(end - begin);
    }
    return pairs;
}

dc3_status dc3_near_copies_measure(const dc3_run *run, double *seconds)
{
    enum { SAMPLE = 512, WIDTH = 512 }; /* of a teacher that is not there yet */
    int64_t first[SAMPLE], d = by_features(run)   ? run->feature_length
                               : run->teacher.net ? run->teacher.info->embedding
                                                  : WIDTH;
    double pairs = run->options->near_duplicates > 0 ? dc3_near_copies_pairs(run->dataset) : 0;
    *seconds = 0;
    if (pairs < SAMPLE * SAMPLE) return DC3_OK;
    float *x = malloc((size_t)(SAMPLE * d) * sizeof *x);
    if (!x) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_rng rng = dc3_rng_make(0, DC3_RNG_MEASURE, 0);
    dc3_rng_normal(&rng, x, SAMPLE * d);
    double start = dc3_seconds_now();
    dc3_status status = dc3_near_rows(SAMPLE, d, x, NULL, run->options->near_duplicates, first, NULL);
    *seconds = (dc3_seconds_now() - start) * pairs / (SAMPLE * SAMPLE);
    free(x);
    return status;
}

/* Which rows stand for themselves, class by class; the classes' rows lie together. */
static dc3_status find_all(const dc3_run *run, int64_t *first)
{
    int64_t d;
    const float *x = embeddings_of(run, &d);
    for (int64_t begin = 0, end; begin < run->n; begin = end) {
        int label = dc3_dataset_label(run->dataset, run->items[begin]);
        for (end = begin + 1; end < run->n && dc3_dataset_label(run->dataset, run->items[end]) == label;)
            end++;
        DC3_TRY(dc3_near_rows(end - begin, d, x + begin * d, NULL, run->options->near_duplicates,
                              first + begin, NULL));
        for (int64_t i = begin; i < end; i++) first[i] += begin;
        dc3_run_progress(run, "near-duplicates", end, run->n);
    }
    return DC3_OK;
}

static int64_t tell(dc3_run *run, const int64_t *first)
{
    int64_t n = 0, example = -1;
    for (int64_t i = 0; i < run->n; i++)
        if (first[i] != i && n++ == 0) example = i;
    run->report->near_duplicates += n;
    if (n)
        dc3_run_say(
            run, "note: %lld image%s class, a cosine of %g or more ('%s' of '%s'): left out", (long long)n,
            n == 1 ? " is a near-duplicate of another of its" : "s are near-duplicates of others of their",
            run->options->near_duplicates, dc3_dataset_key(run->dataset, run->items[example]),
            dc3_dataset_key(run->dataset, run->items[first[example]]));
    else
        dc3_run_say(run, "no image is a near-duplicate of another of its class, a cosine of %g or more",
                    run->options->near_duplicates);
    return n;
}

/* A class that loses most of its images is hardly of copies: a teacher of these very classes, as a run trains
 * it, makes all images of a class alike. */
static void warn_of_losses(dc3_run *run, const int64_t *first)
{
    int64_t classes = 0, lost_first = 0, of = 0;
    int label = 0;
    for (int64_t begin = 0, end; begin < run->n; begin = end) {
        int64_t lost = 0;
        int now = dc3_dataset_label(run->dataset, run->items[begin]);
        for (end = begin; end < run->n && dc3_dataset_label(run->dataset, run->items[end]) == now; end++)
            lost += first[end] != end;
        if (2 * lost <= end - begin) continue;
        if (!classes++) lost_first = lost, of = end - begin, label = now;
    }
    if (classes)
        dc3_run_say(run,
                    "warning: %lld class%s more than half of %s images as near-duplicates ('%s': %lld of "
                    "%lld); use a greater %s%s%s",
                    (long long)classes, classes == 1 ? " loses" : "es lose", classes == 1 ? "its" : "their",
                    dc3_dataset_class_name(run->dataset, label), (long long)lost_first, (long long)of,
                    dc3_setting("near_duplicates"),
                    by_features(run) ? "" : ", or compare by a network of other classes: ",
                    by_features(run) ? "" : dc3_setting("backbone"));
}

dc3_status dc3_near_copies_leave_out(dc3_run *run)
{
    if (run->options->near_duplicates == 0) return DC3_OK;
    int64_t n = 0, *first = malloc((size_t)(run->n + 1) * sizeof *first);
    dc3_status status = first ? find_all(run, first) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) n = tell(run, first), warn_of_losses(run, first);
    for (int64_t i = 0; status == DC3_OK && i < run->n; i++)
        if (first[i] != i) status = dc3_copies_note(run, run->items[i], run->items[first[i]]);
    if (status == DC3_OK && n) status = dc3_feature_rows_keep(run, first);
    free(first);
    return status;
}
