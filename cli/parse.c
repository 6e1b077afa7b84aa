/* The command line of a command: GLib splits it and prints the help. */
#include "cli.h"

#include <limits.h>
#include <string.h>

/* A command line that is being read. */
typedef struct reading {
    const command *command;
    char *values;
} reading;

static GHashTable *given; /* the options that are there */

int is_given(const command *c, const char *name)
{
    EACH_OPTION(c, t, o)
    {
        if (strcmp(o->name, name) == 0) return g_hash_table_contains(given, o);
    }
    return 0;
}

/* Called by GLib with an option as it was written, "--ipc" or "-n", and its value. */
static gboolean take_value(const gchar *name, const gchar *text, gpointer data, GError **error)
{
    reading *r = data;
    const option *o = name[1] == '-' ? long_option(r->command, name) : short_option(r->command, name[1]);
    g_hash_table_add(given, (gpointer)(uintptr_t)o);
    return read_value(o, name, text, r->values + o->offset, error);
}

/* ---- checks of what was read ---- */

/* All digits that a number was written with. */
#define EXACT "%.15g"

/* "8 to 4096", "0 to 0.5", "1 or 2", "1 or more images per class", "more than 0 and at most 1000". */
static char *range_text(const option *o)
{
    const option_range *range = &o->range;
    int is_pair = range->either || (o->kind == OPTION_WHOLE && range->high == range->low + 1);
    if (range->high == INT_MAX) return g_strdup_printf(EXACT " or more%s", range->low, range->unit);
    if (range->above)
        return g_strdup_printf("more than " EXACT " and at most " EXACT, range->low, range->high);
    return g_strdup_printf(EXACT " %s " EXACT, range->low, is_pair ? "or" : "to", range->high);
}

static int is_within(const option_range *range, double value)
{
    if (range->high < range->low) return 1;
    if (range->either) return value == range->low || value == range->high;
    return (range->above ? value > range->low : value >= range->low) && value <= range->high;
}

static int check_range(const command *c, const option *o, double value)
{
    if (is_within(&o->range, value)) return EXIT_DONE;
    char *expected = range_text(o);
    int status = usage_error(c, "--%s: expected %s, found " EXACT, o->name, expected, value);
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

/* Options that mean nothing without a teacher, given or, where the command does that, trained. */
static int check_teacher(const command *c, const settings *s)
{
    static const char *const names[] = {"teacher-arch", "arch", "teacher-size", "teacher-classes"};
    int none = s->options.teacher && strcmp(s->options.teacher, "none") == 0;
    int trains = has_options(c, own_teacher_options);
    for (size_t i = 0; has_options(c, teacher_options) && i < sizeof names / sizeof *names; i++) {
        if (!is_given(c, names[i])) continue;
        if (none) return usage_error(c, "--%s: means nothing with --teacher none", names[i]);
        if (!s->options.teacher && !trains) return usage_error(c, "--%s: needs --teacher", names[i]);
    }
    if (!s->options.teacher && !trains && is_given(c, "gradient"))
        return usage_error(c, "--gradient: needs --teacher");
    return EXIT_DONE;
}

static int settle(const reading *r, settings *s)
{
    const command *c = r->command;
    if (check_ranges(r) != EXIT_DONE || check_teacher(c, s) != EXIT_DONE) return EXIT_USAGE;
    if (s->options.select.threads == 0) s->options.select.threads = (int)g_get_num_processors();
    s->options.select.strict = s->options.strict;
    if (!s->quiet) s->options.listener = progress_listener;
    s->options.listener.cancel = s->options.select.cancel = catch_signals();
    return find_models(c, r->values);
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
        int is_text = o->kind == OPTION_TEXT || o->kind == OPTION_WORD || o->kind == OPTION_CODING ||
                      o->kind == OPTION_SEED;
        GOptionEntry e = {.long_name = o->name,
                          .short_name = o->letter,
                          .flags = o->kind == OPTION_FLAG ? G_OPTION_FLAG_NO_ARG
                                   : is_text              ? G_OPTION_FLAG_NONE
                                                          : G_OPTION_FLAG_FILENAME,
                          .arg = G_OPTION_ARG_CALLBACK,
                          .arg_data = (gpointer)take_value,
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

/* ---- the whole ---- */

/* The "--" before words that begin with a dash has done its work; GLib leaves it among them. */
static void drop_separator(char **words)
{
    while (*words && strcmp(*words, "--") != 0) words++;
    if (!*words) return;
    g_free(*words);
    for (; *words; words++) *words = words[1];
}

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
    *s = (settings){.options = dc3_condense_defaults(), .student = dc3_evaluate_defaults()};
    s->options.select.threads = 0;
    GOptionContext *context = make_context(c, &r);
    char **words = g_new0(char *, (gsize)argc + 1);
    words[0] = g_strdup_printf("dc3 %s", c->name);
    for (int i = 1; i < argc; i++) words[i] = g_strdup(argv[i]);
    g_set_prgname(words[0]);
    GError *error = NULL;
    int status = EXIT_USAGE;
    if (g_option_context_parse_strv(context, &words, &error)) {
        drop_separator(words);
        status = settle(&r, s);
    }
    if (error) explain(c, argv, error);
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
