#include "features/feature_cache.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "run_folder/fingerprint.h"
#include "io/safetensors.h"
#include "features/copies.h"
#include "features/crops.h"
#include "features/feature_rows.h"
#include "features/skipped.h"

/* What the features depend on: the names of the images, the networks, sizes and types. */
static uint64_t key_of(const dc3_run *run)
{
    const dc3_teacher *t = &run->teacher;
    int asks = dc3_run_asks(run), vae = run->encodes && !run->backbone.net;
    uint64_t hash = 0, n = (uint64_t)dc3_dataset_size(run->dataset);
    for (uint64_t i = 0; i < n; i++) {
        const char *key = dc3_dataset_key(run->dataset, (int64_t)i);
        uint64_t pair[] = {hash, dc3_hash64(key, strlen(key))};
        hash = dc3_hash64(pair, sizeof pair);
    }
    const char *path = dc3_dataset_path(run->dataset);
    dc3_editor_info editor = {0};
    if (vae) editor = dc3_editor_describe(run->editor);
    enum { FORM = 3 }; /* of what a file holds: from the second on it has no copies */
    uint64_t all[] = {FORM,
                      hash,
                      n,
                      dc3_hash64(path, strlen(path)),
                      vae ? dc3_fingerprint_folder(run->options->editor) : 0,
                      asks ? dc3_fingerprint_any(run->teacher_path) : 0,
                      (uint64_t)run->feature_size,
                      asks ? (uint64_t)t->size : 0,
                      asks || run->crops ? (uint64_t)dc3_ctx_dtype(t->ctx) : 0,
                      (uint64_t)editor.dtype,
                      (uint64_t)editor.threads,
                      (uint64_t)run->fit};
    uint64_t key = dc3_hash64(all, sizeof all);
    if (run->backbone.net)
        key = dc3_hash64((uint64_t[]){key, dc3_fingerprint_any(run->backbone_path)}, 2 * sizeof key);
    if (run->given) key = dc3_hash64((uint64_t[]){key, run->given->fingerprint}, 2 * sizeof key);
    if (run->crops)
        key = dc3_hash64((uint64_t[]){key, dc3_fingerprint_any(run->teacher_path), (uint64_t)t->size,
                                      (uint64_t)run->crops, (uint64_t)run->factor, run->options->select.seed},
                         6 * sizeof key);
    const char *list = asks || run->crops ? run->options->teacher_classes : NULL; /* whose logits they are */
    return list ? dc3_hash64((uint64_t[]){key, dc3_fingerprint_any(list)}, 2 * sizeof key) : key;
}

dc3_status dc3_feature_cache_find(const dc3_run *run, char **path)
{
    char name[64];
    snprintf(name, sizeof name, "features-%016llx.safetensors", (unsigned long long)key_of(run));
    *path = dc3_path_join(run->options->cache, name);
    return *path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* Passes over the images that could not be read when the features were made, and over copies. */
static dc3_status skip_again(dc3_run *run, const char *skipped, const char *copies)
{
    json_t *lines = json_loads(skipped ? skipped : "[]", 0, NULL),
           *same = json_loads(copies ? copies : "[]", 0, NULL);
    dc3_status status = dc3_run_skip_listed(run, lines);
    if (status == DC3_OK) status = dc3_copies_of_json(run, same);
    json_decref(lines);
    json_decref(same);
    return status;
}

/* The squares that stand for the images; 0: the run has some, and they are not there. */
static int take_squares(dc3_run *run, const dc3_table *table)
{
    int64_t n = dc3_dataset_size(run->dataset);
    const dc3_tensor *boxes = NULL, *losses = NULL;
    if (!run->crops) return 1;
    if (dc3_table_get(table, "boxes", 2, (int64_t[]){n, 3}, &boxes) != DC3_OK || boxes->dtype != DC3_I32 ||
        dc3_table_get(table, "losses", 1, &n, &losses) != DC3_OK || losses->dtype != DC3_F64)
        return 0;
    dc3_run_take_crops(run, boxes->data, losses->data);
    return run->boxes && run->losses;
}

static dc3_status give_squares(const dc3_run *run, dc3_table *table)
{
    int64_t n = dc3_dataset_size(run->dataset);
    if (!run->crops) return DC3_OK;
    DC3_TRY(dc3_table_add(table, "boxes", dc3_view(run->boxes, DC3_I32, 2, (int64_t[]){n, 3})));
    return dc3_table_add(table, "losses", dc3_view(run->losses, DC3_F64, 1, &n));
}

dc3_status dc3_feature_cache_read(dc3_run *run, const char *path, int *found)
{
    dc3_table *table = NULL;
    *found = 0;
    if (dc3_path_what(path) == DC3_PATH_FILE && dc3_safetensors_open(path, &table) == DC3_OK) {
        *found = take_squares(run, table) && dc3_feature_rows_take(run, table);
        if (*found)
            dc3_run_say(run, "features of %lld image%s from %s", (long long)run->n, dc3_s(run->n), path);
    }
    const char *took = *found ? dc3_table_text(table, "seconds") : NULL;
    if (took) run->report->cached_seconds = g_ascii_strtod(took, NULL);
    if (took && run->state) dc3_state_cached(run->state, run->report->cached_seconds);
    dc3_status status =
        *found ? skip_again(run, dc3_table_text(table, "skipped"), dc3_table_text(table, "copies")) : DC3_OK;
    if (!*found) dc3_table_close(&table);
    return status;
}

dc3_status dc3_feature_cache_write(const dc3_run *run, const char *path, double seconds)
{
    char took[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_formatd(took, sizeof took, "%.3f", seconds); /* with a point in every locale */
    char *skipped = run->skipped ? json_dumps(run->skipped, JSON_COMPACT) : NULL;
    json_t *same = dc3_copies_to_json(run);
    char *copies = same ? json_dumps(same, JSON_COMPACT) : NULL;
    dc3_table *table = dc3_table_new("features");
    dc3_status status =
        table ? dc3_make_dirs(run->options->cache) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_table_set_text(table, "seconds", took);
    if (status == DC3_OK && skipped) status = dc3_table_set_text(table, "skipped", skipped);
    if (status == DC3_OK && copies) status = dc3_table_set_text(table, "copies", copies);
    if (status == DC3_OK) status = dc3_feature_rows_give(run, table);
    if (status == DC3_OK) status = give_squares(run, table);
    if (status == DC3_OK) status = dc3_safetensors_save(path, table);
    dc3_table_close(&table);
    free(skipped);
    free(copies);
    json_decref(same);
    return status;
}
