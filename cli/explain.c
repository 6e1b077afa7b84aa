/* Command lines that are not understood. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include "dc3/text.h"

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

int explain(const command *c, char **argv, const GError *error)
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
