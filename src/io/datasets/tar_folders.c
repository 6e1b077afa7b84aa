#include "io/datasets/tar_folders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "io/datasets/leftovers.h"
#include "io/datasets/parts.h"

dc3_status dc3_tar_images_add(dc3_tar_images *images, dc3_item item, int is_dotted)
{
    if (images->count == images->capacity) {
        int64_t capacity = 2 * images->capacity + 1024;
        dc3_item *items = realloc(images->items, (size_t)capacity * sizeof *items);
        if (!items) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
        images->items = items;
        images->capacity = capacity;
    }
    if (!is_dotted && !images->plain++) images->first = images->count;
    item.label = is_dotted;
    images->items[images->count++] = item;
    return DC3_OK;
}

const char *dc3_tar_leftover(const char *name)
{
    static _Thread_local char part[256];
    for (const char *at = name; *at;) {
        size_t length = strcspn(at, "/");
        int stays = strspn(at, ".") == length; /* "." and ".." are no names */
        if (length && !stays && length < sizeof part) {
            memcpy(part, at, length);
            part[length] = 0;
            if (dc3_is_leftover(part)) return part;
        }
        at += length + (at[length] == '/');
    }
    return NULL;
}

void dc3_tar_survey_add(dc3_tar_survey *survey, const char *name)
{
    enum { KINDS = sizeof survey->endings / sizeof *survey->endings };
    const char *slash = strrchr(name, '/'), *dot = strrchr(slash ? slash : name, '.');
    int k = 0;
    if (!dot || strlen(dot) >= sizeof survey->endings->text) dot = "(no ending)";
    while (k < survey->kinds && strcmp(survey->endings[k].text, dot) != 0) k++;
    if (k == survey->kinds && k < KINDS) strcpy(survey->endings[survey->kinds++].text, dot);
    if (k < KINDS) survey->endings[k].count++;
    if (survey->shown == 2) return;
    snprintf(survey->names[survey->shown], sizeof survey->names[0], "%.*s",
             dc3_text_room(name, sizeof survey->names[0] - 1), name);
    survey->shown++;
}

/* "3 .jpg, 3 .txt, such as 'a.jpg', 'a.txt'". */
static void describe(const dc3_tar_survey *survey, char *text, size_t size)
{
    size_t used = 0;
    *text = 0;
    for (int k = 0; k < survey->kinds; k++, used = strlen(text))
        snprintf(text + used, size - used, "%s%ld %s", k ? ", " : "", survey->endings[k].count,
                 survey->endings[k].text);
    for (int i = 0; i < survey->shown; i++, used = strlen(text))
        snprintf(text + used, size - used, "%s'%s'", i ? ", " : ", such as ", survey->names[i]);
}

dc3_status dc3_tar_survey_explain(const dc3_tar_survey *survey, const char *path, int64_t images, long labels)
{
    char text[600];
    describe(survey, text, sizeof text);
    if (!survey->kinds)
        return dc3_fail(DC3_ERR_FORMAT, "%s: expected images, found a tar without files", path);
    if (!images)
        return dc3_fail(
            DC3_ERR_FORMAT,
            "%s: found no images in the tar; its members are %s; if that is a dataset of another form, "
            "unpack it and give its folder",
            path, text);
    if (labels)
        return dc3_fail(
            DC3_ERR_FORMAT,
            "%s: found %lld image%s and %ld label%s, but none of the same name; its members are %s; "
            "expected KEY.cls beside KEY.jpg",
            path, (long long)images, images == 1 ? "" : "s", labels, labels == 1 ? "" : "s", text);
    return dc3_fail(DC3_ERR_FORMAT,
                    "%s: found %lld image%s; its members are %s%s%s; expected KEY.cls, or "
                    "KEY.json with a \"label\", beside KEY.jpg, or a folder for each class%s",
                    path, (long long)images,
                    images == 1 ? " without a label or a folder" : "s without labels or folders", text,
                    *survey->keys ? "; the keys of a .json are " : "", survey->keys,
                    dc3_path_what(path) == DC3_PATH_FOLDER
                        ? "; where each tar is a class, unpack each into a folder of its name"
                        : "");
}

/* The image's path in its tar, in whose key the tar's name comes first. */
static const char *path_of(const dc3_dataset *d, const dc3_item *item)
{
    const char *path = strchr(d->text + item->key, '/') + 1;
    while (*path == '/' || strncmp(path, "./", 2) == 0) path++;
    return path;
}

/* Bytes of the folders, with the last slash, that all images lie in. */
static size_t find_common(const dc3_dataset *d, const dc3_tar_images *images)
{
    const char *first = path_of(d, &images->items[0]), *slash = strrchr(first, '/');
    size_t common = slash ? (size_t)(slash - first) + 1 : 0;
    for (int64_t i = 1; i < images->count; i++) {
        const char *path = path_of(d, &images->items[i]);
        size_t same = 0;
        while (same < common && path[same] == first[same]) same++;
        while (same && first[same - 1] != '/') same--;
        common = same;
    }
    return common;
}

/* Adds those below a class's folder; how many lie above is counted; *first: where the
 * text has the name of one. parts: 1 if train and the like are all of
 * the classes. */
static dc3_status add_all(dc3_dataset *d, const dc3_tar_images *images, size_t common, long *above,
                          size_t *first, int *parts)
{
    char name[512];
    *parts = 1;
    for (int64_t i = 0; i < images->count; i++) {
        dc3_item item = images->items[i];
        const char *below = path_of(d, &item) + common, *slash = strchr(below, '/');
        if (!slash) {
            if (!(*above)++) *first = (size_t)(below - d->text);
            continue;
        }
        snprintf(name, sizeof name, "%.*s", (int)(slash - below), below);
        *parts = *parts && dc3_part_named(name);
        DC3_TRY(dc3_dataset_class(d, name, &item.label));
        DC3_TRY(dc3_dataset_add(d, item));
    }
    return DC3_OK;
}

dc3_status dc3_tar_folders(dc3_dataset *d, const dc3_tar_images *images, const dc3_tar_survey *survey)
{
    long above = 0;
    size_t first = 0;
    int parts;
    size_t common = find_common(d, images);
    DC3_TRY(add_all(d, images, common, &above, &first, &parts));
    if (!d->size && !common) return dc3_tar_survey_explain(survey, d->path, images->count, 0);
    if (!d->size) { /* one folder, which is the class */
        const char *path = path_of(d, &images->items[0]);
        size_t start = common - 1;
        while (start && path[start - 1] != '/') start--;
        above = 0;
        return add_all(d, images, start, &above, &first, &parts);
    }
    if (parts)
        return dc3_fail(
            DC3_ERR_FORMAT,
            "%s: expected a folder for each class, found a dataset's parts (%s); unpack it and give the "
            "folder of one of them",
            d->path, d->class_count > 1 ? "train, val and the like" : d->classes[0]);
    DC3_TRY(dc3_parts_check(d));
    return dc3_dataset_note_outside(d, above, d->text + first);
}
