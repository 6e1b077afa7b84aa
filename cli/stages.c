/* The commands on a dataset. */
#include "cli.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include "dc3/ranks.h"

static int holds(const char *folder, const char *name)
{
    char *path = g_build_filename(folder, name, NULL);
    int is = g_file_test(path, G_FILE_TEST_EXISTS);
    g_free(path);
    return is;
}

/* What a folder has of the run's own teacher: it, or what its training, or that of one of several candidates,
 * goes on from; NULL: nothing. */
static const char *teacher_in(const char *folder)
{
    static const char *const parts[] = {"teacher.safetensors.checkpoint", "probe.safetensors",
                                        "fine-tuned.safetensors", "fine-tuned.safetensors.checkpoint",
                                        "fine-tuned.safetensors.probe"};
    if (holds(folder, "teacher.safetensors")) return "the teacher is saved";
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (holds(folder, parts[i])) return "the teacher's training is saved";
    return NULL;
}

/* What an interrupted run leaves. */
static const char *remains(const dc3_condense_options *o, const dc3_condense_report *r, char *text,
                           size_t size)
{
    const char *how = o->fresh ? " without --fresh" : "";
    const char *out = o->out ? o->out : "", *teacher = teacher_in(out);
    if (r->stored)
        snprintf(text, size, "%lld image%s saved. To continue: run the same command again%s",
                 (long long)r->stored, r->stored == 1 ? " is" : "s are", how);
    else if (holds(out, "selection.json"))
        snprintf(text, size, "the selection is saved. To continue: run the same command again%s", how);
    else if (teacher)
        snprintf(text, size, "%s. To continue: run the same command again%s", teacher, how);
    else if (holds(out, ".search"))
        snprintf(text, size, "the search is saved. To continue: run the same command again%s", how);
    else
        snprintf(text, size,
                 "no image was finished and nothing is saved; the same command starts from the beginning");
    return text;
}

int check_amount(const command *c)
{
    const char *const others[] = {"total", "fraction", "budget"};
    for (int i = 0; i < 3; i++)
        if (is_given(c, others[i]) && is_given(c, "ipc"))
            return usage_error(c, "--ipc and --%s: expected one of them", others[i]);
    return EXIT_DONE;
}

typedef dc3_status (*stage)(const dc3_condense_options *options, dc3_condense_report *report);

/* ---- commands that make a folder: condense, compensate ---- */

/* Where a search is wanted it comes first, and fills what it found. */
static int search_first(const command *c, settings *s, dc3_search_found *found)
{
    if (!s->search && is_given(c, "search-images"))
        return usage_error(c, "--search-images says how --search tries; use both");
    if (!s->search) return EXIT_DONE;
    if (dc3_ranks_count() > 1)
        return usage_error(c, "--search: works with one rank, found %d", dc3_ranks_count());
    return finish(dc3_search(&s->options, s->search_images, found), "to continue: the same command");
}

static int run_stage(const command *c, int argc, char **argv, stage function)
{
    settings s;
    char **rest, left[200];
    dc3_condense_options *o = &s.options;
    dc3_condense_report report;
    dc3_search_found found = {.estimate_seconds = 0};
    int status = parse(c, argc, argv, &s, &rest);
    if (status != EXIT_DONE) return status;
    if (one_word(c, rest, "dataset", "dataset") != EXIT_DONE || check_amount(c) != EXIT_DONE)
        status = EXIT_USAGE;
    else if (!o->out && !o->dry_run)
        status = usage_error(c, "where should the result go? Use -o DIR");
    else {
        o->data = rest[0];
        o->editor = editor_of(o->editor);
        if (has_options(c, backbone_options)) choose_backbone(o);
        status = search_first(c, &s, &found);
    }
    if (status == EXIT_DONE) {
        dc3_status result = function(o, &report);
        status = finish(result, remains(o, &report, left, sizeof left));
        if (o->dry_run) report.estimate_seconds += found.estimate_seconds;
        if (status == EXIT_DONE) print_report(&s, &report, o->out);
    }
    g_strfreev(rest);
    return status;
}

static int run_condense(const command *c, int argc, char **argv)
{
    return run_stage(c, argc, argv, dc3_condense);
}

