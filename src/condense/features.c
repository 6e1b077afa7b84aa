/* Features of a dataset: the mean of the VAE's posterior of every picture. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "condense/run.h"

enum { BATCH = 16 }; /* always as many, the last filled up, so that a picture's features depend on it alone */

typedef struct batch {
    float *rgb;     /* [BATCH, size, size, 3] */
    float *latents; /* [BATCH, feature_length] */
    int failed[BATCH];
    char reason[BATCH][256];
} batch;

static void load(const dc3_run *run, int64_t first, int count, batch *b)
{
    int size = run->feature_size;
    int64_t each = (int64_t)size * size * 3;
#pragma omp parallel for schedule(dynamic) num_threads(run->options->select.threads)
    for (int i = 0; i < BATCH; i++) {
        dc3_image image = {0};
        float *to = b->rgb + i * each;
        b->failed[i] = 0;
        memset(to, 0, (size_t)each * sizeof *to);
        if (i >= count) continue;
        if (dc3_dataset_read(run->dataset, first + i, size, size, run->fit, &image) != DC3_OK) {
            b->failed[i] = 1;
            snprintf(b->reason[i], sizeof b->reason[i], "%s", dc3_error_text());
            continue;
        }
        for (int64_t j = 0; j < each; j++) to[j] = (float)image.pixels[j] / 255.0f;
        dc3_image_free(&image);
    }
}

static dc3_status note_skipped(dc3_run *run, const char *key, const char *reason)
{
    if (run->options->strict) return dc3_fail(DC3_ERR_FORMAT, "%s (--strict)", reason);
    size_t more = strlen(key) + strlen(reason) + 4;
    char *text = realloc(run->skipped, run->skipped_size + more);
    if (!text) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    run->skipped = text;
    run->skipped_size += (size_t)snprintf(text + run->skipped_size, more, "%s: %s\n", key, reason);
    run->report->skipped++;
    if (run->report->skipped <= 5) dc3_run_say(run, "skipped: %s", reason);
    if (run->report->skipped == 6) dc3_run_say(run, "skipped: more; all are listed at the end");
    return DC3_OK;
}

static dc3_status encode_batch(dc3_run *run, int64_t first, int count, batch *b)
{
    load(run, first, count, b);
    DC3_TRY(dc3_editor_encode(run->editor, BATCH, run->feature_size, b->rgb, b->latents));
    for (int i = 0; i < count; i++) {
        if (b->failed[i]) {
            DC3_TRY(note_skipped(run, dc3_dataset_key(run->dataset, first + i), b->reason[i]));
            continue;
        }
        memcpy(run->features + run->n * run->feature_length, b->latents + i * run->feature_length,
               (size_t)run->feature_length * sizeof *b->latents);
        run->items[run->n++] = first + i;
    }
    return DC3_OK;
}

dc3_status dc3_run_features(dc3_run *run)
{
    int64_t n = dc3_dataset_size(run->dataset);
    size_t pixels = (size_t)run->feature_size * (size_t)run->feature_size * 3;
    batch *b = calloc(1, sizeof *b);
    if (b) b->rgb = malloc(BATCH * pixels * sizeof *b->rgb);
    if (b) b->latents = malloc(BATCH * (size_t)run->feature_length * sizeof *b->latents);
    run->features = malloc((size_t)n * (size_t)run->feature_length * sizeof *run->features);
    run->items = malloc((size_t)n * sizeof *run->items);
    dc3_status status = DC3_OK;
    if (!b || !b->rgb || !b->latents || !run->features || !run->items)
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory for the features of %lld pictures (%.1f GB)",
                          (long long)n, (double)n * (double)run->feature_length * 4e-9);
    for (int64_t first = 0; status == DC3_OK && first < n; first += BATCH) {
        int count = n - first < BATCH ? (int)(n - first) : BATCH;
        status = encode_batch(run, first, count, b);
        dc3_run_progress(run, "features", first + count, n);
    }
    if (b) free(b->rgb), free(b->latents);
    free(b);
    run->report->readable = run->n;
    if (status == DC3_OK && run->n == 0)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: none of %lld pictures can be read", run->options->data,
                          (long long)n);
    return status;
}
