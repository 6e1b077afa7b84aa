#ifndef DC3_TRAIN_IN_RUN_H
#define DC3_TRAIN_IN_RUN_H

#include "dc3/train.h"

/* The same as dc3_train of the teacher that the folder `run` has for itself: nobody else writes it. */
dc3_status dc3_train_in_run(const dc3_train_options *options, const char *run, dc3_train_report *report);

#endif
