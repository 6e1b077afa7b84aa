/* A linear probe on a backbone, and a network that is trained on the dataset alone: the one that is right
 * more often on held-out images is the run's own teacher.
 *
 * The probe takes seconds and is far ahead of few images; of many a network catches up, where the backbone
 * has not seen their like (CIFAR-10, docs/method.md). So both are made where there are so many images of a
 * class, and not so many in all that the training takes hours, unless the probe is hardly ever wrong; or on
 * demand. */
#ifndef DC3_TRAIN_BOTH_TEACHERS_H
#define DC3_TRAIN_BOTH_TEACHERS_H

#include "dc3/condense.h"
#include "train/own_teacher.h"

/* Images of a class on average, and in all; and the share of right answers from which on a probe is enough.
 */
enum { DC3_BOTH_EACH = 1000, DC3_BOTH_MOST = 100000 };
#define DC3_BOTH_ENOUGH 0.9

typedef struct dc3_both_plan {
    dc3_train_options probe, trained; /* of dc3_own_teacher and dc3_backbone_plan, both with one `out` */
    int always;                       /* the network is trained however good the probe is */
} dc3_both_plan;

typedef struct dc3_both_result {
    int took_probe;
    double probe, trained; /* shares of right answers on held-out images; -1: not known, or not trained */
    dc3_teacher_accuracy accuracy; /* of the one that was taken */
} dc3_both_result;

/* 1 if both are to be made of such a dataset: on demand, as the run in options->out was begun, or by the rule
 * above. */
int dc3_both_teachers_due(const dc3_condense_options *options, const dc3_dataset *data);
/* What they depend on, for a document of settings. */
json_t *dc3_both_teachers_settings(const dc3_both_plan *plan);
/* Makes both, unless that was done, and leaves the better as `out`; on the way the probe is
 * DC3_PROBE_FILE beside it, so that an interrupted call goes on where it was. The folder's document keeps the
 * result. */
dc3_status dc3_both_teachers_train(const dc3_both_plan *plan, dc3_both_result *result);
/* The same for the folder's document, under dc3_both_teachers_key. */
extern const char dc3_both_teachers_key[];
json_t *dc3_both_teachers_to_json(const dc3_both_result *result);
/* What both cost together; the teacher is then asked about each image. */
dc3_status dc3_both_teachers_measure(const dc3_both_plan *plan, int64_t images, int classes,
                                     dc3_teacher_cost *cost);

#endif
