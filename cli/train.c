/* Training of a classifier. */
#include "cli.h"

#include <stdio.h>
#include "dc3/train.h"

static void print_training(const settings *s, const dc3_train_report *r, const char *out)
{
    if (s->json) {
        json_t *o =
            json_pack("{s:s, s:i, s:I, s:I, s:I, s:I, s:i, s:f, s:f, s:f, s:f, s:f, s:i, s:f, s:f}", "arch",
                      r->arch, "size", r->size, "images", (json_int_t)r->images, "skipped",
                      (json_int_t)r->skipped, "skipped_tests", (json_int_t)r->skipped_tests, "classes",
                      (json_int_t)r->classes, "epochs", r->epochs, "parameters", r->parameters, "loss",
                      r->loss, "top1", r->top1, "top5", r->top5, "best_top1", r->best_top1, "best_epoch",
                      r->best_epoch, "seconds", r->seconds, "images_per_second", r->images_second);
        json_object_set_new(o, "out", json_text(out));
        print_json(o);
        return;
    }
    printf("%s trained for %d epochs in %.0f s (%.1f images/s), loss %.4f\n", r->arch, r->epochs, r->seconds,
           r->images_second, r->loss);
    if (r->top1 >= 0)
        printf("last epoch: top-1 %.2f %%, top-5 %.2f %%; best of the tests: %.2f %% after epoch %d\n",
               100 * r->top1, 100 * r->top5, 100 * r->best_top1, r->best_epoch);
    printf("result: %s\n", out);
}

int run_train(const command *c, int argc, char **argv)
{
    settings s;
    char **rest, *out = NULL, *val = NULL, *arch = NULL, *init = NULL, *optimizer = NULL, *dtype = NULL;
    dc3_train_options o = dc3_train_defaults();
    dc3_train_report report;
    o.lr = o.size = NOT_GIVEN;
    const GOptionEntry own[] = {
        {"val", 0, 0, G_OPTION_ARG_FILENAME, &val,
         "Dataset with the same classes to test on; of a folder of CIFAR binaries its tests", "DIR"},
        {"arch", 'a', 0, G_OPTION_ARG_STRING, &arch,
         "convnet3, resnet18_modified (3x3 stem, for small pictures), resnet18, ... (default: suits the "
         "pictures)",
         "NAME"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &out, "Weights to write, in torchvision's names", "FILE"},
        {"epochs", 'e', 0, G_OPTION_ARG_INT, &o.epochs, "Times that each image is seen (default 15)", "N"},
        {"batch", 0, 0, G_OPTION_ARG_INT, &o.batch, "Images a step (default 128)", "N"},
        {"lr", 0, 0, G_OPTION_ARG_DOUBLE, &o.lr,
         "Highest learning rate of the cycle (default 0.1 for sgd, 0.001 for adamw)", "X"},
        {"weight-decay", 0, 0, G_OPTION_ARG_DOUBLE, &o.weight_decay,
         "Of matrices and kernels (default 5e-4 for sgd, 0.01 for adamw)", "X"},
        {"optimizer", 0, 0, G_OPTION_ARG_STRING, &optimizer, "sgd (Nesterov, 0.9) or adamw (default sgd)",
         "NAME"},
        {"smoothing", 0, 0, G_OPTION_ARG_DOUBLE, &o.smoothing, "Of labels (default 0)", "X"},
        {"size", 0, 0, G_OPTION_ARG_INT, &o.size,
         "Pixels of a view's side (default: the pictures', at most 224)", "N"},
        {"progressive", 0, 0, G_OPTION_ARG_NONE, &o.progressive,
         "Smaller views first, a half, then 3/4 of --size: 0.6 of the time; for larger pictures, and "
         "networks of any size",
         NULL},
        {"dtype", 0, 0, G_OPTION_ARG_STRING, &dtype, "Compute type: auto, f32, bf16 (default auto)", "TYPE"},
        {"test-every", 0, 0, G_OPTION_ARG_INT, &o.test_every, "Epochs between tests (default 1)", "N"},
        {"init", 0, 0, G_OPTION_ARG_FILENAME, &init, "Start from a checkpoint (.safetensors or .pth)",
         "FILE"},
        {"strict", 0, 0, G_OPTION_ARG_NONE, &o.strict, "End where a picture cannot be read", NULL},
        {"fresh", 0, 0, G_OPTION_ARG_NONE, &o.fresh, "Start over where a training was cut off", NULL},
        {0}};
    int status = parse(c, argc, argv, OPTIONS_COMPUTE, own, &s, &rest);
    if (status != EXIT_DONE) return status;
    if (one_word(c, rest, "dataset", "dataset") || positive_number(c, "lr", &o.lr, 1000) ||
        whole_number(c, "size", &o.size, 8, 1024))
        status = EXIT_USAGE;
    else if (!out)
        status = usage_error(c, "where shall the weights go? Use -o FILE.safetensors");
    if (status == EXIT_DONE) {
        o.data = rest[0], o.val = val, o.out = out, o.arch = arch, o.init = init, o.optimizer = optimizer;
        o.dtype = dtype;
        o.seed = s.options.select.seed;
        o.threads = s.options.select.threads;
        o.listener = s.options.listener;
        dc3_status result = dc3_train(&o, &report);
        status = finish(result, "to continue: the same command");
        if (result == DC3_OK) print_training(&s, &report, out);
    }
    g_free(out), g_free(val), g_free(arch), g_free(init), g_free(optimizer), g_free(dtype);
    g_strfreev(rest);
    return status;
}
