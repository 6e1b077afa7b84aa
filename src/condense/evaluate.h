/* Evaluation of several students on the same test pictures, which are read once. */
#ifndef DC3_CONDENSE_EVALUATE_H
#define DC3_CONDENSE_EVALUATE_H

#include "dc3/evaluate.h"
#include "learn/pictures.h"

typedef struct dc3_tests {
    dc3_dataset *dataset;
    dc3_pictures *pictures; /* by the test transform at `size` */
    int size;
    int64_t unreadable;    /* pictures that are, of the last opening */
    dc3_listener listener; /* is told of some of them */
} dc3_tests;

/* Reads the pictures of the open dataset, unless they are there at that size. Always close. */
dc3_status dc3_tests_open(dc3_tests *tests, int size, int threads);
void dc3_tests_close(dc3_tests *tests);
/* dc3_evaluate with tests that stay; they are opened where they are not yet. */
dc3_status dc3_evaluate_on(const dc3_evaluate_options *options, dc3_tests *tests, dc3_score *score);

#endif
