/* Exchanging the beginnings of names. */
#include <string.h>
#include "nn/classifiers/classifier_names.h"

/* `part` or a name that begins with it and a dot gets another beginning; 0 if it does not. */
static int put_for(const char *name, const char *part, const char *other, const char *before, char *text)
{
    size_t length = strlen(part);
    if (strncmp(name, part, length) != 0 || (name[length] && name[length] != '.')) return 0;
    dc3_name(text, "%s%s%s", before, other, name + length);
    return 1;
}

const char *dc3_renamed(const char *name, const char *const *pairs, const char *before, const char *whole,
                        char *text)
{
    for (; *pairs; pairs += 2)
        if (put_for(name, pairs[0], pairs[1], before, text)) return text;
    return before[0] ? dc3_name(text, "%s%s", before, name) : whole;
}
