#include <ftw.h>
#include <stdio.h>
#include "base/file.h"

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info, (void)kind, (void)place;
    return remove(path);
}

int dc3_remove_tree(const char *path)
{
    enum { OPEN = 16 };
    return nftw(path, remove_entry, OPEN, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
