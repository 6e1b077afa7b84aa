/* Methods side by side. */
#include "cli.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "dc3/compare.h"
#include "dc3/ranks.h"
#include "dc3/text.h"

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

/* "100kB,1MB" as bytes, 0 behind the last; NULL with a message. */
static int64_t *read_budgets(const command *c, const char *text)
{
    const double most = 1e15;
    char **words = g_strsplit(text, ",", -1);
    guint n = g_strv_length(words);
    int64_t *budgets = g_new0(int64_t, n + 1);
    for (guint i = 0; budgets && i < n; i++) {
        GError *error = NULL;
        double bytes;
        int is = read_bytes("--budgets", words[i], &bytes, &error);
        if (is && bytes >= 1 && bytes <= most) {
            budgets[i] = (int64_t)floor(bytes);
            continue;
        }
        if (is)
            usage_error(c, "--budgets: expected 1 byte to 1000000 GB, found '%s'", words[i]);
        else
            usage_error(c, "%s", error->message);
        g_clear_error(&error);
        g_clear_pointer(&budgets, g_free);
    }
    g_strfreev(words);
    return budgets;
}

/* "soft,hard" as constants, DC3_LABELS_END behind the last; NULL with a message. Stored labels are those of
 * one dataset. */
static dc3_label_kind *read_labels(const char *text)
{
    char **words = g_strsplit(text, ",", -1);
    guint n = g_strv_length(words);
    dc3_label_kind *labels = g_new0(dc3_label_kind, n + 1);
    for (guint i = 0; labels && i < n; i++) {
        if (dc3_label_kind_parse(words[i], &labels[i]) == DC3_OK && labels[i] != DC3_LABELS_STORED) continue;
        char hint[DC3_HINT_SIZE];
        char *note = g_strdup_printf("--labels: expected soft, hard; found '%.40s'%s", words[i],
                                     dc3_hint(words[i], (const char *const[]){"soft", "hard"}, 2, hint));
        print_note("dc3: ", note);
        g_free(note);
        g_clear_pointer(&labels, g_free);
    }
    if (labels) labels[n] = DC3_LABELS_END;
    g_strfreev(words);
    return labels;
}

typedef struct compare_values {
    settings common;
    dc3_compare_options options;
    const char *ipcs, *budgets, *methods, *archs, *labels; /* separated by commas */
    const char *cache;
} compare_values;

#define AT(field) offsetof(compare_values, field)
#define STUDENT(field) offsetof(compare_values, options.evaluate.field)

