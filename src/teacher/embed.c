#include "teacher/embed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/listener.h"
#include "base/rng.h"
#include "io/safetensors.h"
#include "run_folder/fingerprint.h"

typedef struct looking {
    const dc3_embedding_call *call;
    float *rows;
} looking;

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

static dc3_status show(void *user, int worker, int64_t i, float *view, void *note)
{
    (void)worker, (void)note;
    const dc3_embedding_call *e = ((const looking *)user)->call;
    int size = e->teacher->size;
    dc3_image image;
    DC3_TRY(dc3_dataset_read(e->data, i, size, size, DC3_FIT_CROP, &image));
    dc3_image_to_floats(&image, view);
    dc3_image_free(&image);
    return DC3_OK;
}

static dc3_status take(void *user, int64_t i, const dc3_seen *seen)
{
    const looking *l = user;
    int64_t width = l->call->teacher->info->embedding;
    float *row = l->rows + i * width;
    memcpy(row, seen->values[0], (size_t)width * sizeof *row);
    if (seen->status != DC3_OK) row[0] = NAN;
    return DC3_OK;
}

static dc3_status run_all(dc3_embedding_call *e, float *rows)
{
    double start = dc3_seconds_now();
    looking l = {e, rows};
    dc3_look look = dc3_teacher_look(e->teacher);
    look.count = dc3_dataset_size(e->data), look.user = &l, look.show = show, look.take = take;
    look.listener = e->listener, look.stage = "embeddings";
    dc3_status status = dc3_look_run(&look);
    e->looked = look.count;
    e->seconds = dc3_seconds_now() - start;
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
