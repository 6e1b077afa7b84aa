/* The commands on a dataset. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

typedef dc3_status (*stage)(const dc3_condense_options *options, dc3_condense_report *report);

static int run_stage(const command *c, int argc, char **argv, int groups, stage function, const char *again)
{
    settings s;
    char **rest;
    dc3_condense_report report;
    int status = parse(c, argc, argv, groups, NULL, &s, &rest);
    if (status != EXIT_DONE) return status;
    if (g_strv_length(rest) != 1)
        status = usage_error(c, "%s: expected one dataset, found %u words", c->name, g_strv_length(rest));
    else if (!s.options.out && !s.options.dry_run)
        status = usage_error(c, "%s: expected -o and where the result goes", c->name);
    else {
        s.options.data = rest[0];
        if (!s.options.out) s.options.out = "/dev/null/none";
        status = finish(function(&s.options, &report), again);
        if (status == EXIT_DONE) print_report(&s, &report, s.options.out);
    }
    g_strfreev(rest);
    return status;
}

int run_condense(const command *c, int argc, char **argv)
{
    return run_stage(c, argc, argv, OPTIONS_MODEL | OPTIONS_SELECT | OPTIONS_TEACHER | OPTIONS_STORE,
                     dc3_condense, "run the same command again");
}

int run_compensate(const command *c, int argc, char **argv)
{
    return run_stage(c, argc, argv, OPTIONS_MODEL | OPTIONS_STORE, dc3_compensate_command,
                     "run the same command again");
}

static char *out;
static const GOptionEntry out_entry[] = {
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &out, "File of JSON lines to write", "FILE"}, {0}};

/* Commands that write a list. */
static int run_list(const command *c, settings *s, char **rest, stage function)
{
    dc3_condense_report report;
    if (g_strv_length(rest) != 1)
        return usage_error(c, "%s: expected one dataset, found %u words", c->name, g_strv_length(rest));
    if (!out && !s->options.dry_run) return usage_error(c, "%s: expected -o and a file to write", c->name);
    s->options.data = rest[0];
    s->options.out = out;
    int status = finish(function(&s->options, &report), NULL);
    if (status == EXIT_DONE) print_report(s, &report, out);
    return status;
}

int run_bins(const command *c, int argc, char **argv)
{
    settings s;
    char **rest;
    int status = parse(c, argc, argv, OPTIONS_MODEL | OPTIONS_SELECT, out_entry, &s, &rest);
    if (status != EXIT_DONE) return status;
    /* Bins alone are not bounded by images per class. */
    if (s.options.select.ipc < s.options.select.bins) s.options.select.ipc = s.options.select.bins;
    status = run_list(c, &s, rest, dc3_bins_command);
    g_strfreev(rest);
    return status;
}

static int run_from(const settings *s, const char *from)
{
    dc3_selection selection;
    int status = finish(dc3_select_file(&s->options.select, from, &selection), NULL);
    if (status != EXIT_DONE) return status;
    printf(s->json ? "{\"selected\": [" : "");
    for (int64_t i = 0; i < selection.count; i++)
        printf(s->json ? "%s%lld" : "%.0s%lld\n", i ? ", " : "", (long long)selection.rows[i]);
    printf(s->json ? "]}\n" : "");
    if (selection.repeated && !s->quiet)
        fprintf(stderr, "warning: %lld rows are repeated, because classes have fewer rows than --ipc\n",
                (long long)selection.repeated);
    dc3_selection_free(&selection);
    return EXIT_DONE;
}

int run_select(const command *c, int argc, char **argv)
{
    settings s;
    char **rest, *from = NULL;
    const GOptionEntry own[] = {out_entry[0],
                                {"from", 0, 0, G_OPTION_ARG_FILENAME, &from,
                                 "Tensors embeddings [n,d], logits [n,c], labels [n], bins [n]", "FILE"},
                                {0}};
    int status = parse(c, argc, argv, OPTIONS_MODEL | OPTIONS_SELECT | OPTIONS_TEACHER, own, &s, &rest);
    if (status != EXIT_DONE) return status;
    status = from ? run_from(&s, from) : run_list(c, &s, rest, dc3_select_command);
    g_strfreev(rest);
    return status;
}
