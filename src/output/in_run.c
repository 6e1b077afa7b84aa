#include "output/in_run.h"

#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/node.h"
#include "run_folder/own_files.h"

static int is_part(const char *at, const char *part)
{
    size_t n = strlen(part);
    return strncmp(at, part, n) == 0 && (at[n] == '/' || !at[n]);
}

/* `real` is where `path` stands, without links above it; NULL without memory. It is freed. */
static dc3_status check_place(const char *setting, const char *path, char *real)
{
    if (!real) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
    dc3_status status = DC3_OK;
    for (char *slash = real; status == DC3_OK && (slash = strchr(slash, '/')); slash++) {
        if (!is_part(slash + 1, "train") && !is_part(slash + 1, "edits") && !is_part(slash + 1, "students"))
            continue;
        *slash = 0;
        if (dc3_is_run_folder(real))
            status = dc3_fail_setting(setting,
                                      "expected a place apart from the images of a run, found %s, which lies "
                                      "in the run %s; choose another",
                                      path, real);
        *slash = '/';
    }
    free(real);
    return status;
}

dc3_status dc3_check_no_run_images(const char *setting, const char *path)
{
    return check_place(setting, path, dc3_path_real(path));
}

dc3_status dc3_check_no_run_link(const char *setting, const char *link)
{
    const char *slash = strrchr(link, '/');
    char *folder = !slash ? strdup(".") : strndup(link, slash == link ? 1 : (size_t)(slash - link));
    char *above = folder ? dc3_path_real(folder) : NULL;
    dc3_status status =
        check_place(setting, link, above ? dc3_path_join(above, slash ? slash + 1 : link) : NULL);
    free(above);
    free(folder);
    return status;
}

/* 1 if both are there and the same. */
static int is_same(const char *a, const char *b)
{
    dc3_node nodes[2];
    return dc3_node_of(a, &nodes[0]) && dc3_node_of(b, &nodes[1]) && dc3_node_same(nodes[0], nodes[1]);
}

dc3_status dc3_check_no_run_file(const dc3_output_path *o, const char *place)
{
    char *real = dc3_path_real(place), *slash = real ? strrchr(real, '/') : NULL;
    if (!slash) {
        free(real);
        return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", o->path);
    }
    *slash = 0;
    const char *name = slash + 1, *const *own = o->kind->in_run;
    dc3_status status = DC3_OK;
    while (own && *own && strcmp(name, *own) != 0) own++;
    int may = own && *own && o->run && is_same(real, o->run);
    if (!may && dc3_is_run_file(name) && dc3_is_run_folder(real))
        status = dc3_fail_setting(o->setting,
                                  "expected a place apart from the files of a run, found %s, which is one of "
                                  "the run %s; choose another",
                                  o->path, real);
    free(real);
    return status;
}
