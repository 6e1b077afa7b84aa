/* A classifier in training, or under test: its context, tape and optimizer together. */
#ifndef DC3_LEARN_TRAINER_H
#define DC3_LEARN_TRAINER_H

#include "dc3/choices.h"
#include "views/augment.h"
#include "learn/ema.h"
#include "learn/optimizer.h"
#include "learn/replicas.h"
#include "nn/classifier.h"
#include "ops/governor.h"
#include "ops/tape.h"

typedef struct dc3_trainer {
    dc3_ctx *ctx;
    dc3_tape *tape;
    dc3_classifier *net;
    const dc3_classifier_info *info;
    dc3_param *params; /* the network's */
    size_t count;
    dc3_optimizer *optimizer;
    uint64_t seed;         /* of dropout and stochastic depth */
    dc3_ema *ema;          /* averages of the parameters, updated after each step; NULL: none */
    dc3_governor governor; /* of the steps */
    double clip;           /* the most that the norm of all gradients together may be (clip.h); 0: anything */
    int parts;             /* of a batch, where it is divided; 0: it is not */
    dc3_replicas *replicas;
} dc3_trainer;

/* A network as `spec` says, or from *table (taken over; dc3_classifier_open_to_train), on the default device.
 * Always close. */
dc3_status dc3_trainer_open(const dc3_classifier_spec *spec, dc3_table **table, dc3_dtype dtype, int threads,
                            const dc3_optimizer_options *options, dc3_trainer *trainer);
void dc3_trainer_close(dc3_trainer *trainer);
/* From here on averages of the parameters are kept, of such a decay (learn/ema.h), with its warm-up, so that
 * a short training is not tested on its first weights. */
dc3_status dc3_trainer_average(dc3_trainer *trainer, double decay);
/* Exchanges parameters and averages, where there are some, before and after a test. */
void dc3_trainer_swap(dc3_trainer *trainer);

/* What a batch of n views should give. */
typedef struct dc3_target {
    const float *logits; /* [n, classes] of a teacher, compared by `loss`; NULL: cross-entropy alone */
    dc3_loss_kind loss;
    float temperature;     /* of KL */
    float hard;            /* share of the hard labels: cosine mixes them into the logits, mse adds so much of
                              the cross-entropy; KL has none */
    int64_t k;             /* hard labels of a view; 0: there are none */
    const int64_t *labels; /* [n, k] */
    const float *weights;  /* [n, k], sum to one; NULL with k = 1 */
    float smoothing;       /* of the hard labels */
} dc3_target;

/* Forward, backward and the optimizer's step on views [n, size, size, 3] of the context's type. *loss is that
 * before the step. A loss that is not finite changes no parameter: DC3_ERR_FORMAT with its step. */
dc3_status dc3_trainer_step(dc3_trainer *trainer, int64_t n, int64_t size, void *views,
                            const dc3_target *target, double lr, double *loss);

/* From here on a step is made of `parts` parts of the batch, each of a replica with batch norms of its own,
 * which ranks share (learn/replicas.h): the parts that dc3_replicas_have, then a join. */
dc3_status dc3_trainer_replicate(dc3_trainer *trainer, int parts);
/* The gradients of part `part`, of n views; 0: it has none. */
dc3_status dc3_trainer_part(dc3_trainer *trainer, int part, int64_t n, int64_t size, void *views,
                            const dc3_target *target, double lr);
/* The optimizer's step along the mean of all parts, by their views; *loss is theirs, *n counts their views;
 * 0: no step is made. */
dc3_status dc3_trainer_join(dc3_trainer *trainer, double lr, double *loss, int64_t *n);

/* How long a step on n views takes: the second of two on views of nothing, at rate 0. */
dc3_status dc3_trainer_measure(dc3_trainer *trainer, int64_t n, int64_t size, double *seconds);

typedef struct dc3_accuracy {
    int64_t n;         /* images seen */
    double top1, top5; /* shares, 0 to 1; of equal logits the first class's counts as the highest */
} dc3_accuracy;

/* Runs a classifier over all test images (DC3_IMAGES_TEST at `size`), normalised, in batches that are
 * always as large. progress may be NULL. */
dc3_status dc3_test_classifier(dc3_ctx *ctx, dc3_classifier *net, dc3_images *images, int size,
                               void (*progress)(void *user, int64_t done, int64_t total), void *user,
                               dc3_accuracy *accuracy);
/* The same, with the images of each class and those of them that are right in by_class [classes of the
 * network, 2]. */
dc3_status dc3_test_classes(dc3_ctx *ctx, dc3_classifier *net, dc3_images *images, int size,
                            int64_t *by_class, dc3_accuracy *accuracy);

#endif
