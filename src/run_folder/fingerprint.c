#include "run_folder/fingerprint.h"

#include <dirent.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/rng.h"
#include "io/json.h"

enum { WHOLE = 64 << 20, BLOCK = 1 << 20, BLOCKS = 8, DEPTH = 8 };

/* The hash of two hashes: order counts. */
static uint64_t join(uint64_t a, uint64_t b)
{
    uint64_t both[2] = {a, b};
    return dc3_hash64(both, sizeof both);
}

uint64_t dc3_fingerprint_file(const char *path)
{
    dc3_mapping map;
    if (dc3_path_what(path) != DC3_PATH_FILE || dc3_map_open(path, &map) != DC3_OK) return 0;
    uint64_t hash = map.size;
    if (map.size <= WHOLE)
        hash = join(hash, map.size ? dc3_hash64(map.data, map.size) : 0);
    else /* the first block, the last and those between at equal distances */
        for (size_t i = 0; i < BLOCKS; i++)
            hash = join(hash, dc3_hash64(map.data + (map.size - BLOCK) / (BLOCKS - 1) * i, BLOCK));
    if (map.size > WHOLE) hash = join(hash, dc3_hash64(map.data + map.size - BLOCK, BLOCK));
    dc3_map_close(&map);
    return hash;
}

static uint64_t folder(const char *path, int depth);

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* A model, or adapters, as dc3 finetune makes them. */
static int is_trained(const char *path)
{
    return dc3_folder_holds(path, "model_index.json") ||
           dc3_folder_holds(path, "pytorch_lora_weights.safetensors");
}

/* In the folder of a model: what dc3 finetune and dc3 report leave beside its parts. */
static int is_beside(const char *name)
{
    static const char *const names[] = {"report.html", "finetune.json", "encoded.safetensors", "samples",
                                        "steps"};
    int is = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) is |= strcmp(name, names[i]) == 0;
    return is;
}

/* One entry of the folder `path`, after those of `hash`. */
static uint64_t entry_of(const char *path, const char *name, int depth, uint64_t hash)
{
    char *below = dc3_path_join(path, name);
    dc3_path_kind kind = below ? dc3_path_what(below) : DC3_PATH_MISSING;
    hash = join(hash, dc3_hash64(name, strlen(name)));
    if (kind == DC3_PATH_FOLDER) hash = join(hash, folder(below, depth + 1));
    if (kind == DC3_PATH_FILE) hash = join(hash, dc3_fingerprint_file(below));
    free(below);
    return hash;
}

static uint64_t folder(const char *path, int depth)
{
    struct dirent **entries;
    int count = depth < DEPTH ? scandir(path, &entries, visible, by_bytes) : -1;
    int is_model = !depth && is_trained(path);
    uint64_t hash = 0;
    for (int i = 0; i < count; i++) {
        if (!is_model || !is_beside(entries[i]->d_name))
            hash = entry_of(path, entries[i]->d_name, depth, hash);
        free(entries[i]);
    }
    if (count >= 0) free(entries);
    return hash;
}

uint64_t dc3_fingerprint_folder(const char *path)
{
    return folder(path, 0);
}

uint64_t dc3_fingerprint_any(const char *path)
{
    int is_folder = dc3_path_what(path) == DC3_PATH_FOLDER;
    return is_folder ? dc3_fingerprint_folder(path) : dc3_fingerprint_file(path);
}

uint64_t dc3_fingerprint_images(const dc3_dataset *dataset)
{
    uint64_t hash = dc3_hash64("", 0);
    for (int64_t i = 0; i < dc3_dataset_size(dataset); i++) {
        dc3_stamp stamp = {0};
        const char *name = dc3_dataset_key(dataset, i);
        if (dc3_dataset_stamp(dataset, i, &stamp) != DC3_OK) stamp.size = -1;
        const uint64_t parts[] = {hash, dc3_hash64(name, strlen(name)), (uint64_t)stamp.size,
                                  (uint64_t)stamp.modified};
        hash = dc3_hash64(parts, sizeof parts);
        if (dc3_dataset_groups(dataset)) hash = join(hash, (uint64_t)dc3_dataset_group(dataset, i));
    }
    return hash;
}

json_t *dc3_fingerprint_listing(const dc3_dataset *d)
{
    return json_sprintf("%lld images in %d classes, listed as %016llx", (long long)dc3_dataset_size(d),
                        dc3_dataset_classes(d), (unsigned long long)dc3_dataset_listing(d));
}

json_t *dc3_fingerprint_text(uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)value);
    return json_string(text);
}

uint64_t dc3_fingerprint_classes(int64_t images, const json_t *names)
{
    size_t i;
    json_t *name;
    uint64_t hash = (uint64_t)images;
    json_array_foreach(names, i, name)
    {
        const char *text = json_string_value(name);
        if (text) hash = join(hash, dc3_hash64(text, strlen(text)));
    }
    return hash;
}

void dc3_fingerprint_over_name(json_t *was, json_t *is, const char *key)
{
    char *print = g_strdup_printf("%s_fingerprint", key);
    if (json_equal(json_object_get(was, print), json_object_get(is, print)))
        json_object_del(was, key), json_object_del(is, key);
    g_free(print);
}

json_t *dc3_fingerprint(const char *path)
{
    return dc3_fingerprint_text(dc3_fingerprint_any(path));
}
