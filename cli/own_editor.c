/* Which editor a word means, and where the one is that comes with the program; and where the backbone is. */
#include "cli.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char mini[] = "dc3-mini";

/* The i-th of the folders where models are, NULL for none: where DC3_MODELS says, relative to the program,
 * where it was to be installed, or beside the sources that it was built from. */
enum { PLACES = 4 };
static const char *place(int i)
{
    static char near[PATH_MAX + 32];
    if (i == 0) return getenv("DC3_MODELS");
    if (i == 2) return DC3_INSTALL_MODELS;
    if (i == 3) return DC3_SOURCE_MODELS;
    ssize_t length = readlink("/proc/self/exe", near, PATH_MAX - 1);
    near[length > 0 ? length : 0] = 0;
    char *slash = strrchr(near, '/');
    if (slash) strcpy(slash, "/../share/dc3/models");
    return slash ? near : NULL;
}

static const char *own_editor(void)
{
    static char path[PATH_MAX + 16];
    for (int i = 0; i < PLACES; i++) {
        const char *models = place(i);
        if (!models) continue;
        snprintf(path, sizeof path, "%.*s/%s", PATH_MAX, models, mini);
        char index[PATH_MAX + 48];
        snprintf(index, sizeof index, "%s/model_index.json", path);
        if (access(index, R_OK) == 0) return path;
    }
    return mini;
}

/* DC3_BACKBONE, or the file in the folder "backbones" beside one of models; NULL: there is none. */
static const char *own_backbone(void)
{
    static char path[PATH_MAX + 48];
    const char *said = getenv("DC3_BACKBONE");
    if (said && *said) return said;
    for (int i = 0; i < PLACES; i++) {
        const char *models = place(i);
        if (!models) continue;
        snprintf(path, sizeof path, "%.*s/../backbones/efficientnet_lite0.pth", PATH_MAX, models);
        char *real = realpath(path, NULL);
        if (!real) continue;
        snprintf(path, sizeof path, "%s", real);
        free(real);
        if (access(path, R_OK) == 0) return path;
    }
    return NULL;
}

void choose_backbone(dc3_condense_options *o)
{
    if (o->backbone) return;
    o->backbone = own_backbone();
    o->usual_backbone = o->backbone != NULL;
}

const char *editor_of(const char *given)
{
    return !given || (strcmp(given, mini) == 0 && access(mini, F_OK) != 0) ? own_editor() : given;
}
