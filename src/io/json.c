#include "io/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/text.h"
#include "io/found.h"

/* Python writes infinite numbers as Infinity, which is no JSON: outside of strings they become numbers that
 * every range check refuses, so that a file with one in a member that nobody reads is not lost. */
static void replace_infinities(char *text, size_t size)
{
    static const char word[] = "Infinity", number[] = "1e308   ";
    int inside = 0;
    for (size_t i = 0; i < size; i++) {
        if (inside && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            inside = !inside;
        else if (!inside && size - i >= sizeof word - 1 && memcmp(text + i, word, sizeof word - 1) == 0)
            memcpy(text + i, number, sizeof number - 1);
    }
}

dc3_status dc3_json_parse(const char *origin, const char *text, size_t size, json_t **object)
{
    json_error_t error;
    *object = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (!*object) DC3_TRY(dc3_check_found(origin, "JSON", text, size));
    if (!*object)
        return dc3_fail(DC3_ERR_FORMAT, "%s: not valid JSON: line %d, column %d: %s", origin, error.line,
                        error.column, error.text);
    if (json_is_object(*object)) return DC3_OK;
    json_decref(*object);
    *object = NULL;
    return dc3_fail(DC3_ERR_FORMAT, "%s: expected a JSON object", origin);
}

dc3_status dc3_json_read(const char *path, size_t limit, json_t **object)
{
    char *text;
    size_t size;
    *object = NULL;
    DC3_TRY(dc3_file_read(path, limit, &text, &size));
    replace_infinities(text, size);
    dc3_status status = dc3_json_parse(path, text, size, object);
    free(text);
    return status;
}

/* Whom the lines are for. */
typedef struct reading {
    const char *path;
    dc3_json_take *take;
    void *user;
} reading;

static dc3_status parse_line(void *user, const char *text, size_t size)
{
    const reading *r = user;
    json_t *line;
    if (!size) return DC3_OK;
    DC3_TRY(dc3_json_parse(r->path, text, size, &line));
    dc3_status status = r->take(r->user, line);
    json_decref(line);
    return status;
}

dc3_status dc3_json_each_line(const char *path, size_t limit, dc3_json_take *take, void *user)
{
    reading r = {path, take, user};
    return dc3_file_each_line(path, limit, parse_line, &r);
}

dc3_status dc3_json_read_lines(const char *path, size_t limit, json_t **lines)
{
    char *text = NULL, *rest, *line;
    size_t size;
    dc3_status status = dc3_file_read(path, limit, &text, &size);
    if (!(*lines = json_array()) && status == DC3_OK) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    rest = text;
    while (status == DC3_OK && (line = strsep(&rest, "\n"))) {
        json_t *object = NULL;
        if (*line) status = dc3_json_parse(path, line, strlen(line), &object);
        if (object && json_array_append_new(*lines, object) != 0)
            status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    free(text);
    return status;
}

/* A value as one line, to be freed: a number as one writes it, "not given" where there is none. */
static char *value_text(const json_t *value)
{
    enum { flags = JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15) };
    char number[40];
    if (!value || json_is_null(value)) return strdup("not given");
    if (!json_is_real(value)) return json_dumps(value, flags);
    snprintf(number, sizeof number, "%.15g", json_real_value(value));
    return strdup(number);
}

/* "NAME was OLD and is NEW" behind what the text has; what is longer than fits in a message ends with "..".
 */
static void add_difference(const char *name, const json_t *old, const json_t *value, const char *between,
                           char *text, size_t size)
{
    enum { LONGEST = 60 };
    char *a = value_text(old), *b = value_text(value);
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%s was %.*s%s%s is %.*s%s", used ? "; " : "", name, LONGEST,
             a ? a : "", a && strlen(a) > LONGEST ? ".." : "", between, LONGEST, b ? b : "",
             b && strlen(b) > LONGEST ? ".." : "");
    free(a);
    free(b);
}

/* Of objects inside, which differ in few of their members, those. */
static void add_differences(const char *prefix, const json_t *was, const json_t *is, const char *between,
                            char *text, size_t size)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)is, key, value)
    {
        char name[160];
        const json_t *old = json_object_get(was, key);
        if (old && json_equal(old, value)) continue;
        snprintf(name, sizeof name, "%.70s%s%.70s", prefix, *prefix ? "." : "", key);
        size_t before = strlen(text);
        if (json_is_object(old) && json_is_object(value) && !*prefix)
            add_differences(name, old, value, between, text, size);
        if (strlen(text) == before) /* also where a member is gone */
            add_difference(name, old, value, between, text, size);
    }
}

void dc3_json_differences(const json_t *was, const json_t *is, const char *between, char *text, size_t size)
{
    *text = 0;
    add_differences("", was, is, between, text, size);
}

void dc3_json_all_differences(const json_t *was, const json_t *is, const char *between, char *text,
                              size_t size)
{
    const char *key;
    json_t *value;
    dc3_json_differences(was, is, between, text, size);
    json_object_foreach((json_t *)(uintptr_t)was, key,
                        value) if (!json_is_null(value) && !json_object_get(is, key))
        add_difference(key, value, NULL, between, text, size);
}

dc3_status dc3_json_write(const char *folder, const char *name, const json_t *value, size_t flags)
{
    char *path = dc3_path_join(folder, name), *text = json_dumps(value, JSON_INDENT(2) | flags);
    dc3_status status =
        path && text ? dc3_file_write(path, text, strlen(text)) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(path);
    free(text);
    return status;
}

