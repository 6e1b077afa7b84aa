/* Measures of datasets. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include "dc3/measure.h"

static void print_measures(const settings *s, const dc3_measure_report *r)
{
    if (s->json)
        printf("%s\n", r->json);
    else {
        printf("%s", r->table);
        if (r->skipped) printf("\n%lld pictures skipped\n", (long long)r->skipped);
    }
}

int run_measure(const command *c, int argc, char **argv)
{
    settings s;
    char **rest, *reference = NULL, *originals = NULL, *teacher = NULL, *arch = NULL, *inception = NULL,
                 *editor = NULL;
    dc3_measure_options o = dc3_measure_defaults();
    dc3_measure_report report;
    const GOptionEntry own[] = {
        {"reference", 0, 0, G_OPTION_ARG_FILENAME, &reference,
         "What the datasets are compared with (default: the first of them)", "DIR"},
        {"data", 0, 0, G_OPTION_ARG_FILENAME, &originals,
         "Where the dataset is that the runs were made from (default: as each run says)", "DIR"},
        {"teacher", 0, 0, G_OPTION_ARG_FILENAME, &teacher,
         "Classifier trained on that dataset's classes: how its answers to originals and results differ, and "
         "how "
         "far the datasets' embeddings are apart",
         "FILE"},
        {"arch", 0, 0, G_OPTION_ARG_STRING, &arch,
         "Refuse a teacher that is not this: resnet18, convnet3, ... (default: as its tensors say)", "NAME"},
        {"teacher-size", 0, 0, G_OPTION_ARG_INT, &o.teacher_size,
         "Pixels at which the teacher sees pictures (default: suits both, at most 224)", "N"},
        {"inception", 0, 0, G_OPTION_ARG_FILENAME, &inception,
         "Weights of the Inception v3 of 2015-12-05 as pytorch-fid or torch-fidelity has them: FID, KID and "
         "Inception score",
         "FILE"},
        {"coverage", 0, 0, G_OPTION_ARG_NONE, &o.coverage,
         "How well the pictures that a run chose cover the dataset that it was made from, beside random "
         "choices "
         "of as many; reads all of that dataset",
         NULL},
        {"editor", 0, 0, G_OPTION_ARG_FILENAME, &editor,
         "Diffusers directory whose VAE's features tell pictures apart for --coverage, unless --teacher does "
         "(default: the one that comes with dc3)",
         "DIR"},
        {"per-class", 0, 0, G_OPTION_ARG_NONE, &o.per_class,
         "Classes in the table too (JSON has them always)", NULL},
        {"strict", 0, 0, G_OPTION_ARG_NONE, &o.strict, "End at the first picture that cannot be read", NULL},
        {0}};
    int status = parse(c, argc, argv, OPTIONS_COMPUTE, own, &s, &rest);
    if (status != EXIT_DONE) return status;
    if (!rest[0])
        status = usage_error(c, "which datasets? Expected one or more, found none");
    else {
        o.data = (const char *const *)rest;
        o.reference = reference, o.originals = originals, o.teacher = teacher, o.arch = arch;
        o.inception = inception;
        s.options.editor = editor;
        use_own_editor(&s);
        o.editor = s.options.editor;
        o.seed = s.options.select.seed, o.threads = s.options.select.threads;
        o.listener = s.options.listener;
        status = finish(dc3_measure(&o, &report), NULL);
        if (status == EXIT_DONE) print_measures(&s, &report), free(report.table), free(report.json);
    }
    g_free(reference), g_free(originals), g_free(teacher), g_free(arch), g_free(inception), g_free(editor);
    g_strfreev(rest);
    return status;
}
