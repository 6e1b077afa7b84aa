/* DATA/<class>/ with images in it and in its subfolders. Symbolic links are followed, but not into a folder
 * that one is already in. What systems leave behind (leftovers.h) is counted and passed over, what cannot be
 * listed is skipped. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/node.h"
#include "io/datasets/leftovers.h"
#include "io/datasets/parts.h"
#include "io/datasets/tar_shard.h"
#include "io/datasets/reader.h"

typedef struct listing {
    dc3_dataset *dataset;
    const char *root;
    int label;
    long folders;   /* visited so far */
    dc3_line above; /* the root and the folders above it */
    dc3_node entered[DC3_DEPTH_LIMIT];
} listing;

static int is_entry(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static dc3_status list_folder(listing *w, const char *below, int depth);

/* A link to nothing, or a file that cannot be examined: all are listed, the first is named in a note. */
static dc3_status lose(dc3_dataset *d, const char *key, const char *path, int reason)
{
    if (reason != ENOENT) return dc3_dataset_skip(d, key, "%s: %s", path, strerror(reason));
    dc3_passed_add(&d->lost, key, 0);
    if (d->lost.files == 1) return dc3_dataset_skip(d, key, "%s: a link to nothing", path);
    dc3_dataset_list_skipped(d, key, path, "a link to nothing");
    return DC3_OK;
}

/* "1.png.dvc" where there is no 1.png. */
static int is_unfetched(const char *path)
{
    size_t length = strlen(path);
    if (!dc3_ends_with(path, ".dvc")) return 0;
    char *data = strndup(path, length - strlen(".dvc"));
    int missing = data && dc3_path_what(data) == DC3_PATH_MISSING;
    free(data);
    return missing;
}

/* A file of the dataset that is no image. */
static dc3_status other_file(dc3_dataset *d, const char *key, const char *path, const char *name)
{
    if (is_unfetched(path))
        return dc3_dataset_skip(d, key, "%s: what it stands for was not fetched; dvc pull fetches it", path);
    dc3_dataset_count_file(d, name);
    return DC3_OK;
}

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
        status = lose(w->dataset, key, path, reason);
    else if (kind == DC3_PATH_FILE && dc3_is_image_name(name)) {
        dc3_item item = {.label = w->label};
        status = dc3_dataset_text(w->dataset, key, &item.key);
        if (status == DC3_OK) status = dc3_dataset_add(w->dataset, item);
    } else if (kind == DC3_PATH_FILE)
        status = other_file(w->dataset, key, path, name);
    else
        dc3_passed_add(&w->dataset->special, name, 0);
    free(path);
    return status;
}

/* 1 if the folder is one of those above it: a loop of links. */
static int is_loop(listing *w, const char *path, int depth)
{
    dc3_node one;
    if (!dc3_node_of(path, &one) || dc3_line_has(&w->above, one) || dc3_node_among(w->entered, depth, one))
        return 1;
    w->entered[depth] = one;
    return 0;
}

static dc3_status visit_all(listing *w, const char *below, int depth, struct dirent **entries, int count)
{
    dc3_status status = DC3_OK;
    for (int i = 0; i < count && status == DC3_OK; i++) {
        if (dc3_dataset_pass_over(w->dataset, entries[i])) continue;
        char *key = dc3_path_join(below, entries[i]->d_name);
        status = key ? visit(w, key, entries[i]->d_name, depth) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        free(key);
    }
    return status;
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
        status = dc3_dataset_skip(w->dataset, below, "%s: more than %d folders deep", path, DC3_DEPTH_LIMIT);
    else if (is_loop(w, path, depth))
        status = dc3_dataset_skip(w->dataset, below, "%s: a link back to a folder above", path);
    else if (dc3_list(path, is_entry, &entries, &count) != DC3_OK)
        status = dc3_dataset_skip(w->dataset, below, "%s: cannot be listed: %s", path, strerror(errno));
    else {
        status = visit_all(w, below, depth, entries, count);
        dc3_list_free(entries, count);
    }
    free(path);
    return status;
}

/* Files that a strict run would miss something of. */
static long count_missing(const dc3_dataset *d)
{
    return d->other.files + d->unread.files + d->absent.files + d->special.files + (long)d->skipped->len;
}

/* A folder of nothing but what belongs beside images (annotations, labels) is no class that lost its images.
 */
static dc3_status list_class(listing *w, const char *name)
{
    dc3_dataset *d = w->dataset;
    int64_t images = d->size;
    long companions = d->companions, missing = count_missing(d);
    DC3_TRY(dc3_dataset_class(d, name, &w->label));
    DC3_TRY(list_folder(w, name, 0));
    if (d->size == images && d->companions > companions && count_missing(d) == missing)
        g_hash_table_add(d->lists, g_strdup(name));
    return DC3_OK;
}

/* What a folder's folders are called. */
typedef struct names {
    int others, classes;
    const char *train, *last; /* the latter of the classes */
} names;

static names look_at(const char *path, struct dirent **entries, int count)
{
    names n = {0};
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (dc3_is_leftover(name) || dc3_kind_below(path, name) != DC3_PATH_FOLDER) continue;
        dc3_part part = dc3_part_named(name);
        if (part == DC3_PART_TRAIN)
            n.train = name;
        else if (part)
            n.others++;
        else
            n.classes++, n.last = name;
    }
    return n;
}

