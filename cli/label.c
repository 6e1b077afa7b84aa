/* Soft labels that are stored. */
#include "cli.h"

#include <stdio.h>
#include "dc3/label.h"

static void print_labels(const settings *s, const dc3_label_report *r, const char *out)
{
    if (s->json) {
        json_t *o = json_pack("{s:I, s:I, s:I, s:i, s:f, s:f}", "images", (json_int_t)r->images, "classes",
                              (json_int_t)r->classes, "views", (json_int_t)r->views, "size", r->size,
                              "estimate_seconds", r->estimate_seconds, "megabytes", r->bytes * 1e-6);
        if (!s->options.dry_run) {
            json_object_set_new(o, "out", json_text(out));
            json_object_set_new(o, "image_megabytes", json_real(r->image_bytes * 1e-6));
            json_object_set_new(o, "seconds", json_real(r->seconds));
        }
        print_json(o);
        return;
    }
    if (s->options.dry_run) return;
    printf("%lld view%s of each of %lld image%s labelled in %.1f s\n", (long long)r->views, plural(r->views),
           (long long)r->images, plural(r->images), r->seconds);
    printf("labels %.2f MB", r->bytes * 1e-6);
    if (r->image_bytes > 0)
        printf(", %.2f times the images' %.2f MB", r->bytes / r->image_bytes, r->image_bytes * 1e-6);
    printf("\nresult: %s\n", out);
}

typedef struct label_values {
    settings common;
    dc3_label_options options;
} label_values;

#define AT(field) offsetof(label_values, options.field)

static const option own_options[] = {
    {"teacher", 0, OPTION_MODEL, AT(teacher), ANY,
     "Classifier trained on the dataset's classes (default: the run's own); of several, A,B, their averaged "
     "logits",
     "FILE,.."},
    {"arch", 0, OPTION_TEXT, AT(arch), ANY,
     "Architecture that the teacher must have: resnet18, convnet3, ... (default: as its tensors say)",
     "NAME"},
    {"teacher-size", 0, OPTION_WHOLE, AT(size), WITHIN(16, 1024),
     "Side of a view in pixels (default: chosen to suit teacher and images, at most 224)", "N"},
    {"teacher-classes", 0, OPTION_PATH, AT(teacher_classes), ANY, "As for condense", "FILE"},
    {"any-teacher", 0, OPTION_FLAG, AT(any_teacher), ANY, "As for condense", NULL},
    {"views", 0, OPTION_WHOLE, AT(views), ANY,
     "Views of each image (default: without -o as many as condense --label-views left room for, else 10)",
     "V"},
    {"top-k", 0, OPTION_WHOLE, AT(top_k), WITHIN(1, 1000000),
     "Store only the K largest logits of a view and spread the rest evenly (default: without -o as "
     "condense --label-top-k said, else all)",
     "K"},
    {"bits", 0, OPTION_WHOLE, AT(bits), EITHER(8, 16),
     "Bits of a stored logit: 16 (f16), or 8 (one of 256 even steps between the least and the most of its "
     "view) (default: without -o as the budget of condense has it, else 16)",
     "8|16"},
    {"temperature", 0, OPTION_REAL, AT(temperature), ANY,
     "Temperature at which --top-k preserves the probabilities (default 20)", "T"},
    {"factor", 0, OPTION_WHOLE, AT(factor), WITHIN(1, 2),
     "2: swapped halves and crops of at least half the area; 1: whole images (default 1 up to 64 pixels, "
     "else 2)",
     "F"},
    {"batch", 0, OPTION_WHOLE, AT(batch), WITHIN(1, 65536),
     "Images that are mixed with each other (default 100, or as a --recipe has it)", "N"},
    {"output", 'o', OPTION_PATH, AT(out), ANY, "File to write (default OUT/soft_labels.safetensors)", "FILE"},
    {"dry-run", 0, OPTION_FLAG, AT(dry_run), ANY, "Print the estimate and stop", NULL},
    {"fresh", 0, OPTION_FLAG, AT(fresh), ANY,
     "Start over instead of resuming an interrupted labelling, or keeping a complete one", NULL},
    {0}};
static const option *const tables[] = {compute_options, result_options, own_options, choice_options,
                                       view_options,    force_options,  NULL};

static int run(const command *c, int argc, char **argv)
{
    label_values v = {.options = dc3_label_defaults()};
    settings *s = &v.common;
    dc3_label_options *o = &v.options;
    char **rest;
    dc3_label_report report;
    int status = parse(c, argc, argv, &v, &rest);
    if (status != EXIT_DONE) return status;
    if (one_word(c, rest, "run's folder", "run's folder") != EXIT_DONE)
        status = EXIT_USAGE;
    else {
        o->run = rest[0];
        o->seed = s->options.select.seed, o->threads = s->options.select.threads;
        o->listener = s->options.listener;
        o->force = s->options.force;
        o->choice = s->options.choice;
        o->recipe = s->student.recipe, o->crop = s->student.crop, o->cutmix = s->student.cutmix;
        o->rand_ops = s->student.rand_ops, o->rand_strength = s->student.rand_strength;
        s->options.dry_run = o->dry_run;
        char *beside = g_build_filename(rest[0], "soft_labels.safetensors", NULL);
        status = finish(dc3_label(o, &report), "to continue: the same command");
        if (status == EXIT_DONE) print_labels(s, &report, o->out ? o->out : beside);
        g_free(beside);
    }
    g_strfreev(rest);
    return status;
}

const command label_command = {
    "label",
    "Store soft labels of a condensed dataset: a teacher's logits of some views of each image.",
    "OUT --teacher FILE",
    "  dc3 label photos-ipc10 --teacher resnet18.safetensors --views 300\n"
    "  dc3 label photos/train --teacher resnet18.safetensors --top-k 10 -o labels.safetensors\n"
    "  dc3 label photos.csv --split train --classes cat,dog --teacher resnet18.safetensors -o "
    "pets.safetensors",
    tables,
    run};
