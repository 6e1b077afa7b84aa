/* One student's training and tests: everything that is open for it. */
#ifndef DC3_EVALUATE_EVALUATION_H
#define DC3_EVALUATE_EVALUATION_H

#include "evaluate/label_source.h"
#include "evaluate/recipe.h"
#include "evaluate/saved_students.h"

/* The images that are trained on, which students of one dataset share. */
typedef struct dc3_condensed {
    int users; /* that are to release it */
    dc3_dataset *data;
    json_t *names; /* of its classes: a run's folders may be called otherwise */
    dc3_images *images;
    uint64_t stored;  /* of a run that `data` is: dc3_fingerprint_folder of its images before they are read */
    int view_size;    /* pixels at which that run's images are to be seen; 0: not known */
    int has_teacher;  /* as its teacher saw images */
    int filtered;     /* its classes are some of those of the dataset that it was made of */
    int warned;       /* that the labels are of other images */
    int told_teacher; /* that they are of another teacher */
    char unreadable[512]; /* the first of the images that is, and why */
} dc3_condensed;

/* What is asked and told between the epochs of a student. */
typedef struct dc3_epochs {
    void *user;
    int (*threads)(void *user);           /* that the next one may use */
    void (*stepped)(void *user);          /* the first step is done, and memory taken */
    void (*done)(void *user, int epochs); /* so many are */
} dc3_epochs;

typedef struct dc3_evaluation {
    const dc3_evaluate_options *options;
    dc3_score *score;
    dc3_label_kind labels;
    dc3_recipe recipe; /* the options' */
    int plain;         /* whole images instead of the protocol's views */
    dc3_dtype dtype;
    dc3_condensed *set; /* shared; set before the opening where another student has opened it */
    dc3_dataset *data;  /* of the set */
    dc3_images *images;
    json_t *settings; /* what the score depends on, as it was before the training */
    dc3_tests *tests;
    dc3_augmenter *augmenter;
    dc3_trainer student;
    dc3_student_place place;
    dc3_saved_student saved; /* settings NULL: nothing is saved */
    dc3_epochs epochs;
    int stepped;     /* 1: it has made a step */
    int threads;     /* that work now; of the options' at most */
    double measured; /* until when the score's seconds count */
    dc3_label_source *source;
    int64_t n;
    int64_t *order;
    dc3_loaded_image *batch;
    dc3_view_params *params;
    void *views;
    int64_t *by_class; /* [classes, 2]: test images of each, and those that were right in the last test */
} dc3_evaluation;

/* Opens what e->options name, after e->options, score, tests and epochs are set and all else is zero but
 * perhaps `set`: checks the options, reads the images, opens the labels, and says in the score what is
 * decided. Always close. */
dc3_status dc3_evaluation_look(dc3_evaluation *e);
/* After it: reads the test images, which no other student may use at another size, and opens the student. */
dc3_status dc3_evaluation_open(dc3_evaluation *e);
/* A new student in place of the one that is open, as that was at first. */
dc3_status dc3_evaluation_reopen(dc3_evaluation *e);
void dc3_evaluation_close(dc3_evaluation *e);
/* Accepts NULL; nulls. */
void dc3_condensed_release(dc3_condensed **set, const dc3_listener *listener);
/* Lets the student work on so many threads, 1 to the options'. */
void dc3_evaluation_set_threads(dc3_evaluation *e, int threads);
/* What the student takes by itself, after a step of its training. */
double dc3_evaluation_bytes(const dc3_evaluation *e);

/* 1: results of this type do not depend on the number of threads (dc3_ctx_team_is_free), so that its students
 * may be trained side by side. */
int dc3_same_for_threads(dc3_dtype dtype);
/* How many of `count` students that each take so many bytes are trained at once: as many as there are
 * threads, students, and memory, half of what the process may use. */
int dc3_students_at_once(int threads, int64_t count, double bytes);

/* Whether the losses of the score say that the training diverged: the last is more than twice the first, and
 * more than ln(classes), what guessing has, at the scale of temperature 1 (a KL divergence at temperature t
 * falls with t^2, Hinton et al. 2015; twice next to nothing is noise). */
int dc3_has_diverged(const dc3_score *score);

#endif
