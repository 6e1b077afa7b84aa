/* What a file or a folder is. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include "dc3/info.h"

typedef struct info_values {
    settings common;
    dc3_info_options options;
} info_values;

static const option own_options[] = {
    {"check", 0, OPTION_FLAG, offsetof(info_values, options.check), ANY,
     "Read every image of a dataset or a run and count those that cannot be read", NULL},
    {"machine", 0, OPTION_FLAG, offsetof(info_values, options.machine), ANY,
     "Say which kernels run on this machine, in place of a file or folder", NULL},
    {0}};
static const option *const tables[] = {result_options, own_options, choice_options, unlabelled_options, NULL};

static int run(const command *c, int argc, char **argv)
{
    info_values v = {.options = dc3_info_defaults()};
    char **rest;
    dc3_info_report report;
    int status = parse(c, argc, argv, &v, &rest);
    if (status != EXIT_DONE) return status;
    if (v.options.machine && rest[0])
        status = usage_error(c, "expected --machine alone, found '%s' too", rest[0]);
    else if (!v.options.machine && one_word(c, rest, "file or folder", "file or folder") != EXIT_DONE)
        status = EXIT_USAGE;
    else if ((status = find_model(editor_of(rest[0]), &v.options.path)) == EXIT_DONE) {
        v.options.threads = v.common.options.select.threads;
        v.options.listener = v.common.options.listener;
        v.options.choice = v.common.options.choice;
        status = finish(dc3_info(&v.options, &report), NULL);
        if (status == EXIT_DONE) {
            printf("%s%s", v.common.json ? report.json : report.text, v.common.json ? "\n" : "");
            free(report.text), free(report.json);
        }
    }
    g_strfreev(rest);
    return status;
}

const command info_command = {
    "info",
    "Describe a file or folder: weights, labels, a model, a dataset, a run, a comparison.",
    "FILE|DIR",
    "  dc3 info teacher.safetensors\n  dc3 info photos-ipc10\n  dc3 info photos/train --check --json\n"
    "  dc3 info photos.csv --split val                the images in these rows of a manifest",
    tables,
    run};
