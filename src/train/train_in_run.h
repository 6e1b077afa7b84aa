#ifndef DC3_TRAIN_IN_RUN_H
#define DC3_TRAIN_IN_RUN_H

#include "dc3/train.h"

/* The same as dc3_train of the teacher that the folder `run` has for itself: nobody else writes it. With one
 * replica the calling rank trains alone, with more all must call it. */
dc3_status dc3_train_in_run(const dc3_train_options *options, const char *run, dc3_train_report *report);
/* Refuses a number of replicas that is out of range, or smaller than that of the ranks. */
dc3_status dc3_train_check_replicas(int replicas);
/* The largest part of a batch that one rank computes. */
double dc3_train_share(int replicas);

#endif
