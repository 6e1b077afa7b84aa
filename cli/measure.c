/* Measures of datasets. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include "dc3/measure.h"
#include "dc3/ranks.h"

static void print_measures(const settings *s, const dc3_measure_report *r)
{
    if (s->json)
        printf("%s\n", r->json);
    else {
        printf("%s", r->table);
        if (r->skipped) printf("\n%lld image%s skipped\n", (long long)r->skipped, r->skipped == 1 ? "" : "s");
    }
}

typedef struct measure_values {
    settings common;
    dc3_measure_options options;
} measure_values;

#define AT(field) offsetof(measure_values, options.field)

static const option own_options[] = {
    {"reference", 0, OPTION_PATH, AT(reference), ANY,
     "What the datasets are compared with (default: the first of them)", "DIR"},
    {"reference-split", 0, OPTION_TEXT, AT(reference_split), ANY,
     "Of a manifest as --reference: the rows whose split is NAME (default: as --split says)", "NAME"},
    {"data", 0, OPTION_PATH, AT(originals), ANY,
     "Where the dataset of the runs is (default: as each run says)", "DIR"},
    {"teacher", 0, OPTION_MODEL, AT(teacher), ANY,
     "Classifier trained on that dataset's classes: how its answers to originals and results differ, and how "
     "far apart the datasets' embeddings are",
     "FILE"},
    {"arch", 0, OPTION_TEXT, AT(arch), ANY,
     "Architecture that the teacher must have: resnet18, convnet3, ... (default: as its tensors say)",
     "NAME"},
    {"teacher-size", 0, OPTION_WHOLE, AT(teacher_size), ANY,
     "Size in pixels at which the teacher sees images (default: chosen to suit both, at most 224)", "N"},
    {"teacher-classes", 0, OPTION_PATH, AT(teacher_classes), ANY, "As for condense", "FILE"},
    {"any-teacher", 0, OPTION_FLAG, AT(any_teacher), ANY, "As for condense", NULL},
    {"inception", 0, OPTION_MODEL, AT(inception), ANY,
     "Weights of the Inception v3 of 2015-12-05 as pytorch-fid or torch-fidelity has them: FID, KID and "
     "Inception score",
     "FILE"},
    {"training", 0, OPTION_PATH, AT(training), ANY,
     "What a generator was trained on: the share of images that are nearer to an image of it than that is to "
     "others there; with --teacher, --inception or --features",
     "DIR"},
    {"features", 0, OPTION_PATHS, AT(features), ANY,
     "Your own features of a dataset's images, as for condense: distances and manifolds by them, too; once "
     "for each "
     "dataset in their order, of --reference first, of --training last",
     "FILE"},
    {"coverage", 0, OPTION_FLAG, AT(coverage), ANY,
     "How well the images that a run chose cover its dataset, beside random choices of as many; reads the "
     "whole dataset",
     NULL},
    {"editor", 0, OPTION_MODEL, AT(editor), ANY,
     "Diffusers directory whose VAE's features tell images apart for --coverage, unless --teacher does "
     "(default: the bundled one)",
     "DIR"},
    {"per-class", 0, OPTION_FLAG, AT(per_class), ANY, "Classes in the table too (JSON always has them)",
     NULL},
    {"dry-run", 0, OPTION_FLAG, AT(dry_run), ANY, "Print how long it will take and stop", NULL},
    {"strict", 0, OPTION_FLAG, AT(strict), ANY, "Stop at the first image that cannot be read", NULL},
    {0}};
static const option *const tables[] = {compute_options, result_options,     own_options,
                                       choice_options,  unlabelled_options, NULL};

static int run(const command *c, int argc, char **argv)
{
    measure_values v = {.options = dc3_measure_defaults()};
    settings *s = &v.common;
    dc3_measure_options *o = &v.options;
    char **rest;
    dc3_measure_report report;
    int status = parse(c, argc, argv, &v, &rest);
    if (status != EXIT_DONE) return status;
    if (!rest[0])
        status = usage_error(c, "which datasets? Expected one or more, found none");
    else {
        o->data = (const char *const *)rest;
        o->editor = editor_of(o->editor);
        o->seed = s->options.select.seed, o->threads = s->options.select.threads;
        o->listener = s->options.listener;
        o->choice = s->options.choice;
        status = finish(dc3_measure(o, &report), NULL);
        if (status == EXIT_DONE && o->dry_run)
            print_estimate(s, report.estimate_seconds);
        else if (status == EXIT_DONE && dc3_ranks_rank() == 0)
            print_measures(s, &report), free(report.table), free(report.json);
    }
    g_free((void *)(uintptr_t)o->features);
    g_strfreev(rest);
    return status;
}

const command measure_command = {
    "measure",
    "Measure datasets side by side: colour, densities of R, G, B, fidelity to the originals.",
    "DATA|OUT [...]",
    "  dc3 measure photos/train photos-ipc10\n"
    "  dc3 measure photos/train photos-ipc10 jitter-ipc10 --teacher teacher.safetensors --per-class\n"
    "  dc3 measure photos-ipc10 --data /mnt/photos/train --json\n"
    "  dc3 measure photos.csv --split val --reference photos.csv --reference-split train --classes cat,dog\n"
    "  dc3 measure photos/val generated --teacher teacher.safetensors --training photos-ipc10\n"
    "  dc3 measure photos/val generated --features val.npy --features generated.npy     your own embeddings",
    tables,
    run};
