/* What calibrated compensation did to each class: densities and distances, from OUT/calibration. */
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "gather/parts.h"
#include "run_folder/calibration.h"

dc3_status dc3_gather_calibration(dc3_reporting *r)
{
    const char *kind = json_string_value(json_object_get(r->settings, "compensation"));
    char *folder = dc3_path_join(r->options->run, dc3_calibration_folder), name[DC3_CALIBRATION_NAME];
    json_t *classes = json_array();
    if (!folder) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    int wanted = kind && strcmp(kind, "calibrated") == 0 ? (int)r->classes_count : 0;
    /* A class without an image has no file. */
    for (int label = 0; (int)json_array_size(classes) < wanted && label < 2 * wanted + 1000; label++) {
        char *path = dc3_path_join(folder, dc3_calibration_name(label, name));
        json_t *class = NULL;
        if (path && dc3_path_what(path) == DC3_PATH_FILE && dc3_json_read(path, 1 << 28, &class) == DC3_OK)
            json_array_append_new(classes, class);
        free(path);
    }
    free(folder);
    if ((int)json_array_size(classes) < wanted)
        dc3_gather_note(r, "What calibrated compensation chose is known of %zu of %d classes.",
                        json_array_size(classes), wanted);
    if (json_array_size(classes))
        json_object_set_new(r->page, "calibration", classes);
    else
        json_decref(classes);
    return DC3_OK;
}
