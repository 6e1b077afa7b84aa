/* DATA/<class>/ with images in it and in its subfolders. Symbolic links are followed, but not into a folder
 * that one is already in. Names that begin with a dot are skipped. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "io/reader.h"

typedef struct listing {
    dc3_dataset *dataset;
    const char *root;
    int label;
    long others;  /* files that are no images */
    long folders; /* visited so far */
    dev_t devices[DC3_DEPTH_LIMIT];
    ino_t nodes[DC3_DEPTH_LIMIT];
} listing;

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static dc3_status list_folder(listing *w, const char *below, int depth);

static dc3_status visit(listing *w, const char *key, const char *name, int depth)
{
    char *path = dc3_path_join(w->root, key);
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    errno = 0;
    dc3_path_kind kind = dc3_path_what(path);
    int reason = errno;
    dc3_status status = DC3_OK;
    if (kind == DC3_PATH_FOLDER)
        status = list_folder(w, key, depth + 1);
    else if (kind == DC3_PATH_MISSING)
        status = dc3_dataset_remark(w->dataset, "%s: %s, skipped", path,
                                    reason == ENOENT ? "a link to nothing" : strerror(reason));
    else if (kind == DC3_PATH_FILE && dc3_is_image_name(name)) {
        dc3_item item = {.label = w->label};
        status = dc3_dataset_text(w->dataset, key, &item.key);
        if (status == DC3_OK) status = dc3_dataset_add(w->dataset, item);
    } else
        w->others++;
    free(path);
    return status;
}

/* 1 if the folder is one of those above it: a loop of links. */
static int is_loop(listing *w, const char *path, int depth)
{
    struct stat info;
    if (stat(path, &info) != 0) return 1;
    for (int i = 0; i < depth; i++)
        if (w->devices[i] == info.st_dev && w->nodes[i] == info.st_ino) return 1;
    w->devices[depth] = info.st_dev;
    w->nodes[depth] = info.st_ino;
    return 0;
}

static dc3_status list_folder(listing *w, const char *below, int depth)
{
    struct dirent **entries;
    int count;
    char *path = dc3_path_join(w->root, below);
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = DC3_OK;
    if (w->folders++ >= DC3_FOLDER_LIMIT)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: expected at most %d folders; do links fan out?", w->root,
                          DC3_FOLDER_LIMIT);
    else if (depth >= DC3_DEPTH_LIMIT)
        status =
            dc3_dataset_remark(w->dataset, "%s: more than %d folders deep, skipped", path, DC3_DEPTH_LIMIT);
    else if (is_loop(w, path, depth))
        status = dc3_dataset_remark(w->dataset, "%s: a link back to a folder above, skipped", path);
    else if ((status = dc3_list(path, visible, &entries, &count)) == DC3_OK) {
        for (int i = 0; i < count && status == DC3_OK; i++) {
            char *key = dc3_path_join(below, entries[i]->d_name);
            status =
                key ? visit(w, key, entries[i]->d_name, depth) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
            free(key);
        }
        dc3_list_free(entries, count);
    }
    free(path);
    return status;
}

static dc3_status list_class(listing *w, const char *name)
{
    DC3_TRY(dc3_dataset_class(w->dataset, name, &w->label));
    return list_folder(w, name, 0);
}

/* 1 for the name of a part, other than train, that datasets are divided into. */
static int is_other_part(const char *name)
{
    static const char *const parts[] = {"val", "valid", "validation", "test"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strcmp(name, parts[i]) == 0) return 1;
    return 0;
}

/* "DATA holds train and val": the user means one of them. */
static dc3_status check_split(const char *path, struct dirent **entries, int count)
{
    int train = 0, others = 0, classes = 0;
    for (int i = 0; i < count; i++) {
        char *below = dc3_path_join(path, entries[i]->d_name);
        int is_folder = below && dc3_path_what(below) == DC3_PATH_FOLDER;
        free(below);
        if (!is_folder) continue;
        if (strcmp(entries[i]->d_name, "train") == 0)
            train = 1;
        else if (is_other_part(entries[i]->d_name))
            others++;
        else
            classes++;
    }
    if (train && !classes)
        return dc3_fail(
            DC3_ERR_FORMAT,
            "%s: expected a folder for each class, found a dataset's parts; did you mean %s/train%s%s%s?",
            path, path, others ? " (and one of the others as " : "", others ? dc3_setting("val") : "",
            others ? ")" : "");
    return DC3_OK;
}

static dc3_status open_folder(const char *path, dc3_dataset *dataset)
{
    listing w = {.dataset = dataset, .root = path};
    struct dirent **entries;
    int count;
    long outside = 0;
    DC3_TRY(dc3_list(path, visible, &entries, &count));
    dc3_status status = check_split(path, entries, count);
    for (int i = 0; i < count && status == DC3_OK; i++) {
        char *below = dc3_path_join(path, entries[i]->d_name);
        dc3_path_kind kind = below ? dc3_path_what(below) : DC3_PATH_MISSING;
        free(below);
        if (kind == DC3_PATH_FOLDER)
            status = list_class(&w, entries[i]->d_name);
        else
            outside += dc3_is_image_name(entries[i]->d_name);
    }
    dc3_list_free(entries, count);
    if (status == DC3_OK && outside && dataset->size == 0)
        return dc3_fail(
            DC3_ERR_FORMAT,
            "%s: found %ld images but no class folders; expected DATA/<class>/<image>: sort them into a "
            "folder for each class, or give the folder above if this is a class",
            path, outside);
    if (status == DC3_OK && outside)
        status = dc3_dataset_remark(dataset, "%ld images lie outside the class folders, skipped", outside);
    if (status == DC3_OK && w.others)
        status = dc3_dataset_remark(dataset, "%ld files are not images by their names, skipped", w.others);
    return status;
}

static int probe(const char *path)
{
    return dc3_path_what(path) == DC3_PATH_FOLDER;
}

static dc3_status open_item(const dc3_dataset *dataset, const dc3_item *item, dc3_image_source **source)
{
    char *path = dc3_path_join(dataset->path, dataset->text + item->key);
    dc3_status status =
        path ? dc3_image_source_open_file(path, source) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(path);
    return status;
}

const dc3_reader dc3_folder_reader = {"folder", probe, open_folder, open_item};
