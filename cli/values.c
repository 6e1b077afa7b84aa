/* The words that options take. Names that the library owns are asked for there. */
#include "cli.h"

#include <string.h>
#include "dc3/train.h"

enum { MOST = 64 };

/* compare has no stored labels. */
static const char *const compared_labels[] = {"soft", "hard", NULL}, *const factors[] = {"1", "2", NULL};

/* All names that a function of the library gives. */
static const char *const *all_of(const char *(*name_of)(int i))
{
    static const char *names[MOST];
    int n = 0;
    while (n < MOST - 1 && (names[n] = name_of(n))) n++;
    names[n] = NULL;
    return names;
}

const char *const *option_values(const command *c, const char *name)
{
    if (strcmp(name, "method") == 0 || strcmp(name, "methods") == 0) return all_of(dc3_method_name);
    if (strcmp(name, "arch") == 0) return all_of(dc3_arch_name);
    if (strcmp(name, "labels") == 0 && strcmp(c->name, "compare") == 0) return compared_labels;
    if (strcmp(name, "factor") == 0) return factors;
    return dc3_option_names(name);
}

int takes_list(const option *o)
{
    return o->value && g_str_has_suffix(o->value, ",..");
}
