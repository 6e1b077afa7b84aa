/* Features of a dataset, as the method needs: the mean of the VAE's posterior of every image; with a
 * teacher, its embedding and logits. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "features/feature_cache.h"
#include "features/run.h"
#include "base/listener.h"
#include "features/copies.h"
#include "features/features.h"
#include "features/feature_rows.h"
#include "base/rng.h"
#include "features/skipped.h"

enum { BATCH = 16 }; /* always as many, the last filled up, so that an image's features depend on it alone */

typedef struct batch {
    float *rgb;                 /* [BATCH, feature_size, feature_size, 3] */
    float *latents;             /* [BATCH, feature_length] */
    float *seen;                /* [BATCH, teacher.size, teacher.size, 3] */
    float *embeddings, *logits; /* [BATCH, ..] */
    int failed[BATCH];
    dc3_image_hashes hashes[BATCH];
    char reason[BATCH][256];
} batch;

/* The image of `source` as floats [size, size, 3]; `more`: at another size too, later. pixels: their hash, or
 * NULL. */
static dc3_status read_floats(const dc3_run *run, dc3_image_source *source, int size, int more, float *to,
                              dc3_appearance *view)
{
    dc3_image image;
    DC3_TRY(dc3_image_source_read(source, size, size, run->fit, more, &image));
    dc3_image_to_floats(&image, to);
    if (view) *view = dc3_appearance_of(&image, dc3_image_source_reduced(source));
    dc3_image_free(&image);
    return DC3_OK;
}

dc3_status dc3_run_read_sizes(const dc3_run *run, int64_t item, const int sizes[2], float *const to[2],
                              dc3_image_hashes *hashes)
{
    dc3_image_source *source;
    dc3_appearance *view = hashes ? &hashes->view : NULL;
    DC3_TRY(dc3_dataset_source(run->dataset, item, &source));
    int same = to[0] && to[1] && sizes[0] == sizes[1];
    dc3_status status = to[0] ? read_floats(run, source, sizes[0], to[1] && !same, to[0], view) : DC3_OK;
    if (same && status == DC3_OK)
        memcpy(to[1], to[0], (size_t)sizes[0] * (size_t)sizes[0] * 3 * sizeof *to[0]);
    else if (to[1] && status == DC3_OK)
        status = read_floats(run, source, sizes[1], 0, to[1], to[0] ? NULL : view);
    if (hashes) hashes->file = run->state ? dc3_image_source_hash(source) : 0;
    dc3_image_source_close(&source);
    return status;
}

dc3_status dc3_run_read_floats(const dc3_run *run, int64_t item, int size, float *to)
{
    return dc3_run_read_sizes(run, item, (int[]){size, 0}, (float *[]){to, NULL}, NULL);
}

static void load(const dc3_run *run, int64_t first, int count, batch *b)
{
    int64_t each = (int64_t)run->feature_size * run->feature_size * 3;
    int64_t each_seen = (int64_t)run->teacher.size * run->teacher.size * 3;
    const int sizes[] = {run->feature_size, run->teacher.size};
#pragma omp parallel for schedule(dynamic) num_threads(run->options->select.threads)
    for (int i = 0; i < BATCH; i++) {
        float *rgb = b->rgb ? b->rgb + i * each : NULL, *seen = b->seen ? b->seen + i * each_seen : NULL;
        b->failed[i] = i < count && dc3_run_read_sizes(run, first + i, sizes, (float *[]){rgb, seen},
                                                       &b->hashes[i]) != DC3_OK;
        if (b->failed[i]) snprintf(b->reason[i], sizeof b->reason[i], "%s", dc3_error_text());
        if (i < count && !b->failed[i]) continue;
        if (rgb) memset(rgb, 0, (size_t)each * sizeof *rgb);
        if (seen) memset(seen, 0, (size_t)each_seen * sizeof *seen);
    }
}

/* Reads `count` images and runs the networks on `rows` of the batch. */
static dc3_status compute(dc3_run *run, int64_t first, int count, int rows, batch *b)
{
    load(run, first, count, b);
    if (b->rgb) DC3_TRY(dc3_editor_encode(run->editor, rows, run->feature_size, b->rgb, b->latents));
    return b->seen ? dc3_teacher_run(&run->teacher, rows, b->seen, b->embeddings, b->logits) : DC3_OK;
}

