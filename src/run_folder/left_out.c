#include "run_folder/left_out.h"

#include <stdlib.h>
#include "base/file.h"

static const char file[] = "selection.json", member[] = "left_out";

/* NULL: there is none. */
static dc3_status read_selection(const char *folder, json_t **selection)
{
    char *path = dc3_path_join(folder, file);
    dc3_status status = path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *selection = NULL;
    if (status == DC3_OK && dc3_path_what(path) == DC3_PATH_FILE)
        status = dc3_json_read(path, 1 << 28, selection);
    free(path);
    return status;
}

dc3_status dc3_left_out_read(const char *folder, json_t **names)
{
    json_t *selection;
    *names = json_object();
    dc3_status status = read_selection(folder, &selection);
    const json_t *list = json_object_get(selection, member);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (name) json_object_set_new(*names, name, json_true());
    }
    json_decref(selection);
    return status;
}

dc3_status dc3_left_out_add(const char *folder, const json_t *names, int64_t repeated)
{
    json_t *selection, *all = json_array();
    dc3_status status = read_selection(folder, &selection);
    if (status == DC3_OK && !selection) status = dc3_fail(DC3_ERR_IO, "%s/%s: is missing", folder, file);
    json_t *before = json_object_get(selection, member);
    if (json_is_array(before)) json_array_extend(all, before);
    json_array_extend(all, (json_t *)names);
    json_object_set(selection, member, all);
    json_object_set_new(selection, "repeated", json_integer(repeated));
    if (status == DC3_OK) status = dc3_json_write(folder, file, selection, JSON_PRESERVE_ORDER);
    json_decref(all);
    json_decref(selection);
    return status;
}