static int run_compensate(const command *c, int argc, char **argv)
{
    return run_stage(c, argc, argv, dc3_compensate_command);
}

static const option report_options[] = {{"no-report", 0, OPTION_FLAG, offsetof(settings, options.no_report),
                                         ANY, "Write no OUT/report.html, and save no edits for it", NULL},
                                        {0}};
static const option compensation_options[] = {
    {"compensation", 0, OPTION_WORD, offsetof(settings, options.compensation), ANY,
     "Of the method dc3: calibrated, the edits that bring the class nearest to the whole class; random, a "
     "warm and a cold edit by chance, as in the paper; none, the chosen images as they are (default "
     "calibrated, with --combine fourfold random)",
     "KIND"},
    {0}};
static const option budget_options[] = {
    {"budget", 0, OPTION_BYTES, offsetof(settings, options.budget), ANY,
     "In place of --ipc: bytes that OUT/train may take, images and what is said of them (30kB, 5MB), and "
     "with "
     "--label-views soft labels together with it; how many images, and unless --format is given in which "
     "format and quality, and with how many bits of a label, follow (docs/formats.md)",
     "SIZE"},
    {"search", 0, OPTION_FLAG, offsetof(settings, search), ANY,
     "Find the format, the size and the precision of labels of the --budget by short trainings on sets of "
     "random images that fill it, tested on images of DATA in none of them",
     NULL},
    {"search-images", 0, OPTION_REAL, offsetof(settings, search_images), ABOVE_0(1e15),
     "Images that each student of --search sees (default 100,000)", "N"},
    {"label-views", 0, OPTION_WHOLE, offsetof(settings, options.label_views), WITHIN(1, 100000),
     "Leave room in the --budget for soft labels of V views of each image, which dc3 label OUT then stores "
     "by "
     "itself (default: for none)",
     "V"},
    {"label-bits", 0, OPTION_WHOLE, offsetof(settings, options.label_bits), EITHER(8, 16),
     "Bits of a logit of those labels, 8 or 16 (default: as the budget decides, with --label-top-k 16)",
     "8|16"},
    {"label-top-k", 0, OPTION_WHOLE, offsetof(settings, options.label_top_k), WITHIN(1, 1000000),
     "Logits of a view that those labels store, the largest (default: all)", "K"},
    {0}};
static const option shard_options[] = {
    {"store", 0, OPTION_WORD, offsetof(settings, options.store), ANY,
     "files, an image each; tar, WebDataset shards OUT/train/train-000000.tar and so on, so that small files "
     "take no block of the disk each; of methods that change no pixel copy, the files of the chosen images "
     "byte for byte, or link, symbolic links to them (default files)",
     "KIND"},
    {"shard-size", 0, OPTION_BYTES, offsetof(settings, options.shard_size), ANY,
     "Of --store tar: bytes of a shard at most (default 100MB)", "SIZE"},
    {0}};
static const option near_options[] = {
    {"near-duplicates", 0, OPTION_REAL, offsetof(settings, options.near_duplicates), WITHIN(0.5, 1),
     "Never choose an image whose embedding, of --features, the backbone or else the teacher, has a cosine "
     "of X or "
     "more with "
     "that of one before it in its class (docs/methods.md; default: only of the same images one counts)",
     "X"},
    {"without-duplicates", 0, OPTION_FLAG, offsetof(settings, options.without_duplicates), ANY,
     "Never choose an image that dc3 duplicates leaves out: near to a larger one of its class, or to one "
     "before it, by "
     "perceptual hashes; with any method",
     NULL},
    {"hash-distance", 0, OPTION_WHOLE, offsetof(settings, options.hash_distance), WITHIN(0, 64),
     "For --without-duplicates: bits of 256 up to which the hashes differ (default 31)", "N"},
    {0}};
static const option *const condense_tables[] = {
    compute_options,    result_options,   data_options,         choice_options,
    unlabelled_options, features_options, set_options,          model_options,
    adapter_options,    method_options,   select_options,       amount_options,
    budget_options,     teacher_options,  own_teacher_options,  backbone_options,
    store_options,      editing_options,  compensation_options, shard_options,
    near_options,       given_options,    report_options,       NULL};
