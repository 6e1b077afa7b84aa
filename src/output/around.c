#include "output/around.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "io/datasets/image_names.h"
#include "io/datasets/leftovers.h"
#include "io/datasets/part_names.h"
#include "io/image.h"
#include "output/mark.h"
#include "run_folder/own_files.h"

/* Of a folder of images so many entries are looked at, and so many images opened; of a dataset so many
 * entries and folders; and a dataset is looked for so far above a place. */
enum { SEEN = 64, OPENED = 4, ENTRIES = 1000, FOLDERS = 100, LEVELS = 5 };

/* What a folder holds: nothing, images, runs of dc3 beside whatever else, or other things. */
typedef enum holds { NOTHING, IMAGES, RUNS, OTHERS } holds;

/* Runs over those entries of a folder that count. */
typedef struct walk {
    const char *path;
    DIR *folder;
    int left;    /* of the entries that are looked at */
    char *below; /* the entry's path */
    const char *name;
    int is_folder, is_image;
} walk;

static walk start(const char *path, int most)
{
    return (walk){.path = path, .folder = opendir(path), .left = most};
}

static int next(walk *w)
{
    struct dirent *entry;
    free(w->below);
    w->below = NULL;
    while (w->folder && w->left-- > 0 && (entry = readdir(w->folder))) {
        if (dc3_is_leftover(entry->d_name)) continue;
        w->below = dc3_path_join(w->path, entry->d_name);
        if (!w->below) return 0;
        dc3_path_kind kind = entry->d_type == DT_REG   ? DC3_PATH_FILE
                             : entry->d_type == DT_DIR ? DC3_PATH_FOLDER
                                                       : dc3_path_what(w->below);
        w->name = strrchr(w->below, '/') + 1;
        w->is_folder = kind == DC3_PATH_FOLDER;
        w->is_image = kind == DC3_PATH_FILE && dc3_is_image_name(w->name);
        return 1;
    }
    return 0;
}

static void end(walk *w)
{
    if (w->folder) closedir(w->folder);
    free(w->below);
}

/* What a folder holds, without what its folders hold; with `deeper` images in one of these count. */
static holds look_into(const char *path, int deeper)
{
    int images = 0, foreign = 0, opened = 0, others = 0, runs = 0, below = 0;
    if (dc3_is_run_folder(path)) return RUNS;
    walk w = start(path, SEEN);
    while (next(&w)) {
        images += w.is_image, others += !w.is_image;
        if (w.is_image && !foreign && opened++ < OPENED)
            foreign = !dc3_is_marked(w.below, dc3_image_output.marks);
        runs += w.is_folder && dc3_is_run_folder(w.below);
        if (w.is_folder && deeper && !below) below = look_into(w.below, 0) == IMAGES;
    }
    end(&w);
    if ((foreign && 2 * images >= others) || below) return IMAGES;
    return runs ? RUNS : images || others ? OTHERS : NOTHING;
}

/* 1 for a folder called as a part of a dataset, with another part beside it. */
static int is_part_among_parts(const char *path)
{
    const char *slash = strrchr(path, '/');
    dc3_part its = slash && slash != path ? dc3_part_in(slash + 1) : DC3_PART_NONE, other = DC3_PART_NONE;
    char *above = its ? strndup(path, (size_t)(slash - path)) : NULL;
    if (!above) return 0;
    walk w = start(above, ENTRIES);
    while ((!other || other == its) && next(&w)) other = w.is_folder ? dc3_part_in(w.name) : DC3_PART_NONE;
    end(&w);
    free(above);
    return other && other != its;
}

/* 1 for a folder with a folder for each class in it; the first of their names. */
static int is_dataset(const char *path, char *first, size_t size)
{
    int classes = 0, others = 0, beside = 0, part = is_part_among_parts(path);
    walk w = start(path, ENTRIES);
    while (classes + others < FOLDERS && next(&w)) {
        holds what = w.is_folder && !dc3_part_named(w.name) ? look_into(w.below, part) : NOTHING;
        if (what == IMAGES && (!classes++ || strcmp(w.name, first) < 0)) snprintf(first, size, "%s", w.name);
        others += what == RUNS || what == OTHERS;
        beside += w.is_image;
    }
    end(&w);
    return classes >= (part ? 1 : 2) && classes >= 2 * others && beside < classes;
}

/* Cuts the last name off; 0 at the root. */
static int go_up(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash || !slash[1]) return 0;
    slash[slash == path] = 0;
    return 1;
}

dc3_status dc3_find_around(const char *folder, dc3_around *around)
{
    char *at = dc3_path_real(folder);
    *around = (dc3_around){0};
    if (!at) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", folder);
    while (dc3_path_what(at) == DC3_PATH_MISSING && go_up(at)) continue;
    holds below = NOTHING;
    for (int level = 0, deep = 0; level < LEVELS && below != RUNS && !dc3_is_run_folder(at); level++) {
        int is_class = below == IMAGES || (deep && is_part_among_parts(at));
        if ((level < 2 || is_class) && is_dataset(at, around->first, sizeof around->first)) {
            around->path = at;
            return DC3_OK;
        }
        below = look_into(at, 0);
        deep = below == OTHERS && look_into(at, 1) == IMAGES;
        if (!go_up(at)) break;
    }
    free(at);
    return DC3_OK;
}

void dc3_around_free(dc3_around *around)
{
    free(around->path);
    around->path = NULL;
}
