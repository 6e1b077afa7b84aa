/* Models of the Hugging Face Hub. */
#include "cli.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include "dc3/hub.h"
#include "dc3/text.h"

typedef struct pull_values {
    settings common;
    dc3_pull_options options;
    int list, remove;
} pull_values;

#define AT(field) offsetof(pull_values, field)

static const option own_options[] = {
    {"fp16", 0, OPTION_FLAG, AT(options.fp16), ANY,
     "Weights of 16 bits (the variant fp16), half as large, where the model has them", NULL},
    {"dry-run", 0, OPTION_FLAG, AT(options.dry_run), ANY, "Say what would be fetched and stop", NULL},
    {"list", 0, OPTION_FLAG, AT(list), ANY, "List the models that the cache has", NULL},
    {"remove", 0, OPTION_FLAG, AT(remove), ANY, "Remove the model from the cache, with all its revisions",
     NULL},
    {0}};
static const option *const tables[] = {result_options, own_options, NULL};

static int run_list(const settings *s)
{
    dc3_cached *list;
    int count, status = finish(dc3_cached_read(&list, &count), NULL);
    if (status != EXIT_DONE) return status;
    json_t *all = s->json ? json_array() : NULL;
    for (int i = 0; i < count; i++) {
        const dc3_cached *m = &list[i];
        char size[DC3_NUMBER_TEXT], begun[DC3_NUMBER_TEXT], *revisions = dc3_text_printable(m->revisions);
        if (all)
            json_array_append_new(all, json_pack("{s:o, s:o, s:I, s:I, s:I}", "name", json_text(m->name),
                                                 "revisions", json_text(m->revisions), "files",
                                                 (json_int_t)m->files, "bytes", (json_int_t)m->bytes,
                                                 "begun_bytes", (json_int_t)m->begun));
        else
            printf("%10s  %s%s%s%s%s\n", dc3_size_text((double)m->bytes, size), m->name,
                   *m->revisions ? "  " : "", revisions ? revisions : "",
                   m->begun ? "  and of files that are not whole yet " : "",
                   m->begun ? dc3_size_text((double)m->begun, begun) : "");
        free(revisions);
    }
    if (all)
        print_json(all);
    else if (!count)
        printf("no models\n");
    dc3_cached_free(list, count);
    return EXIT_DONE;
}

static int run_remove(const settings *s, const char *name)
{
    int64_t bytes;
    char size[DC3_NUMBER_TEXT];
    int status = finish(dc3_cached_remove(name, &bytes), NULL);
    if (status != EXIT_DONE) return status;
    if (s->json)
        print_json(json_pack("{s:o, s:I}", "removed", json_text(name), "bytes", (json_int_t)bytes));
    else
        printf("removed: %s, %s\n", name, dc3_size_text((double)bytes, size));
    return EXIT_DONE;
}

static void print_pulled(const settings *s, const dc3_pull_options *o, const dc3_pull_report *r)
{
    char text[DC3_NUMBER_TEXT];
    if (s->json) {
        json_t *document =
            json_pack("{s:o, s:s, s:I, s:I, s:I, s:I, s:f}", "name", json_text(o->name), "commit", r->commit,
                      "files", (json_int_t)r->files, "bytes", (json_int_t)r->bytes, "missing_bytes",
                      (json_int_t)r->missing, "fetched_bytes", (json_int_t)r->fetched, "seconds", r->seconds);
        json_object_set_new(document, "path", r->path ? json_text(r->path) : json_null());
        print_json(document);
    } else if (o->dry_run)
        printf("to fetch: %s\n", dc3_size_text((double)r->missing, text));
    else
        printf("result: %s\n", r->path);
}

static int run_pull(pull_values *v, const char *name)
{
    dc3_pull_report report;
    v->options.name = name;
    if (!v->common.quiet) v->options.listener = bytes_listener;
    v->options.listener.cancel = v->common.options.listener.cancel;
    int status = finish(dc3_pull(&v->options, &report), "to continue: the same command");
    if (status == EXIT_DONE) print_pulled(&v->common, &v->options, &report);
    dc3_pull_report_free(&report);
    return status;
}

static int run(const command *c, int argc, char **argv)
{
    pull_values v = {.options = dc3_pull_defaults()};
    char **rest;
    int status = parse(c, argc, argv, &v, &rest);
    if (status != EXIT_DONE) return status;
    if (v.list + v.remove + (v.options.fp16 || v.options.dry_run) > 1)
        status = usage_error(c, "expected one of --list, --remove and fetching");
    else if (v.list)
        status =
            rest[0] ? usage_error(c, "--list: expected no name, found '%s'", rest[0]) : run_list(&v.common);
    else if (one_word(c, rest, "model", "model") != EXIT_DONE)
        status = EXIT_USAGE;
    else
        status = v.remove ? run_remove(&v.common, rest[0]) : run_pull(&v, rest[0]);
    g_strfreev(rest);
    return status;
}

const command pull_command = {
    "pull",
    "Fetch a model from the Hugging Face Hub into its cache; hf:OWNER/NAME names it from then on.",
    "hf:OWNER/NAME[@REVISION][:FILE] | --list | --remove hf:OWNER/NAME",
    "  dc3 pull hf:timbrooks/instruct-pix2pix --dry-run          how much that is\n"
    "  dc3 pull hf:timbrooks/instruct-pix2pix --fp16\n"
    "  dc3 edit street.jpg --editor hf:timbrooks/instruct-pix2pix -p 'golden hour' -o evening.png\n"
    "  dc3 pull --list",
    tables,
    run};
