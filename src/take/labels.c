#include "take/labels.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/listener.h"
#include "io/dataset.h"
#include "labels/some_labels.h"
#include "labels/stored.h"
#include "run_folder/fingerprint.h"
#include "run_folder/shards.h"

static const char file_name[] = "soft_labels.safetensors";

/* What is at hand: the run's labels, and the images of both folders. */
typedef struct relabelling {
    dc3_soft_labels all;
    dc3_dataset *of, *taken;
} relabelling;

static dc3_status open_train(const char *run, dc3_dataset **data)
{
    char *train = dc3_path_join(run, "train");
    dc3_status status = train ? dc3_dataset_open(train, data) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(train);
    return status;
}

/* 1 where the labels are known to be of other images under these names. */
static int are_of_others(const dc3_taking *t, const json_t *info)
{
    const char *stored = json_string_value(json_object_get(info, "stored"));
    char *train = dc3_path_join(t->run, "train");
    json_t *now = train && stored ? dc3_fingerprint_text(dc3_fingerprint_folder(train)) : NULL;
    int others = now && strcmp(stored, json_string_value(now)) != 0;
    json_decref(now);
    free(train);
    return others;
}

/* Numbers in the run of the images that were taken, by their names in files; caller frees. */
static dc3_status find_images(const relabelling *r, int64_t **images)
{
    GHashTable *numbers = g_hash_table_new(g_str_hash, g_str_equal);
    int64_t n = dc3_dataset_size(r->taken);
    *images = malloc((size_t)n * sizeof **images);
    dc3_status status = *images ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; i < dc3_dataset_size(r->of); i++)
        g_hash_table_insert(numbers, (gpointer)(uintptr_t)dc3_shard_member(dc3_dataset_key(r->of, i)),
                            GSIZE_TO_POINTER((gsize)i + 1));
    for (int64_t i = 0; status == DC3_OK && i < n; i++) {
        const char *name = dc3_shard_member(dc3_dataset_key(r->taken, i));
        gsize found = GPOINTER_TO_SIZE(g_hash_table_lookup(numbers, name));
        (*images)[i] = (int64_t)found - 1;
        if (!found) status = dc3_fail(DC3_ERR_FORMAT, "%s: is no image of the run", name);
    }
    g_hash_table_destroy(numbers);
    return status;
}

static dc3_status save(const dc3_taking *t, const relabelling *r, dc3_soft_labels *some)
{
    char *train = dc3_path_join(t->out, "train"), *path = dc3_path_join(t->out, file_name);
    json_t *files = json_array();
    for (int64_t i = 0; i < dc3_dataset_size(r->taken); i++)
        json_array_append_new(files, dc3_json_text(dc3_dataset_key(r->taken, i)));
    json_object_set_new(some->info, "files", files);
    json_object_set_new(some->info, "taken", json_true()); /* dc3 label would draw other views */
    dc3_status status = train && path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK)
        json_object_set_new(some->info, "stored", dc3_fingerprint_text(dc3_fingerprint_folder(train)));
    if (status == DC3_OK) status = dc3_soft_labels_save(path, some);
    free(train), free(path);
    return status;
}

static void tell(const dc3_taking *t, int64_t views, int64_t of)
{
    if (views == of) return;
    dc3_listener_say(
        t->listener,
        "note: of %lld views of each image that are labelled in %s %lld are taken: the others mix "
        "it with images that are left out (%s 0 of dc3 label mixes none); dc3 label %s makes "
        "new ones",
        (long long)of, t->run, (long long)views, dc3_setting("cutmix"), t->out);
}

static dc3_status take(const dc3_taking *t, relabelling *r, const char *path, int64_t *views)
{
    int64_t *images = NULL;
    dc3_soft_labels some = {0};
    DC3_TRY(dc3_soft_labels_open(path, &r->all));
    DC3_TRY(open_train(t->run, &r->of));
    DC3_TRY(dc3_stored_check_images(&r->all, path, r->of));
    if (are_of_others(t, r->all.info))
        return dc3_fail(DC3_ERR_FORMAT, "%s: of other images than %s has now", path, t->run);
    DC3_TRY(open_train(t->out, &r->taken));
    dc3_status status = find_images(r, &images);
    if (status == DC3_OK) status = dc3_some_labels(&r->all, images, dc3_dataset_size(r->taken), views, &some);
    if (status == DC3_OK && *views) status = save(t, r, &some);
    if (status == DC3_OK) tell(t, *views, r->all.views);
    dc3_soft_labels_free(&some);
    free(images);
    return status;
}

dc3_status dc3_take_labels(const dc3_taking *t, int64_t *views)
{
    relabelling r = {.of = NULL};
    *views = 0;
    if (!dc3_folder_holds(t->run, file_name)) return DC3_OK;
    char *path = dc3_path_join(t->run, file_name);
    dc3_status status = path ? take(t, &r, path, views) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_ERR_FORMAT) { /* they are none, or of other images: the set is good without them */
        dc3_listener_say(t->listener, "warning: soft labels are not taken: %s", dc3_error_text());
        status = DC3_OK;
    }
    dc3_soft_labels_free(&r.all);
    dc3_dataset_close(&r.of), dc3_dataset_close(&r.taken);
    free(path);
    return status;
}
