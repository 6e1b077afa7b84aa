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
    printf("%lld views of each of %lld images labelled in %.1f s\n", (long long)r->views,
           (long long)r->images, r->seconds);
    printf("labels %.2f MB", r->bytes * 1e-6);
    if (r->image_bytes > 0)
        printf(", %.2f times the images' %.2f MB", r->bytes / r->image_bytes, r->image_bytes * 1e-6);
    printf("\nresult: %s\n", out);
}

int run_label(const command *c, int argc, char **argv)
{
    settings s;
    char **rest, *out = NULL, *teacher = NULL, *arch = NULL;
    dc3_label_options o = dc3_label_defaults();
    dc3_label_report report;
    o.factor = o.size = o.top_k = NOT_GIVEN;
    const GOptionEntry own[] = {
        {"teacher", 0, 0, G_OPTION_ARG_FILENAME, &teacher,
         "Classifier trained on the dataset's classes (default: the run's own)", "FILE"},
        {"arch", 0, 0, G_OPTION_ARG_STRING, &arch,
         "Refuse a teacher that is not this: resnet18, convnet3, ... (default: as its tensors say)", "NAME"},
        {"teacher-size", 0, 0, G_OPTION_ARG_INT, &o.size,
         "Pixels of a view's side (default: suits teacher and images, at most 224)", "N"},
        {"views", 0, 0, G_OPTION_ARG_INT, &o.views, "Views of each image (default 10)", "V"},
        {"top-k", 0, 0, G_OPTION_ARG_INT, &o.top_k,
         "Keep only the K largest logits of a view, the rest spread evenly (default: all)", "K"},
        {"temperature", 0, 0, G_OPTION_ARG_DOUBLE, &o.temperature,
         "At which --top-k keeps the probabilities (default 20)", "T"},
        {"factor", 0, 0, G_OPTION_ARG_INT, &o.factor,
         "2: halves change places, crops from half the area on; 1: whole images (default 1 up to 64 pixels, "
         "else 2)",
         "F"},
        {"batch", 0, 0, G_OPTION_ARG_INT, &o.batch, "Images mixed among each other (default 100)", "N"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &out, "File to write (default OUT/soft_labels.safetensors)",
         "FILE"},
        {"dry-run", 0, 0, G_OPTION_ARG_NONE, &o.dry_run, "Print the estimate and stop", NULL},
        {"fresh", 0, 0, G_OPTION_ARG_NONE, &o.fresh, "Start over where a labelling was cut off", NULL},
        {0}};
    int status = parse(c, argc, argv, OPTIONS_COMPUTE, own, &s, &rest);
    if (status != EXIT_DONE) return status;
    if (one_word(c, rest, "run's folder", "run's folder") || whole_number(c, "factor", &o.factor, 1, 2) ||
        whole_number(c, "teacher-size", &o.size, 16, 1024) || whole_number(c, "top-k", &o.top_k, 1, 1000000))
        status = EXIT_USAGE;
    else {
        o.run = rest[0], o.out = out, o.teacher = teacher, o.arch = arch;
        o.seed = s.options.select.seed, o.threads = s.options.select.threads;
        o.listener = s.options.listener;
        s.options.dry_run = o.dry_run;
        char *beside = g_build_filename(rest[0], "soft_labels.safetensors", NULL);
        status = finish(dc3_label(&o, &report), "to continue: the same command");
        if (status == EXIT_DONE) print_labels(&s, &report, out ? out : beside);
        g_free(beside);
    }
    g_free(out), g_free(teacher), g_free(arch);
    g_strfreev(rest);
    return status;
}