static dc3_status parts_found(const char *path, const char *where, const char *train, int others)
{
    return dc3_fail(
        DC3_ERR_FORMAT,
        "%s: expected a folder for each class, found a dataset's parts; did you mean %s/%s%s%s%s?", path,
        where, train, others ? " (and one of the others as " : "", others ? dc3_setting("val") : "",
        others ? ")" : "");
}

/* "DATA holds train and val", or a folder that does and nothing else, or the folder of a run: the user means
 * one of them. */
static dc3_status check_split(const char *path, struct dirent **entries, int count)
{
    names n = look_at(path, entries, count);
    int is_run = dc3_kind_below(path, "dc3.json") == DC3_PATH_FILE;
    if (n.train && (!n.classes || is_run)) return parts_found(path, path, n.train, n.others);
    if (n.classes != 1 || n.train || n.others) return DC3_OK;
    char *below = dc3_path_join(path, n.last);
    if (!below) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = DC3_OK;
    if (dc3_list(below, is_entry, &entries, &count) == DC3_OK) {
        names inner = look_at(below, entries, count);
        if (inner.train && inner.others && !inner.classes)
            status = parts_found(path, below, inner.train, inner.others);
        dc3_list_free(entries, count);
    }
    free(below);
    return status;
}

/* Bytes of the folders, with the last slash, that all images lie in. */
static size_t find_common(const dc3_dataset *d)
{
    const char *first = d->text + d->items[0].key, *slash = strrchr(first, '/');
    size_t common = slash ? (size_t)(slash - first) + 1 : 0;
    for (int64_t i = 1; i < d->size; i++) {
        const char *key = d->text + d->items[i].key;
        size_t same = 0;
        while (same < common && key[same] == first[same]) same++;
        while (same && first[same - 1] != '/') same--;
        common = same;
    }
    return common;
}

/* A folder that is one too high makes one class of all: images in folders of one, and none beside them. */
static dc3_status note_depth(dc3_dataset *d)
{
    size_t common = d->size ? find_common(d) : 0;
    for (int64_t i = 0; i < d->size; i++)
        if (!common || !strchr(d->text + d->items[i].key + common, '/')) return DC3_OK;
    if (!d->size) return DC3_OK;
    const char *key = d->text + d->items[0].key;
    return dc3_dataset_mention(d,
                               "all images are in one class, '%.*s', in folders of it; if those are the "
                               "classes, give %s/%.*s",
                               (int)strcspn(key, "/"), key, d->path, (int)common - 1, key);
}

/* What lies beside the class folders. */
static dc3_status note_outside(dc3_dataset *d, const char *path, long outside, const char *first)
{
    DC3_TRY(dc3_parts_check(d));
    DC3_TRY(note_depth(d));
    if (!outside) return DC3_OK;
    if (d->size) return dc3_dataset_note_outside(d, outside, first);
    return dc3_fail(
        DC3_ERR_FORMAT,
        "%s: found %ld images but no class folders; expected DATA/<class>/<image>: sort them into a "
        "folder for each class, give the folder above if this is a class, or take all as one class (%s)",
        path, outside, dc3_setting("unlabelled"));
}

/* An entry beside the class folders. Links to nothing may have been classes; lists and programs are no loss.
 */
static dc3_status visit_outside(listing *w, const char *name, long *outside, const char **first, long *tars)
{
    dc3_dataset *d = w->dataset;
    dc3_path_kind kind = dc3_kind_below(w->root, name);
    int is_image = dc3_is_image_name(name), is_tar = dc3_is_tar_name(name);
    if (kind == DC3_PATH_FILE) {
        if (is_image && !(*outside)++) *first = name;
        *tars += is_tar;
        if (!d->foreign) d->foreign = dc3_other_dataset(name);
        if (!dc3_unread_image_name(name) && !dc3_ends_with(name, ".dvc")) return DC3_OK;
    }
    return visit(w, name, name, 0);
}

/* All images below the folder are of one class. */
static dc3_status open_unlabelled(listing *w, struct dirent **entries, int count)
{
    dc3_status status = dc3_dataset_class(w->dataset, "images", &w->label);
    for (int i = 0; i < count && status == DC3_OK; i++)
        if (!dc3_dataset_pass_over(w->dataset, entries[i]))
            status = visit(w, entries[i]->d_name, entries[i]->d_name, -1);
    return status;
}

static dc3_status open_folder(const char *path, dc3_dataset *dataset)
{
    listing w = {.dataset = dataset, .root = path};
    struct dirent **entries;
    int count;
    long outside = 0, tars = 0;
    const char *first = "";
    DC3_TRY(dc3_line_of(path, &w.above));
    DC3_TRY(dc3_list(path, is_entry, &entries, &count));
    if (dataset->choice && dataset->choice->unlabelled) {
        dc3_status status = open_unlabelled(&w, entries, count);
        dc3_list_free(entries, count);
        return status;
    }
    dc3_status status = check_split(path, entries, count);
    for (int i = 0; i < count && status == DC3_OK; i++) {
        const char *name = entries[i]->d_name;
        if (dc3_dataset_pass_over(dataset, entries[i])) continue;
        if (dc3_kind_below(path, name) == DC3_PATH_FOLDER)
            status = list_class(&w, name);
        else
            status = visit_outside(&w, name, &outside, &first, &tars);
    }
    if (status == DC3_OK && tars && dataset->size)
        status = dc3_dataset_mention(dataset, "%ld tar%s beside the class folders, not read", tars,
                                     tars == 1 ? " lies" : "s lie");
    if (status == DC3_OK) status = note_outside(dataset, path, outside, first);
    dc3_list_free(entries, count);
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
