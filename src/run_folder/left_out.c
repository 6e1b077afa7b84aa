#include "run_folder/left_out.h"

#include "run_folder/selection_file.h"

static const char member[] = "left_out";

dc3_status dc3_left_out_read(const char *folder, json_t **names)
{
    json_t *selection;
    *names = json_object();
    dc3_status status = dc3_selection_file_read(folder, &selection);
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
    dc3_status status = dc3_selection_file_read(folder, &selection);
    if (status == DC3_OK && !selection)
        status = dc3_fail(DC3_ERR_IO, "%s/%s: is missing", folder, dc3_selection_file);
    json_t *before = json_object_get(selection, member);
    if (json_is_array(before)) json_array_extend(all, before);
    json_array_extend(all, (json_t *)names);
    json_object_set(selection, member, all);
    json_object_set_new(selection, "repeated", json_integer(repeated));
    if (status == DC3_OK) status = dc3_json_write(folder, dc3_selection_file, selection, JSON_PRESERVE_ORDER);
    json_decref(all);
    json_decref(selection);
    return status;
}
