/* The command line of a command: GLib splits it and prints the help, values are read here. */
#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dc3/text.h"

/* A command line that is being read. */
typedef struct reading {
    const command *command;
    char *values;
} reading;

static GHashTable *given; /* the options that are there */

int has_options(const command *c, const option *table)
{
    for (const option *const *t = c->options; t && *t; t++)
        if (*t == table) return 1;
    return 0;
}

/* The option of a word such as "--ipc" or "--ipc=3"; NULL: there is none. */
static const option *long_option(const command *c, const char *word)
{
    size_t length = strcspn(word + 2, "=");
    EACH_OPTION(c, t, o)
    {
        if (strncmp(word + 2, o->name, length) == 0 && !o->name[length]) return o;
    }
    return NULL;
}

static const option *short_option(const command *c, char letter)
{
    EACH_OPTION(c, t, o)
    {
        if (letter && o->letter == letter) return o;
    }
    return NULL;
}

int is_given(const command *c, const char *name)
{
    EACH_OPTION(c, t, o)
    {
        if (strcmp(o->name, name) == 0) return g_hash_table_contains(given, o);
    }
    return 0;
}

/* ---- values ---- */

static int fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static int fail(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    *error = g_error_new_valist(G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, args);
    va_end(args);
    return FALSE;
}

/* Decimal, or octal and hexadecimal as in C. */
static int read_whole(const char *name, const char *text, int *value, GError **error)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 0);
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
    if (dc3_option_parse(o->name, text, &value) == DC3_OK) {
        memcpy(field, &value, sizeof value);
        return TRUE;
    }
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, dc3_error_text());
    return FALSE;
}

/* Called by GLib with an option as it was written, "--ipc" or "-n", and its value. Texts are interned, so
 * that nobody owns them. */
static gboolean read_value(const gchar *name, const gchar *text, gpointer data, GError **error)
{
    reading *r = data;
    const option *o = name[1] == '-' ? long_option(r->command, name) : short_option(r->command, name[1]);
    void *field = r->values + o->offset;
    g_hash_table_add(given, (gpointer)(uintptr_t)o);
    switch (o->kind) {
    case OPTION_FLAG:
        *(int *)field = 1;
        return TRUE;
    case OPTION_TEXT:
    case OPTION_PATH:
        *(const char **)field = g_intern_string(text);
        return TRUE;
    case OPTION_WORD:
        return read_word(o, text, field, error);
    case OPTION_PATHS:
        add_path(field, g_intern_string(text));
        return TRUE;
    case OPTION_WHOLE:
        return read_whole(name, text, field, error);
    case OPTION_REAL:
        return read_real(name, text, field, error);
    case OPTION_SEED:
        return read_seed(name, text, field, error);
    }
    return FALSE;
}

/* ---- checks of what was read ---- */

/* "8 to 4096", "1 or 2", "1 or more images per class", "more than 0 and at most 1000". */
static char *range_text(const option_range *range)
{
    if (range->high == INT_MAX) return g_strdup_printf("%.0f or more%s", range->low, range->unit);
    if (range->above) return g_strdup_printf("more than %g and at most %g", range->low, range->high);
    return g_strdup_printf("%.0f %s %.0f", range->low, range->high == range->low + 1 ? "or" : "to",
                           range->high);
}

static int check_range(const command *c, const option *o, double value)
{
    const option_range *range = &o->range;
    if (range->high < range->low ||
        ((range->above ? value > range->low : value >= range->low) && value <= range->high))
        return EXIT_DONE;
    char *expected = range_text(range);
    int status = o->kind == OPTION_WHOLE
                     ? usage_error(c, "--%s: expected %s, found %d", o->name, expected, (int)value)
                     : usage_error(c, "--%s: expected %s, found %g", o->name, expected, value);
    g_free(expected);
    return status;
}

static int check_ranges(const reading *r)
{
    EACH_OPTION(r->command, t, o)
    {
        const void *field = r->values + o->offset;
        if (!g_hash_table_contains(given, o) || (o->kind != OPTION_WHOLE && o->kind != OPTION_REAL)) continue;
        double value = o->kind == OPTION_WHOLE ? *(const int *)field : *(const double *)field;
        if (check_range(r->command, o, value) != EXIT_DONE) return EXIT_USAGE;
    }
    return EXIT_DONE;
}

/* Options that mean nothing without --teacher. */
static int check_teacher(const command *c, const settings *s)
{
    const dc3_condense_options *o = &s->options;
    int gradient = is_given(c, "gradient");
    if (o->teacher || !(o->arch || o->teacher_size || gradient)) return EXIT_DONE;
    return usage_error(c, "--%s: needs --teacher", o->arch ? "arch" : gradient ? "gradient" : "teacher-size");
}

static int settle(const reading *r, settings *s)
{
    const command *c = r->command;
    if (check_ranges(r) != EXIT_DONE || check_teacher(c, s) != EXIT_DONE) return EXIT_USAGE;
    if (s->options.select.threads == 0) s->options.select.threads = (int)g_get_num_processors();
    s->options.select.strict = s->options.strict;
    if (!s->quiet) s->options.listener = progress_listener;
    s->options.listener.cancel = s->options.select.cancel = catch_signals();
    return EXIT_DONE;
}

/* ---- GLib ---- */

/* The methods, a line each, where a command has them; else "". */
static char *methods_text(int wanted)
{
    GString *text = g_string_new(wanted ? "Methods:\n" : NULL);
    for (int i = 0; wanted && dc3_method_name(i); i++)
        g_string_append_printf(text, "  %-11s %s\n", dc3_method_name(i), dc3_method_summary(i));
    if (wanted) g_string_append(text, "\n");
    return g_string_free(text, FALSE);
}