dc3_status dc3_json_config(const char *path, dc3_json_fill *fill, void *config, size_t size)
{
    json_t *object;
    memset(config, 0, size);
    DC3_TRY(dc3_json_read(path, 1 << 20, &object));
    dc3_status status = fill(object, path, config);
    json_decref(object);
    return status;
}

static const char *kind_of(const json_t *value)
{
    static const char *const names[] = {"an object", "a list", "a string", "an integer",
                                        "a number",  "true",   "false",    "null"};
    return names[json_typeof(value)];
}

/* The member, or NULL where absent or null. */
static json_t *member(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    return json_is_null(value) ? NULL : value;
}

static dc3_status in_range(const char *file, const char *key, const json_t *value, int64_t low, int64_t high,
                           int64_t *out)
{
    if (!json_is_integer(value))
        return dc3_fail(DC3_ERR_FORMAT, "%s: '%s' should be an integer, is %s", file, key, kind_of(value));
    *out = json_integer_value(value);
    if (*out < low || *out > high)
        return dc3_fail(DC3_ERR_FORMAT, "%s: '%s' should lie in %lld to %lld, is %lld", file, key,
                        (long long)low, (long long)high, (long long)*out);
    return DC3_OK;
}

dc3_status dc3_json_int(const json_t *object, const char *file, const char *key, int64_t fallback,
                        int64_t low, int64_t high, int64_t *out)
{
    json_t *value = member(object, key);
    *out = fallback;
    return value ? in_range(file, key, value, low, high, out) : DC3_OK;
}

dc3_status dc3_json_real(const json_t *object, const char *file, const char *key, double fallback, double low,
                         double high, double *out)
{
    json_t *value = member(object, key);
    *out = fallback;
    if (!value) return DC3_OK;
    if (!json_is_number(value))
        return dc3_fail(DC3_ERR_FORMAT, "%s: '%s' should be a number, is %s", file, key, kind_of(value));
    *out = json_number_value(value);
    if (!isfinite(*out) || *out < low || *out > high)
        return dc3_fail(DC3_ERR_FORMAT, "%s: '%s' should lie in %g to %g, is %g", file, key, low, high, *out);
    return DC3_OK;
}

dc3_status dc3_json_bool(const json_t *object, const char *file, const char *key, int fallback, int *out)
{
    json_t *value = member(object, key);
    *out = fallback;
    if (!value) return DC3_OK;
    if (!json_is_boolean(value))
        return dc3_fail(DC3_ERR_FORMAT, "%s: '%s' should be true or false, is %s", file, key, kind_of(value));
    *out = json_is_true(value);
    return DC3_OK;
}

dc3_status dc3_json_string(const json_t *object, const char *file, const char *key, const char *fallback,
                           const char **out)
{
    json_t *value = member(object, key);
    *out = fallback;
    if (!value) return DC3_OK;
    if (!json_is_string(value))
        return dc3_fail(DC3_ERR_FORMAT, "%s: '%s' should be a string, is %s", file, key, kind_of(value));
    *out = json_string_value(value);
    return DC3_OK;
}

dc3_status dc3_json_ints(const json_t *object, const char *file, const char *key, int64_t fallback,
                         int64_t low, int64_t high, int count, int64_t *out)
{
    json_t *value = member(object, key);
    for (int i = 0; i < count; i++) out[i] = fallback;
    if (!value) return DC3_OK;
    if (json_is_array(value) && json_array_size(value) != (size_t)count)
        return dc3_fail(DC3_ERR_FORMAT, "%s: '%s' should have %d entries, has %zu", file, key, count,
                        json_array_size(value));
    for (int i = 0; i < count; i++)
        DC3_TRY(in_range(file, key, json_is_array(value) ? json_array_get(value, (size_t)i) : value, low,
                         high, &out[i]));
    return DC3_OK;
}

dc3_status dc3_json_list(const json_t *object, const char *file, const char *key, int64_t low, int64_t high,
                         int most, int64_t *out, int *count)
{
    size_t size = json_array_size(json_object_get(object, key));
    if (size < 1 || size > (size_t)most)
        return dc3_fail(DC3_ERR_FORMAT, "%s: '%s' should be a list of 1 to %d integers", file, key, most);
    *count = (int)size;
    return dc3_json_ints(object, file, key, 0, low, high, *count, out);
}

json_t *dc3_json_text(const char *bytes)
{
    char *safe = dc3_text_utf8(bytes);
    json_t *text = json_string(safe);
    free(safe);
    return text ? text : json_null();
}

dc3_status dc3_json_only(const json_t *object, const char *file, const char *key, const char *expected)
{
    const char *found;
    DC3_TRY(dc3_json_string(object, file, key, expected, &found));
    if (strcmp(found, expected) != 0)
        return dc3_fail(DC3_ERR_UNSUPPORTED, "%s: '%s' is '%.60s'; only '%s' is supported", file, key, found,
                        expected);
    return DC3_OK;
}

dc3_status dc3_json_unset(const json_t *object, const char *file, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!value || json_is_null(value) || json_is_false(value)) return DC3_OK;
    return dc3_fail(DC3_ERR_UNSUPPORTED, "%s: '%s' is set, which is not supported", file, key);
}
