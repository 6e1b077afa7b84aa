/* The commands on single pictures. */
#include "cli.h"

#include <stdio.h>

int run_edit(const command *c, int argc, char **argv)
{
    settings s;
    char **rest, *prompt = NULL;
    const GOptionEntry own[] = {{"prompt", 'p', 0, G_OPTION_ARG_STRING, &prompt,
                                 "What the colours shall be, or a whole instruction", "TEXT"},
                                {0}};
    int status = parse(c, argc, argv, OPTIONS_COMPUTE | OPTIONS_MODEL | OPTIONS_STORE, own, &s, &rest);
    if (status != EXIT_DONE) return status;
    if (one_word(c, rest, "picture", "picture") != EXIT_DONE)
        status = EXIT_USAGE;
    else if (!prompt)
        status = usage_error(c, "what shall the colours be? Use --prompt TEXT");
    else if (!s.options.out)
        status = usage_error(c, "where shall the picture go? Use -o OUT.png");
    else {
        use_own_editor(&s);
        status = finish(dc3_edit_command(&s.options, rest[0], prompt), NULL);
        if (status == EXIT_DONE) print_result(&s, s.options.out);
    }
    g_strfreev(rest);
    return status;
}

int run_contact(const command *c, int argc, char **argv)
{
    settings s;
    char **rest, *data = NULL, *png = NULL;
    int rows = 10;
    const GOptionEntry own[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &png, "PNG file to write", "FILE"},
        {"data", 0, 0, G_OPTION_ARG_FILENAME, &data, "Where the dataset is now", "DATA"},
        {"rows", 0, 0, G_OPTION_ARG_INT, &rows, "Classes to show (default 10)", "N"},
        {0}};
    int status = parse(c, argc, argv, 0, own, &s, &rest);
    if (status != EXIT_DONE) return status;
    if (one_word(c, rest, "run's folder", "run's folder") != EXIT_DONE)
        status = EXIT_USAGE;
    else if (!png)
        status = usage_error(c, "where shall the picture go? Use -o GRID.png");
    else if (rows < 1)
        status = usage_error(c, "--rows: expected 1 or more, found %d", rows);
    else {
        status = finish(dc3_contact_command(rest[0], data, png, rows, s.options.listener.cancel), NULL);
        if (status == EXIT_DONE) print_result(&s, png);
    }
    g_strfreev(rest);
    return status;
}
