#include "io/choice.h"

#include <stdlib.h>
#include <string.h>
#include "base/file.h"

enum { NAME_LIMIT = 4096 }; /* bytes of a name in a file */

static dc3_choice *new_choice(void)
{
    return calloc(1, sizeof(dc3_choice));
}

static dc3_status add_name(dc3_choice *c, const char *name, size_t length)
{
    char **more = realloc(c->classes, ((size_t)c->count + 1) * sizeof *more);
    if (more) c->classes = more;
    char *copy = more ? strndup(name, length) : NULL;
    if (!copy) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    c->classes[c->count++] = copy;
    return DC3_OK;
}

/* A line of a file of names, without spaces around it; empty ones are passed over. */
static dc3_status take_line(void *user, const char *line, size_t length)
{
    dc3_choice *c = user;
    static const char mark[] = "\xef\xbb\xbf", spaces[] = " \t\r";
    if (!c->count && strncmp(line, mark, sizeof mark - 1) == 0)
        line += sizeof mark - 1, length -= sizeof mark - 1;
    while (length && strchr(spaces, line[length - 1])) length--;
    while (length && strchr(spaces, *line)) line++, length--;
    return length ? add_name(c, line, length) : DC3_OK;
}

static dc3_status read_names(const char *setting, const char *given, dc3_choice *c)
{
    if (dc3_path_what(given) == DC3_PATH_FILE) {
        DC3_TRY(dc3_file_each_line(given, NAME_LIMIT, take_line, c));
        if (!c->count)
            return dc3_fail_setting(setting, "%s: expected a name of a class on each line, found none",
                                    given);
        return DC3_OK;
    }
    for (const char *at = given;; at++) {
        size_t length = strcspn(at, ",");
        if (!length)
            return dc3_fail_setting(setting,
                                    "expected names of classes as A,B or a file of them, a line each; "
                                    "found an empty one in '%.100s'",
                                    given);
        DC3_TRY(add_name(c, at, length));
        at += length;
        if (!*at) return DC3_OK;
    }
}

const char *dc3_choice_first(const dc3_data_choice *given)
{
    return given->split             ? "split"
           : given->classes         ? "classes"
           : given->without_classes ? "without_classes"
           : given->unlabelled      ? "unlabelled"
                                    : NULL;
}

dc3_status dc3_choice_refuse(const dc3_data_choice *given, const char *path)
{
    const char *first = dc3_choice_first(given);
    if (!first) return DC3_OK;
    return dc3_fail_setting(first, "expected a dataset that dc3 did not make, %s is none", path);
}

dc3_status dc3_choice_read(const dc3_data_choice *given, dc3_choice **choice)
{
    *choice = NULL;
    if (!dc3_choice_first(given)) return DC3_OK;
    if (given->classes && given->without_classes)
        return dc3_fail_setting("without_classes", "expected it or %s, found both", dc3_setting("classes"));
    if (given->unlabelled && (given->classes || given->without_classes))
        return dc3_fail_setting("unlabelled", "images without classes are one class; leave out %s",
                                dc3_setting(given->classes ? "classes" : "without_classes"));
    dc3_choice *c = *choice = new_choice();
    if (!c) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    c->unlabelled = given->unlabelled, c->without = given->without_classes != NULL;
    dc3_status status = DC3_OK;
    if (given->split && !(c->split = strdup(given->split)))
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && given->classes) status = read_names("classes", given->classes, c);
    if (status == DC3_OK && c->without) status = read_names("without_classes", given->without_classes, c);
    if (status != DC3_OK) dc3_choice_free(choice);
    return status;
}

dc3_status dc3_choice_of_classes(const char *const *names, int count, dc3_choice **choice)
{
    dc3_status status = (*choice = new_choice()) ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; status == DC3_OK && i < count; i++)
        status = add_name(*choice, names[i], strlen(names[i]));
    if (status != DC3_OK) dc3_choice_free(choice);
    return status;
}

void dc3_choice_free(dc3_choice **choice)
{
    dc3_choice *c = *choice;
    if (!c) return;
    for (int i = 0; i < c->count; i++) free(c->classes[i]);
    free(c->classes);
    free(c->split);
    free(c);
    *choice = NULL;
}

static const char *list_of(const dc3_choice *c)
{
    return c->without ? "without_classes" : "classes";
}

void dc3_choice_to_json(const dc3_choice *c, json_t *settings)
{
    if (!c) return;
    if (c->split) json_object_set_new(settings, "split", dc3_json_text(c->split));
    if (c->unlabelled) json_object_set_new(settings, "unlabelled", json_true());
    if (!c->count) return;
    json_t *names = json_array();
    for (int i = 0; i < c->count; i++) json_array_append_new(names, dc3_json_text(c->classes[i]));
    json_object_set_new(settings, list_of(c), names);
}

dc3_status dc3_choice_add(const dc3_data_choice *given, json_t *settings)
{
    dc3_choice *choice;
    DC3_TRY(dc3_choice_read(given, &choice));
    dc3_choice_to_json(choice, settings);
    dc3_choice_free(&choice);
    return DC3_OK;
}

dc3_status dc3_choice_of_json(const json_t *settings, dc3_choice **choice)
{
    const char *split = json_string_value(json_object_get(settings, "split")), *name;
    const json_t *names = json_object_get(settings, "classes"),
                 *without = json_object_get(settings, "without_classes");
    int unlabelled = json_is_true(json_object_get(settings, "unlabelled"));
    *choice = NULL;
    if (!split && !json_is_array(names) && !json_is_array(without) && !unlabelled) return DC3_OK;
    dc3_choice *c = *choice = new_choice();
    if (!c) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    c->unlabelled = unlabelled, c->without = !json_is_array(names);
    dc3_status status = DC3_OK;
    if (split && !(c->split = strdup(split))) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (c->without) names = without;
    for (size_t i = 0; status == DC3_OK && i < json_array_size(names); i++)
        if ((name = json_string_value(json_array_get(names, i)))) status = add_name(c, name, strlen(name));
    if (status != DC3_OK) dc3_choice_free(choice);
    return status;
}
