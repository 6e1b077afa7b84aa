/* A smaller set of a larger one. */
#include "cli.h"

#include <stdio.h>
#include "dc3/take.h"
#include "dc3/text.h"

static void print_taken(const settings *s, const dc3_take_report *r, const char *out)
{
    char bytes[DC3_NUMBER_TEXT], disk[DC3_NUMBER_TEXT];
    if (s->json) {
        print_json(json_pack("{s:o, s:I, s:I, s:I, s:b, s:I, s:I, s:I, s:I}", "out", json_text(out), "images",
                             (json_int_t)r->images, "of", (json_int_t)r->of, "classes",
                             (json_int_t)r->classes, "nested", r->nested, "files", (json_int_t)r->files,
                             "file_bytes", (json_int_t)r->file_bytes, "disk_bytes", (json_int_t)r->disk_bytes,
                             "label_views", (json_int_t)r->label_views));
        return;
    }
    printf("%lld of %lld image%s taken, of %lld class%s\n", (long long)r->images, (long long)r->of,
           plural(r->of), (long long)r->classes, r->classes == 1 ? "" : "es");
    if (r->label_views)
        printf("soft labels of %lld view%s of each\n", (long long)r->label_views,
               r->label_views == 1 ? "" : "s");
    printf("on the disk: %lld file%s of %s, whose blocks take %s\nresult: %s\n", (long long)r->files,
           r->files == 1 ? "" : "s", dc3_size_text(r->file_bytes, bytes), dc3_size_text(r->disk_bytes, disk),
           out);
}

typedef struct take_values {
    settings common;
    dc3_take_options options;
} take_values;

#define AT(field) offsetof(take_values, options.field)

static const option own_options[] = {
    {"output", 'o', OPTION_PATH, AT(out), ANY, "Folder to make", "OUT2"},
    {"ipc", 'n', OPTION_WHOLE, AT(ipc), FROM_1(" images per class"),
     "Images per class: the first by rank, of one rank by bin", "K"},
    {"total", 0, OPTION_WHOLE, AT(total), FROM_1(" images"),
     "In place of --ipc: images in all, divided over the classes as evenly as they have them", "N"},
    {"fresh", 0, OPTION_FLAG, AT(fresh), ANY, "Start over in the folder of an earlier run", NULL},
    {0}};
static const option *const tables[] = {result_options, own_options, NULL};

static int run(const command *c, int argc, char **argv)
{
    take_values v = {.options = dc3_take_defaults()};
    dc3_take_options *o = &v.options;
    char **rest;
    dc3_take_report report;
    int status = parse(c, argc, argv, &v, &rest);
    if (status != EXIT_DONE) return status;
    if (one_word(c, rest, "run's folder", "run's folder") != EXIT_DONE)
        status = EXIT_USAGE;
    else if (!o->out)
        status = usage_error(c, "where should the result go? Use -o DIR");
    else if (!o->ipc == !o->total)
        status = usage_error(c, "how many images? Use one of --ipc and --total");
    else {
        o->run = rest[0];
        o->listener = v.common.options.listener;
        status = finish(dc3_take(o, &report), "the same command starts from the beginning");
        if (status == EXIT_DONE) print_taken(&v.common, &report, o->out);
    }
    g_strfreev(rest);
    return status;
}

const command take_command = {
    "take",
    "Make a smaller condensed dataset of the first images of each class of a larger one.",
    "OUT -o OUT2",
    "  dc3 take photos-ipc50 --ipc 10 -o photos-ipc10\n"
    "  dc3 take photos-ipc50 --total 200 -o photos-200\n"
    "  dc3 label photos-ipc50 --cutmix 0 --views 300                labels that come along",
    tables,
    run};
