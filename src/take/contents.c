#include "take/contents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cancel.h"
#include "base/file.h"
#include "run_folder/saved_edits.h"
#include "run_folder/shards.h"
#include "run_folder/sources.h"

static const json_t *line_of(const dc3_taking *t, int64_t i)
{
    return json_array_get(t->lines, (size_t)t->first.lines[i]);
}

/* "CLASS/NAME.webp" below the folder of the images, whatever they stand in; NULL: the line has no such name.
 */
static const char *name_of(const json_t *line)
{
    const char *name = json_string_value(json_object_get(line, "file_name"));
    const char *file = name ? dc3_shard_member(name) : NULL;
    return file && dc3_path_stays(file) && strchr(file, '/') ? file : NULL;
}

static dc3_status no_name(const dc3_taking *t)
{
    return dc3_fail(DC3_ERR_FORMAT,
                    "%s/train: expected the name of a file in a folder for each image, found another",
                    t->run);
}

dc3_status dc3_take_names(const dc3_taking *t)
{
    char *path = dc3_path_join(t->out, "pictures.txt");
    dc3_draft names = {0};
    dc3_status status = path ? dc3_draft_open(&names) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; status == DC3_OK && i < t->first.count; i++) {
        const char *name = name_of(line_of(t, i));
        if (name)
            fprintf(names.file, "%s\n", name);
        else
            status = no_name(t);
    }
    status = dc3_draft_write(&names, status, path);
    free(path);
    return status;
}

/* FROM/name to TO/name, with the folder that it stands in; nothing where there is no such file. */
static dc3_status copy_file(const char *from, const char *to, const char *name)
{
    char *source = dc3_path_join(from, name), *place = dc3_path_join(to, name);
    dc3_mapping file = {0};
    dc3_status status = source && place ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && dc3_path_what(source) == DC3_PATH_FILE) {
        status = dc3_map_open(source, &file);
        if (status == DC3_OK) status = dc3_make_folder_of(place);
        if (status == DC3_OK) status = dc3_file_write(place, file.data, file.size);
        dc3_map_close(&file);
    }
    free(source);
    free(place);
    return status;
}

/* Edits that lie beside the image in the report. */
static dc3_status copy_edits(const dc3_taking *t, const char *name)
{
    char *from = dc3_path_join(t->run, "edits"), *to = dc3_path_join(t->out, "edits");
    dc3_status status = from && to ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; status == DC3_OK && i < 2; i++) {
        char *edits = dc3_edits_name(name, i ? DC3_JPEG_SMALL : DC3_PNG);
        status = edits ? copy_file(from, to, edits) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        free(edits);
    }
    free(from);
    free(to);
    return status;
}

static dc3_status copy_image(const dc3_taking *t, const char *from, const char *to, const json_t *line)
{
    const char *name = name_of(line);
    char *data = NULL;
    size_t size;
    if (!name) return no_name(t);
    char *place = dc3_path_join(to, name);
    dc3_status status = place ? dc3_check_cancel() : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_sources_stored_file(from, line, &data, &size);
    if (status == DC3_OK) status = dc3_make_folder_of(place);
    if (status == DC3_OK) status = dc3_file_write(place, data, size);
    if (status == DC3_OK) status = copy_edits(t, name);
    free(data);
    free(place);
    return status;
}

/* The line as a run of files has it. */
static dc3_status print_line(const json_t *line, FILE *file)
{
    json_t *own = json_deep_copy(line);
    json_object_set_new(own, "file_name", json_string(name_of(line)));
    json_object_del(own, "place");
    char *text = own ? json_dumps(own, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
    if (text) fprintf(file, "%s\n", text);
    json_decref(own);
    free(text);
    return text ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

dc3_status dc3_take_images(const dc3_taking *t)
{
    char *from = dc3_path_join(t->run, "train"), *to = dc3_path_join(t->out, "train"),
         *path = to ? dc3_path_join(to, "metadata.jsonl") : NULL;
    dc3_draft lines = {0};
    dc3_status status = from && path ? dc3_make_dirs(to) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_draft_open(&lines);
    for (int64_t i = 0; status == DC3_OK && i < t->first.count; i++) {
        const json_t *line = line_of(t, i);
        status = copy_image(t, from, to, line);
        if (status == DC3_OK) status = print_line(line, lines.file);
        if (status == DC3_OK && t->listener->progress)
            t->listener->progress(t->listener->user, "taking", i + 1, t->first.count);
    }
    status = dc3_draft_write(&lines, status, path);
    free(from);
    free(to);
    free(path);
    return status;
}

dc3_status dc3_take_files(const dc3_taking *t)
{
    static const char *const names[] = {"teacher.safetensors", "skipped.txt"};
    for (int i = 0; i < 2; i++) DC3_TRY(copy_file(t->run, t->out, names[i]));
    return DC3_OK;
}
