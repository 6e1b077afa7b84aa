/* Which editor a word means, and where the one is that comes with the program. */
#include "cli.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char mini[] = "dc3-mini";

/* Where DC3_MODELS says, relative to the program, where it was to be installed, or beside the sources that it
 * was built from. */
static const char *own_editor(void)
{
    static char path[PATH_MAX + 16];
    char near[PATH_MAX + 32] = "";
    ssize_t length = readlink("/proc/self/exe", near, PATH_MAX - 1);
    near[length > 0 ? length : 0] = 0;
    char *slash = strrchr(near, '/');
    if (slash) strcpy(slash, "/../share/dc3/models");
    const char *places[] = {getenv("DC3_MODELS"), slash ? near : NULL, DC3_INSTALL_MODELS, DC3_SOURCE_MODELS};
    for (int i = 0; i < 4; i++) {
        if (!places[i]) continue;
        snprintf(path, sizeof path, "%.*s/%s", PATH_MAX, places[i], mini);
        char index[PATH_MAX + 48];
        snprintf(index, sizeof index, "%s/model_index.json", path);
        if (access(index, R_OK) == 0) return path;
    }
    return mini;
}

const char *editor_of(const char *given)
{
    return !given || (strcmp(given, mini) == 0 && access(mini, F_OK) != 0) ? own_editor() : given;
}
