/* Scores of a condensed dataset: students of some architectures, each with some seeds. */
#include "cli.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dc3/evaluate.h"
#include "dc3/ranks.h"
#include "dc3/text.h"

enum { MOST_SEEDS = 100 };

/* What one architecture scored. */
typedef struct result {
    dc3_score last; /* of the last seed, for what does not depend on it */
    int seeds;
    double top1[MOST_SEEDS], top5[MOST_SEEDS], best[MOST_SEEDS], seconds;
} result;

/* "12.34 +- 0.56", or without a deviation where there is one value. */
static const char *percent(const result *r, const double *values, char text[24])
{
    double mean, deviation;
    dc3_mean_deviation(values, r->seeds, &mean, &deviation);
    snprintf(text, 24, "%6.2f", 100 * mean);
    if (r->seeds > 1) snprintf(text, 24, "%6.2f +- %5.2f", 100 * mean, 100 * deviation);
    return text;
}

/* Under which conditions the row was made, which a score means nothing without. */
static void print_conditions(const result *r)
{
    const dc3_score *s = &r->last;
    printf("  %d epoch%s of %lld image%s, %lld step%s of %d, learning rate %g, %d px, %s; %s labels",
           s->epochs, s->epochs == 1 ? "" : "s", (long long)s->images, s->images == 1 ? "" : "s",
           (long long)s->steps, s->steps == 1 ? "" : "s", s->batch, s->lr, s->size, s->dtype, s->labels);
    if (s->teachers)
        printf(" of %d teachers' averaged logits: %s%s", s->teachers, s->teachers_text,
               s->teacher_top1 >= 0 ? "; together" : "");
    else if (*s->teacher)
        printf(" of %s %s", dc3_text_article(s->teacher), s->teacher);
    if (s->teacher_top1 >= 0) printf(" (top-1 %.2f %%)", 100 * s->teacher_top1);
    if (s->any_teacher) printf(", taken with --any-teacher: hardly one of these classes");
    if (*s->teacher && s->temperature > 0) printf(" at temperature %g", s->temperature);
    if (s->factor)
        printf("; RDED's views, factor %d", s->factor);
    else
        printf("; whole images");
    printf("; tested on %lld", (long long)s->test_images);
    if (s->unreadable) printf(" (%lld more cannot be read)", (long long)s->unreadable);
    printf("\n  %s\n", s->training);
}

/* Five of as many classes or fewer are always right: there is no top-5. */
static void print_row(const result *r, int first)
{
    char last[24], five[24], best[24];
    if (first)
        printf("%-18s %-15s  %-15s  %-15s  %5s  %8s\n", "student", "top-1, last (%)", "top-5, last (%)",
               "top-1, best (%)", "seeds", "time (s)");
    printf("%-18s %-15s  %-15s  %-15s  %5d  %8.0f\n", r->last.arch, percent(r, r->top1, last),
           r->last.classes > 5 ? percent(r, r->top5, five) : "     -", percent(r, r->best, best), r->seeds,
           r->seconds);
    print_conditions(r);
}

/* Whether there are such architectures; before hours of work with the first of them. */
static int check_archs(const command *c, char **archs)
{
    for (int i = 0; archs[i] && (*archs[i] || archs[1]); i++)
        if (!g_strv_contains(option_values(c, "arch"), archs[i]))
            return usage_error(c, "--arch: there is no '%s'; expected names such as convnet3, resnet18",
                               archs[i]);
    return EXIT_DONE;
}

/* A score goes to a file, and to the standard output. */
static dc3_status keep(const settings *s, dc3_tests *tests, const char *file, const result *r, int first,
                       json_t *all)
{
    char *row;
    dc3_status status = dc3_tests_row(tests, &row), kept = DC3_OK;
    if (status != DC3_OK) return status;
    if (file) kept = dc3_scores_add(file, row);
    if (s->json)
        json_array_append_new(all, json_loads(row, 0, NULL));
    else
        print_row(r, first), fflush(stdout);
    free(row);
    return kept;
}

/* All students of a call. */
typedef struct scoring {
    const settings *common;
    const dc3_evaluate_options *options;
    dc3_tests *tests;
    const char *file; /* NULL: scores are kept nowhere */
    int seeds, replaced;
    result now; /* of the architecture whose students are scored */
    json_t *all;
} scoring;

static void report(const scoring *all, uint64_t seed, const dc3_score *s)
{
    const dc3_listener *l = &all->options->listener;
    char text[160];
    if (!l->message) return;
    snprintf(text, sizeof text, "%s, seed %llu: top-1 %.2f %% after %d epoch%s (loss %.4f, %.0f s)", s->arch,
             (unsigned long long)seed, 100 * s->top1, s->epochs, s->epochs == 1 ? "" : "s", s->loss,
             s->seconds);
    l->message(l->user, text);
    if (s->diverged) l->message(l->user, "note: a smaller --lr may keep it from diverging");
}