static const option list_options[] = {{"list", 0, OPTION_PATH, offsetof(settings, options.list), ANY,
                                       "Only the images of a list that dc3 select wrote", "FILE.jsonl"},
                                      {0}};
static const option *const compensate_tables[] = {compute_options,
                                                  result_options,
                                                  data_options,
                                                  choice_options,
                                                  unlabelled_options,
                                                  set_options,
                                                  model_options,
                                                  adapter_options,
                                                  store_options,
                                                  editing_options,
                                                  list_options,
                                                  shard_options,
                                                  NULL};

const command condense_command = {
    "condense",
    "Condense a labelled dataset into a few colour-compensated images of each class.",
    "DATA -o OUT",
    "  dc3 condense photos/train -o photos-ipc10 --ipc 10\n"
    "  dc3 condense photos/train -o out --ipc 50 --combine grid --seed 1 --dry-run\n"
    "  dc3 condense photos/train -o out-rded --ipc 10 --method rded --teacher resnet18.safetensors\n"
    "  dc3 condense photos/train -o out-clip --ipc 10 --features clip.npy      your own embeddings",
    condense_tables,
    run_condense};

const command compensate_command = {
    "compensate",
    "Make colour-compensated images of all images of a dataset, or of those of a list.",
    "DATA -o OUT",
    "  dc3 compensate chosen/ -o compensated\n"
    "  dc3 compensate photos/train --list chosen.jsonl -o compensated          what dc3 select chose\n"
    "  dc3 compensate chosen/ -o out --combine fourfold --prompts "
    "prompts.txt",
    compensate_tables,
    run_compensate};

/* ---- commands that write a list: bins, select ---- */

typedef struct list_values {
    settings common;
    const char *from;
    int bins;
} list_values;

static const option output_options[] = {
    {"output", 'o', OPTION_PATH, offsetof(settings, options.out), ANY,
     "File to write: lines of JSON, or as FILE.csv a table, which commands take as DATA", "FILE"},
    {0}};

static int run_list(const command *c, settings *s, char **rest, stage function)
{
    dc3_condense_options *o = &s->options;
    dc3_condense_report report;
    if (one_word(c, rest, "dataset", "dataset") != EXIT_DONE || check_amount(c) != EXIT_DONE)
        return EXIT_USAGE;
    if (!o->out && !o->dry_run)
        return usage_error(c, "where should the list go? Use -o FILE.jsonl or FILE.csv");
    o->editor = editor_of(o->editor);
    choose_backbone(o);
    o->data = rest[0];
    int status = finish(function(o, &report), NULL);
    if (status == EXIT_DONE) print_report(s, &report, o->out);
    return status;
}

static const option bins_options[] = {{"bins", 0, OPTION_WHOLE, offsetof(list_values, bins), FROM_1(""),
                                       "Clusters per class (default 10)", "K"},
                                      {0}};
static const option *const bins_tables[] = {compute_options,
                                            result_options,
                                            data_options,
                                            choice_options,
                                            unlabelled_options,
                                            features_options,
                                            model_options,
                                            output_options,
                                            backbone_options,
                                            given_options,
                                            force_options,
                                            bins_options,
                                            NULL};

static int run_bins(const command *c, int argc, char **argv)
{
    list_values v = {.bins = 10};
    char **rest;
    int status = parse(c, argc, argv, &v, &rest);
    if (status != EXIT_DONE) return status;
    /* Not bounded by images per class. */
    v.common.options.select.bins = v.common.options.select.ipc = v.bins;
    status = run_list(c, &v.common, rest, dc3_bins_command);
    g_strfreev(rest);
    return status;
}

const command bins_command = {
    "bins",
    "Group the images of each class by their content (features of the VAE, a backbone or yours, PCA, "
    "k-means).",
    "DATA -o FILE.jsonl|FILE.csv",
    "  dc3 bins photos/train -o bins.jsonl --bins 10\n  dc3 bins cifar-10-batches-bin -o bins.jsonl "
    "--feature-size 32\n"
    "  dc3 bins photos/train -o bins.csv --features clip.npy",
    bins_tables,
    run_bins};

