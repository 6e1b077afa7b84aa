/* The page about a run. */
#include "cli.h"

#include <stdio.h>
#include "dc3/report.h"

static void print_page(const settings *s, const char *path, const dc3_report_result *r)
{
    if (s->json)
        print_json(json_pack("{s:o, s:I, s:I, s:I, s:I}", "out", json_text(path), "pictures",
                             (json_int_t)r->images, "shown", (json_int_t)r->shown, "originals",
                             (json_int_t)r->originals, "bytes", (json_int_t)r->bytes));
    else
        printf("%lld of %lld image%s shown, %lld beside their originals; %.1f MB\nresult: %s\n",
               (long long)r->shown, (long long)r->images, plural(r->images), (long long)r->originals,
               r->bytes * 1e-6, path);
}

typedef struct report_values {
    settings common;
    dc3_report_options options;
    const char **against;
} report_values;

#define AT(field) offsetof(report_values, field)

static const option own_options[] = {
    {"output", 'o', OPTION_PATH, AT(options.out), ANY, "Page to write (default OUT/report.html)", "FILE"},
    {"data", 0, OPTION_PATH, AT(options.data), ANY,
     "Where the dataset of the run is now (default: as the run says)", "DATA"},
    {"scores", 0, OPTION_PATH, AT(options.scores), ANY,
     "Scores of dc3 evaluate or a table of dc3 compare (default: those that are found in OUT or the "
     "comparison "
     "that it is a part of)",
     "FILE"},
    {"measures", 0, OPTION_PATH, AT(options.measures), ANY,
     "Of a folder of dc3 finetune: what dc3 measure --json says of images that it generates; datasets whose "
     "names "
     "end in a number are drawn over the steps",
     "FILE"},
    {"against", 0, OPTION_PATHS, AT(against), ANY,
     "Another run, a baseline for instance, whose colours are shown too; up to six times", "RUN"},
    {0}};
static const option *const tables[] = {compute_options, result_options, own_options, force_options, NULL};

static int run(const command *c, int argc, char **argv)
{
    report_values v = {.options = dc3_report_defaults()};
    dc3_report_options *o = &v.options;
    char **rest;
    dc3_report_result result;
    int status = parse(c, argc, argv, &v, &rest);
    if (status != EXIT_DONE) return status;
    if (g_strv_length(rest) != 1)
        status = usage_error(c, "report: expected the folder of a run, found %u words", g_strv_length(rest));
    else {
        char *page = o->out ? g_strdup(o->out) : g_build_filename(rest[0], "report.html", NULL);
        o->run = rest[0];
        o->against = v.against;
        o->threads = v.common.options.select.threads;
        o->listener = v.common.options.listener;
        o->force = v.common.options.force;
        status = finish(dc3_report(o, &result), NULL);
        if (status == EXIT_DONE) print_page(&v.common, page, &result);
        g_free(page);
    }
    g_free(v.against);
    g_strfreev(rest);
    return status;
}

const command report_command = {
    "report",
    "Write a page about a run, a comparison or a fine-tuning: is it good? Images beside the originals, "
    "colours, scores, times.",
    "OUT",
    "  dc3 report photos-ipc10\n"
    "  dc3 report table                              the folder of dc3 compare\n"
    "  dc3 report small-dit --measures measures.json  the folder of dc3 finetune\n"
    "  dc3 report photos-ipc10 --data /mnt/photos/train --against photos-random10 -o photos-ipc10.html",
    tables,
    run};
