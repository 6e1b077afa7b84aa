/* What a training leaves in OUT that is replaced: of it nothing stays beside the new one's. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "finetune/part.h"

/* "step-000500.png", "000500": at least six digits between the two. */
static int is_numbered(const char *name, const char *before, const char *after)
{
    size_t start = strlen(before), digits;
    if (strncmp(name, before, start) != 0) return 0;
    digits = strspn(name + start, "0123456789");
    return digits >= 6 && strcmp(name + start + digits, after) == 0;
}

/* Removes files and folders of such names from OUT/FOLDER, and that where it is empty then; follows no links.
 */
static dc3_status clear(const char *out, const char *folder, const char *before, const char *after)
{
    char *path = dc3_path_join(out, folder);
    DIR *entries = path && !dc3_path_is_link(path) ? opendir(path) : NULL;
    struct dirent *entry;
    dc3_status status = path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    while (status == DC3_OK && entries && (entry = readdir(entries))) {
        if (!is_numbered(entry->d_name, before, after)) continue;
        char *old = dc3_path_join(path, entry->d_name);
        if (!old)
            status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
        else if (dc3_remove_tree(old) != 0)
            status = dc3_fail(DC3_ERR_IO, "%s: cannot be removed: %s", old, strerror(errno));
        free(old);
    }
    if (entries) closedir(entries), rmdir(path);
    free(path);
    return status;
}

dc3_status dc3_finetune_clear(const dc3_finetuning *t)
{
    DC3_TRY(clear(t->options.out, "samples", "step-", ".png"));
    DC3_TRY(clear(t->options.out, "steps", "", ""));
    if (remove(t->checkpoint) != 0 && errno != ENOENT)
        return dc3_fail(DC3_ERR_IO, "%s: cannot be removed: %s", t->checkpoint, strerror(errno));
    return DC3_OK;
}
