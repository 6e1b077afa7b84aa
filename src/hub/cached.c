/* What the cache has, and removing it. */
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "base/options.h"
#include "dc3/hub.h"
#include "hub/cache.h"
#include "hub/lock.h"
#include "hub/name.h"

/* ---- what is there ---- */

/* Adds up the files below a folder of snapshots that are no links to blobs. */
static void count_files(const char *folder, int depth, dc3_cached *model)
{
    enum { DEEPEST = 8 };
    GDir *dir = depth < DEEPEST ? g_dir_open(folder, 0, NULL) : NULL;
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        struct stat info;
        char *path = g_build_filename(folder, name, NULL);
        if (lstat(path, &info) == 0 && S_ISREG(info.st_mode))
            model->files++, model->bytes += info.st_size;
        else if (lstat(path, &info) == 0 && S_ISDIR(info.st_mode))
            count_files(path, depth + 1, model);
        g_free(path);
    }
    if (dir) g_dir_close(dir);
}

/* Adds up the blobs of a model, and its files that have none. */
static void count_all(const char *folder, dc3_cached *model)
{
    char *snapshots = g_build_filename(folder, "snapshots", NULL);
    count_files(snapshots, 0, model);
    g_free(snapshots);
    char *blobs = g_build_filename(folder, "blobs", NULL);
    GDir *dir = g_dir_open(blobs, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        struct stat info;
        char *path = g_build_filename(blobs, name, NULL);
        if (stat(path, &info) == 0 && S_ISREG(info.st_mode)) {
            if (g_str_has_suffix(name, ".incomplete"))
                model->begun += info.st_size;
            else
                model->files++, model->bytes += info.st_size;
        }
        g_free(path);
    }
    if (dir) g_dir_close(dir);
    g_free(blobs);
}

/* The names below a folder of refs, "refs/pr/1" among them, behind one another. */
static void add_revisions(const char *folder, const char *before, int depth, GString *text)
{
    enum { DEEPEST = 4 };
    GDir *dir = depth < DEEPEST ? g_dir_open(folder, 0, NULL) : NULL;
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        char *path = g_build_filename(folder, name, NULL), *whole = g_strconcat(before, name, NULL);
        if (dc3_path_what(path) == DC3_PATH_FOLDER) {
            char *below = g_strconcat(whole, "/", NULL);
            add_revisions(path, below, depth + 1, text);
            g_free(below);
        } else if (!dc3_is_part_name(name))
            g_string_append_printf(text, "%s%s", text->len ? ", " : "", whole);
        g_free(whole);
        g_free(path);
    }
    if (dir) g_dir_close(dir);
}

/* 0 without memory. */
static int describe(const char *root, const char *repository, dc3_cached *model)
{
    char *folder = dc3_hub_cache_folder(root, repository), *refs = g_build_filename(folder, "refs", NULL),
         *name = g_strconcat("hf:", repository, NULL);
    GString *revisions = g_string_new(NULL);
    *model = (dc3_cached){.files = 0};
    count_all(folder, model);
    add_revisions(refs, "", 0, revisions);
    model->name = strdup(name);
    model->revisions = strdup(revisions->str);
    g_string_free(revisions, TRUE);
    g_free(name);
    g_free(refs);
    g_free(folder);
    return model->name && model->revisions;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const dc3_cached *)a)->name, ((const dc3_cached *)b)->name);
}

dc3_status dc3_cached_read(dc3_cached **list, int *count)
{
    DC3_TRY(dc3_place_need("list", list));
    DC3_TRY(dc3_place_need("count", count));
    char *root = dc3_hub_cache_root();
    GDir *dir = g_dir_open(root, 0, NULL);
    const char *entry;
    dc3_status status = DC3_OK;
    *list = NULL;
    *count = 0;
    while (dir && status == DC3_OK && (entry = g_dir_read_name(dir))) {
        char *repository = dc3_hub_cache_repository(entry);
        dc3_cached *more = repository ? realloc(*list, ((size_t)*count + 1) * sizeof **list) : NULL;
        if (more) *list = more;
        if (repository && (!more || !describe(root, repository, &more[(*count)++])))
            status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
        g_free(repository);
    }
    if (dir) g_dir_close(dir);
    g_free(root);
    if (status != DC3_OK) {
        dc3_cached_free(*list, *count);
        *list = NULL, *count = 0;
    } else if (*count)
        qsort(*list, (size_t)*count, sizeof **list, by_name);
    return status;
}

void dc3_cached_free(dc3_cached *list, int count)
{
    for (int i = 0; i < count; i++) free(list[i].name), free(list[i].revisions);
    free(list);
}

/* ---- removing ---- */

static dc3_status remove_folder(const char *root, const char *repository, int64_t *bytes)
{
    char *folder = dc3_hub_cache_folder(root, repository), *locks = dc3_hub_cache_locks(root, repository);
    dc3_cached model = {.files = 0};
    dc3_status status = DC3_OK;
    count_all(folder, &model);
    if (dc3_path_what(folder) != DC3_PATH_FOLDER)
        status = dc3_fail(DC3_ERR_IO, "hf:%s: not in the cache %s", repository, root);
    else if (dc3_hub_locks_held(locks))
        status =
            dc3_fail(DC3_ERR_BUSY, "hf:%s: another process fetches it; wait until it has ended, or stop it",
                     repository);
    else if (dc3_remove_tree(folder) != 0)
        status = dc3_fail(DC3_ERR_IO, "%s: cannot be removed: %s", folder, strerror(errno));
    else {
        dc3_remove_tree(locks); /* which hold nothing any more */
        *bytes = model.bytes + model.begun;
    }
    g_free(locks);
    g_free(folder);
    return status;
}

dc3_status dc3_cached_remove(const char *name, int64_t *bytes)
{
    dc3_hub_name parts;
    DC3_TRY(dc3_options_need("name", name));
    DC3_TRY(dc3_place_need("bytes", bytes));
    *bytes = 0;
    dc3_status status = dc3_hub_name_read(name, &parts);
    if (status == DC3_OK && strpbrk(name + strlen("hf:"), "@:"))
        status = dc3_fail_about("name", "%s: a model is removed with all its revisions and files; give hf:%s",
                                name, parts.repository);
    if (status == DC3_OK) {
        char *root = dc3_hub_cache_root();
        status = remove_folder(root, parts.repository, bytes);
        g_free(root);
    }
    dc3_hub_name_free(&parts);
    return status;
}
