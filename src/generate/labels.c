/* The classes of a model, by their names and numbers. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "generate/generator_private.h"
#include "base/text.h"
#include "teacher/imagenet.h"

enum { NAME = 200 };

/* 1 if the `length` bytes of a name are the word, letters in either case and _ as a space. */
static int is_name(const char *name, size_t length, const char *word)
{
    if (strlen(word) != length) return 0;
    for (size_t i = 0; i < length; i++) {
        int a = tolower((unsigned char)name[i]), b = tolower((unsigned char)word[i]);
        if ((a == '_' ? ' ' : a) != (b == '_' ? ' ' : b)) return 0;
    }
    return 1;
}

/* The next name between commas, without the spaces around it; 0: there is none. */
static size_t next_name(const char **at, const char **name)
{
    while (**at == ' ' || **at == ',') ++*at;
    size_t length = strcspn(*at, ",");
    *name = *at;
    *at += length;
    while (length && (*name)[length - 1] == ' ') length--;
    return length;
}

/* 1 if a class's names have the word. */
static int has_name(const char *names, const char *word)
{
    const char *name;
    if (is_name(names, strlen(names), word)) return 1;
    for (size_t length; (length = next_name(&names, &name));)
        if (is_name(name, length, word)) return 1;
    return 0;
}

/* The names of a class, or NULL. */
static const char *names_of(const dc3_generator *g, int64_t label)
{
    char key[24];
    snprintf(key, sizeof key, "%lld", (long long)label);
    return json_string_value(json_object_get(g->labels, key));
}

/* The word as a number of at most nine digits; -1: it is none. */
static int64_t number_of(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    return digits && digits < 10 && !word[digits] ? strtoll(word, NULL, 10) : -1;
}

static dc3_status no_class(const dc3_generator *g, const char *word)
{
    int64_t classes = g->model.denoiser->classes;
    char(*text)[NAME] = calloc((size_t)classes, sizeof *text), hint[DC3_HINT_SIZE] = "";
    const char **names = calloc((size_t)classes, sizeof *names);
    size_t count = 0;
    for (int64_t i = 0; text && names && i < classes; i++)
        if (names_of(g, i)) names[count] = dc3_generator_class_name(g, i, text[count], NAME), count++;
    if (count) dc3_hint(word, names, count, hint);
    free(text);
    free(names);
    return dc3_fail_setting("classes",
                            "%s has no class '%.100s'%s; expected names of its classes, or their numbers "
                            "from 0 to %lld",
                            g->model.name, word, hint, (long long)classes - 1);
}

dc3_status dc3_generator_class(const dc3_generator *g, const char *word, int64_t *label)
{
    int64_t classes = g->model.denoiser->classes, number = number_of(word), found = -1;
    for (int64_t i = 0; g->labels && i < classes; i++) {
        const char *names = names_of(g, i);
        if (!names || !has_name(names, word)) continue;
        if (found >= 0)
            return dc3_fail_setting("classes",
                                    "'%.100s' is the class %lld of %s and %lld too; give its number", word,
                                    (long long)found, g->model.name, (long long)i);
        found = i;
    }
    *label = found;
    if (found >= 0) return DC3_OK;
    if (number < 0 && classes == DC3_IMAGENET_CLASSES) number = dc3_imagenet_class(word);
    *label = number;
    return number >= 0 && number < classes ? DC3_OK : no_class(g, word);
}

const char *dc3_generator_class_name(const dc3_generator *g, int64_t label, char *text, size_t size)
{
    const char *names = names_of(g, label), *name;
    size_t length = names ? next_name(&names, &name) : 0;
    if (length)
        snprintf(text, size, "%.*s", (int)length, name);
    else
        snprintf(text, size, "%lld", (long long)label);
    return text;
}