static const option own_options[] = {
    {"val", 0, OPTION_PATH, STUDENT(val), ANY,
     "Dataset with the same classes to test on; of a folder of CIFAR binaries, its test file", "DIR"},
    {"val-split", 0, OPTION_TEXT, STUDENT(val_split), ANY,
     "Of a manifest as --val: the rows whose split is NAME (default: those of val, else of test)", "NAME"},
    {"output", 'o', OPTION_PATH, AT(options.out), ANY, "Folder for datasets, scores and the table", "DIR"},
    {"teacher", 0, OPTION_MODEL, AT(common.options.teacher), ANY,
     "Classifier trained on the whole dataset: gradients, crops' scores, soft labels; none: VAE "
     "features, hard labels (default: one is trained for all of it); of several, A,B, averaged logits are "
     "the "
     "labels and the first selects",
     "FILE,.."},
    {"teacher-arch", 0, OPTION_TEXT, AT(common.options.arch), ANY,
     "Architecture of the teacher: of a FILE it is checked (default of one that is trained: convnet3 up to "
     "64 "
     "pixels, else resnet18)",
     "NAME"},
    {"teacher-size", 0, OPTION_WHOLE, AT(common.options.teacher_size), WITHIN(1, 1024),
     "Size in pixels at which the teacher sees images (default: --size)", "N"},
    {"teacher-classes", 0, OPTION_PATH, AT(common.options.teacher_classes), ANY, "As for condense", "FILE"},
    {"any-teacher", 0, OPTION_FLAG, AT(common.options.any_teacher), ANY, "As for condense", NULL},
    {"ipc", 'n', OPTION_TEXT, AT(ipcs), ANY, "Images per class, separated by commas (default 1,10)", "N,.."},
    {"budgets", 0, OPTION_TEXT, AT(budgets), ANY,
     "In place of --ipc: bytes that a condensed set may take, images and metadata.jsonl, separated by commas "
     "(30kB,1MB); how many images, and in which format and quality, follow as for condense --budget",
     "SIZE,.."},
    {"methods", 'm', OPTION_TEXT, AT(methods), ANY,
     "Separated by commas (default random,rded,dc3-select,jitter,dc3)", "M,.."},
    {"arch", 'a', OPTION_TEXT, AT(archs), ANY, "Students, separated by commas (default convnet3)", "A,.."},
    {"labels", 0, OPTION_TEXT, AT(labels), ANY, "soft, hard (default both; with --teacher none hard)",
     "L,.."},
    {"seeds", 0, OPTION_WHOLE, AT(options.seeds), ANY,
     "Number of condensations and students of each (default 3)", "S"},
    {"epochs", 'e', OPTION_WHOLE, STUDENT(epochs), WITHIN(1, 1000000),
     "Number of times that a student sees each image (default: the recipe's, 300 to 1000)", "N"},
    {"batch", 0, OPTION_WHOLE, STUDENT(batch), WITHIN(1, 65536), "Images per step (default: the recipe's)",
     "N"},
    {"factor", 0, OPTION_WHOLE, STUDENT(factor), WITHIN(1, 2),
     "As for evaluate (default 1 up to 64 pixels, else 2)", "F"},
    {"augment", 0, OPTION_WORD, STUDENT(augment), ANY, "As for evaluate: rded, none (default rded)", "HOW"},
    {"augment-robust", 0, OPTION_FLAG, AT(options.augment_robust), ANY,
     "A second student of each, without augmentation, for DD-Ranking's augmentation-robust score (ARS; needs "
     "the method random)",
     NULL},
    {"bins", 0, OPTION_WHOLE, AT(common.options.select.bins), WITHIN(1, 10000),
     "Clusters per class (default 10)", "K"},
    {"selection", 0, OPTION_WORD, AT(common.options.selection), ANY,
     "As for condense, of those methods that have it (default nested)", "NAME"},
    {"crops", 0, OPTION_WHOLE, AT(common.options.crops), WITHIN(1, 100),
     "As for condense, of every method (default: whole images; of rded 5); above 64 pixels four to an image",
     "N"},
    {"near-duplicates", 0, OPTION_REAL, AT(common.options.near_duplicates), WITHIN(0.5, 1),
     "As for condense, of those methods that compare all images (default: none is left out)", "X"},
    {"without-duplicates", 0, OPTION_FLAG, AT(common.options.without_duplicates), ANY,
     "As for condense, of every method", NULL},
    {"hash-distance", 0, OPTION_WHOLE, AT(common.options.hash_distance), WITHIN(0, 64),
     "For --without-duplicates: bits of 256 up to which the hashes differ (default 31)", "N"},
    {"size", 0, OPTION_WHOLE, STUDENT(size), WITHIN(8, 1024),
     "Size in pixels of the stored images and of what teacher and students see (default: chosen to suit the "
     "images)",
     "N"},
    {"combine", 0, OPTION_WORD, AT(common.options.combine), ANY, "As for condense (default gradient)",
     "MODE"},
    {"compensation", 0, OPTION_WORD, AT(common.options.compensation), ANY,
     "As for condense: calibrated, random, none (default calibrated, with --combine fourfold random)",
     "KIND"},
    {"full-accuracy", 0, OPTION_REAL, AT(options.real_hard), WITHIN(0, 1),
     "Of the student trained on everything, 0 to 1, for the label-robust score (default: the teacher's, "
     "where "
     "it is the same network)",
     "X"},
    {"verbose", 0, OPTION_FLAG, AT(options.verbose), ANY,
     "All that condensing says, and where standard error is no terminal progress too (default: a line for "
     "each "
     "score)",
     NULL},
    {"dry-run", 0, OPTION_FLAG, AT(common.options.dry_run), ANY, "Print how long it will take and stop",
     NULL},
    {"cache", 0, OPTION_PATH, AT(cache), ANY,
     "Folder in which features are saved (default: below the output folder)", "DIR"},
    {0}};
static const option *const tables[] = {
    compute_options,  result_options, choice_options, model_options,  own_options, own_teacher_options,
    backbone_options, given_options,  view_options,   recipe_options, NULL};

