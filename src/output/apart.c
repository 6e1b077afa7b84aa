#include "output/apart.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/node.h"

/* What a folder's entry tells without a look at the file; the device may be another. */
static int has_number(const dc3_line *l, ino_t number)
{
    for (int i = 0; i < l->count; i++)
        if (l->at[i].number == number) return 1;
    return 0;
}

/* A search below a folder that is read for links to what is written, or to folders above that. */
typedef struct search {
    const dc3_line *wanted;
    dc3_line above; /* of the folder that is read: a link back there adds nothing to it */
    int visits;
} search;

enum { FOLDERS = 1 << 16 }; /* that a search reads */

static int search_folder(search *s, const char *path, int linked);

static int search_entry(search *s, const char *path, const struct dirent *entry, int linked)
{
    dc3_node at;
    int found = 0;
    if (entry->d_type == DT_REG
            ? !has_number(s->wanted, entry->d_ino)
            : entry->d_type != DT_LNK && entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
        return 0;
    char *below = dc3_path_join(path, entry->d_name);
    int is_link = below && dc3_path_is_link(below);
    if (below && !(is_link && linked) && dc3_node_of(below, &at) && !dc3_line_has(&s->above, at)) {
        found = dc3_line_has(s->wanted, at);
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

static dc3_status leads_to(const char *input, const dc3_line *wanted, int *leads)
{
    search s = {.wanted = wanted};
    DC3_TRY(dc3_line_of(input, &s.above));
    *leads = search_folder(&s, input, 0);
    return DC3_OK;
}

/* How what is written, of which `l` is the line, lies to an input. */
static dc3_status relate(const dc3_line *l, const char *input, dc3_relation *how)
{
    dc3_node at;
    int leads = 0;
    *how = DC3_APART;
    if (!input || !dc3_node_of(input, &at)) return DC3_OK; /* who reads it says what is missing */
    int is_folder = dc3_path_what(input) == DC3_PATH_FOLDER;
    if (l->is_there && dc3_node_same(l->at[0], at))
        *how = DC3_SAME;
    else if (is_folder && dc3_line_has(l, at))
        *how = DC3_INSIDE;
    else if (is_folder) {
        DC3_TRY(leads_to(input, l, &leads));
        if (leads) *how = DC3_LINKED;
    }
    return DC3_OK;
}

dc3_status dc3_find_input(const char *path, const dc3_input *inputs, size_t count, const dc3_input **found,
                          dc3_relation *how)
{
    dc3_line l;
    *found = NULL;
    DC3_TRY(dc3_line_of(path, &l));
    for (size_t i = 0; i < count && !*found; i++) {
        DC3_TRY(relate(&l, inputs[i].path, how));
        if (*how != DC3_APART) *found = inputs + i;
    }
    return DC3_OK;
}
