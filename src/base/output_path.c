#include "base/output_path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"

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

/* What a chain of links leads to, whether it is there or not; caller frees. NULL without memory. */
static char *follow(const char *path)
{
    enum { MOST = 40 };
    char target[PATH_MAX], *now = strdup(path);
    for (int i = 0; now && i < MOST; i++) {
        ssize_t n = readlink(now, target, sizeof target - 1);
        if (n < 0) break;
        target[n] = 0;
        char *folder = folder_of(now), *next = *target == '/' ? strdup(target)
                                               : folder       ? dc3_path_join(folder, target)
                                                              : NULL;
        free(folder);
        free(now);
        now = next;
    }
    return now;
}

static dc3_status check_folder(const char *setting, const char *path, const char *place)
{
    char *folder = folder_of(place);
    if (!folder) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
    dc3_status status = DC3_OK;
    if (dc3_path_what(folder) != DC3_PATH_FOLDER)
        status = dc3_fail_about(
            setting, "%s %s: expected a place in an existing folder, found no folder %s; create it first",
            dc3_setting(setting), path, folder);
    else if (access(folder, W_OK | X_OK) != 0)
        status =
            dc3_fail_about(setting, "%s %s: the folder %s cannot be written to: %s; choose another place",
                           dc3_setting(setting), path, folder, strerror(errno));
    free(folder);
    return status;
}

/* ---- inputs ---- */

/* A file or a folder, by whatever name. */
typedef struct node {
    dev_t device;
    ino_t number;
} node;

static int node_of(const char *path, node *at)
{
    struct stat info;
    if (stat(path, &info) != 0) return 0;
    *at = (node){info.st_dev, info.st_ino};
    return 1;
}

static int same(node a, node b)
{
    return a.device == b.device && a.number == b.number;
}

enum { ABOVE = 128, FOLDERS = 1 << 16 };

/* A path's own node, where it is there, and those of the folders above it, from the innermost on. */
typedef struct line {
    node at[ABOVE];
    int count;
    int is_there; /* at[0] is the path itself */
} line;

static int is_in(const line *l, node at)
{
    for (int i = 0; i < l->count; i++)
        if (same(l->at[i], at)) return 1;
    return 0;
}

/* What a folder's entry tells without a look at the file; the device may be another. */
static int has_number(const line *l, ino_t number)
{
    for (int i = 0; i < l->count; i++)
        if (l->at[i].number == number) return 1;
    return 0;
}

/* What does not exist yet counts from the first folder above it that does. */
static dc3_status trace(const char *path, line *l)
{
    char *real = dc3_path_real(path);
    if (!real) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
    l->count = 0;
    l->is_there = dc3_path_what(real) != DC3_PATH_MISSING;
    for (char *end = real + strlen(real); l->count < ABOVE;) {
        if (node_of(*real ? real : "/", &l->at[l->count])) l->count++;
        if (!*real) break;
        while (end > real && *--end != '/') continue;
        *end = 0;
    }
    free(real);
    return DC3_OK;
}

/* A search below a folder that is read for links to what is written, or to folders above that. */
typedef struct search {
    const line *wanted;
    line above; /* of the folder that is read: a link back there adds nothing to it */
    int visits;
} search;

static int search_folder(search *s, const char *path, int linked);

