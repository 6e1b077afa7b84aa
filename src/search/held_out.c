#include "search/held_out.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/cancel.h"
#include "base/file.h"
#include "base/rng.h"
#include "run_folder/document.h"
#include "run_folder/stored_names.h"

enum { MOST = 2000, LEAST = 5, CLASS_LEAST = 10 };

static dc3_status add_source(void *used, json_t *line)
{
    const char *source = json_string_value(json_object_get(line, "source"));
    if (source) json_object_set_new(used, source, json_null());
    return DC3_OK;
}

dc3_status dc3_held_out_not(const char *folder, json_t *used)
{
    char *train = dc3_path_join(folder, "train");
    dc3_status status =
        train ? dc3_metadata_each(train, add_source, used) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(train);
    return status;
}

static int is_used(const dc3_dataset *d, int64_t item, const json_t *used)
{
    json_t *key = dc3_json_text(dc3_dataset_key(d, item));
    int found = json_object_get(used, json_string_value(key)) != NULL;
    json_decref(key);
    return found;
}

/* How the files are made. */
typedef struct making {
    const dc3_dataset *dataset;
    const json_t *used;
    uint64_t seed;
    int size;
    dc3_fit fit;
    int64_t each;      /* of a class */
    char *used_groups; /* [groups + 1], 1: an image of it is used; of 0, which is none, never */
} making;

/* 1 if the image is in a set that was tried, or in a group with one that is. */
static int is_near_used(const making *m, int64_t item)
{
    return m->used_groups[dc3_dataset_group(m->dataset, item)] || is_used(m->dataset, item, m->used);
}

static dc3_status find_used_groups(making *m)
{
    const dc3_dataset *d = m->dataset;
    m->used_groups = calloc((size_t)dc3_dataset_groups(d) + 1, 1);
    if (!m->used_groups) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; dc3_dataset_groups(d) && i < dc3_dataset_size(d); i++)
        if (dc3_dataset_group(d, i) && is_used(d, i, m->used)) m->used_groups[dc3_dataset_group(d, i)] = 1;
    return DC3_OK;
}

/* One image into a file, unless it is there; *made 0 for one that cannot be read. */
static dc3_status make(const making *m, int64_t item, char *path, int *made)
{
    dc3_image image = {0};
    *made = 1;
    if (dc3_path_what(path) == DC3_PATH_FILE) return DC3_OK;
    dc3_status status = dc3_check_cancel();
    if (status == DC3_OK) status = dc3_dataset_read(m->dataset, item, m->size, m->size, m->fit, &image);
    *made = status == DC3_OK;
    if (status == DC3_ERR_FORMAT || status == DC3_ERR_IO) return DC3_OK;
    if (status == DC3_OK) status = dc3_make_folder_of(path);
    if (status == DC3_OK) status = dc3_image_write(path, &image, DC3_PNG);
    dc3_image_free(&image);
    return status;
}

/* Of the items [first, end) of a class, in a random order, the first that are not used. */
static dc3_status make_class(const making *m, int64_t first, int64_t end, const char *folder, int64_t *count)
{
    int label = dc3_dataset_label(m->dataset, first);
    int64_t n = end - first, *order = malloc((size_t)n * sizeof *order), got = 0;
    dc3_rng rng = dc3_rng_make(m->seed, DC3_RNG_HOLD_OUT, (uint64_t)label);
    dc3_status status = order ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; order && i < n; i++) order[i] = first + i;
    for (int64_t i = 0; status == DC3_OK && got < m->each && i < n; i++) {
        int64_t k = i + (int64_t)dc3_rng_below(&rng, (uint64_t)(n - i)), item = order[k];
        char name[32];
        int made = 0;
        order[k] = order[i];
        if (is_near_used(m, item)) continue;
        snprintf(name, sizeof name, "%lld.png", (long long)item);
        char *path = dc3_path_join(folder, name);
        status = path ? make(m, item, path, &made) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        got += made;
        free(path);
    }
    free(order);
    *count += got;
    if (status == DC3_OK && got < LEAST)
        status = dc3_fail(DC3_ERR_ARGUMENT,
                          "class '%s' has %lld images that are in none of the sets that were tried; expected "
                          "%d to test on: a budget that holds nearly all of the dataset needs no search",
                          dc3_dataset_class_name(m->dataset, label), (long long)got, LEAST);
    return status;
}

dc3_status dc3_held_out_make(const dc3_dataset *d, const json_t *used, uint64_t seed, int size, dc3_fit fit,
                             const char *place, int64_t *count)
{
    char **folders;
    making m = {d, used, seed, size, fit, MOST / dc3_dataset_classes(d), NULL};
    int64_t n = dc3_dataset_size(d);
    if (m.each < CLASS_LEAST) m.each = CLASS_LEAST;
    *count = 0;
    DC3_TRY(find_used_groups(&m));
    dc3_status status = dc3_class_folders(d, &folders);
    for (int64_t first = 0, end; status == DC3_OK && first < n; first = end) {
        int label = dc3_dataset_label(d, first);
        for (end = first + 1; end < n && dc3_dataset_label(d, end) == label;) end++;
        char *folder = dc3_path_join(place, folders[label]);
        status =
            folder ? make_class(&m, first, end, folder, count) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        free(folder);
    }
    dc3_class_folders_free(d, folders);
    free(m.used_groups);
    return status;
}