/* Rows of the batch's images, but for those that cannot be read and for copies. */
static dc3_status take_batch(dc3_run *run, int64_t first, int count, batch *b)
{
    int64_t items[BATCH] = {0};
    uint64_t files[BATCH] = {0};
    for (int i = 0; i < count; i++) items[i] = first + i, files[i] = b->hashes[i].file;
    DC3_TRY(dc3_run_note_read(run, count, items, files, b->failed));
    for (int i = 0; i < count; i++) {
        int is_copy = 0;
        if (b->failed[i]) DC3_TRY(dc3_run_skip(run, first + i, b->reason[i]));
        if (!b->failed[i]) DC3_TRY(dc3_copies_meet(run, first + i, &b->hashes[i].view, &is_copy));
        if (b->failed[i] || is_copy) continue;
        const dc3_classifier_info *t = run->teacher.info;
        DC3_TRY(dc3_feature_rows_add(run, first + i, b->rgb ? b->latents + i * run->feature_length : NULL,
                                     b->seen ? b->embeddings + i * t->embedding : NULL,
                                     b->seen ? b->logits + i * t->classes : NULL));
    }
    return DC3_OK;
}

static float *floats(int64_t rows, int64_t columns)
{
    return malloc((size_t)rows * (size_t)columns * sizeof(float));
}

static void batch_close(batch *b)
{
    if (b) free(b->rgb), free(b->latents), free(b->seen), free(b->embeddings), free(b->logits);
    free(b);
}

static dc3_status open_batch(const dc3_run *run, batch **out)
{
    const dc3_teacher *t = &run->teacher;
    batch *b = *out = calloc(1, sizeof *b);
    int64_t size = run->feature_size;
    int ready = b != NULL;
    if (ready && run->encodes)
        ready =
            (b->rgb = floats(BATCH, size * size * 3)) && (b->latents = floats(BATCH, run->feature_length));
    if (ready && t->net)
        ready = (b->seen = floats(BATCH, (int64_t)t->size * t->size * 3)) &&
                (b->embeddings = floats(BATCH, t->info->embedding)) &&
                (b->logits = floats(BATCH, t->info->classes));
    return ready ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

dc3_status dc3_run_measure_features(dc3_run *run, double *seconds)
{
    enum { MOST = 8 };
    const double enough = 0.7, slow = 0.1;
    int64_t n = dc3_dataset_size(run->dataset);
    int count = n < BATCH ? (int)n : BATCH;
    batch *b;
    dc3_status status = open_batch(run, &b);
    double start = dc3_seconds_now();
    /* One image, the first time with the packing of weights; of a large network that must do. */
    for (int i = 0; i < 2 && status == DC3_OK; i++) {
        start = dc3_seconds_now();
        status = compute(run, 0, 1, 1, b);
        *seconds = dc3_seconds_now() - start;
    }
    int small = *seconds < slow;
    for (int i = 0; small && i < MOST && status == DC3_OK && dc3_seconds_now() - start < enough; i++) {
        if (i < 2) start = dc3_seconds_now(); /* nor does the first batch count, if there are more */
        status = compute(run, (n - count) * i / MOST, count, BATCH, b);
        *seconds = (dc3_seconds_now() - start) / (i > 1 ? i : 1) / count;
    }
    batch_close(b);
    return status;
}

static dc3_status compute_all(dc3_run *run)
{
    int64_t n = dc3_dataset_size(run->dataset);
    batch *b;
    dc3_status status = open_batch(run, &b);
    if (status == DC3_OK) status = dc3_feature_rows_open(run, n);
    for (int64_t first = 0; status == DC3_OK && first < n; first += BATCH) {
        int count = n - first < BATCH ? (int)(n - first) : BATCH;
        status = compute(run, first, count, BATCH, b);
        if (status == DC3_OK) status = take_batch(run, first, count, b);
        dc3_run_progress(run, "features", first + count, n);
    }
    batch_close(b);
    if (status == DC3_OK && run->n == 0)
        status =
            dc3_fail(DC3_ERR_FORMAT, "%s: none of %lld images can be read", run->options->data, (long long)n);
    return status == DC3_OK ? dc3_feature_rows_finish(run) : status;
}

dc3_status dc3_run_features(dc3_run *run)
{
    char *cached = NULL;
    int found = 0;
    if (run->options->cache) DC3_TRY(dc3_feature_cache_find(run, &cached));
    dc3_status status = cached ? dc3_feature_cache_read(run, cached, &found) : DC3_OK;
    if (status == DC3_OK && !found) {
        double start = dc3_seconds_now();
        status = compute_all(run);
        if (status == DC3_OK && cached)
            status = dc3_feature_cache_write(run, cached, dc3_seconds_now() - start);
    }
    free(cached);
    if (status == DC3_OK) dc3_copies_tell(run);
    if (status == DC3_OK) run->report->readable = run->n + run->report->copies;
    return status;
}
