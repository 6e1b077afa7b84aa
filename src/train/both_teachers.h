/* The run's own teacher where there is a backbone: a linear probe on it, or, where that is too often wrong,
 * the backbone fine-tuned (fine_tune.h) or a network that is trained on the dataset alone. The one that is
 * right most often on held-out images is taken.
 *
 * The probe takes seconds. Fine-tuning takes minutes, and is ahead where the backbone has not seen images
 * like these and there are enough to tell (docs/protocol.md); a network from nothing needs many of a class.
 * So the others are candidates by the number of images, none where the training takes hours; or on demand. */
#ifndef DC3_TRAIN_BOTH_TEACHERS_H
#define DC3_TRAIN_BOTH_TEACHERS_H

#include "dc3/condense.h"
#include "train/own_teacher.h"

/* Images of a class on average from which on each of them is a candidate, and in all up to which; and the
 * share of right answers from which on nothing further is trained. */
enum { DC3_TUNED_EACH = 100, DC3_TRAINED_EACH = 1000, DC3_BOTH_MOST = 100000 };
#define DC3_BOTH_ENOUGH 0.9

/* What there may be beside the probe, as bits. */
enum { DC3_BESIDE_TUNED = 1, DC3_BESIDE_TRAINED = 2 };

/* In the order in which they are made; of equal ones the first is taken. */
enum { DC3_BOTH_PROBE, DC3_BOTH_TUNED, DC3_BOTH_TRAINED, DC3_BOTH_COUNT };

typedef struct dc3_both_plan {
    dc3_train_options plans[DC3_BOTH_COUNT]; /* with one `out` */
    int beside;                              /* which of them there are beside the probe */
    int always;                              /* all are made however good the others are */
} dc3_both_plan;

typedef struct dc3_both_result {
    int taken;                   /* one of the above */
    double top1[DC3_BOTH_COUNT]; /* shares of right answers on held-out images; -1: not known, or not made */
    dc3_teacher_accuracy accuracy; /* of the one that was taken */
} dc3_both_result;

/* What is a candidate beside a probe on such a dataset: on demand, as the run or the comparison in `folder`
 * (NULL: none) was begun, or by the rule above; 0: the probe is the teacher. */
int dc3_both_teachers_due(const dc3_condense_options *options, const char *folder, const dc3_dataset *data);
/* probe, trained: of dc3_backbone_plan and dc3_own_teacher. */
dc3_both_plan dc3_both_teachers_plan(const dc3_train_options *probe, const dc3_train_options *trained,
                                     int beside, int always, int64_t images);
/* What they depend on, for a document of settings. */
json_t *dc3_both_teachers_settings(const dc3_both_plan *plan);
/* Makes them, unless that was done, and leaves the best as `out`; on the way the others are DC3_PROBE_FILE
 * and DC3_TUNED_FILE beside it, so that an interrupted call goes on where it was. The folder's document keeps
 * the result. */
dc3_status dc3_both_teachers_train(const dc3_both_plan *plan, dc3_both_result *result);
/* The same for the folder's document, under dc3_both_teachers_key. */
extern const char dc3_both_teachers_key[];
json_t *dc3_both_teachers_to_json(const dc3_both_result *result);
/* What all cost together; the teacher is then asked about each image. */
dc3_status dc3_both_teachers_measure(const dc3_both_plan *plan, int64_t images, int classes,
                                     dc3_teacher_cost *cost);

#endif
