#include "run_folder/clear.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "run_folder/calibration.h"
#include "run_folder/document.h"
#include "run_folder/own_files.h"
#include "run_folder/saved_edits.h"
#include "run_folder/shards.h"
#include "run_folder/state.h"
#include "io/json.h"

static int is_folder(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static dc3_status remove_name(const char *path)
{
    if (unlink(path) == 0) return DC3_OK;
    return dc3_fail(DC3_ERR_IO, "%s: cannot be removed: %s", path, strerror(errno));
}

static dc3_status remove_file(const char *path)
{
    struct stat info;
    return lstat(path, &info) != 0 || !S_ISREG(info.st_mode) ? DC3_OK : remove_name(path);
}

/* "class/image.png" below train, and the class's folder if that was its last. Names of another form are not
 * ours. */
static dc3_status remove_image(const char *train, const char *name)
{
    const char *slash = strchr(name, '/');
    if (!slash || slash == name || !slash[1] || strchr(slash + 1, '/') || name[0] == '.' || slash[1] == '.')
        return DC3_OK;
    char *path = dc3_path_join(train, name), *end = path ? strrchr(path, '/') : NULL;
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *end = 0;
    int ours = is_folder(path);
    *end = '/';
    /* A link is one that the run stored in place of an image. */
    dc3_status status = !ours ? DC3_OK : dc3_path_is_link(path) ? remove_name(path) : remove_file(path);
    *end = 0;
    if (ours) rmdir(path);
    free(path);
    return status;
}

/* The same below `edits`, of the edits that are saved for the image `name`. */
static dc3_status remove_edits(const char *edits, const char *name)
{
    dc3_status status = DC3_OK;
    for (int i = 0; status == DC3_OK && i < 2; i++) {
        char *edit = dc3_edits_name(name, i ? DC3_JPEG_SMALL : DC3_PNG);
        status = edit ? remove_image(edits, edit) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        free(edit);
    }
    return status;
}

/* Runs over a file's lines: names, or JSON objects with a file_name. Of `train` and `edits` what is no folder
 * is left alone. */
static dc3_status remove_listed(const char *list, const char *train, const char *edits)
{
    char *text, *rest, *line;
    size_t size;
    if (dc3_path_is_link(list) || dc3_path_what(list) != DC3_PATH_FILE) return DC3_OK;
    DC3_TRY(dc3_file_read(list, 1 << 30, &text, &size));
    dc3_status status = DC3_OK;
    rest = text;
    while (status == DC3_OK && (line = strsep(&rest, "\n"))) {
        json_t *object = *line == '{' ? json_loads(line, 0, NULL) : NULL;
        const char *name = object ? json_string_value(json_object_get(object, "file_name")) : line;
        if (name && *name && is_folder(train)) status = remove_image(train, name);
        if (name && *name && status == DC3_OK && is_folder(edits)) status = remove_edits(edits, name);
        json_decref(object);
    }
    free(text);
    return status;
}

dc3_status dc3_clear_students(const char *folder)
{
    char *students = dc3_path_join(folder, "students");
    DIR *entries = students && is_folder(students) ? opendir(students) : NULL;
    struct dirent *entry;
    dc3_status status = students ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    while (entries && status == DC3_OK && (entry = readdir(entries))) {
        size_t hash = strspn(entry->d_name, "0123456789abcdef");
        const char *rest = entry->d_name + hash;
        int ours = hash == 16 && (strcmp(rest, ".json") == 0 || strcmp(rest, ".checkpoint") == 0);
        if (!ours && !dc3_is_part_name(entry->d_name)) continue;
        char *path = dc3_path_join(students, entry->d_name);
        status = path ? remove_file(path) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        free(path);
    }
    if (entries) closedir(entries);
    if (students) rmdir(students); /* where it is empty now */
    free(students);
    return status;
}

/* Those in one folder; of its subfolders too with `depth` 1. */
static dc3_status clear_parts(const char *folder, int depth)
{
    DIR *entries = is_folder(folder) ? opendir(folder) : NULL;
    struct dirent *entry;
    dc3_status status = DC3_OK;
    while (entries && status == DC3_OK && (entry = readdir(entries))) {
        char *path = dc3_path_join(folder, entry->d_name);
        if (!path)
            status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
        else if (dc3_is_part_name(entry->d_name)) /* a link too, on its way to its place */
            status = dc3_path_is_link(path) ? remove_name(path) : remove_file(path);
        else if (depth && entry->d_name[0] != '.' && is_folder(path))
            status = clear_parts(path, depth - 1);
        free(path);
    }
    if (entries) closedir(entries);
    return status;
}

dc3_status dc3_clear_parts(const char *folder)
{
    char *train = dc3_path_join(folder, "train"), *edits = dc3_path_join(folder, "edits");
    char *calibration = dc3_path_join(folder, dc3_calibration_folder);
    dc3_status status =
        train && edits && calibration ? clear_parts(folder, 0) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = clear_parts(train, 1);
    if (status == DC3_OK) status = clear_parts(edits, 1);
    if (status == DC3_OK) status = clear_parts(calibration, 0);
    free(train);
    free(edits);
    free(calibration);
    return status;
}

/* The shards of a run that stores such. */
static dc3_status remove_shards(const char *folder, const char *train)
{
    json_t *document = NULL;
    dc3_status status = dc3_document_read(folder, &document);
    const json_t *settings = json_object_get(document, "settings");
    const char *store = json_string_value(json_object_get(settings, "store"));
    if (status == DC3_OK && store && strcmp(store, "tar") == 0) status = dc3_shards_remove(train);
    json_decref(document);
    return status;
}

dc3_status dc3_clear_run(const char *folder)
{
    char *train = dc3_path_join(folder, "train"), *list = dc3_path_join(folder, "pictures.txt");
    char *lines = dc3_path_join(folder, "train/metadata.jsonl"), *edits = dc3_path_join(folder, "edits");
    dc3_status status = train && list && lines && edits ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = remove_listed(list, train, edits);
    if (status == DC3_OK && is_folder(train)) status = remove_listed(lines, train, edits);
    if (status == DC3_OK && is_folder(train)) status = remove_shards(folder, train);
    if (status == DC3_OK) rmdir(edits);
    if (status == DC3_OK && is_folder(train)) status = remove_file(lines);
    /* The list goes after what it names, so that an interrupted removal can be finished. */
    for (const char *const *file = dc3_run_files; status == DC3_OK && *file; file++) {
        char *path = dc3_path_join(folder, *file);
        status = path ? remove_file(path) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        free(path);
    }
    if (status == DC3_OK) status = dc3_clear_students(folder);
    if (status == DC3_OK) status = dc3_clear_calibration(folder);
    if (status == DC3_OK) status = dc3_clear_parts(folder);
    if (status == DC3_OK) dc3_state_remove(folder);
    free(train);
    free(list);
    free(lines);
    free(edits);
    return status;
}

const char dc3_search_file[] = "search.json";

void dc3_clear_search(const char *folder)
{
    char *path = dc3_path_join(folder, ".search"), *file = path ? dc3_path_join(path, dc3_search_file) : NULL;
    int ours = file && is_folder(path) && dc3_path_what(file) == DC3_PATH_FILE;
    if (ours) dc3_remove_tree(path);
    free(file);
    free(path);
}
