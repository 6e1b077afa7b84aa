/* The words that options take. Names that the library owns are asked for there. */
#include "cli.h"

#include <string.h>
#include "dc3/train.h"

enum { MOST = 64 };

static const struct {
    const char *command; /* NULL: any */
    const char *option;
    const char *values[6];
} fixed[] = {
    {NULL, "dtype", {"auto", "f32", "bf16"}},
    {NULL, "fit", {"crop", "squash", "pad"}},
    {NULL, "format", {"png", "webp", "jpeg"}},
    {NULL, "detail", {"keep", "edit"}},
    {NULL, "sampler", {"euler-ancestral", "euler", "ddim", "dpmpp-2m"}},
    {NULL, "combine", {"gradient", "random", "grid", "fourfold"}},
    {NULL, "objective", {"graph-cut", "facility-location", "log-determinant"}},
    {NULL, "maximizer", {"naive", "lazy", "stochastic", "approximate-lazy"}},
    {NULL, "gradient", {"plain", "double-softmax"}},
    {NULL, "factor", {"1", "2"}},
    {NULL, "optimizer", {"sgd", "adamw"}},
    {NULL, "augment", {"rded", "none"}},
    {"compare", "labels", {"soft", "hard"}},
    {NULL, "labels", {"soft", "stored", "hard"}},
};

/* All names that a function of the library gives. */
static const char *const *all_of(const char *(*name)(int i))
{
    static const char *names[MOST];
    int n = 0;
    while (n < MOST - 1 && (names[n] = name(n))) n++;
    names[n] = NULL;
    return names;
}

const char *const *option_values(const command *c, const char *option)
{
    if (strcmp(option, "method") == 0 || strcmp(option, "methods") == 0) return all_of(dc3_method_name);
    if (strcmp(option, "arch") == 0) return all_of(dc3_arch_name);
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (strcmp(fixed[i].option, option) == 0 &&
            (!fixed[i].command || strcmp(fixed[i].command, c->name) == 0))
            return fixed[i].values;
    return NULL;
}

int takes_list(const GOptionEntry *entry)
{
    return entry->arg_description && g_str_has_suffix(entry->arg_description, ",..");
}