/* The command's options for GLib, which hands it their values; numbers are taken as bytes, as paths are. */
static GArray *make_entries(const command *c)
{
    GArray *entries = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));
    EACH_OPTION(c, t, o)
    {
        int is_text = o->kind == OPTION_TEXT || o->kind == OPTION_WORD || o->kind == OPTION_SEED;
        GOptionEntry e = {.long_name = o->name,
                          .short_name = o->letter,
                          .flags = o->kind == OPTION_FLAG ? G_OPTION_FLAG_NO_ARG
                                   : is_text              ? G_OPTION_FLAG_NONE
                                                          : G_OPTION_FLAG_FILENAME,
                          .arg = G_OPTION_ARG_CALLBACK,
                          .arg_data = (gpointer)read_value,
                          .description = o->help,
                          .arg_description = o->value};
        g_array_append_val(entries, e);
    }
    return entries;
}

static GOptionContext *make_context(const command *c, reading *r)
{
    GOptionContext *context = g_option_context_new(c->arguments);
    GOptionGroup *group = g_option_group_new(NULL, NULL, NULL, r, NULL);
    GArray *entries = make_entries(c);
    char *methods = methods_text(has_options(c, method_options)),
         *examples = g_strdup_printf("%sExamples:\n%s", methods, c->examples);
    g_option_group_add_entries(group, (GOptionEntry *)(void *)entries->data);
    g_option_context_set_main_group(context, group);
    g_option_context_set_summary(context, c->summary);
    g_option_context_set_description(context, examples);
    g_array_free(entries, TRUE);
    g_free(examples);
    g_free(methods);
    return context;
}

/* ---- words that are not understood ---- */

/* 1 if a word with a dash in front is made of options of the command; *takes_next: its value is the next
 * word. */
static int is_known(const command *c, const char *word, int *takes_next)
{
    const option *o = NULL;
    *takes_next = 0;
    if (word[1] == '-') {
        o = long_option(c, word);
        *takes_next = o && o->kind != OPTION_FLAG && !strchr(word, '=');
        return o != NULL;
    }
    while (*++word) {
        if (!(o = short_option(c, *word))) return 0;
        *takes_next = o->kind != OPTION_FLAG && !word[1];
        if (o->kind != OPTION_FLAG) return 1;
    }
    return 1;
}

/* The command's option that is nearest to the first word that looks like one and is none; NULL: none. */
static const char *nearest(const command *c, char **argv)
{
    char **word = argv + 1;
    for (int takes_next = 0; *word && strcmp(*word, "--") != 0; word += takes_next && word[1] ? 2 : 1) {
        takes_next = 0;
        if ((*word)[0] == '-' && (*word)[1] && !is_known(c, *word, &takes_next)) break;
    }
    if (!*word || strcmp(*word, "--") == 0) return NULL;
    const char *start = *word + strspn(*word, "-");
    char *name = g_strndup(start, strcspn(start, "="));
    GPtrArray *names = g_ptr_array_new();
    EACH_OPTION(c, t, o) g_ptr_array_add(names, (gpointer)(uintptr_t)o->name);
    const char *best = dc3_text_nearest(name, (const char *const *)names->pdata, names->len);
    g_ptr_array_free(names, TRUE);
    g_free(name);
    return best;
}

static int not_utf8(const command *c, char **argv)
{
    while (*argv && dc3_text_is_utf8(*argv)) argv++;
    char *word = *argv ? dc3_text_utf8(*argv) : NULL;
    int status = usage_error(c, "expected text in UTF-8, found '%s'", word ? word : "");
    free(word);
    return status;
}

static int explain(const command *c, char **argv, const GError *error)
{
    if (error->domain == G_CONVERT_ERROR) return not_utf8(c, argv);
    if (g_error_matches(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED)) {
        print_note("dc3: ", error->message);
        return EXIT_USAGE;
    }
    const char *near =
        g_error_matches(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION) ? nearest(c, argv) : NULL;
    return near ? usage_error(c, "%s; did you mean --%s?", error->message, near)
                : usage_error(c, "%s", error->message);
}

/* ---- the whole ---- */

/* The words with two NULLs behind them, so that rest[1] may be looked at where there is none. */
static char **copy_words(char **words)
{
    char **copy = g_new0(char *, g_strv_length(words) + 2);
    for (int i = 0; words[i]; i++) copy[i] = g_strdup(words[i]);
    return copy;
}

int parse(const command *c, int argc, char **argv, void *values, char ***rest)
{
    settings *s = values;
    reading r = {.command = c, .values = values};
    if (!given) given = g_hash_table_new(NULL, NULL);
    g_hash_table_remove_all(given);
    *s = (settings){.options = dc3_condense_defaults()};
    s->options.select.threads = 0;
    GOptionContext *context = make_context(c, &r);
    char **words = g_new0(char *, (gsize)argc + 1);
    words[0] = g_strdup_printf("dc3 %s", c->name);
    for (int i = 1; i < argc; i++) words[i] = g_strdup(argv[i]);
    g_set_prgname(words[0]);
    GError *error = NULL;
    int status = EXIT_USAGE;
    if (g_option_context_parse_strv(context, &words, &error))
        status = settle(&r, s);
    else
        explain(c, argv, error);
    g_clear_error(&error);
    g_option_context_free(context);
    *rest = status == EXIT_DONE ? copy_words(words + 1) : NULL;
    g_strfreev(words);
    return status;
}

int one_word(const command *c, char **rest, const char *what, const char *which)
{
    if (rest[0] && !rest[1]) return EXIT_DONE;
    if (rest[0]) return usage_error(c, "expected one %s, found '%s' too", what, rest[1]);
    return usage_error(c, "which %s?", which);
}
