/* Looking a name up in the cache: without the network. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/options.h"
#include "dc3/hub.h"
#include "hub/cache.h"
#include "hub/name.h"

/* What is missing, and how it comes. */
static dc3_status none(const char *text, const char *root, const char *what)
{
    return dc3_fail(DC3_ERR_IO, "%s: %s the cache %s; dc3 pull %s fetches it", text, what, root, text);
}

/* The only safetensors file on the first level of a commit's folder that is no model of several files, as
 * adapters are; *place, a path, becomes its. */
static dc3_status find_only(const char *text, const char *root, char **place)
{
    GDir *dir = g_dir_open(*place, 0, NULL);
    GString *names = g_string_new(NULL);
    const char *entry;
    char *only = NULL;
    int count = 0;
    while (dir && (entry = g_dir_read_name(dir))) {
        if (!g_str_has_suffix(entry, ".safetensors") || !dc3_folder_holds(*place, entry)) continue;
        if (names->len < 400) g_string_append_printf(names, "%s%s", count ? ", " : "", entry);
        count++;
        g_free(only);
        only = g_build_filename(*place, entry, NULL);
    }
    if (dir) g_dir_close(dir);
    dc3_status status = DC3_OK;
    if (count > 1)
        status = dc3_fail_about("name", "%s: the cache has several files of it; name one, as %s:FILE (%s)",
                                text, text, names->str);
    else if (!count)
        status = none(text, root, "only single files of the model are in");
    else {
        g_free(*place);
        *place = g_strdup(only);
    }
    g_free(only);
    g_string_free(names, TRUE);
    return status;
}

static dc3_status find(const char *text, const dc3_hub_name *name, const char *root, char **path)
{
    char commit[DC3_HUB_COMMIT], *folder = dc3_hub_cache_folder(root, name->repository), *snapshot = NULL;
    dc3_status status = DC3_OK;
    int known = dc3_hub_cache_commit(folder, name->revision, commit);
    if (known) snapshot = dc3_hub_cache_snapshot(folder, commit, NULL);
    if (!known || dc3_path_what(snapshot) != DC3_PATH_FOLDER)
        status = none(text, root, "not in");
    else {
        char *place = dc3_hub_cache_snapshot(folder, commit, name->file);
        if (dc3_path_what(place) == DC3_PATH_MISSING)
            status = none(text, root, "this file of the model is not in");
        else if (!name->file && !dc3_hub_cache_is_model(place))
            status = find_only(text, root, &place);
        if (status == DC3_OK && !(*path = strdup(place))) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
        g_free(place);
    }
    g_free(snapshot);
    g_free(folder);
    return status;
}

dc3_status dc3_hub_find(const char *text, char **path)
{
    dc3_hub_name name;
    DC3_TRY(dc3_options_need("name", text));
    DC3_TRY(dc3_place_need("path", path));
    *path = NULL;
    char *root = dc3_hub_cache_root();
    dc3_status status = dc3_hub_name_read(text, &name);
    if (status == DC3_OK) status = find(text, &name, root, path);
    dc3_hub_name_free(&name);
    g_free(root);
    return status;
}
