/* What a file or a folder is. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include "dc3/info.h"

int run_info(const command *c, int argc, char **argv)
{
    settings s;
    char **rest;
    dc3_info_options o = dc3_info_defaults();
    dc3_info_report report;
    const GOptionEntry own[] = {{"check", 0, 0, G_OPTION_ARG_NONE, &o.check,
                                 "Read every picture of a dataset or a run and count those that cannot be",
                                 NULL},
                                {0}};
    int status = parse(c, argc, argv, 0, own, &s, &rest);
    if (status != EXIT_DONE) return status;
    if (one_word(c, rest, "file or folder", "file or folder") != EXIT_DONE)
        status = EXIT_USAGE;
    else {
        o.path = rest[0];
        o.threads = s.options.select.threads;
        o.listener = s.options.listener;
        status = finish(dc3_info(&o, &report), NULL);
        if (status == EXIT_DONE) {
            printf("%s%s", s.json ? report.json : report.text, s.json ? "\n" : "");
            free(report.text), free(report.json);
        }
    }
    g_strfreev(rest);
    return status;
}
