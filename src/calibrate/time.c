/* How long calibrated compensation takes beside its edits: for the views that it looks at. */
#include <stdlib.h>
#include "base/file.h"
#include "base/listener.h"
#include "calibrate/calibrate.h"
#include "calibrate/look.h"

/* Grey in place of an image and of all its edits. */
static float *grey(size_t values)
{
    float *all = malloc(values * sizeof *all);
    for (size_t i = 0; all && i < values; i++) all[i] = 0.5f;
    return all;
}

/* Makes some candidates as one thread does, without the teacher. */
static dc3_status make_views(const dc3_run *run, const float *original, float *out, double *each)
{
    enum { VIEWS = 8 };
    dc3_candidate all[DC3_CANDIDATES];
    const float *edits[DC3_EDITS_MOST];
    dc3_lab_colours colours;
    dc3_status status = DC3_OK;
    int count = dc3_candidates_of(dc3_calibrate_pairs(run), all);
    double start = dc3_seconds_now();
    for (int i = 0; i < DC3_EDITS_MOST; i++) edits[i] = original;
    for (int i = 0; status == DC3_OK && i < VIEWS; i++) {
        dc3_image image = {0};
        dc3_candidate_image(&all[count - 1 - i % count], run->combine, run->size, original, edits, 0, 0, out);
        status = dc3_image_of_floats(run->size, run->size, out, &image);
        if (status == DC3_OK) dc3_lab_colours_of(image.pixels, run->size, run->size, &colours);
        dc3_image_free(&image);
    }
    *each = (dc3_seconds_now() - start) / VIEWS / run->options->select.threads;
    return status;
}

/* Images that the classes are looked at by. */
static int64_t sampled(const dc3_dataset *d)
{
    int64_t n = dc3_dataset_size(d), all = 0;
    for (int64_t i = 0, first = 0; i < n; i++) {
        if (dc3_dataset_label(d, i) != dc3_dataset_label(d, first)) first = i;
        all += i - first < DC3_CLASS_SAMPLE;
    }
    return all;
}

dc3_status dc3_calibrate_time(const dc3_run *run, int64_t count, double reading, double forward,
                              double *seconds)
{
    dc3_candidate all[DC3_CANDIDATES];
    size_t values = (size_t)run->size * (size_t)run->size * 3;
    float *original = grey(values), *out = malloc(values * sizeof *out);
    double each = 0;
    dc3_status status =
        original && out ? make_views(run, original, out, &each) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(original);
    free(out);
    int64_t samples = sampled(run->dataset),
            candidates = count * dc3_candidates_of(dc3_calibrate_pairs(run), all);
    *seconds = (double)(samples + candidates) * (each + forward) + (double)samples * reading;
    if (status == DC3_OK)
        dc3_listener_say(&run->options->listener,
                         "measured: %.1f ms per view to choose edits, of %lld candidates and of %lld images "
                         "of their classes",
                         (each + forward) * 1e3, (long long)candidates, (long long)samples);
    return status;
}
