/* The grids of samples that a training made on its way. */
#ifndef DC3_REPORT_TRAINING_SAMPLES_H
#define DC3_REPORT_TRAINING_SAMPLES_H

#include "gather/gather.h"

/* Adds those of RUN/samples to the page; of more than it has room for some that are spread evenly over the
 * steps, with the first and the last; of one alone the last. */
dc3_status dc3_training_samples(dc3_reporting *r);

#endif
