/* The classes of a model, by their names and numbers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "generate/generator_private.h"
#include "generate/label_names.h"
#include "base/text.h"
#include "teacher/imagenet.h"

enum { NAME = 200 };

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
        if (dc3_label_text(g->labels, i))
            names[count] = dc3_generator_class_name(g, i, text[count], NAME), count++;
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
    int64_t classes = g->model.denoiser->classes, number = number_of(word), other;
    *label = dc3_label_find(g->labels, classes, word, &other);
    if (other >= 0)
        return dc3_fail_setting("classes", "'%.100s' is the class %lld of %s and %lld too; give its number",
                                word, (long long)*label, g->model.name, (long long)other);
    if (*label >= 0) return DC3_OK;
    if (number < 0 && classes == DC3_IMAGENET_CLASSES) number = dc3_imagenet_class(word);
    *label = number;
    return number >= 0 && number < classes ? DC3_OK : no_class(g, word);
}

const char *dc3_generator_class_name(const dc3_generator *g, int64_t label, char *text, size_t size)
{
    const char *names = dc3_label_text(g->labels, label), *name;
    size_t length = names ? dc3_label_next_name(&names, &name) : 0;
    if (length)
        snprintf(text, size, "%.*s", (int)length, name);
    else
        snprintf(text, size, "%lld", (long long)label);
    return text;
}
