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
    int status = parse(c, argc, argv, OPTIONS_MODEL | OPTIONS_STORE, own, &s, &rest);
    if (status != EXIT_DONE) return status;
    if (g_strv_length(rest) != 1)
        status = usage_error(c, "edit: expected one picture, found %u words", g_strv_length(rest));
    else if (!prompt || !s.options.out)
        status = usage_error(c, "edit: expected --prompt and -o");
    else {
        status = finish(dc3_edit_command(&s.options, rest[0], prompt), NULL);
        if (status == EXIT_DONE) printf(s.json ? "{\"out\": \"%s\"}\n" : "result: %s\n", s.options.out);
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
    if (g_strv_length(rest) != 1 || !png)
        status = usage_error(c, "contact: expected the folder of a run and -o GRID.png");
    else {
        status = finish(dc3_contact_command(rest[0], data, png, rows), NULL);
        if (status == EXIT_DONE) printf("result: %s\n", png);
    }
    g_strfreev(rest);
    return status;
}
