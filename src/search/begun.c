#include "search/begun.h"

#include <stdlib.h>
#include "base/file.h"
#include "io/json.h"
#include "options/option_names.h"
#include "output/output_path.h"
#include "run_folder/clear.h"
#include "run_folder/fingerprint.h"

enum { LIMIT = 1 << 16 }; /* bytes of the file */

static json_t *settings_of(const dc3_condense_options *o, const dc3_dataset *dataset, double images_seen)
{
    json_t *all = json_pack("{s:o, s:o, s:f, s:f, s:I}", "images",
                            dc3_fingerprint_text(dc3_fingerprint_images(dataset)), "size",
                            o->size ? json_integer(o->size) : json_string("open"), "budget", o->budget,
                            "search_images", images_seen, "seed", (json_int_t)o->select.seed);
    if (o->format == DC3_FORMAT_DEFAULT)
        json_object_set_new(all, "format", json_string("open"));
    else {
        json_object_set_new(all, "format", json_string(dc3_image_format_name(o->format)));
        json_object_set_new(all, "quality", json_integer(o->quality));
    }
    json_object_set_new(all, "chroma", json_integer(o->chroma));
    json_object_set_new(all, "fit", json_string(dc3_fit_name(o->fit)));
    json_object_set_new(all, "store", json_string(dc3_store_names[o->store]));
    json_object_set_new(all, "shard_size", json_real(o->shard_size));
    json_object_set_new(all, "label_views", json_integer(o->label_views));
    json_object_set_new(all, "label_bits", json_integer(o->label_bits));
    json_object_set_new(all, "label_top_k", json_integer(o->label_top_k));
    if (o->label_views && o->teacher)
        json_object_set_new(all, "teacher_fingerprint", dc3_fingerprint(o->teacher));
    return all;
}

/* The file of a search that is there against these settings. */
static dc3_status compare(const char *folder, const char *path, const json_t *settings)
{
    char text[400];
    json_t *was = NULL;
    DC3_TRY(dc3_json_read(path, LIMIT, &was));
    dc3_json_all_differences(was, settings, " and", text, sizeof text);
    json_decref(was);
    if (!*text) return DC3_OK;
    return dc3_fail(
        DC3_ERR_ARGUMENT,
        "%s: a search with other settings was interrupted here (%s); give the same, or %s to start "
        "over",
        folder, text, dc3_setting("fresh"));
}

dc3_status dc3_search_begin(const char *folder, const dc3_condense_options *options,
                            const dc3_dataset *dataset, double images_seen)
{
    DC3_TRY(dc3_make_dirs(folder));
    char *path = dc3_path_join(folder, dc3_search_file);
    json_t *settings = path ? settings_of(options, dataset, images_seen) : NULL;
    dc3_status status;
    if (!settings)
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    else if (dc3_path_what(path) == DC3_PATH_FILE)
        status = compare(folder, path, settings);
    else if (dc3_folder_occupied(folder))
        status = dc3_fail(DC3_ERR_ARGUMENT, "%s: does not say which search made it; remove it", folder);
    else
        status = dc3_json_write(folder, dc3_search_file, settings, JSON_PRESERVE_ORDER);
    json_decref(settings);
    free(path);
    return status;
}
