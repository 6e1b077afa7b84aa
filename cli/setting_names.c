/* The options by which the texts of the library name its settings. */
#include "cli.h"

#include <string.h>

/* Where it is not the field's name with dashes. */
static const struct {
    const char *field, *option;
} others[] = {{"out", "-o"},
              {"png", "-o"},
              {"originals", "--data"},
              {"ipcs", "--ipc"},
              {"caption_template", "--template"},
              {"archs", "--arch"},
              {"real_hard", "--full-accuracy"}};

static const char *option_of(const char *field)
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(others[i].field, field) == 0) return others[i].option;
    char *name = g_strdelimit(g_strdup_printf("--%s", field), "_", '-');
    const char *interned = g_intern_string(name);
    g_free(name);
    return interned;
}

void name_settings(void)
{
    dc3_name_settings(option_of);
}
