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
        if (r->decay > 0) json_object_set_new(o, "decay", json_real(r->decay));
        if (r->mirrored_top1 >= 0) json_object_set_new(o, "mirrored_top1", json_real(r->mirrored_top1));
        if (r->probe_top1 >= 0) {
            json_object_set_new(o, "probe_top1", json_real(r->probe_top1));
            json_object_set_new(o, "tuned_top1", json_real(r->tuned_top1));
            json_object_set_new(o, "result", json_string(r->took_probe ? "probe" : "fine-tuned"));
        }
        json_object_set_new(o, "out", json_text(out));
        print_json(o);
        return;
    }
    if (r->decay > 0) {
        printf("last layer of %s trained in %.0f s, decay %.3g, loss %.4f\n", r->arch, r->seconds, r->decay,
               r->loss);
        if (r->top1 >= 0) printf("top-1 %.2f %%\n", 100 * r->top1);
        printf("result: %s\n", out);
        return;
    }
    printf("%s trained for %d epoch%s in %.0f s (%.1f images/s), loss %.4f\n", r->arch, r->epochs,
           r->epochs == 1 ? "" : "s", r->seconds, r->images_second, r->loss);
    if (r->probe_top1 >= 0) {
        printf(
            "held-out images: top-1 %.2f %% of the linear probe, %.2f %% fine-tuned; the result is the %s, "
            "top-1 %.2f %%\n",
            100 * r->probe_top1, 100 * r->tuned_top1, r->took_probe ? "probe" : "fine-tuned network",
            100 * r->top1);
    } else if (r->top1 >= 0) {
        char five[24] = ""; /* of as many classes or fewer, one of five is always right */
        if (r->classes > 5) snprintf(five, sizeof five, ", top-5 %.2f %%", 100 * r->top5);
        printf("last epoch: top-1 %.2f %%%s; best of the tests: %.2f %% after epoch %d\n", 100 * r->top1,
               five, 100 * r->best_top1, r->best_epoch);
    }
    if (r->mirrored_top1 >= 0)
        printf("with the mean of the logits of each image and of its mirror image: top-1 %.2f %%\n",
               100 * r->mirrored_top1);
    printf("result: %s\n", out);
}

typedef struct train_values {
    settings common;
    dc3_train_options options;
} train_values;

#define AT(field) offsetof(train_values, options.field)

static const option own_options[] = {
    {"val", 0, OPTION_PATH, AT(val), ANY,
     "Dataset with the same classes to test on; of a folder of CIFAR binaries, its test file", "DIR"},
    {"val-split", 0, OPTION_TEXT, AT(val_split), ANY,
     "Of a manifest as --val: the rows whose split is NAME (default: those of val, else of test)", "NAME"},
    {"hold-out", 0, OPTION_REAL, AT(hold_out), WITHIN(0, 0.5),
     "Share of each class's images that are not trained on but tested on, in place of --val; with "
     "--fine-tune, beside it (default 0; 0.2)",
     "X"},
    {"arch", 'a', OPTION_TEXT, AT(arch), ANY,
     "convnet3, resnet18_modified (3x3 stem, for small images), resnet18, ... (default: suits the images)",
     "NAME"},
    {"output", 'o', OPTION_PATH, AT(out), ANY, "Weights to write, with torchvision's tensor names", "FILE"},
    {"epochs", 'e', OPTION_WHOLE, AT(epochs), ANY, "Number of times that each image is seen (default 15)",
     "N"},
    {"batch", 0, OPTION_WHOLE, AT(batch), WITHIN(2, 65536), "Images per step (default 128)", "N"},
    {"replicas", 0, OPTION_WHOLE, AT(replicas), WITHIN(1, 1024),
     "Parts of each batch, one for each replica of the network, which the ranks of dc3-mpi share; batch "
     "norms "
     "see one part (default 1)",
     "N"},
    {"lr", 0, OPTION_REAL, AT(lr), ABOVE_0(1000),
     "Highest learning rate of the cycle (default 0.1 for sgd, 0.001 for adamw; with --fine-tune 0.005 and "
     "0.0005)",
     "X"},
    {"weight-decay", 0, OPTION_REAL, AT(weight_decay), ANY,
     "Weight decay of matrices and kernels (default 5e-4 for sgd, 0.01 for adamw)", "X"},
    {"optimizer", 0, OPTION_WORD, AT(optimizer), ANY, "sgd (Nesterov, 0.9) or adamw (default sgd)", "NAME"},
    {"smoothing", 0, OPTION_REAL, AT(smoothing), ANY, "Label smoothing (default 0)", "X"},
    {"size", 0, OPTION_WHOLE, AT(size), WITHIN(8, 1024),
     "Side of a view in pixels (default: that of the images, at most 224)", "N"},
    {"fast", 0, OPTION_FLAG, AT(fast), ANY,
     "A small network, speednet, in a few epochs of large batches, by the recipe of speed records: whitened "
     "first "
     "layer, Nesterov SGD with groups of rates, smoothed labels, averaged weights, alternating flips "
     "(default "
     "10 epochs in batches of a 64th of the images, 32 to 512)",
     NULL},
    {"progressive", 0, OPTION_FLAG, AT(progressive), ANY,
     "Begin with smaller views, 1/2 and then 3/4 of --size: 0.6 of the time; for larger images and networks "
     "of any input size",
     NULL},
    {"dtype", 0, OPTION_WORD, AT(dtype), ANY, "Compute type: auto, f32, bf16 (default auto)", "TYPE"},
    {"test-every", 0, OPTION_WHOLE, AT(test_every), ANY, "Epochs between tests (default 1)", "N"},
    {"backbone", 0, OPTION_MODEL, AT(backbone), ANY,
     "Classifier of any classes (.safetensors or .pth) of which only the last layer is trained, in seconds: "
     "a regression "
     "on its embeddings of the images, as strict as suits images that are held out",
     "FILE"},
    {"fine-tune", 0, OPTION_FLAG, AT(fine_tune), ANY,
     "With --backbone: train all its layers from there on at a small rate; a fifth of each class "
     "(--hold-out) "
     "says which is the result (default 10 epochs in batches of a 64th of the images, 32 to 128, adamw, "
     "--smoothing 0.1)",
     NULL},
    {"cache", 0, OPTION_PATH, AT(cache), ANY, "With --backbone: folder in which embeddings are saved", "DIR"},
    {"init", 0, OPTION_MODEL, AT(init), ANY, "Start from a checkpoint (.safetensors or .pth)", "FILE"},
    {"strict", 0, OPTION_FLAG, AT(strict), ANY, "Stop at the first image that cannot be read", NULL},
    {"dry-run", 0, OPTION_FLAG, AT(dry_run), ANY, "Print how long it will take and stop", NULL},
    {"fresh", 0, OPTION_FLAG, AT(fresh), ANY, "Start over instead of resuming an interrupted training", NULL},
    {0}};
