#include "run_folder/images_place.h"

#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/options.h"
#include "run_folder/document.h"

dc3_status dc3_images_place_find(const char *path, dc3_images_place *place)
{
    static const char *const names[] = {"dc3.json", "generate.json"};
    *place = (dc3_images_place){0};
    for (int i = 0; i < 2 && !place->document; i++) {
        if (!dc3_folder_holds(path, names[i])) continue;
        place->path = dc3_path_join(path, names[i]);
        if (!place->path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
        DC3_TRY(dc3_json_read(place->path, DC3_DOCUMENT_LIMIT, &place->document));
        DC3_TRY(dc3_check_complete(place->path, place->document));
        place->is_run = i == 0;
    }
    place->folder = place->document ? dc3_path_join(path, "train") : strdup(path);
    return place->folder ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

dc3_status dc3_images_place_need_classes(const dc3_images_place *place, const char *what)
{
    if (!json_is_true(json_object_get(json_object_get(place->document, "settings"), "unlabelled")))
        return DC3_OK;
    return dc3_fail(DC3_ERR_ARGUMENT,
                    "%s: the run was made of images without classes (%s), which %s need; choose one that was "
                    "made of a folder for each class",
                    place->path, dc3_setting("unlabelled"), what);
}

void dc3_images_place_free(dc3_images_place *place)
{
    free(place->folder);
    free(place->path);
    json_decref(place->document);
    *place = (dc3_images_place){0};
}
