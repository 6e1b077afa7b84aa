/* A step of a training, and how long all of them take. */
#ifndef DC3_TRAIN_TRAIN_STEP_H
#define DC3_TRAIN_TRAIN_STEP_H

#include "train/train_state.h"

/* Step `step` of an epoch, at rate lr; its loss is added to the epoch's. With replicas those parts of the
 * batch that this rank has, joined with the others' (learn/replicas.h). */
dc3_status dc3_train_step(dc3_train_state *t, int64_t epoch, int64_t step, double lr);
/* Tells, and notes in the report, how long the training takes: all images are read once, or in each epoch
 * where they are large; steps are measured, and a test of an image takes a third of its step. */
dc3_status dc3_train_estimate(dc3_train_state *t, int size);

#endif
