/* One student's training and tests: everything that is open for it. */
#ifndef DC3_EVALUATE_EVALUATION_H
#define DC3_EVALUATE_EVALUATION_H

#include "evaluate/label_source.h"
#include "evaluate/recipe.h"
#include "evaluate/saved_students.h"

typedef struct dc3_evaluation {
    const dc3_evaluate_options *options;
    dc3_score *score;
    dc3_label_kind labels;
    dc3_recipe recipe; /* the options' */
    int plain;         /* whole images instead of the protocol's views */
    dc3_dtype dtype;
    dc3_dataset *data;
    uint64_t stored;  /* of a run that `data` is: dc3_fingerprint_folder of its images before they are read */
    json_t *settings; /* what the score depends on, as it was before the training */
    int teacher_size; /* pixels at which the teacher of the run that `data` is saw images; 0: not known */
    dc3_images *images;
    dc3_tests *tests;
    char unreadable[512]; /* the first of the condensed images that is, and why */
    dc3_augmenter *augmenter;
    dc3_trainer student;
    dc3_student_place place;
    dc3_saved_student saved; /* settings NULL: nothing is saved */
    double start, before;    /* when this began; seconds that an earlier command trained it */
    dc3_label_source *source;
    int64_t n;
    int64_t *order;
    dc3_loaded_image *batch;
    dc3_view_params *params;
    void *views;
    int64_t *by_class; /* [classes, 2]: test images of each, and those that were right in the last test */
} dc3_evaluation;

/* Opens what e->options name, after e->options, score and tests are set and all else is zero: checks the
 * options, reads the images, opens labels and student, and says in the score what is decided. Always close.
 */
dc3_status dc3_evaluation_open(dc3_evaluation *e);
/* A new student in place of the one that is open, as that was at first. */
dc3_status dc3_evaluation_reopen(dc3_evaluation *e);
void dc3_evaluation_close(dc3_evaluation *e);

/* Whether the losses of the score say that the training diverged: the last is more than twice the first, and
 * more than ln(classes), what guessing has, at the scale of temperature 1 (a KL divergence at temperature t
 * falls with t^2, Hinton et al. 2015; twice next to nothing is noise). */
int dc3_has_diverged(const dc3_score *score);

#endif
