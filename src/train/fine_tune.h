/* Fine-tuning: from a backbone's linear probe (probe.h) on, all layers are trained for some epochs at a small
 * rate, and held-out images say which of the two is the result.
 *
 * Batch norms keep the statistics of the backbone's own training: those of a batch of few images are rough,
 * and the running ones would be those of crops and no longer fit what the layers behind were trained on. So
 * the first step's network answers as the probe does. */
#ifndef DC3_TRAIN_FINE_TUNE_H
#define DC3_TRAIN_FINE_TUNE_H

#include "dc3/train.h"
#include "views/images.h"
#include "learn/trainer.h"
#include "teacher/accuracy.h"

/* The probe that a training starts from. */
typedef struct dc3_probe_start {
    char *path;                    /* PLACE.probe, there until the result is; NULL: there is none */
    char arch[24];                 /* of the backbone */
    int size;                      /* pixels at which it sees images */
    double seconds;                /* of a dry run: that the probe takes */
    dc3_teacher_accuracy accuracy; /* on the images held out, in f32 */
} dc3_probe_start;

/* The share of each class's images that the choice is made by, where hold_out says none. */
#define DC3_TUNED_SHARE 0.2

/* DC3_ERR_OPTION for options that do not go with fine_tune. */
dc3_status dc3_fine_tune_check(const dc3_train_options *options);
/* That share: hold_out, else a fifth. */
double dc3_fine_tune_share(const dc3_train_options *options);
/* Makes the probe beside `place`, where the result goes; goes_on: a training that started from it was
 * interrupted, so that the one that is there serves, if it is; run: whose own teacher the result may be, or
 * NULL. In a dry run it is only looked at. Always dc3_fine_tune_end. */
dc3_status dc3_fine_tune_begin(const dc3_train_options *options, const char *run, const char *place,
                               int goes_on, dc3_probe_start *start);
/* Makes the probe again where it is the result: on all images, with the decay that was chosen by those held
 * out, unless hold_out says that these are not to be trained on. */
dc3_status dc3_fine_tune_complete(const dc3_train_options *options, const dc3_probe_start *start);
/* Tests a network as the probe was tested: in f32, on images (DC3_IMAGES_FIT) of start->size. */
dc3_status dc3_fine_tune_test(const dc3_probe_start *start, dc3_classifier *net, dc3_images *images,
                              int threads, dc3_accuracy *accuracy);
/* Once the result is written: removes the probe's file. */
void dc3_fine_tune_clear(const dc3_probe_start *start);
void dc3_fine_tune_end(dc3_probe_start *start);

#endif
