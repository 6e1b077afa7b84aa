/* The value of an option, read from its text. */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static int fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static int fail(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    *error = g_error_new_valist(G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, args);
    va_end(args);
    return FALSE;
}

/* Decimal: "010" is ten. */
static int read_whole(const char *name, const char *text, int *value, GError **error)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (!*text || *end) return fail(error, "%s: expected a whole number, found '%s'", name, text);
    *value = (int)number;
    if (*value == number && errno != ERANGE) return TRUE;
    return fail(error, "Integer value “%s” for %s out of range", text, name);
}

static int read_real(const char *name, const char *text, double *value, GError **error)
{
    char *end;
    errno = 0;
    *value = g_ascii_strtod(text, &end);
    if (!*text || *end) return fail(error, "%s: expected a number, found '%s'", name, text);
    if (errno != ERANGE) return TRUE;
    return fail(error, "Double value “%s” for %s out of range", text, name);
}

int read_bytes(const char *name, const char *text, double *value, GError **error)
{
    static const struct {
        const char *unit;
        double bytes;
    } units[] = {{"", 1},     {"B", 1},         {"kB", 1e3},      {"MB", 1e6},
                 {"GB", 1e9}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
    char *end;
    double number = g_ascii_strtod(text, &end);
    while (*end == ' ') end++;
    for (size_t i = 0; end != text && number > 0 && number < 1e15 && i < G_N_ELEMENTS(units); i++)
        if (g_ascii_strcasecmp(end, units[i].unit) == 0 && number * units[i].bytes >= 1) {
            *value = number * units[i].bytes;
            return TRUE;
        }
    return fail(error, "%s: expected bytes, such as 500kB or 5MB, found '%s'", name, text);
}

static int read_seed(const char *name, const char *text, uint64_t *value, GError **error)
{
    errno = 0;
    *value = strtoull(text, NULL, 10);
    if (*text && !text[strspn(text, "0123456789")] && !errno) return TRUE;
    return fail(error, "%s: expected a number from 0 to %llu, found '%s'", name,
                (unsigned long long)UINT64_MAX, text);
}

static void add_path(const char ***paths, const char *path)
{
    int n = 0;
    while (*paths && (*paths)[n]) n++;
    *paths = g_renew(const char *, *paths, n + 2);
    (*paths)[n] = path;
    (*paths)[n + 1] = NULL;
}

/* An error of the library's is printed as such, without the way to help. */
static int read_word(const option *o, const char *text, void *field, GError **error)
{
    int value;
    dc3_condense_options *stored = field;
    if (o->kind == OPTION_CODING) {
        if (dc3_image_coding_parse(text, &stored->format, &stored->quality, &stored->chroma) == DC3_OK)
            return TRUE;
    } else if (dc3_option_parse(o->name, text, &value) == DC3_OK) {
        memcpy(field, &value, sizeof value);
        return TRUE;
    }
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, dc3_error_text());
    return FALSE;
}

int read_value(const option *o, const char *name, const char *text, void *field, GError **error)
{
    switch (o->kind) {
    case OPTION_FLAG:
        *(int *)field = 1;
        return TRUE;
    case OPTION_TEXT:
    case OPTION_PATH:
    case OPTION_MODEL:
        *(const char **)field = g_intern_string(text);
        return TRUE;
    case OPTION_WORD:
    case OPTION_CODING:
        return read_word(o, text, field, error);
    case OPTION_PATHS:
        add_path(field, g_intern_string(text));
        return TRUE;
    case OPTION_WHOLE:
        return read_whole(name, text, field, error);
    case OPTION_REAL:
        return read_real(name, text, field, error);
    case OPTION_BYTES:
        return read_bytes(name, text, field, error);
    case OPTION_SEED:
        return read_seed(name, text, field, error);
    }
    return FALSE;
}
