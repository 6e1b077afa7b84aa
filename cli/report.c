/* The page about a run. */
#include "cli.h"

#include <stdio.h>
#include "dc3/report.h"

static void print_page(const settings *s, const char *path, const dc3_report_result *r)
{
    if (s->json)
        print_json(json_pack("{s:o, s:I, s:I, s:I, s:f}", "out", json_text(path), "pictures",
                             (json_int_t)r->pictures, "shown", (json_int_t)r->shown, "originals",
                             (json_int_t)r->originals, "bytes", r->bytes));
    else
        printf("%lld of %lld pictures shown, %lld beside their originals; %.1f MB\nresult: %s\n",
               (long long)r->shown, (long long)r->pictures, (long long)r->originals, r->bytes * 1e-6, path);
}

int run_report(const command *c, int argc, char **argv)
{
    settings s;
    char **rest, **against = NULL, *out = NULL, *data = NULL, *scores = NULL;
    dc3_report_options o = dc3_report_defaults();
    dc3_report_result result;
    const GOptionEntry own[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &out, "Page to write (default OUT/report.html)", "FILE"},
        {"data", 0, 0, G_OPTION_ARG_FILENAME, &data,
         "Where the dataset is now that the run was made from (default: as the run says)", "DATA"},
        {"scores", 0, 0, G_OPTION_ARG_FILENAME, &scores,
         "What dc3 evaluate --json printed (default OUT/scores.json, if it is there)", "FILE"},
        {"against", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &against,
         "Another run, a baseline for instance, whose colours are shown too; up to six times", "RUN"},
        {0}};
    int status = parse(c, argc, argv, OPTIONS_COMPUTE, own, &s, &rest);
    if (status != EXIT_DONE) return status;
    if (g_strv_length(rest) != 1)
        status = usage_error(c, "report: expected the folder of a run, found %u words", g_strv_length(rest));
    else {
        char *page = out ? g_strdup(out) : g_build_filename(rest[0], "report.html", NULL);
        o.run = rest[0], o.out = out, o.data = data, o.scores = scores;
        o.against = (const char *const *)against;
        o.threads = s.options.select.threads;
        o.listener = s.options.listener;
        status = finish(dc3_report(&o, &result), NULL);
        if (status == EXIT_DONE) print_page(&s, page, &result);
        g_free(page);
    }
    g_free(out), g_free(data), g_free(scores);
    g_strfreev(against);
    g_strfreev(rest);
    return status;
}
