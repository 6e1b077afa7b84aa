/* The test images that several evaluations share. */
#ifndef DC3_EVALUATE_TEST_SET_H
#define DC3_EVALUATE_TEST_SET_H

#include "dc3/evaluate.h"
#include "io/json.h"
#include "learn/pictures.h"
#include "nn/classifier.h"

struct dc3_tests {
    dc3_dataset *dataset;
    dc3_pictures *pictures; /* by the test transform at `size` */
    int size;
    int64_t unreadable;    /* pictures that are, of the last opening */
    dc3_listener listener; /* is told of some of them */
    char *teacher;         /* file of the teacher that was asked last; NULL: none, or another size since */
    double teacher_top1;   /* of it on `pictures` */
    uint64_t fingerprint;  /* of `dataset`; 0: not taken yet */
    json_t *kept;          /* list of files: the scores of finished students that are kept */
    int told;              /* students cannot be kept, which the listener was told */
};

/* Reads the pictures of the open dataset, unless they are there at that size. */
dc3_status dc3_tests_open(dc3_tests *tests, int size, int threads);
/* The accuracy of a teacher, from the file `path`, on the open pictures, 0 to 1. */
dc3_status dc3_tests_ask(dc3_tests *tests, dc3_ctx *ctx, dc3_classifier *teacher, const char *path,
                         double *top1);

#endif