/* The score of student number `student`; after the last of an architecture that one's row. */
static dc3_status scored(void *user, int student, const dc3_score *score)
{
    scoring *all = user;
    result *r = &all->now;
    int i = student % all->seeds;
    if (!i) memset(r, 0, sizeof *r);
    r->last = *score;
    r->top1[i] = score->top1, r->top5[i] = score->top5, r->best[i] = score->best_top1;
    r->seconds += score->seconds;
    all->replaced |= score->replaced;
    r->seeds++;
    report(all, all->common->options.select.seed + (uint64_t)i, score);
    if (r->seeds < all->seeds) return DC3_OK;
    return keep(all->common, all->tests, all->file, r, student < all->seeds, all->all);
}

static void say(const dc3_evaluate_options *o, const char *format, const char *text)
{
    char *line = g_strdup_printf(format, text);
    if (o->listener.message) o->listener.message(o->listener.user, line);
    g_free(line);
}

/* Where scores are kept, NULL: nowhere; before hours of work. Of a run in a folder that cannot be written to
 * they are printed only; a file that was asked for must be written. */
static dc3_status find_file(const dc3_evaluate_options *o, const char *asked, char **file)
{
    *file = asked ? g_strdup(asked) : o->folder ? g_build_filename(o->folder, "scores.json", NULL) : NULL;
    dc3_status status = *file ? dc3_scores_check(*file, o->data, o->val) : DC3_OK;
    if (!*file)
        say(o, "note: scores are printed, and kept with %s FILE only: the dataset is not one of dc3's", "-o");
    if (asked || status != DC3_ERR_OPTION) return status;
    say(o, "warning: scores are printed, and not kept: %s", dc3_error_text());
    g_clear_pointer(file, g_free);
    return DC3_OK;
}

