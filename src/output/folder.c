#include "output/output_path.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/node.h"
#include "io/datasets/leftovers.h"
#include "output/apart.h"
#include "output/around.h"
#include "output/in_run.h"
#include "output/takes_entries.h"

/* The nearest folder that is there, of the path or above it, must take new entries. */
static dc3_status check_can_be_made(const char *setting, const char *path)
{
    char *copy = strdup(*path ? path : ".");
    if (!copy) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
    const char *there = copy;
    while (dc3_path_what(there) == DC3_PATH_MISSING) {
        char *slash = strrchr(copy, '/');
        if (slash)
            slash[slash == copy] = 0;
        else
            there = ".";
        if (!slash || !strcmp(copy, "/")) break;
    }
    const char *refusal;
    dc3_status status = DC3_OK;
    if (dc3_path_what(there) != DC3_PATH_FOLDER)
        status = dc3_fail_about(setting,
                                "%s %s: expected a folder to make or to continue, found that %s is a "
                                "file; choose another place",
                                dc3_setting(setting), path, there);
    else if ((refusal = dc3_folder_refuses(there)))
        status =
            dc3_fail_about(setting, "%s %s: the folder %s cannot be written to: %s; choose another place",
                           dc3_setting(setting), path, there, refusal);
    free(copy);
    return status;
}

/* 1 if a folder lies in another, which may be missing. */
static dc3_status lies_in(const char *inner, const char *outer, int *lies)
{
    dc3_node at;
    dc3_line l;
    *lies = 0;
    if (!dc3_node_of(outer, &at) || dc3_path_what(inner) != DC3_PATH_FOLDER) return DC3_OK;
    DC3_TRY(dc3_line_of(inner, &l));
    *lies = dc3_line_has(&l, at);
    return DC3_OK;
}

/* Other datasets, which the command does not read. A run that is there already goes on. */
static dc3_status check_around(const char *path)
{
    dc3_around around;
    dc3_status status = dc3_find_around(path, &around);
    if (status == DC3_OK && around.path)
        status = dc3_fail(DC3_ERR_ARGUMENT,
                          "%s: expected a folder outside of datasets, this one lies in %s with its class "
                          "folders ('%s', ..); choose another",
                          path, around.path, around.first);
    dc3_around_free(&around);
    return status;
}

dc3_status dc3_output_folder_check(const char *setting, const char *path, const dc3_input *inputs,
                                   size_t count)
{
    const dc3_input *found;
    dc3_relation how = DC3_APART;
    if (!*path) return dc3_fail_setting(setting, "expected a folder, found an empty name");
    DC3_TRY(dc3_check_no_run_images(setting, path));
    DC3_TRY(dc3_find_input(path, inputs, count, &found, &how));
    if (found)
        return dc3_fail(DC3_ERR_ARGUMENT,
                        "%s: expected a folder apart from %s, this folder %s %s; choose another", path,
                        found->what, how == DC3_LINKED ? "is where a link leads in" : "lies in", found->path);
    for (size_t i = 0; i < count; i++) {
        int lies = 0;
        if (inputs[i].path) DC3_TRY(lies_in(inputs[i].path, path, &lies));
        if (lies)
            return dc3_fail(DC3_ERR_ARGUMENT,
                            "%s: expected a folder apart from %s, %s lies in it; choose another", path,
                            inputs[i].what, inputs[i].path);
    }
    DC3_TRY(check_around(path));
    return check_can_be_made(setting, path);
}

int dc3_folder_occupied(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    int found = 0;
    while (folder && !found && (entry = readdir(folder)))
        found = !dc3_is_leftover(entry->d_name) && !dc3_is_part_name(entry->d_name);
    if (folder) closedir(folder);
    return found;
}
