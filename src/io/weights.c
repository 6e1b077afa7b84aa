#include "io/weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "io/found.h"
#include "io/json.h"
#include "io/npy.h"
#include "io/pth.h"
#include "io/safetensors.h"

enum { INDEX_LIMIT = 100 << 20 };

static int is_safetensors(const unsigned char *data, size_t size)
{
    /* The header begins with a brace, behind its size, which in a text would be 2^48 and more. */
    return size > 8 && data[8] == '{' && !data[7] && !data[6];
}

const char *dc3_weights_kind(const unsigned char *data, size_t size)
{
    if (is_safetensors(data, size)) return "safetensors";
    if (dc3_npy_probe(data, size)) return "NumPy array";
    if (dc3_npz_probe(data, size)) return "NumPy arrays";
    return dc3_pth_probe(data, size) ? "PyTorch checkpoint" : NULL;
}

static dc3_status parse(const char *origin, const unsigned char *data, size_t size, dc3_table *table)
{
    if (is_safetensors(data, size)) return dc3_safetensors_parse(origin, data, size, table);
    if (dc3_npy_probe(data, size)) return dc3_npy_parse(origin, data, size, table);
    if (dc3_npz_probe(data, size)) return dc3_npz_parse(origin, data, size, table);
    if (dc3_pth_probe(data, size)) return dc3_pth_parse(origin, data, size, table);
    return dc3_fail_found(origin, "a safetensors file or a PyTorch checkpoint (torch.save)", data, size);
}

static int listed_before(const json_t *map, const char *shard, const char *until)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)map, name, value)
    {
        if (strcmp(name, until) == 0) return 0;
        if (json_is_string(value) && strcmp(json_string_value(value), shard) == 0) return 1;
    }
    return 0;
}

/* The files that an index lists. */
static dc3_status open_shards(const char *folder, const char *index, dc3_table **table)
{
    json_t *object;
    DC3_TRY(dc3_json_read(index, INDEX_LIMIT, &object));
    json_t *map = json_object_get(object, "weight_map"), *value;
    const char *name;
    dc3_status status = json_is_object(map) ? DC3_OK : dc3_fail(DC3_ERR_FORMAT, "%s: no 'weight_map'", index);
    *table = dc3_table_new(index);
    if (!*table) status = dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", index);
    json_object_foreach(map, name, value)
    {
        const char *shard = json_string_value(value);
        if (status != DC3_OK) break;
        if (!shard || strchr(shard, '/') || shard[0] == '.')
            status = dc3_fail(DC3_ERR_FORMAT, "%s: '%.100s' should name a file beside it", index, name);
        if (status != DC3_OK || listed_before(map, shard, name)) continue;
        char *path = dc3_path_join(folder, shard);
        status = path ? dc3_table_map(*table, path, parse) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        free(path);
    }
    json_decref(object);
    if (status != DC3_OK) dc3_table_close(table);
    return status;
}

int dc3_weights_are_index(const char *path)
{
    static const char index[] = ".index.", end[] = ".json";
    const char *slash = strrchr(path, '/'), *found = strstr(slash ? slash : path, index);
    size_t length = strlen(path);
    return found && strcmp(path + length - strlen(end), end) == 0;
}

static dc3_status open_index(const char *path, dc3_table **table)
{
    char *folder = strdup(path);
    if (!folder) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    char *slash = strrchr(folder, '/');
    if (slash) slash[1] = 0;
    dc3_status status = open_shards(slash ? folder : ".", path, table);
    free(folder);
    return status;
}

static dc3_status open_file(const char *path, dc3_table **table)
{
    return dc3_weights_are_index(path) ? open_index(path, table) : dc3_table_open(path, parse, table);
}

/* The forms of a part's weights, the first of them that is there is read. */
static const struct {
    const char *ending;
    int sharded, pickled;
} forms[] = {{".safetensors", 0, 0},
             {".safetensors.index.json", 1, 0},
             {".fp16.safetensors", 0, 0},
             {".safetensors.index.fp16.json", 1, 0},
             {".bin", 0, 1},
             {".bin.index.json", 1, 1},
             {".fp16.bin", 0, 1},
             {".bin.index.fp16.json", 1, 1}};

/* One of the forms of a part's weights, if it is there; *table stays NULL if not. */
static dc3_status open_form(const char *folder, const char *stem, const char *ending, int sharded,
                            dc3_table **table)
{
    char name[128];
    snprintf(name, sizeof name, "%s%s", stem, ending);
    char *path = dc3_path_join(folder, name);
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = DC3_OK;
    if (dc3_path_what(path) == DC3_PATH_FILE)
        status = sharded ? open_shards(folder, path, table) : open_file(path, table);
    free(path);
    return status;
}