/* {"selected": [...]} */
static json_t *selected(const dc3_selection *selection)
{
    json_t *document = json_object(), *rows = json_array();
    for (int64_t i = 0; i < selection->count; i++)
        json_array_append_new(rows, json_integer(selection->rows[i]));
    json_object_set_new(document, "selected", rows);
    return document;
}

/* To standard output, as JSON or a line each; or where they were written. */
static void print_rows(const settings *s, const dc3_selection *selection)
{
    if (s->json)
        print_json_line(selected(selection));
    else if (s->options.out)
        print_result(s, s->options.out);
    for (int64_t i = 0; !s->json && !s->options.out && i < selection->count; i++)
        printf("%lld\n", (long long)selection->rows[i]);
}

static int run_from(const command *c, const settings *s, const char *from, char **rest)
{
    const char *const names[] = {"editor",       "dtype",           "fit",        "feature-size",
                                 "teacher",      "method",          "factor",     "dry-run",
                                 "total",        "fraction",        "features",   "backbone",
                                 "crops",        "near-duplicates", "balance",    "split",
                                 "classes",      "without-classes", "unlabelled", "without-duplicates",
                                 "hash-distance"};
    if (*rest) return usage_error(c, "select: --from takes no dataset beside it, found '%s'", *rest);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_given(c, names[i]))
            return usage_error(c, "select: --%s is for a dataset, not for --from", names[i]);
    const dc3_condense_options *o = &s->options;
    if (o->selection > DC3_SELECTION_PAPER && o->selection != DC3_SELECTION_NESTED)
        return usage_error(c, "select: --selection %s is for a dataset; with --from expected nested or paper",
                           dc3_selection_kind_name(o->selection));
    dc3_selection selection;
    dc3_select_options options = o->select;
    if (o->selection != DC3_SELECTION_DEFAULT) options.nested = o->selection == DC3_SELECTION_NESTED;
    int status = finish(o->out ? dc3_select_file_to(&options, from, o->out, o->force, &selection)
                               : dc3_select_file(&options, from, &selection),
                        NULL);
    if (status != EXIT_DONE) return status;
    print_rows(s, &selection);
    if (selection.repeated && !s->quiet)
        fprintf(stderr, "warning: %lld row%s repeated, because classes have fewer rows than --ipc\n",
                (long long)selection.repeated, selection.repeated == 1 ? " is" : "s are");
    dc3_selection_free(&selection);
    return status;
}

static const option from_options[] = {{"from", 0, OPTION_PATH, offsetof(list_values, from), ANY,
                                       "Tensors embeddings [n,d], logits [n,c], labels [n], bins [n]",
                                       "FILE"},
                                      {0}};
static const option *const select_tables[] = {
    compute_options, result_options, data_options,     choice_options, unlabelled_options, features_options,
    model_options,   method_options, select_options,   amount_options, teacher_options,    output_options,
    force_options,   from_options,   backbone_options, given_options,  near_options,       NULL};

static int run_select(const command *c, int argc, char **argv)
{
    list_values v = {.from = NULL};
    char **rest;
    int status = parse(c, argc, argv, &v, &rest);
    if (status != EXIT_DONE) return status;
    status = v.from ? run_from(c, &v.common, v.from, rest) : run_list(c, &v.common, rest, dc3_select_command);
    g_strfreev(rest);
    return status;
}

const command select_command = {
    "select",
    "Select the images of each class that represent it best; or rows of your own embeddings.",
    "DATA -o FILE.jsonl|FILE.csv | --from FILE",
    "  dc3 select photos/train -o chosen.jsonl --ipc 10 --objective facility-location\n"
    "  dc3 select photos/train -o chosen.csv --ipc 10       a table: which, of which bin, rank, gain\n"
    "  dc3 train chosen.csv -o teacher.safetensors          and a manifest of them\n"
    "  dc3 select photos/train -o chosen.csv --features clip.npy    by a row of your own for each image\n"
    "  dc3 select --from embeddings.safetensors --ipc 10 --bins 10 --json",
    select_tables,
    run_select};