static int score_all(const settings *s, dc3_evaluate_options *o, char **archs, int seeds, const char *asked)
{
    json_t *all = json_array();
    dc3_tests *tests;
    char *file = NULL;
    int count = (int)g_strv_length(archs) * seeds;
    dc3_status status = dc3_tests_new(&o->listener, &tests);
    if (status == DC3_OK && dc3_ranks_rank() == 0) status = find_file(o, asked, &file);
    scoring *students = g_new0(scoring, 1);
    *students =
        (scoring){.common = s, .options = o, .tests = tests, .file = file, .seeds = seeds, .all = all};
    dc3_evaluate_options *own = g_new(dc3_evaluate_options, (gsize)count);
    const dc3_evaluate_options **list = g_new(const dc3_evaluate_options *, (gsize)count);
    for (int i = 0; i < count; i++) {
        own[i] = *o;
        own[i].arch = *archs[i / seeds] ? archs[i / seeds] : NULL;
        own[i].seed = s->options.select.seed + (uint64_t)(i % seeds);
        list[i] = &own[i];
    }
    if (status == DC3_OK) status = dc3_evaluate_all(list, count, tests, scored, students);
    int replaced = students->replaced;
    g_free(list), g_free(own), g_free(students);
    /* What was finished before another student failed is not lost. */
    if (s->json && (status == DC3_OK || json_array_size(all))) {
        char *text = json_dumps(all, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
        printf("%s\n", text ? text : "");
        free(text);
    }
    json_decref(all);
    g_free(file);
    /* Scores that could not be printed stay, but not those of images that are gone. */
    if ((status == DC3_OK || replaced) && fflush(stdout) == 0 && !ferror(stdout)) dc3_tests_forget(tests);
    dc3_tests_free(&tests);
    return finish(status,
                  o->folder
                      ? "to continue: the same command"
                      : "students are saved in folders of dc3 condense only: the same command starts over");
}

/* How long all students will take. */
static int estimate_all(const settings *s, dc3_evaluate_options *o, char **archs, int seeds,
                        const char *asked)
{
    double sum = 0;
    char *file = NULL;
    dc3_tests *tests = NULL;
    dc3_status status = dc3_ranks_rank() ? DC3_OK : find_file(o, asked, &file);
    g_free(file);
    if (status == DC3_OK) status = dc3_tests_new(&o->listener, &tests);
    o->dry_run = 1;
    o->students = (int)g_strv_length(archs) * seeds;
    for (int i = 0; archs[i] && status == DC3_OK; i++) {
        dc3_score score;
        o->arch = *archs[i] ? archs[i] : NULL;
        o->seed = s->options.select.seed;
        status = dc3_evaluate(o, tests, &score);
        sum += seeds * score.estimate_seconds;
    }
    dc3_tests_free(&tests);
    int ranks = dc3_ranks_count() < o->students ? dc3_ranks_count() : o->students;
    if (status == DC3_OK) print_estimate(s, sum / ranks);
    return finish(status, NULL);
}

typedef struct evaluate_values {
    settings common;
    dc3_evaluate_options options;
    const char *archs, *out;
    int seeds, dry_run;
} evaluate_values;

#define AT(field) offsetof(evaluate_values, field)

static const option own_options[] = {
    {"val", 0, OPTION_PATH, AT(options.val), ANY,
     "Dataset with the same classes to test on; of a folder of CIFAR binaries, its test file", "DIR"},
    {"val-split", 0, OPTION_TEXT, AT(options.val_split), ANY,
     "Of a manifest as --val: the rows whose split is NAME (default: those of val, else of test)", "NAME"},
    {"arch", 'a', OPTION_TEXT, AT(archs), ANY,
     "Students, separated by commas (default: convnet3 up to 64 pixels, else resnet18)", "A,.."},
    {"labels", 0, OPTION_WORD, AT(options.labels), ANY,
     "soft (a teacher's, of each batch), stored (by dc3 label), hard (default soft)", "KIND"},
    {"teacher", 0, OPTION_MODEL, AT(options.teacher), ANY,
     "Classifier trained on the whole dataset (default: the run's own); of several, A,B, their averaged "
     "logits",
     "FILE,.."},
    {"teacher-classes", 0, OPTION_PATH, AT(options.teacher_classes), ANY, "As for condense", "FILE"},
    {"any-teacher", 0, OPTION_FLAG, AT(options.any_teacher), ANY, "As for condense", NULL},
    {"stored", 0, OPTION_PATH, AT(options.stored), ANY, "Stored labels (default OUT/soft_labels.safetensors)",
     "FILE"},
    {"epochs", 'e', OPTION_WHOLE, AT(options.epochs), WITHIN(1, 1000000),
     "Number of times that each image is seen (default: the recipe's, 300 to 1000)", "N"},
    {"output", 'o', OPTION_PATH, AT(out), ANY,
     "File of scores to add to (default OUT/scores.json of a folder of dc3 condense; else none)", "FILE"},
    {"seeds", 0, OPTION_WHOLE, AT(seeds), WITHIN(1, MOST_SEEDS),
     "Number of students per architecture (default 1)", "S"},
    {"batch", 0, OPTION_WHOLE, AT(options.batch), WITHIN(1, 65536), "Images per step (default: the recipe's)",
     "N"},
    {"lr", 0, OPTION_REAL, AT(options.lr), ABOVE_0(1000),
     "Learning rate (default: the protocol's for the student)", "X"},
    {"temperature", 0, OPTION_REAL, AT(options.temperature), ABOVE_0(1e6),
     "Temperature of the soft labels (default 20)", "T"},
    {"factor", 0, OPTION_WHOLE, AT(options.factor), WITHIN(1, 2),
     "2: swapped halves and crops of at least half the area; 1: whole images (default 1 up to 64 pixels, "
     "else 2)",
     "F"},
    {"augment", 0, OPTION_WORD, AT(options.augment), ANY,
     "rded: the protocol's random, mixed views; none: whole images (default rded)", "HOW"},
    {"size", 0, OPTION_WHOLE, AT(options.size), WITHIN(8, 1024),
     "Side of a view in pixels (default: that of the images, at most 224)", "N"},
    {"dry-run", 0, OPTION_FLAG, AT(dry_run), ANY, "Print how long it will take and stop", NULL},
    {"dtype", 0, OPTION_WORD, AT(options.dtype), ANY, "Compute type: auto, f32, bf16 (default auto)", "TYPE"},
    {0}};
static const option *const tables[] = {compute_options, result_options, own_options, choice_options,
                                       view_options,    recipe_options, NULL};

static int run(const command *c, int argc, char **argv)
{
    evaluate_values v = {.options = dc3_evaluate_defaults(), .seeds = 1};
    dc3_evaluate_options *o = &v.options;
    char **rest;
    int status = parse(c, argc, argv, &v, &rest);
    if (status != EXIT_DONE) return status;
    if (one_word(c, rest, "folder", "condensed dataset") != EXIT_DONE)
        status = EXIT_USAGE;
    else if (!o->val)
        status = usage_error(c, "on what should students be tested? Use --val DIR");
    else {
        char **list = g_strsplit(v.archs ? v.archs : "", ",", -1), *none[] = {(char *)"", NULL};
        o->data = rest[0];
        o->folder = dc3_evaluate_folder(rest[0]);
        o->threads = v.common.options.select.threads;
        o->listener = v.common.options.listener;
        o->choice = v.common.options.choice;
        take_recipe(&v.common, o);
        status = check_archs(c, list);
        char **archs = *list ? list : none;
        if (status == EXIT_DONE)
            status = v.dry_run ? estimate_all(&v.common, o, archs, v.seeds, v.out)
                               : score_all(&v.common, o, archs, v.seeds, v.out);
        g_strfreev(list);
    }
    g_strfreev(rest);
    return status;
}

const command evaluate_command = {
    "evaluate",
    "Score a condensed dataset: train students on it, test them on real images.",
    "OUT --val DIR --teacher FILE",
    "  dc3 evaluate photos-ipc10 --val photos/val --teacher teacher.safetensors --seeds 3\n"
    "  dc3 evaluate photos-ipc10 --val photos/val --labels hard --arch resnet18,convnet3 --json\n"
    "  dc3 evaluate photos.csv --split train --classes cat,dog --val photos.csv --val-split test --labels "
    "hard",
    tables,
    run};