/* The options of the library besides the lists. */
static void fill_options(compare_values *v, const char *data, const char *cache)
{
    dc3_compare_options *o = &v->options;
    dc3_evaluate_options *e = &o->evaluate;
    o->condense = v->common.options;
    if (!o->verbose && !isatty(STDERR_FILENO)) o->condense.listener.progress = NULL;
    o->condense.data = data, o->condense.cache = cache;
    o->condense.editor = editor_of(o->condense.editor);
    choose_backbone(&o->condense);
    o->condense.size = e->size;
    if (!o->condense.teacher_size) o->condense.teacher_size = e->size;
    e->dtype = o->condense.dtype;
    e->any_teacher = o->condense.any_teacher;
    e->threads = o->condense.select.threads;
    e->listener = o->condense.listener;
    take_recipe(&v->common, e);
}

static int print_comparison(const compare_values *v)
{
    dc3_compare_report report;
    int status = finish(dc3_compare(&v->options, &report), "to continue: the same command");
    if (status == EXIT_DONE && v->options.condense.dry_run)
        print_estimate(&v->common, report.estimate_seconds);
    else if (status == EXIT_DONE && dc3_ranks_rank() == 0) {
        printf("%s\n", v->common.json ? report.json : report.table);
        if (!v->common.json) printf("%s/table.txt, table.json, results.jsonl\n", v->options.out);
    }
    free(report.table);
    free(report.json);
    return status;
}

/* Sizes of the sets and labels of the students, which the caller frees. */
static int read_lists(const command *c, const compare_values *v, int **ipcs, int64_t **budgets,
                      dc3_label_kind **labels)
{
    const char *teacher = v->options.condense.teacher;
    int no_teacher = teacher && strcmp(teacher, "none") == 0;
    *labels = NULL, *ipcs = NULL, *budgets = NULL;
    if (v->ipcs && v->budgets) return usage_error(c, "--ipc and --budgets: expected one of them");
    if (v->budgets)
        *budgets = read_budgets(c, v->budgets);
    else
        *ipcs = read_numbers(c, v->ipcs ? v->ipcs : "1,10");
    if (*budgets || *ipcs) *labels = read_labels(v->labels ? v->labels : no_teacher ? "hard" : "soft,hard");
    return *labels ? EXIT_DONE : EXIT_USAGE;
}

static int compare_lists(const command *c, compare_values *v)
{
    dc3_compare_options *o = &v->options;
    int *numbers;
    int64_t *budgets;
    dc3_label_kind *labels;
    if (read_lists(c, v, &numbers, &budgets, &labels) != EXIT_DONE) {
        g_free(numbers);
        g_free(budgets);
        return EXIT_USAGE;
    }
    const char *methods = v->methods ? v->methods : "random,rded,dc3-select,jitter,dc3";
    char **m = g_strsplit(methods, ",", -1), **a = g_strsplit(v->archs ? v->archs : "convnet3", ",", -1);
    o->ipcs = numbers;
    o->budgets = budgets;
    o->methods = (const char *const *)m;
    o->archs = (const char *const *)a;
    o->labels = labels;
    int status = print_comparison(v);
    g_free(numbers);
    g_free(budgets);
    g_free(labels);
    g_strfreev(m), g_strfreev(a);
    return status;
}

static int run(const command *c, int argc, char **argv)
{
    compare_values v = {.options = dc3_compare_defaults()};
    char **rest;
    int status = parse(c, argc, argv, &v, &rest);
    if (status != EXIT_DONE) return status;
    if (one_word(c, rest, "dataset", "dataset") != EXIT_DONE)
        status = EXIT_USAGE;
    else if (!v.options.out)
        status = usage_error(c, "where should the results go? Use -o DIR");
    else if (!v.options.evaluate.val)
        status = usage_error(c, "on what should students be tested? Use --val DIR");
    else {
        char *cache = g_build_filename(v.options.out, "features", NULL);
        fill_options(&v, rest[0], v.cache ? v.cache : cache);
        status = compare_lists(c, &v);
        g_free(cache);
    }
    g_strfreev(rest);
    return status;
}

const command compare_command = {
    "compare",
    "Condense by several methods, score them all, and print one table.",
    "DATA --val DIR -o DIR",
    "  dc3 compare photos/train --val photos/val --teacher teacher.safetensors -o table --ipc 1,10,50\n"
    "  dc3 compare cifar10/train --val cifar10/test --teacher t.safetensors -o c10 --methods "
    "random,herding,dc3 "
    "--seeds 5\n"
    "  dc3 compare photos/train --val photos/val -o bytes --budgets 100kB,300kB,1MB      accuracy against "
    "bytes",
    tables,
    run};