/* The weights of another program in the folder, for a message. */
static const char *other_form(const char *folder)
{
    static const char *const names[] = {"diffusion_flax_model.msgpack", "flax_model.msgpack", "model.onnx",
                                        "openvino_model.xml", "tf_model.h5"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = dc3_path_join(folder, names[i]);
        int there = path && dc3_path_what(path) == DC3_PATH_FILE;
        free(path);
        if (there) return names[i];
    }
    return "none";
}

dc3_status dc3_weights_open_model(const char *folder, const char *stem, dc3_table **table)
{
    const char *pickled = strcmp(stem, "model") == 0 ? "pytorch_model" : stem;
    *table = NULL;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const char *name = forms[i].pickled ? pickled : stem;
        DC3_TRY(open_form(folder, name, forms[i].ending, forms[i].sharded, table));
        if (!*table) continue;
        if (!forms[i].pickled) return DC3_OK;
        dc3_status status =
            dc3_table_note(*table, "read from %s%s, for want of %s.safetensors", name, forms[i].ending, stem);
        if (status != DC3_OK) dc3_table_close(table);
        return status;
    }
    return dc3_fail(
        DC3_ERR_IO,
        "%s: expected %s.safetensors (or its .index.json, or %s.fp16.safetensors, or %s.bin), found %s",
        folder, stem, stem, pickled, other_form(folder));
}

static int holds(const char *folder, const char *stem, const char *ending)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", stem, ending);
    return dc3_folder_holds(folder, name);
}

int dc3_weights_are_model(const char *folder)
{
    int config = holds(folder, "config", ".json"), weights = 0;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        weights |= holds(folder, forms[i].pickled ? "pytorch_model" : "model", forms[i].ending);
    return config && weights;
}

/* A list of a file that says how images are normalised, and ImageNet's. */
typedef struct normal {
    const char *file, *within, *key, *what;
    double usual[3];
} normal;
static const normal normals[] = {
    {"preprocessor_config.json", NULL, "image_mean", "mean", {0.485, 0.456, 0.406}},
    {"preprocessor_config.json", NULL, "image_std", "deviation", {0.229, 0.224, 0.225}},
    {"config.json", "pretrained_cfg", "mean", "mean", {0.485, 0.456, 0.406}},
    {"config.json", "pretrained_cfg", "std", "deviation", {0.229, 0.224, 0.225}},
};

/* Notes a list that is not ImageNet's. */
static dc3_status note_normal(const char *folder, const normal *n, dc3_table *table)
{
    char *path = dc3_path_join(folder, n->file);
    json_t *object = NULL;
    int other = 0;
    dc3_status status = DC3_OK;
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (dc3_path_what(path) == DC3_PATH_FILE && dc3_json_read(path, INDEX_LIMIT, &object) == DC3_OK) {
        const json_t *list = json_object_get(n->within ? json_object_get(object, n->within) : object, n->key);
        for (size_t i = 0; i < 3 && json_array_size(list) == 3; i++)
            other |= fabs(json_number_value(json_array_get(list, i)) - n->usual[i]) > 1e-3;
        if (other)
            status = dc3_table_note(table,
                                    "%s says that images are normalised by a %s of %g, which is not followed",
                                    n->file, n->what, json_number_value(json_array_get(list, 0)));
    }
    json_decref(object);
    free(path);
    return status;
}

/* "model-00001-of-00003.safetensors" */
static dc3_status note_shard(const char *path, dc3_table **table)
{
    const char *slash = strrchr(path, '/'), *of = strstr(slash ? slash : path, "-of-");
    int number, count, read = of && of - path > 6 ? sscanf(of - 6, "-%5d-of-%5d.", &number, &count) : 0;
    if (read != 2 || count < 2) return DC3_OK;
    dc3_status status = dc3_table_note(
        *table, "one of %d shards: the .index.json beside them, or their folder, stands for all", count);
    if (status != DC3_OK) dc3_table_close(table);
    return status;
}

dc3_status dc3_weights_open(const char *path, dc3_table **table)
{
    if (dc3_path_what(path) != DC3_PATH_FOLDER) {
        DC3_TRY(open_file(path, table));
        return note_shard(path, table);
    }
    DC3_TRY(dc3_weights_open_model(path, "model", table));
    dc3_status status = DC3_OK;
    for (size_t i = 0; i < sizeof normals / sizeof *normals && status == DC3_OK; i++)
        status = note_normal(path, &normals[i], *table);
    if (status != DC3_OK) dc3_table_close(table);
    return status;
}
