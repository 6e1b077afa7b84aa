/* Images that are the same, or nearly. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dc3/duplicates.h"

typedef struct duplicates_values {
    settings common;
    dc3_duplicates_options options;
} duplicates_values;

#define AT(field) offsetof(duplicates_values, options.field)
#define COMMON(field) offsetof(duplicates_values, common.options.field)

static const option own_options[] = {
    {"output", 'o', OPTION_PATH, AT(out), ANY,
     "Folder to make: report.html with the images, duplicates.json with all groups, kept.csv with the images "
     "that "
     "stay, which commands take as DATA, left_out.txt with the others",
     "OUT"},
    {"exact", 0, OPTION_FLAG, AT(exact), ANY, "Only images that are the same, no near-duplicates", NULL},
    {"hash-distance", 0, OPTION_WHOLE, AT(hash_distance), WITHIN(0, 64),
     "Bits of 256 up to which the perceptual hashes of near-duplicates differ (default 31)", "N"},
    {"near-duplicates", 0, OPTION_REAL, AT(near_duplicates), WITHIN(0.5, 1),
     "Compare embeddings too: from this cosine on images of a class are near, and labels of images of "
     "different "
     "classes contradict each other (docs/duplicates.md)",
     "X"},
    {"embeddings", 0, OPTION_PATH, AT(embeddings), ANY,
     "With --near-duplicates: your own embeddings [n,d], a row for each image by class and then by name, or "
     "in "
     "the order of a list beside it, FILE.paths.txt (default: of the backbone, or without it the VAE's "
     "features)",
     "FILE"},
    {"editor", 0, OPTION_MODEL, COMMON(editor), ANY,
     "Diffusers directory with that VAE (default: the bundled one)", "DIR"},
    {"cache", 0, OPTION_PATH, COMMON(cache), ANY,
     "Folder in which embeddings are saved, for other runs on the same data", "DIR"},
    {"dtype", 0, OPTION_WORD, COMMON(dtype), ANY,
     "Compute type of the networks: auto, f32, bf16 (default auto)", "TYPE"},
    {"strict", 0, OPTION_FLAG, AT(strict), ANY, "Stop at the first image that cannot be read", NULL},
    {"threads", 0, OPTION_WHOLE, COMMON(select.threads), WITHIN(1, 1024),
     "Threads (default: the processor's cores)", "N"},
    {0}};
static const option *const tables[] = {result_options,     own_options,      choice_options,
                                       unlabelled_options, backbone_options, NULL};

static void print_found(const settings *s, const dc3_duplicates_report *r, const char *out)
{
    fputs(s->json ? r->json : r->text, stdout);
    if (out && !s->json) printf("\nresult: %s\n", out);
}

/* An editor that is given, and not asked. */
static int check_editor(const command *c, const dc3_duplicates_options *o)
{
    if (!is_given(c, "editor")) return EXIT_DONE;
    if (o->near_duplicates == 0)
        return usage_error(c, "--editor: says how embeddings are made; expected --near-duplicates with it");
    if (o->embeddings)
        return usage_error(c,
                           "--editor: says how embeddings are made, but --embeddings has them: expected one "
                           "of both");
    if (o->backbone && strcmp(o->backbone, "none") != 0)
        return usage_error(c,
                           "--editor: its VAE is asked where there is no backbone; expected --backbone none "
                           "with it");
    return EXIT_DONE;
}

static void take(duplicates_values *v, const char *data)
{
    dc3_condense_options *common = &v->common.options;
    dc3_duplicates_options *o = &v->options;
    choose_backbone(common);
    o->data = data;
    o->choice = common->choice, o->cache = common->cache, o->dtype = common->dtype;
    o->backbone = common->backbone, o->usual_backbone = common->usual_backbone;
    o->editor = editor_of(common->editor);
    o->threads = common->select.threads;
    o->listener = common->listener;
}

static int run(const command *c, int argc, char **argv)
{
    duplicates_values v = {.options = dc3_duplicates_defaults()};
    dc3_duplicates_report report;
    char **rest;
    int status = parse(c, argc, argv, &v, &rest);
    if (status != EXIT_DONE) return status;
    status = one_word(c, rest, "dataset", "dataset");
    if (status == EXIT_DONE) {
        take(&v, rest[0]);
        status = check_editor(c, &v.options);
    }
    if (status == EXIT_DONE) status = finish(dc3_duplicates(&v.options, &report), NULL);
    if (status == EXIT_DONE) {
        print_found(&v.common, &report, v.options.out);
        free(report.text), free(report.json);
    }
    g_strfreev(rest);
    return status;
}

const command duplicates_command = {
    "duplicates",
    "Find images that are the same or nearly, which of them to keep, and labels that contradict each other.",
    "DATA",
    "  dc3 duplicates photos/train\n"
    "  dc3 duplicates photos/train -o alike                     a page with the images, and lists\n"
    "  dc3 condense alike/kept.csv -o photos-ipc10 --ipc 10     of the images that stay\n"
    "  dc3 duplicates photos/train --near-duplicates 0.9        by embeddings too: cut, exposed otherwise",
    tables,
    run};
