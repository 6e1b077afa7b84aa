/* Models that are named as the Hugging Face Hub names them. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include "dc3/hub.h"

int find_model(const char *text, const char **path)
{
    char *found = NULL;
    *path = text;
    if (!dc3_hub_is_name(text)) return EXIT_DONE;
    int status = finish(dc3_hub_find(text, &found), NULL);
    if (status == EXIT_DONE) *path = g_intern_string(found);
    free(found);
    return status;
}

/* Of one option, whose text may be a list. */
static int find_all(const char **field)
{
    if (!*field || !strstr(*field, "hf:")) return EXIT_DONE;
    char **parts = g_strsplit(*field, ",", -1);
    int status = EXIT_DONE;
    for (char **part = parts; *part && status == EXIT_DONE; part++) {
        const char *path;
        status = find_model(*part, &path);
        if (path == *part) continue;
        g_free(*part);
        *part = g_strdup(path);
    }
    char *text = g_strjoinv(",", parts);
    if (status == EXIT_DONE) *field = g_intern_string(text);
    g_free(text);
    g_strfreev(parts);
    return status;
}

int find_models(const command *c, void *values)
{
    EACH_OPTION(c, t, o)
    {
        int status = o->kind == OPTION_MODEL && is_given(c, o->name)
                         ? find_all((const char **)(void *)((char *)values + o->offset))
                         : EXIT_DONE;
        if (status != EXIT_DONE) return status;
    }
    return EXIT_DONE;
}
