#include "teacher/embed.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cancel.h"
#include "base/file.h"
#include "base/listener.h"
#include "base/rng.h"
#include "io/safetensors.h"
#include "run_folder/fingerprint.h"

/* One batch. */
typedef struct room {
    float *rgb;                 /* [DC3_TEACHER_BATCH, size, size, 3] */
    float *embeddings, *logits; /* [DC3_TEACHER_BATCH, ..] */
} room;

static dc3_status find_cache(const dc3_embedding_call *e, char **path)
{
    char name[64];
    const char *data = dc3_dataset_path(e->data);
    enum { FORM = 1 };
    uint64_t all[] = {FORM, dc3_fingerprint_images(e->data), dc3_hash64(data, strlen(data)),
                      dc3_fingerprint_any(e->path), (uint64_t)e->teacher->size};
    snprintf(name, sizeof name, "embeddings-%016llx.safetensors",
             (unsigned long long)dc3_hash64(all, sizeof all));
    *path = dc3_path_join(e->cache, name);
    return *path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* 1 if the file has them. */
static int read_cache(const dc3_embedding_call *e, const char *path, float *rows)
{
    dc3_table *table = NULL;
    const dc3_tensor *t;
    int64_t shape[] = {dc3_dataset_size(e->data), e->teacher->info->embedding};
    if (dc3_path_what(path) != DC3_PATH_FILE || dc3_safetensors_open(path, &table) != DC3_OK) return 0;
    int found = dc3_table_get(table, "embeddings", 2, shape, &t) == DC3_OK && t->dtype == DC3_F32;
    if (found) memcpy(rows, t->data, (size_t)(shape[0] * shape[1]) * sizeof *rows);
    dc3_table_close(&table);
    if (found) dc3_listener_say(e->listener, "embeddings of %lld images from %s", (long long)shape[0], path);
    return found;
}

static dc3_status write_cache(const dc3_embedding_call *e, const char *path, float *rows)
{
    int64_t shape[] = {dc3_dataset_size(e->data), e->teacher->info->embedding};
    dc3_table *table = dc3_table_new("embeddings");
    dc3_status status = table ? dc3_make_dirs(e->cache) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_table_add(table, "embeddings", dc3_view(rows, DC3_F32, 2, shape));
    if (status == DC3_OK) status = dc3_safetensors_save(path, table);
    dc3_table_close(&table);
    return status;
}

/* Reads as many images as a batch has, from the first-th on; failed[i]: it cannot be read, or there is none.
 */
static void load(const dc3_embedding_call *e, int64_t first, float *rgb, int failed[DC3_TEACHER_BATCH])
{
    int size = e->teacher->size;
    int64_t n = dc3_dataset_size(e->data);
    size_t each = (size_t)size * (size_t)size * 3;
#pragma omp parallel for schedule(dynamic) num_threads(e->threads)
    for (int i = 0; i < DC3_TEACHER_BATCH; i++) {
        dc3_image image;
        failed[i] = first + i >= n ||
                    dc3_dataset_read(e->data, first + i, size, size, DC3_FIT_CROP, &image) != DC3_OK;
        if (failed[i])
            memset(rgb + (size_t)i * each, 0, each * sizeof *rgb);
        else
            dc3_image_to_floats(&image, rgb + (size_t)i * each), dc3_image_free(&image);
    }
}

static dc3_status run_batch(const dc3_embedding_call *e, const room *r, int64_t first, float *rows)
{
    int failed[DC3_TEACHER_BATCH];
    int64_t width = e->teacher->info->embedding, n = dc3_dataset_size(e->data);
    DC3_TRY(dc3_check_cancel());
    load(e, first, r->rgb, failed);
    DC3_TRY(dc3_teacher_run(e->teacher, DC3_TEACHER_BATCH, r->rgb, r->embeddings, r->logits));
    for (int i = 0; i < DC3_TEACHER_BATCH && first + i < n; i++) {
        memcpy(rows + (first + i) * width, r->embeddings + i * width, (size_t)width * sizeof *rows);
        if (failed[i]) rows[(first + i) * width] = NAN;
    }
    return DC3_OK;
}

static dc3_status run_all(dc3_embedding_call *e, float *rows)
{
    const dc3_classifier_info *info = e->teacher->info;
    int64_t n = dc3_dataset_size(e->data), size = e->teacher->size;
    double start = dc3_seconds_now();
    room r = {.rgb = malloc(DC3_TEACHER_BATCH * (size_t)(size * size * 3) * sizeof *r.rgb),
              .embeddings = malloc(DC3_TEACHER_BATCH * (size_t)info->embedding * sizeof *r.embeddings),
              .logits = malloc(DC3_TEACHER_BATCH * (size_t)info->classes * sizeof *r.logits)};
    dc3_status status =
        r.rgb && r.embeddings && r.logits ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t first = 0; status == DC3_OK && first < n; first += DC3_TEACHER_BATCH) {
        status = run_batch(e, &r, first, rows);
        int64_t done = first + DC3_TEACHER_BATCH < n ? first + DC3_TEACHER_BATCH : n;
        if (e->listener->progress) e->listener->progress(e->listener->user, "embeddings", done, n);
    }
    e->looked = n;
    e->seconds = dc3_seconds_now() - start;
    free(r.rgb), free(r.embeddings), free(r.logits);
    return status;
}

dc3_status dc3_embed(dc3_embedding_call *e, float *rows)
{
    char *path = NULL;
    e->looked = 0, e->seconds = 0;
    if (e->cache) DC3_TRY(find_cache(e, &path));
    if (path && read_cache(e, path, rows)) {
        free(path);
        return DC3_OK;
    }
    dc3_status status = run_all(e, rows);
    if (status == DC3_OK && path) status = write_cache(e, path, rows);
    free(path);
    return status;
}
