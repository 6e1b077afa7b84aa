/* Models of the Hugging Face Hub. */
#include "cli.h"

#include <limits.h>
#include <stdio.h>
#include "dc3/hub.h"
#include "dc3/text.h"

typedef struct pull_values {
    settings common;
    dc3_pull_options options;
} pull_values;

#define AT(field) offsetof(pull_values, field)

static const option own_options[] = {
    {"fp16", 0, OPTION_FLAG, AT(options.fp16), ANY,
     "Weights of 16 bits (the variant fp16), half as large, where the model has them", NULL},
    {"dry-run", 0, OPTION_FLAG, AT(options.dry_run), ANY, "Say what would be fetched and stop", NULL},
    {0}};
static const option *const tables[] = {result_options, own_options, NULL};

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
    status = one_word(c, rest, "model", "model");
    if (status == EXIT_DONE) status = run_pull(&v, rest[0]);
    g_strfreev(rest);
    return status;
}

const command pull_command = {
    "pull",
    "Fetch a model from the Hugging Face Hub into its cache; hf:OWNER/NAME names it from then on.",
    "hf:OWNER/NAME[@REVISION][:FILE]",
    "  dc3 pull hf:timbrooks/instruct-pix2pix --dry-run          how much that is\n"
    "  dc3 pull hf:timbrooks/instruct-pix2pix --fp16\n"
    "  dc3 edit street.jpg --editor hf:timbrooks/instruct-pix2pix -p 'golden hour' -o evening.png",
    tables,
    run};
