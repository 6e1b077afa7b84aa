#include "output/output_path.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "output/apart.h"
#include "output/around.h"
#include "output/in_run.h"
#include "output/takes_entries.h"
#include "output/mark.h"

/* ---- names ---- */

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int dc3_ending_suits(const char *name, const char *const *endings)
{
    const char *base = base_of(name), *dot = strrchr(base, '.');
    if (!dot || dot == base || !dot[1]) return 1;
    for (; *endings; endings++)
        if (strcasecmp(dot, *endings) == 0) return 1;
    return 0;
}

/* ".png, .jpg or .webp" */
static void list_endings(const char *const *endings, char *text, size_t size)
{
    size_t used = 0;
    *text = 0;
    for (size_t i = 0; endings[i] && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 i == 0           ? ""
                                 : endings[i + 1] ? ", "
                                                  : " or ",
                                 endings[i]);
}

static dc3_status check_name(const dc3_output_path *o)
{
    /* Behind the name stand ".checkpoint" and ".<process>.part" while it is written. */
    enum { LONGEST = NAME_MAX - 32 };
    char endings[120];
    const char *base = base_of(o->path);
    if (strlen(base) > LONGEST)
        return dc3_fail_setting(o->setting, "expected a name of at most %d bytes, found %zu", LONGEST,
                                strlen(base));
    if (dc3_ending_suits(base, o->kind->endings)) return DC3_OK;
    list_endings(o->kind->endings, endings, sizeof endings);
    return dc3_fail_setting(o->setting, "%s are written as %s; expected a name that ends with %s, found %s",
                            o->kind->things, o->kind->form, endings, o->path);
}

/* ---- places ---- */

/* The folder that `path` stands in; caller frees. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
}

/* What a chain of links leads to, whether it is there or not; caller frees. No link of it is one that a run
 * stored. */
static dc3_status follow(const dc3_output_path *o, char **place)
{
    enum { MOST = 40 };
    char target[PATH_MAX], *now = strdup(o->path);
    dc3_status status = DC3_OK;
    for (int i = 0; now && status == DC3_OK && i < MOST; i++) {
        ssize_t n = readlink(now, target, sizeof target - 1);
        if (n < 0) break;
        target[n] = 0;
        status = dc3_check_no_run_link(o->setting, now);
        char *folder = folder_of(now), *next = *target == '/' ? strdup(target)
                                               : folder       ? dc3_path_join(folder, target)
                                                              : NULL;
        free(folder);
        free(now);
        now = next;
    }
    if (!now && status == DC3_OK) status = dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", o->path);
    if (status == DC3_OK)
        *place = now;
    else
        free(now);
    return status;
}

static dc3_status check_folder(const char *setting, const char *path, const char *place)
{
    char *folder = folder_of(place);
    if (!folder) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
    const char *refusal;
    dc3_status status = DC3_OK;
    if (dc3_path_what(folder) != DC3_PATH_FOLDER)
        status = dc3_fail_about(
            setting, "%s %s: expected a place in an existing folder, found no folder %s; create it first",
            dc3_setting(setting), path, folder);
    else if ((refusal = dc3_folder_refuses(folder)))
        status =
            dc3_fail_about(setting, "%s %s: the folder %s cannot be written to: %s; choose another place",
                           dc3_setting(setting), path, folder, refusal);
    free(folder);
    return status;
}

/* ---- what lies around ---- */

static dc3_status check_inputs(const dc3_output_path *o, const char *place)
{
    static const char *const texts[] = {
        [DC3_SAME] = "is the same as", [DC3_INSIDE] = "lies in", [DC3_LINKED] = "is where a link leads in"};
    const dc3_input *found;
    dc3_relation how = DC3_APART;
    DC3_TRY(dc3_find_input(place, o->inputs, o->count, &found, &how));
    if (!found) return DC3_OK;
    return dc3_fail_setting(o->setting,
                            "expected a place apart from %s, found %s, which %s %s; choose another",
                            found->what, o->path, texts[how], found->path);
}

/* Other datasets, which the command does not read. */
static dc3_status check_around(const dc3_output_path *o, const char *place)
{
    char *folder = folder_of(place);
    dc3_around around = {0};
    dc3_status status = folder ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", o->path);
    if (status == DC3_OK && !o->force) status = dc3_find_around(folder, &around);
    const char *force = o->kind->grows ? "" : dc3_setting("force");
    if (around.path)
        status = dc3_fail_setting(o->setting,
                                  "expected a place outside of datasets, found %s, which lies in %s with its "
                                  "class folders ('%s', ..); choose another%s%s%s",
                                  o->path, around.path, around.first, *force ? ", or give " : "", force,
                                  !*force ? ""
                                  : dc3_path_what(place) == DC3_PATH_FILE
                                      ? " to replace the file there all the same"
                                      : " to write there all the same");
    dc3_around_free(&around);
    free(folder);
    return status;
}

/* ---- what is there ---- */

static dc3_status check_there(const dc3_output_path *o, const char *place)
{
    struct stat info;
    if (stat(place, &info) != 0) {
        if (errno == ENOENT) return DC3_OK;
        return dc3_fail_setting(o->setting, "%s cannot be written: %s", o->path, strerror(errno));
    }
    if (S_ISDIR(info.st_mode))
        return dc3_fail_setting(o->setting, "expected a file to write, found the folder %s", o->path);
    if (!S_ISREG(info.st_mode))
        return dc3_fail_setting(o->setting, "expected a file to write, found the device or pipe %s", o->path);
    if (o->force || o->kind->grows || info.st_size == 0) return DC3_OK;
    if (!dc3_is_marked(place, o->kind->marks))
        return dc3_fail_setting(
            o->setting,
            "%s is there already and is not known as %s that dc3 wrote; choose another name, "
            "or give %s to replace it",
            o->path, o->kind->things, dc3_setting("force"));
    if (access(place, W_OK) == 0) return DC3_OK;
    return dc3_fail_setting(o->setting,
                            "%s is there already and is write-protected; choose another name, or give "
                            "%s to replace it",
                            o->path, dc3_setting("force"));
}

dc3_status dc3_output_path_check(const dc3_output_path *o, char **place)
{
    *place = NULL;
    if (!*o->path) return dc3_fail_setting(o->setting, "expected a file to write, found an empty name");
    char *target;
    DC3_TRY(follow(o, &target));
    dc3_status status = dc3_path_what(target) == DC3_PATH_FOLDER ? check_there(o, target)
                                                                 : check_folder(o->setting, o->path, target);
    if (status == DC3_OK) status = check_name(o);
    if (status == DC3_OK) status = check_inputs(o, target);
    if (status == DC3_OK) status = dc3_check_no_run_images(o->setting, target);
    if (status == DC3_OK) status = dc3_check_no_run_file(o, target);
    if (status == DC3_OK) status = check_around(o, target);
    if (status == DC3_OK) status = check_there(o, target);
    if (status == DC3_OK)
        *place = target;
    else
        free(target);
    return status;
}
