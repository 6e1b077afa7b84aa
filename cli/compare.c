/* Methods side by side. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dc3/compare.h"

/* "1,10,50" as numbers, 0 behind the last; NULL with a message. */
static int *read_numbers(const command *c, const char *text)
{
    char **words = g_strsplit(text, ",", -1);
    guint n = g_strv_length(words);
    int *numbers = g_new0(int, n + 1);
    for (guint i = 0; i < n; i++) {
        char *end;
        long value = strtol(words[i], &end, 10);
        if (!*words[i] || *end || value < 1 || value > 1000000) {
            usage_error(c, "--ipc: expected numbers from 1 on, separated by commas; found '%s'", words[i]);
            g_clear_pointer(&numbers, g_free);
            break;
        }
        numbers[i] = (int)value;
    }
    g_strfreev(words);
    return numbers;
}

static int run_lists(const command *c, settings *s, dc3_compare_options *o, const char *ipcs,
                     const char *methods, const char *archs, const char *labels)
{
    int *numbers = read_numbers(c, ipcs ? ipcs : "1,10");
    if (!numbers) return EXIT_USAGE;
    int no_teacher = o->condense.teacher && strcmp(o->condense.teacher, "none") == 0;
    char **m = g_strsplit(methods ? methods : "random,rded,dc3-select,jitter,dc3", ",", -1);
    char **a = g_strsplit(archs ? archs : "convnet3", ",", -1);
    char **l = g_strsplit(labels ? labels : no_teacher ? "hard" : "soft,hard", ",", -1);
    dc3_compare_report report;
    o->ipcs = numbers;
    o->methods = (const char *const *)m;
    o->archs = (const char *const *)a;
    o->labels = (const char *const *)l;
    dc3_status result = dc3_compare(o, &report);
    int status = finish(result, "to continue: the same command");
    if (result == DC3_OK) printf("%s%s", s->json ? report.json : report.table, s->json ? "\n" : "");
    if (result == DC3_OK && !s->json) printf("\n%s/table.txt, table.json, results.jsonl\n", o->out);
    free(report.table);
    free(report.json);
    g_free(numbers);
    g_strfreev(m), g_strfreev(a), g_strfreev(l);
    return status;
}

int run_compare(const command *c, int argc, char **argv)
{
    settings s;
    char **rest, *out = NULL, *val = NULL, *ipcs = NULL, *methods = NULL, *archs = NULL, *labels = NULL;
    char *teacher = NULL, *combine = NULL, *augment = NULL, *cache = NULL;
    int bins = NOT_GIVEN;
    dc3_compare_options o = {.evaluate = dc3_evaluate_defaults(), .seeds = 3, .real_hard = -1};
    dc3_evaluate_options *e = &o.evaluate;
    e->batch = e->factor = e->size = NOT_GIVEN;
    const GOptionEntry own[] = {
        {"val", 0, 0, G_OPTION_ARG_FILENAME, &val,
         "Dataset with the same classes to test on; of a folder of CIFAR binaries its tests", "DIR"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &out, "Folder for datasets, scores and the table", "DIR"},
        {"teacher", 0, 0, G_OPTION_ARG_FILENAME, &teacher,
         "Classifier trained on the whole dataset: gradients, crops' scores, soft labels; none: VAE "
         "features, hard labels (default: one is trained for all of it)",
         "FILE"},
        {"ipc", 'n', 0, G_OPTION_ARG_STRING, &ipcs, "Images per class, separated by commas (default 1,10)",
         "N,.."},
        {"methods", 'm', 0, G_OPTION_ARG_STRING, &methods,
         "Separated by commas (default random,rded,dc3-select,jitter,dc3)", "M,.."},
        {"arch", 'a', 0, G_OPTION_ARG_STRING, &archs, "Students, separated by commas (default convnet3)",
         "A,.."},
        {"labels", 0, 0, G_OPTION_ARG_STRING, &labels, "soft, hard (default both; with --teacher none hard)",
         "L,.."},
        {"seeds", 0, 0, G_OPTION_ARG_INT, &o.seeds, "Condensations and students of each (default 3)", "S"},
        {"epochs", 'e', 0, G_OPTION_ARG_INT, &e->epochs, "Times that a student sees each image (default 300)",
         "N"},
        {"batch", 0, 0, G_OPTION_ARG_INT, &e->batch, "Images a step (default: the protocol's)", "N"},
        {"factor", 0, 0, G_OPTION_ARG_INT, &e->factor, "As of evaluate (default 1 up to 64 pixels, else 2)",
         "F"},
        {"augment", 0, 0, G_OPTION_ARG_STRING, &augment, "As of evaluate: rded, none (default rded)", "HOW"},
        {"augment-robust", 0, 0, G_OPTION_ARG_NONE, &o.augment_robust,
         "A second student of each, without augmentation, for DD-Ranking's augmentation-robust score (ARS; "
         "needs "
         "the method random)",
         NULL},
        {"bins", 0, 0, G_OPTION_ARG_INT, &bins, "Clusters a class (default 10)", "K"},
        {"size", 0, 0, G_OPTION_ARG_INT, &e->size,
         "Pixels of the stored pictures, and of what teacher and students see (default: suits the pictures)",
         "N"},
        {"combine", 0, 0, G_OPTION_ARG_STRING, &combine, "As of condense (default gradient)", "MODE"},
        {"full-accuracy", 0, 0, G_OPTION_ARG_DOUBLE, &o.real_hard,
         "Of the student trained on everything, 0 to 1, for the label-robust score (default: the teacher's, "
         "where "
         "it is the same network)",
         "X"},
        {"cache", 0, 0, G_OPTION_ARG_FILENAME, &cache,
         "Folder that keeps features (default: below the output folder)", "DIR"},
        {0}};
    int status = parse(c, argc, argv, OPTIONS_COMPUTE | OPTIONS_MODEL, own, &s, &rest);
    if (status != EXIT_DONE) return status;
    if (one_word(c, rest, "dataset", "dataset") || whole_number(c, "bins", &bins, 1, 10000) ||
        whole_number(c, "batch", &e->batch, 1, 65536) || whole_number(c, "factor", &e->factor, 1, 2) ||
        whole_number(c, "size", &e->size, 8, 1024))
        status = EXIT_USAGE;
    else if (!out)
        status = usage_error(c, "where shall the results go? Use -o DIR");
    else if (!val)
        status = usage_error(c, "on what shall students be tested? Use --val DIR");
    else {
        char *own_cache = g_build_filename(out, "features", NULL);
        use_own_editor(&s);
        o.condense = s.options;
        o.condense.data = rest[0], o.condense.teacher = teacher, o.condense.combine = combine;
        o.condense.cache = cache ? cache : own_cache;
        if (bins) o.condense.select.bins = bins;
        o.condense.size = o.condense.teacher_size = e->size;
        o.out = out;
        e->val = val, e->augment = augment, e->dtype = s.options.dtype;
        e->threads = s.options.select.threads;
        e->listener = s.options.listener;
        status = run_lists(c, &s, &o, ipcs, methods, archs, labels);
        g_free(own_cache);
    }
    g_free(out), g_free(val), g_free(ipcs), g_free(methods), g_free(archs), g_free(labels), g_free(teacher);
    g_free(combine), g_free(augment), g_free(cache);
    g_strfreev(rest);
    return status;
}
