/* The test images that several evaluations share. */
#ifndef DC3_EVALUATE_TEST_SET_H
#define DC3_EVALUATE_TEST_SET_H

#include "dc3/evaluate.h"
#include "io/json.h"
#include "views/images.h"
#include "learn/ensemble.h"
#include "nn/classifier.h"

/* A student that was tested. */
typedef struct dc3_tested {
    dc3_score score;
    json_t *settings; /* what the score depends on */
    json_t *classes;  /* object by class: [images, right]; NULL: an earlier version did not save it */
} dc3_tested;

struct dc3_tests {
    dc3_dataset *dataset;
    dc3_images *images; /* by the test transform at `size` */
    int size;
    int64_t unreadable;    /* images that are, of the last opening */
    dc3_listener listener; /* hears of some of them */
    char *teacher;         /* files of the teachers asked last; NULL: none were, or another size since */
    double teacher_top1;   /* of their mean on `images` */
    double each_top1[DC3_ENSEMBLE_MOST]; /* of each of them */
    uint64_t fingerprint;                /* of `dataset`; 0: not taken yet */
    dc3_tested *students;                /* since the last dc3_tests_row */
    int students_count;
    json_t *saved;   /* list of files: the scores of finished students that are saved */
    json_t *budgets; /* list: what students of a number of minutes were given (budget.c) */
    int told;        /* the listener was told at which size students see images */
    int warned;      /* students cannot be saved, which the listener was notified */
    void (*at_work)(void *user, int student,
                    int works); /* hears whose training begins and ends; may be NULL */
    void *at_work_user;
};

/* Adds a student, whose JSON it takes over. */
dc3_status dc3_tests_add(dc3_tests *tests, const dc3_score *score, json_t *settings, json_t *classes);
/* Forgets the students. */
void dc3_tests_drop(dc3_tests *tests);
/* Reads the images of the open dataset, unless they are there at that size. */
dc3_status dc3_tests_open(dc3_tests *tests, int size, int threads);
/* The accuracy of teachers, from the files `path`, on the open images, 0 to 1: of each, and of their averaged
 * logits. */
dc3_status dc3_tests_score_teachers(dc3_tests *tests, dc3_ctx *ctx, const dc3_ensemble *teachers,
                                    const char *path, double each[DC3_ENSEMBLE_MOST], double *top1);

#endif
