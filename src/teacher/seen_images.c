#include "teacher/seen_images.h"

#include <stdio.h>
#include <string.h>
#include "base/listener.h"
#include "base/node.h"
#include "run_folder/document.h"
#include "run_folder/made_of.h"

/* 1 if `path` is `folder` or lies in it. */
static int is_in(const char *path, const char *folder, int *same)
{
    dc3_line line;
    dc3_node node;
    if (!dc3_node_of(folder, &node) || dc3_line_of(path, &line) != DC3_OK || !dc3_line_has(&line, node))
        return 0;
    *same = line.is_there && dc3_node_same(line.at[0], node);
    return 1;
}

/* The image of this class and name, -1: none. They are in the order of classes and names. */
static int64_t find(const dc3_dataset *data, int label, const char *key)
{
    int64_t first = 0, end = dc3_dataset_size(data);
    while (first < end) {
        int64_t middle = first + (end - first) / 2;
        int its = dc3_dataset_label(data, middle),
            order = its != label ? its - label : strcmp(dc3_dataset_key(data, middle), key);
        if (!order) return middle;
        if (order < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return -1;
}

static int is_copy(const dc3_dataset *data, const dc3_dataset *val, int64_t item)
{
    uint64_t one, other;
    int64_t known = find(data, dc3_dataset_label(val, item), dc3_dataset_key(val, item));
    return known >= 0 && dc3_dataset_bytes(data, known) == dc3_dataset_bytes(val, item) &&
           dc3_dataset_hash(data, known, &one) == DC3_OK && dc3_dataset_hash(val, item, &other) == DC3_OK &&
           one == other;
}

static const char seen[] = "what is tested on was trained on, so the accuracy says nothing of new images";

void dc3_warn_seen(const dc3_listener *listener, const dc3_dataset *data, const dc3_dataset *val)
{
    enum { LOOK = 64 };
    const char *paths[] = {dc3_dataset_path(val), dc3_dataset_path(data)};
    int same = 0, is_part = 0, looked = 0, copies = 0;
    int64_t n = dc3_dataset_size(val);
    for (int i = 0; i < 2 && !is_part && !same; i++)
        if (is_in(paths[i], paths[1 - i], &same) && !same) {
            dc3_listener_say(listener,
                             "warning: %s %s and the training images in %s: %s lies in the other; %s",
                             dc3_setting("val"), paths[0], paths[1], paths[i], seen);
            is_part = 1;
        }
    /* A folder of CIFAR binaries has two parts. */
    if (same && strcmp(dc3_dataset_key(data, 0), dc3_dataset_key(val, 0)) == 0)
        dc3_listener_say(listener, "warning: %s is %s itself: %s", dc3_setting("val"), paths[1], seen);
    if (same || is_part) return;
    for (; looked < LOOK && looked < n; looked++)
        copies += is_copy(data, val, n * looked / (n < LOOK ? n : LOOK));
    if (copies)
        dc3_listener_say(listener,
                         "warning: %s %s: of %d images %d are among those of %s, with the same names; %s",
                         dc3_setting("val"), paths[0], looked, copies, paths[1], seen);
}

/* 1 if it is the dataset of the run's settings in another part: a manifest, CIFAR or tars have several. */
static int is_other_part(const json_t *settings, const char *data, const dc3_dataset *val)
{
    dc3_dataset *made_of = NULL;
    int other = strcmp(dc3_dataset_kind(val), "folder") != 0 &&
                dc3_made_of_open(settings, data, &made_of) == DC3_OK &&
                strcmp(dc3_dataset_key(made_of, 0), dc3_dataset_key(val, 0)) != 0;
    dc3_dataset_close(&made_of);
    return other;
}

void dc3_warn_origin(const dc3_listener *listener, const char *run, const dc3_dataset *val)
{
    json_t *document = NULL;
    int same;
    if (dc3_document_read(run, &document) != DC3_OK) return;
    const json_t *settings = json_object_get(document, "settings");
    const char *data = json_string_value(json_object_get(settings, "data"));
    if (data && is_in(dc3_dataset_path(val), data, &same) && (!same || !is_other_part(settings, data, val)))
        dc3_listener_say(
            listener,
            "warning: %s is the dataset that the images of %s were chosen from, so the accuracy says "
            "less of new images",
            dc3_setting("val"), run);
    json_decref(document);
}

void dc3_note_one_class(const dc3_listener *listener, const dc3_dataset *data)
{
    const char *path = dc3_dataset_path(data), *name = dc3_dataset_class_name(data, 0);
    int filtered = dc3_dataset_filtered(data);
    if (dc3_dataset_classes(data) != 1) return;
    char above[300] = "";
    if (!filtered && strcmp(dc3_dataset_kind(data), "folder") == 0)
        snprintf(above, sizeof above, "; is %.120s/%.120s the folder above the classes?", path, name);
    dc3_listener_say(
        listener, "note: %s%s%s, '%s', so that a classifier has nothing to tell apart and is always right%s",
        filtered ? "of " : "", path, filtered ? " one class only is taken" : " has one class only", name,
        above);
}