static const option *const tables[] = {compute_options, result_options, own_options,
                                       choice_options,  force_options,  NULL};

/* Options about steps of a training, of which a regression has none. */
static int check_backbone(const command *c, const dc3_train_options *o)
{
    static const char *const names[] = {"epochs",    "batch",      "lr",    "weight-decay",
                                        "optimizer", "smoothing",  "dtype", "progressive",
                                        "init",      "test-every", "fresh"};
    for (size_t i = 0; o->backbone && !o->fine_tune && i < sizeof names / sizeof *names; i++)
        if (is_given(c, names[i])) return usage_error(c, "--%s: means nothing with --backbone", names[i]);
    if (o->cache && !o->backbone) return usage_error(c, "--cache: needs --backbone");
    return EXIT_DONE;
}

/* Options whose values the fast recipe sets itself; its own numbers where none are given. */
static int check_fast(const command *c, dc3_train_options *o)
{
    static const char *const names[] = {"arch",        "lr",   "weight-decay", "optimizer", "smoothing",
                                        "progressive", "init", "backbone",     "fine-tune"};
    dc3_train_options fast = dc3_train_fast_defaults();
    if (!o->fast) return EXIT_DONE;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_given(c, names[i]))
            return usage_error(c, "--%s: not with --fast, which has its own", names[i]);
    if (!is_given(c, "epochs")) o->epochs = fast.epochs;
    if (!is_given(c, "batch")) o->batch = fast.batch;
    return EXIT_DONE;
}

/* Options that a fine-tuning does not take; its own numbers where none are given. */
static int check_fine_tune(const command *c, dc3_train_options *o)
{
    static const char *const names[] = {"init", "progressive"};
    dc3_train_options fine = dc3_train_fine_tune_defaults();
    if (!o->fine_tune) return EXIT_DONE;
    if (!o->backbone) return usage_error(c, "--fine-tune: needs --backbone");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_given(c, names[i])) return usage_error(c, "--%s: not with --fine-tune", names[i]);
    if (!is_given(c, "epochs")) o->epochs = fine.epochs;
    if (!is_given(c, "batch")) o->batch = fine.batch;
    if (!is_given(c, "optimizer")) o->optimizer = fine.optimizer;
    if (!is_given(c, "smoothing")) o->smoothing = fine.smoothing;
    return EXIT_DONE;
}

static int run(const command *c, int argc, char **argv)
{
    train_values v = {.options = dc3_train_defaults()};
    dc3_train_options *o = &v.options;
    char **rest;
    dc3_train_report report;
    int status = parse(c, argc, argv, &v, &rest);
    if (status != EXIT_DONE) return status;
    if (one_word(c, rest, "dataset", "dataset") != EXIT_DONE)
        status = EXIT_USAGE;
    else if (!o->out && !o->dry_run)
        status = usage_error(c, "where should the weights go? Use -o FILE.safetensors");
    else
        status = check_backbone(c, o);
    if (status == EXIT_DONE) status = check_fast(c, o);
    if (status == EXIT_DONE) status = check_fine_tune(c, o);
    if (status == EXIT_DONE) {
        o->data = rest[0];
        o->seed = v.common.options.select.seed;
        o->threads = v.common.options.select.threads;
        o->listener = v.common.options.listener;
        o->force = v.common.options.force;
        o->choice = v.common.options.choice;
        status = finish(dc3_train(o, &report), "to continue: the same command");
        if (status == EXIT_DONE && o->dry_run)
            print_estimate(&v.common, report.estimate_seconds);
        else if (status == EXIT_DONE)
            print_training(&v.common, &report, o->out);
    }
    g_strfreev(rest);
    return status;
}

const command train_command = {
    "train",
    "Train a classifier on a whole dataset: a teacher.",
    "DATA -o FILE.safetensors",
    "  dc3 train photos/train --val photos/val --arch resnet18 --epochs 30 --progressive -o "
    "teacher.safetensors\n"
    "  dc3 train cifar10/train --val cifar10/test --arch resnet18_modified -o teacher.safetensors\n"
    "  dc3 train photos/train --val photos/val --backbone efficientnet_lite0.pth -o teacher.safetensors\n"
    "  dc3 train photos/train --backbone efficientnet_lite0.pth --fine-tune --epochs 10 -o "
    "teacher.safetensors",
    tables,
    run};