static int search_entry(search *s, const char *path, const struct dirent *entry, int linked)
{
    node at;
    int found = 0;
    if (entry->d_type == DT_REG
            ? !has_number(s->wanted, entry->d_ino)
            : entry->d_type != DT_LNK && entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
        return 0;
    char *below = dc3_path_join(path, entry->d_name);
    int is_link = below && dc3_path_is_link(below);
    if (below && !(is_link && linked) && node_of(below, &at) && !is_in(&s->above, at)) {
        found = is_in(s->wanted, at);
        if (!found && dc3_path_what(below) == DC3_PATH_FOLDER)
            found = search_folder(s, below, linked || is_link);
    }
    free(below);
    return found;
}

/* Links in folders that a link leads to are left: they may fan out. */
static int search_folder(search *s, const char *path, int linked)
{
    struct dirent *entry;
    int found = 0;
    DIR *folder = s->visits++ < FOLDERS ? opendir(path) : NULL;
    while (folder && !found && (entry = readdir(folder)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            found = search_entry(s, path, entry, linked);
    if (folder) closedir(folder);
    return found;
}

static dc3_status leads_to(const char *input, const line *wanted, int *leads)
{
    search s = {.wanted = wanted};
    DC3_TRY(trace(input, &s.above));
    *leads = search_folder(&s, input, 0);
    return DC3_OK;
}

typedef enum relation { APART, SAME, INSIDE, LINKED } relation;

/* How what is written, of which `l` is the line, lies to an input. */
static dc3_status relate(const line *l, const char *input, relation *how)
{
    node at;
    int leads = 0;
    *how = APART;
    if (!input || !node_of(input, &at)) return DC3_OK; /* who reads it says what is missing */
    int is_folder = dc3_path_what(input) == DC3_PATH_FOLDER;
    if (l->is_there && same(l->at[0], at))
        *how = SAME;
    else if (is_folder && is_in(l, at))
        *how = INSIDE;
    else if (is_folder) {
        DC3_TRY(leads_to(input, l, &leads));
        if (leads) *how = LINKED;
    }
    return DC3_OK;
}

/* The first input that what is written is not apart from, and how; else NULL. */
static dc3_status find_input(const char *path, const dc3_input *inputs, size_t count, const dc3_input **found,
                             relation *how)
{
    line l;
    *found = NULL;
    DC3_TRY(trace(path, &l));
    for (size_t i = 0; i < count && !*found; i++) {
        DC3_TRY(relate(&l, inputs[i].path, how));
        if (*how != APART) *found = inputs + i;
    }
    return DC3_OK;
}

static dc3_status check_inputs(const dc3_output_path *o, const char *place)
{
    static const char *const texts[] = {
        [SAME] = "is the same as", [INSIDE] = "lies in", [LINKED] = "is where a link leads in"};
    const dc3_input *found;
    relation how = APART;
    DC3_TRY(find_input(place, o->inputs, o->count, &found, &how));
    if (!found) return DC3_OK;
    return dc3_fail_setting(o->setting,
                            "expected a place apart from %s, found %s, which %s %s; choose another",
                            found->what, o->path, texts[how], found->path);
}

/* ---- runs ---- */

static int is_part(const char *at, const char *part)
{
    size_t n = strlen(part);
    return strncmp(at, part, n) == 0 && (at[n] == '/' || !at[n]);
}

/* Whatever the command reads, nothing is put among the images that a run stored: it would count as one of
 * them. */
static dc3_status check_runs(const char *setting, const char *path)
{
    char *real = dc3_path_real(path);
    if (!real) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
    dc3_status status = DC3_OK;
    for (char *slash = real; status == DC3_OK && (slash = strchr(slash, '/')); slash++) {
        if (!is_part(slash + 1, "train") && !is_part(slash + 1, "edits")) continue;
        *slash = 0;
        char *settings = dc3_path_join(real, "dc3.json");
        if (!settings)
            status = dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
        else if (dc3_path_what(settings) == DC3_PATH_FILE)
            status = dc3_fail_setting(setting,
                                      "expected a place apart from the images of a run, found %s, which lies "
                                      "in the run %s; choose another",
                                      path, real);
        free(settings);
        *slash = '/';
    }
    free(real);
    return status;
}

/* ---- what is there ---- */

/* 1 if all the marks stand in the first or the last bytes of the file. */
static int is_marked(const char *path, const char *const *marks)
{
    enum { BOTH = 2 * DC3_MARK_BYTES };
    char *bytes = malloc(BOTH);
    int fd = bytes ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    struct stat info;
    size_t have = 0;
    if (fd >= 0 && fstat(fd, &info) == 0) {
        off_t last = info.st_size > DC3_MARK_BYTES ? info.st_size - DC3_MARK_BYTES : 0;
        ssize_t n = pread(fd, bytes, DC3_MARK_BYTES, 0);
        have = n > 0 ? (size_t)n : 0;
        n = have == DC3_MARK_BYTES ? pread(fd, bytes + have, DC3_MARK_BYTES, last) : 0;
        have += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0) close(fd);
    int all = have > 0;
    for (; all && *marks; marks++) all = memmem(bytes, have, *marks, strlen(*marks)) != NULL;
    free(bytes);
    return all;
}

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
    if (o->force || info.st_size == 0) return DC3_OK;
    if (!is_marked(place, o->kind->marks))
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
    char *target = follow(o->path);
    if (!target) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", o->path);
    dc3_status status = dc3_path_what(target) == DC3_PATH_FOLDER ? check_there(o, target)
                                                                 : check_folder(o->setting, o->path, target);
    if (status == DC3_OK) status = check_name(o);
    if (status == DC3_OK) status = check_inputs(o, target);
    if (status == DC3_OK) status = check_runs(o->setting, target);
    if (status == DC3_OK) status = check_there(o, target);
    if (status == DC3_OK)
        *place = target;
    else
        free(target);
    return status;
}

/* ---- folders ---- */

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
    dc3_status status = DC3_OK;
    if (dc3_path_what(there) != DC3_PATH_FOLDER)
        status = dc3_fail_about(setting,
                                "%s %s: expected a folder to make or to continue, found that %s is a "
                                "file; choose another place",
                                dc3_setting(setting), path, there);
    else if (access(there, W_OK | X_OK) != 0)
        status =
            dc3_fail_about(setting, "%s %s: the folder %s cannot be written to: %s; choose another place",
                           dc3_setting(setting), path, there, strerror(errno));
    free(copy);
    return status;
}

/* 1 if a folder lies in another, which may be missing. */
static dc3_status lies_in(const char *inner, const char *outer, int *lies)
{
    node at;
    line l;
    *lies = 0;
    if (!node_of(outer, &at) || dc3_path_what(inner) != DC3_PATH_FOLDER) return DC3_OK;
    DC3_TRY(trace(inner, &l));
    *lies = is_in(&l, at);
    return DC3_OK;
}

dc3_status dc3_output_folder_check(const char *setting, const char *path, const dc3_input *inputs,
                                   size_t count)
{
    const dc3_input *found;
    relation how = APART;
    if (!*path) return dc3_fail_setting(setting, "expected a folder, found an empty name");
    DC3_TRY(check_runs(setting, path));
    DC3_TRY(find_input(path, inputs, count, &found, &how));
    if (found)
        return dc3_fail(DC3_ERR_ARGUMENT,
                        "%s: expected a folder apart from %s, this folder %s %s; choose another", path,
                        found->what, how == LINKED ? "is where a link leads in" : "lies in", found->path);
    for (size_t i = 0; i < count; i++) {
        int lies = 0;
        if (inputs[i].path) DC3_TRY(lies_in(inputs[i].path, path, &lies));
        if (lies)
            return dc3_fail(DC3_ERR_ARGUMENT,
                            "%s: expected a folder apart from %s, %s lies in it; choose another", path,
                            inputs[i].what, inputs[i].path);
    }
    return check_can_be_made(setting, path);
}
