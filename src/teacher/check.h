/* Whether a teacher is one of a dataset's classes: another network with as many outputs labels nonsense
 * without any other sign.
 *
 * Files that dc3 train writes name their classes, which are compared. And the teacher is asked about labelled
 * images. With c the share of right answers that a network reaches which knows nothing (one class in all, or
 * always the most frequent one), it is taken for a wrong one where guessing at c is right as often by a
 * chance of more than 1 in 100 (binomial distribution), or, with e, one class in all, up to 1/4, where it is
 * right less than three times as often as e, or with four classes, where that is much, less than half-way
 * between e and always, 62.5 %. (With two or three classes even that would be more than can be asked for, and
 * so it might with three times the share of a class that most images are of.) Where even nothing but right
 * answers would prove nothing the images are too few to tell. */
#ifndef DC3_TEACHER_CHECK_H
#define DC3_TEACHER_CHECK_H

#include "io/dataset.h"
#include "teacher/mean_answers.h"
#include "teacher/teacher.h"

typedef enum dc3_verdict { DC3_TEACHER_FITS, DC3_TEACHER_UNCLEAR, DC3_TEACHER_WRONG } dc3_verdict;
/* Of so many right answers among n, where `chance` is c, and `even` e. */
dc3_verdict dc3_teacher_verdict(int64_t right, int64_t n, double chance, double even);

/* Which teacher, on which images. */
typedef struct dc3_teacher_check {
    const char *path;    /* of its file */
    const char *data;    /* where the images are, for messages */
    const json_t *names; /* of the classes, in their order */
    int own;             /* it was trained by the run itself */
    int any;             /* a wrong one is taken all the same, with a warning */
    int several;         /* it is one of several: what is said of it names it */
    const dc3_listener *listener;
    int named;   /* set by dc3_teacher_check_names: its file has these names, and they are no numbers */
    int doubted; /* set by both checks: it is a wrong one, and taken for `any` alone */
} dc3_teacher_check;

/* DC3_ERR_ARGUMENT where `known`, the names of the teacher's file (NULL: none), are others than check->names,
 * or the same in another order; the latter is an error also with `any`. */
dc3_status dc3_teacher_check_names(dc3_teacher_check *check, const json_t *known);
/* DC3_ERR_ARGUMENT for an accuracy that a teacher of these classes has not, where the most frequent class has
 * the share `largest` of the images; for one that is known by its names, one of the run's own, or with `any`
 * a warning. */
dc3_status dc3_teacher_check_accuracy(dc3_teacher_check *check, const dc3_teacher_accuracy *accuracy,
                                      double largest);

/* Images to ask a teacher about: of each class 20 at random, of more than 50 classes fewer, so that they are
 * about 1,000; the same ones whatever the seed of a run. */
typedef struct dc3_teacher_sample {
    const dc3_dataset *dataset;
    const int32_t *labels;  /* of the dataset's images; NULL: as it says */
    const char *on;         /* what they are: "training images" */
    dc3_mean_answers *mean; /* of several teachers, to which this one's answers are added; NULL: not wanted */
    dc3_fit fit;
} dc3_teacher_sample;

/* How often the teacher is right about them, and the share of the most frequent class. Images that cannot be
 * read are passed over; without any the accuracy is not known. */
dc3_status dc3_teacher_ask(dc3_teacher *teacher, const dc3_teacher_sample *sample,
                           const dc3_listener *listener, dc3_teacher_accuracy *accuracy, double *largest);

/* The same about the images that a run stored in `train`, whose folders are numbered apart from the dataset
 * where a class has none: folder_of [classes], -1 for such a class. Into teacher->stored; says so. */
dc3_status dc3_teacher_ask_about_stored(dc3_teacher *teacher, const char *train, const int *folder_of,
                                        dc3_fit fit, const dc3_listener *listener);

/* All of it: compares numbers and names of the classes, asks, says how often the teacher is right, which is
 * kept in teacher->accuracy, and refuses it as above. With `known` (or NULL) it is not asked: that is its
 * accuracy, and was checked. */
dc3_status dc3_teacher_check_all(dc3_teacher *teacher, dc3_teacher_check *check,
                                 const dc3_teacher_accuracy *known, const dc3_teacher_sample *sample);

#endif
