/* The commands on a dataset. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

/* What an interrupted run leaves. */
static const char *kept(const dc3_condense_options *o, const dc3_condense_report *r, const char *again,
                        char *text, size_t size)
{
    const char *how = o->fresh ? " without --fresh" : "";
    char *selection = g_build_filename(o->out, "selection.json", NULL);
    char *teacher = g_build_filename(o->out, "teacher.safetensors.checkpoint", NULL);
    if (r->stored)
        snprintf(text, size, "%lld pictures are kept. To continue: %s%s", (long long)r->stored, again, how);
    else if (g_file_test(selection, G_FILE_TEST_EXISTS))
        snprintf(text, size, "the selection is kept. To continue: %s%s", again, how);
    else if (g_file_test(teacher, G_FILE_TEST_EXISTS))
        snprintf(text, size, "the teacher's training is kept. To continue: %s%s", again, how);
    else
        snprintf(text, size,
                 "no picture was done and nothing is kept; the same command starts from the beginning");
    g_free(selection);
    g_free(teacher);
    return text;
}

typedef dc3_status (*stage)(const dc3_condense_options *options, dc3_condense_report *report);

static int no_report;
static const GOptionEntry report_entry[] = {{"no-report", 0, 0, G_OPTION_ARG_NONE, &no_report,
                                             "Write no OUT/report.html, and keep no edits for it", NULL},
                                            {0}};

static int run_stage(const command *c, int argc, char **argv, int groups, const GOptionEntry *own,
                     stage function, const char *again)
{
    settings s;
    char **rest;
    char left[200];
    dc3_condense_report report;
    int status = parse(c, argc, argv, groups, own, &s, &rest);
    if (status != EXIT_DONE) return status;
    if (one_word(c, rest, "dataset", "dataset") != EXIT_DONE)
        status = EXIT_USAGE;
    else if (!s.options.out && !s.options.dry_run)
        status = usage_error(c, "where shall the result go? Use -o DIR");
    else {
        s.options.data = rest[0];
        s.options.no_report = no_report;
        if (!s.options.out) s.options.out = "/dev/null/none";
        use_own_editor(&s);
        dc3_status result = function(&s.options, &report);
        status = finish(result, kept(&s.options, &report, again, left, sizeof left));
        if (status == EXIT_DONE) print_report(&s, &report, s.options.out);
    }
    g_strfreev(rest);
    return status;
}

int run_condense(const command *c, int argc, char **argv)
{
    return run_stage(c, argc, argv,
                     OPTIONS_COMPUTE | OPTIONS_DATA | OPTIONS_FEATURES | OPTIONS_SET | OPTIONS_MODEL |
                         OPTIONS_METHOD | OPTIONS_SELECT | OPTIONS_TEACHER | OPTIONS_STORE,
                     report_entry, dc3_condense, "run the same command again");
}

int run_compensate(const command *c, int argc, char **argv)
{
    return run_stage(c, argc, argv,
                     OPTIONS_COMPUTE | OPTIONS_DATA | OPTIONS_SET | OPTIONS_MODEL | OPTIONS_STORE, NULL,
                     dc3_compensate_command, "run the same command again");
}

static char *out;
static const GOptionEntry out_entry[] = {
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &out, "File of JSON lines to write", "FILE"}, {0}};

/* Commands that write a list. */
static int run_list(const command *c, settings *s, char **rest, stage function)
{
    dc3_condense_report report;
    if (one_word(c, rest, "dataset", "dataset") != EXIT_DONE) return EXIT_USAGE;
    if (!out && !s->options.dry_run) return usage_error(c, "where shall the list go? Use -o FILE.jsonl");
    use_own_editor(s);
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
    int bins = 10;
    const GOptionEntry own[] = {
        out_entry[0], {"bins", 0, 0, G_OPTION_ARG_INT, &bins, "Clusters a class (default 10)", "K"}, {0}};
    int status = parse(c, argc, argv, OPTIONS_COMPUTE | OPTIONS_DATA | OPTIONS_FEATURES | OPTIONS_MODEL, own,
                       &s, &rest);
    if (status != EXIT_DONE) return status;
    s.options.select.bins = s.options.select.ipc = bins; /* not bounded by images per class */
    status = bins < 1 ? usage_error(c, "--bins: expected 1 or more, found %d", bins)
                      : run_list(c, &s, rest, dc3_bins_command);
    g_strfreev(rest);
    return status;
}

/* {"selected": [...]} */
static json_t *selected(const dc3_selection *selection)
{
    json_t *document = json_object(), *rows = json_array();
    for (int64_t i = 0; i < selection->count; i++)
        json_array_append_new(rows, json_integer(selection->rows[i]));
    json_object_set_new(document, "selected", rows);
    return document;
}

/* The rows to a file as JSON; or to standard output, as JSON or a line each. */
static int print_rows(const settings *s, const dc3_selection *selection)
{
    json_t *document = selected(selection);
    char *text = json_dumps(document, 0);
    GError *error = NULL;
    int failed = out && text && !g_file_set_contents(out, text, -1, &error);
    if (failed) {
        fprintf(stderr, "dc3: %s\n", error->message);
        g_error_free(error);
    } else if (s->json)
        printf("%s\n", text ? text : "null");
    else if (out)
        print_result(s, out);
    for (int64_t i = 0; !s->json && !out && i < selection->count; i++)
        printf("%lld\n", (long long)selection->rows[i]);
    free(text);
    json_decref(document);
    return failed ? EXIT_FAILED : EXIT_DONE;
}

static int run_from(const command *c, const settings *s, const char *from, char **rest)
{
    const dc3_condense_options *o = &s->options;
    const char *const names[] = {"editor",  "dtype",  "fit",    "feature-size",
                                 "teacher", "method", "factor", "dry-run"};
    const int given[] = {o->editor != NULL,  o->dtype != NULL,  o->fit != NULL, o->feature_size != 0,
                         o->teacher != NULL, o->method != NULL, o->factor != 0, o->dry_run};
    if (*rest) return usage_error(c, "select: --from takes no dataset beside it, found '%s'", *rest);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (given[i]) return usage_error(c, "select: --%s is for a dataset, not for --from", names[i]);
    dc3_selection selection;
    int status = finish(dc3_select_file(&o->select, from, &selection), NULL);
    if (status != EXIT_DONE) return status;
    status = print_rows(s, &selection);
    if (selection.repeated && !s->quiet)
        fprintf(stderr, "warning: %lld rows are repeated, because classes have fewer rows than --ipc\n",
                (long long)selection.repeated);
    dc3_selection_free(&selection);
    return status;
}

int run_select(const command *c, int argc, char **argv)
{
    settings s;
    char **rest, *from = NULL;
    const GOptionEntry own[] = {out_entry[0],
                                {"from", 0, 0, G_OPTION_ARG_FILENAME, &from,
                                 "Tensors embeddings [n,d], logits [n,c], labels [n], bins [n]", "FILE"},
                                {0}};
    int status = parse(c, argc, argv,
                       OPTIONS_COMPUTE | OPTIONS_DATA | OPTIONS_FEATURES | OPTIONS_MODEL | OPTIONS_METHOD |
                           OPTIONS_SELECT | OPTIONS_TEACHER,
                       own, &s, &rest);
    if (status != EXIT_DONE) return status;
    status = from ? run_from(c, &s, from, rest) : run_list(c, &s, rest, dc3_select_command);
    g_strfreev(rest);
    return status;
}
