#include "finetune/class_map.h"

#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/listener.h"
#include "generate/label_names.h"
#include "io/json.h"
#include "teacher/imagenet.h"

static int by_wordnet(const dc3_base_model *m, const dc3_dataset *data, int64_t *map)
{
    if (m->dit.classes != DC3_IMAGENET_CLASSES) return 0;
    for (int i = 0; i < dc3_dataset_classes(data); i++)
        if ((map[i] = dc3_imagenet_class(dc3_dataset_class_name(data, i))) < 0) return 0;
    return 1;
}

/* 1 if two of [count] are the same. */
static int has_twice(const int64_t *map, int count)
{
    for (int i = 0; i < count; i++)
        for (int k = 0; k < i; k++)
            if (map[i] == map[k]) return 1;
    return 0;
}

/* Folders of one label are no names of classes. A name of two labels, such as ImageNet's crane, is told. */
static int by_names(const dc3_base_model *m, const dc3_dataset *data, const dc3_listener *listener,
                    int64_t *map)
{
    int classes = dc3_dataset_classes(data);
    json_t *index = NULL;
    char *path = dc3_path_join(m->directory, "model_index.json");
    int found =
        path && dc3_path_what(path) == DC3_PATH_FILE && dc3_json_read(path, 1 << 24, &index) == DC3_OK;
    for (int i = 0; found && i < classes; i++) {
        int64_t other;
        const char *name = dc3_dataset_class_name(data, i);
        map[i] = dc3_label_find(json_object_get(index, "id2label"), m->dit.classes, name, &other);
        found = map[i] >= 0;
        if (other >= 0)
            dc3_listener_say(
                listener,
                "note: the model's classes %lld and %lld are both called '%.80s', which trains the first",
                (long long)map[i], (long long)other, name);
    }
    found = found && !has_twice(map, classes);
    json_decref(index);
    free(path);
    return found;
}

dc3_status dc3_class_map(const dc3_base_model *m, const dc3_dataset *data, const dc3_listener *listener,
                         int64_t *map)
{
    int classes = dc3_dataset_classes(data);
    if (classes > m->dit.classes)
        return dc3_fail(DC3_ERR_FORMAT, "%s: %d classes, but the model has %lld; expected as many or fewer",
                        dc3_dataset_path(data), classes, (long long)m->dit.classes);
    if (!m->is_new && (by_wordnet(m, data, map) || by_names(m, data, listener, map))) return DC3_OK;
    for (int i = 0; i < classes; i++) map[i] = i;
    if (!m->is_new)
        dc3_listener_say(
            listener,
            "note: the model does not name its classes as %s does: '%.80s' trains its class 0, the "
            "next ones the next, by the order of their names",
            dc3_dataset_path(data), dc3_dataset_class_name(data, 0));
    return DC3_OK;
}
