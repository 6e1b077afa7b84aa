/* Training of a classifier on a whole dataset: the teacher. */
#ifndef DC3_TRAIN_H
#define DC3_TRAIN_H

#include <stddef.h>
#include <stdint.h>
#include "dc3/choices.h"
#include "dc3/data.h"
#include "dc3/export.h"
#include "dc3/listener.h"
#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* NULL or 0 (or -1 where said) means the default. */
typedef struct dc3_train_options {
    size_t struct_size; /* set by dc3_train_defaults; not to be changed */
    const char *data;   /* dataset to train on */
    const char *val;    /* dataset to test on, with the same classes; or NULL */
    const char *out;    /* file to write: safetensors in torchvision's names */
    const char *arch;   /* default convnet3 up to 64 pixels, else resnet18 */
    const char *init;   /* a checkpoint to start from, safetensors or .pth; or NULL: new */
    dc3_optimizer_kind optimizer;
    dc3_compute dtype;
    int size;        /* pixels of a view's side; default suits the images, at most 224 */
    int progressive; /* smaller views in the first two thirds of the epochs: a half, then 3/4 of `size`, not
                        below 24 */
    int epochs;      /* default 15 */
    int batch;       /* default 128 */
    double lr;       /* the highest of one cycle; default 0.1 for sgd, 0.001 for adamw */
    double weight_decay; /* -1: 5e-4 for sgd, 0.01 for adamw */
    double smoothing;    /* of labels, 0 to 1; default 0 */
    int test_every;      /* epochs; the last is always tested; default 1 */
    int fresh;           /* start over although an interrupted training of other settings is there */
    int strict;          /* an image that cannot be read, also one of val, ends the training */
    uint64_t seed;
    int threads; /* 1 to 1024 */
    dc3_listener listener;
    int force;       /* replace a file at `out` that dc3 did not write */
    double hold_out; /* share of each class's images, 0 to 0.5, that are not trained on but tested on; not
                        with val; default 0 */
    int dry_run;     /* stop after the estimate; needs no `out` */
    const char *backbone; /* a classifier's file, of any classes: its last layer is made anew, by a regression
                             on what the others make of the images; NULL: all is trained */
    const char *cache;    /* with backbone: folder that saves what it makes of the images; NULL: none */
    int fast;             /* the fast recipe; begin with dc3_train_fast_defaults */
    int fine_tune;        /* with backbone: all its layers are trained; begin with
                             dc3_train_fine_tune_defaults */
    dc3_data_choice choice; /* which images of `data` are taken; of `val` those of the same classes */
    const char
        *val_split; /* of a manifest `val`: the rows whose split this is; NULL: those of val, else of test
                     */
    int replicas;   /* parts of each batch, of two images or more each, that are trained on by replicas of
                       the network, whose gradients are averaged; batch norms see one part. By several ranks
                       (dc3/ranks.h) at least one for each; not with backbone. The result depends on their
                       number, and not on that of the ranks. Default 1 */
} dc3_train_options;

DC3_API dc3_train_options dc3_train_defaults(void);
/* Of the fast recipe: 10 epochs, in batches of a 64th of the images (32 to 512, which batch 0 means), of a
 * small network, speednet, whose first layer whitens the images' patches; Nesterov SGD at a triangle of
 * rates, label smoothing 0.2, averages of the weights that training returns to, flips that alternate (Jordan
 * 2024, arXiv 2404.00498). It sets arch, optimizer, lr, weight_decay and smoothing, and takes no init,
 * progressive, backbone or cache. */
DC3_API dc3_train_options dc3_train_fast_defaults(void);
/* Of a fine-tuning: 10 epochs in batches of a 64th of the images (32 to 128, which batch 0 means), AdamW at a
 * rate of 5e-4 (sgd: 5e-3), label smoothing 0.1. It takes no init, progressive or fast. */
DC3_API dc3_train_options dc3_train_fine_tune_defaults(void);

typedef struct dc3_train_report {
    int64_t images, skipped, classes;
    int64_t skipped_tests; /* images of val that cannot be read */
    char arch[24];
    int size, epochs;
    double parameters;
    double loss;       /* mean of the last epoch */
    double top1, top5; /* of the last epoch's test, 0 to 1; -1 without one: neither val nor hold_out, or too
                          few images to hold any out; top5 -1 with backbone too */
    double best_top1;  /* of all tests; -1 without one */
    int best_epoch;    /* 1.. */
    double seconds;    /* of all calls that made the file together, as far as their checkpoints say */
    double estimate_seconds; /* of a dry run */
    double images_second;    /* trained, of this call; with backbone: that it looked at */
    double decay;            /* with backbone: of the regression */
    double mirrored_top1;    /* with fast, of the last test: by the mean of the logits of an image and of its
                                mirror image; -1 without a test. The file's answers are those of one view, and
                                its accuracy is top1 */
    double probe_top1, tuned_top1; /* with fine_tune: of the probe and of what training made of it, on
                                      held-out images; else -1 */
    int took_probe;                /* 1: the probe is the result */
} dc3_train_report;

/* One-cycle schedule, standard augmentation (a crop of the image, padded by reflection, and a flip up to 64
 * pixels, above RandomResizedCrop and a flip), cross-entropy; with sgd the norm of all gradients is limited.
 * OUT says at how many pixels it was trained, the names of the classes and, where there were tests, its
 * accuracy (docs/formats.md). Writes OUT.checkpoint every minute or so and at ends of epochs, and resumes
 * from one of the same settings, to the bit; it is removed when OUT is there. A loss that is not finite ends
 * the training (DC3_ERR_FORMAT) and leaves the last checkpoint.
 *
 * With `backbone` its last layer alone is made anew: a multinomial logistic regression on its embeddings of
 * the images, each seen once at `size` pixels (default: as the file says, else that of the images, 96 to
 * 224), standardised, which is folded into the layer. Its decay, 10 to 1e-5, has the least loss on images
 * that are held out: a fifth of each class, or `hold_out` of it; without `hold_out` the regression is then
 * made on all of them. The accuracy is that on val, else of the regression that did not see them on the
 * images held out. arch, if not NULL, must be the backbone's; what is about steps of a training means
 * nothing, init and progressive are refused. Nothing is saved on the way.
 *
 * With `fine_tune` too, all layers are then trained from there on by the options about steps, the last one at
 * ten times the rate, on flips and crops of 0.35 to all of an image; batch norms keep the statistics that
 * they have. A fifth of each class, or `hold_out` of it, is seen by no step, with val too: where the
 * averages of the weights are right more often on it than the regression, they are the result, else the
 * regression is, without `hold_out` made again on all images as above. The accuracy is that on val, else on
 * the images held out, as a teacher sees them, in f32. OUT.probe has the regression until OUT is there; a
 * training that is interrupted is resumed, as above. DC3_ERR_FORMAT where fewer than ten images can be held
 * out. */
DC3_API dc3_status dc3_train(const dc3_train_options *options, dc3_train_report *report);

/* The i-th architecture's name, NULL after the last. */
DC3_API const char *dc3_arch_name(int i);

#ifdef __cplusplus
}
#endif
#endif
