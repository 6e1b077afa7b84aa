/* The course of one student's training, after dc3_evaluation_open. */
#ifndef DC3_EVALUATE_STUDENT_H
#define DC3_EVALUATE_STUDENT_H

#include "evaluate/evaluation.h"

/* What the score depends on, as far as it is known; the caller releases it. */
json_t *dc3_student_settings(const dc3_evaluation *evaluation);
/* Sets that in e->settings, and says whether an earlier command finished the student (then result->settings
 * and classes are set) or where it was interrupted. */
dc3_status dc3_student_begin(dc3_evaluation *e, int *finished, dc3_tested *result);
/* Training and tests, from there on. Of what students share it only reads: it may run on a thread of its own,
 * and tells its listener there that it cannot be saved. */
dc3_status dc3_student_train(dc3_evaluation *e);
/* After it: saves the score and sets result->settings and classes. */
void dc3_student_end(dc3_evaluation *e, dc3_tested *result);
/* How long a student takes: steps measured on the images themselves, and tests, whose forward pass is a third
 * of a step's work; a teacher of soft labels is asked about the test images once. Of options->students side
 * by side, what it adds to the time of all. */
dc3_status dc3_student_estimate(dc3_evaluation *e);

#endif
