#include "generate/label_names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

const char *dc3_label_text(const json_t *labels, int64_t label)
{
    char key[24];
    snprintf(key, sizeof key, "%lld", (long long)label);
    return json_string_value(json_object_get(labels, key));
}

size_t dc3_label_next_name(const char **at, const char **name)
{
    *at += strspn(*at, " ,");
    size_t length = strcspn(*at, ",");
    *name = *at;
    *at += length;
    while (length && (*name)[length - 1] == ' ') length--;
    return length;
}

static int folded(char c)
{
    return c == '_' ? ' ' : tolower((unsigned char)c);
}

/* 1 if the `length` bytes of a name are the word. */
static int is_name(const char *name, size_t length, const char *word, int exact)
{
    if (strlen(word) != length) return 0;
    if (exact) return memcmp(name, word, length) == 0;
    for (size_t i = 0; i < length; i++)
        if (folded(name[i]) != folded(word[i])) return 0;
    return 1;
}

static int has_name(const char *names, const char *word, int exact)
{
    const char *name;
    if (is_name(names, strlen(names), word, exact)) return 1;
    for (size_t length; (length = dc3_label_next_name(&names, &name));)
        if (is_name(name, length, word, exact)) return 1;
    return 0;
}

int64_t dc3_label_find(const json_t *labels, int64_t classes, const char *word, int64_t *other)
{
    int64_t found = -1;
    *other = -1;
    for (int exact = 1; labels && found < 0 && exact >= 0; exact--)
        for (int64_t i = 0; i < classes && *other < 0; i++) {
            const char *names = dc3_label_text(labels, i);
            if (names && has_name(names, word, exact)) *(found < 0 ? &found : other) = i;
        }
    return found;
}
