#include "run_folder/sources.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "options/option_names.h"
#include "dc3/condense.h"
#include "run_folder/shards.h"

static void want(json_t *items, const json_t *object)
{
    const char *source = json_string_value(json_object_get(object, "source"));
    if (source) json_object_set_new(items, source, json_null());
}

void dc3_sources_number(json_t *items, const dc3_dataset *dataset)
{
    for (int64_t n = 0; n < dc3_dataset_size(dataset); n++) {
        json_t *key = dc3_json_text(dc3_dataset_key(dataset, n));
        const char *text = json_string_value(key);
        if (text && json_object_get(items, text)) json_object_set_new(items, text, json_integer(n));
        json_decref(key);
    }
}

json_t *dc3_sources_find(const json_t *lines, const dc3_dataset *dataset)
{
    json_t *line, *patch, *items = json_object();
    size_t i, k;
    json_array_foreach(lines, i, line)
    {
        want(items, line);
        json_array_foreach(json_object_get(line, "patches"), k, patch)
        {
            want(items, patch);
        }
    }
    dc3_sources_number(items, dataset);
    return items;
}

int64_t dc3_sources_item(const json_t *items, const char *source)
{
    const json_t *item = source ? json_object_get(items, source) : NULL;
    return json_is_integer(item) ? json_integer_value(item) : DC3_SOURCE_MISSING;
}

dc3_status dc3_sources_lost(const json_t *items, const char *source)
{
    int changed = dc3_sources_item(items, source) == DC3_SOURCE_CHANGED;
    return dc3_fail(DC3_ERR_FORMAT, "%.200s is %s", source ? source : "a source",
                    changed ? "another image now than the one that the run was made of"
                            : "no longer in the dataset");
}

dc3_fit dc3_sources_fit(const json_t *settings)
{
    const char *fit = json_string_value(json_object_get(settings, "fit"));
    for (int i = 0; fit && dc3_fit_names[i]; i++)
        if (strcmp(dc3_fit_names[i], fit) == 0) return (dc3_fit)i;
    return DC3_FIT_CROP;
}

int dc3_sources_fourfold(const json_t *settings)
{
    const char *combine = json_string_value(json_object_get(settings, "combine"));
    return combine && strcmp(combine, dc3_combine_names[DC3_COMBINE_FOURFOLD]) == 0;
}

/* The name of a line's image, which stays below the folder. */
static dc3_status name_of(const char *train, const json_t *line, const char **name)
{
    *name = json_string_value(json_object_get(line, "file_name"));
    if (!*name) return dc3_fail(DC3_ERR_FORMAT, "%s/metadata.jsonl: a line has no file_name", train);
    if (dc3_path_stays(*name)) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s/metadata.jsonl: expected names of files below it, found '%.200s'",
                    train, *name);
}

dc3_status dc3_sources_stored(const char *train, const json_t *line, int width, int height, dc3_image *image)
{
    const char *name;
    DC3_TRY(name_of(train, line, &name));
    if (json_object_get(line, "place")) return dc3_shards_image(train, line, width, height, image);
    char *path = dc3_path_join(train, name);
    dc3_status status = path ? dc3_image_read(path, width, height, DC3_FIT_CROP, image)
                             : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(path);
    return status;
}

dc3_status dc3_sources_stored_file(const char *train, const json_t *line, char **data, size_t *size)
{
    const char *name;
    DC3_TRY(name_of(train, line, &name));
    if (json_object_get(line, "place")) return dc3_shards_file(train, line, data, size);
    char *path = dc3_path_join(train, name);
    dc3_status status = path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && dc3_path_what(path) == DC3_PATH_MISSING)
        status = dc3_fail(DC3_ERR_FORMAT,
                          "%s: expected an image of the run, found none; its command makes "
                          "it again",
                          path);
    if (status == DC3_OK) status = dc3_file_read(path, DC3_FILE_LIMIT, data, size);
    free(path);
    return status;
}

double dc3_sources_stored_bytes(const char *train, const json_t *lines)
{
    double sum = 0;
    size_t i;
    json_t *line;
    struct stat info;
    json_array_foreach((json_t *)(uintptr_t)lines, i, line)
    {
        const char *name = json_string_value(json_object_get(line, "file_name"));
        const json_t *place = json_object_get(line, "place");
        char *path = name ? dc3_path_join(train, name) : NULL;
        if (place)
            sum += (double)json_integer_value(json_array_get(place, 1));
        else if (path && stat(path, &info) == 0)
            sum += (double)info.st_size;
        free(path);
    }
    return sum;
}
