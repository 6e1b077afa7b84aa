/* The grids of samples that a training made on its way. */
#ifndef DC3_REPORT_TRAINING_SAMPLES_H
#define DC3_REPORT_TRAINING_SAMPLES_H

#include "gather/gather.h"

/* Adds those of RUN/samples to the page, of many some that are spread evenly, with the first and the last. */
dc3_status dc3_training_samples(dc3_reporting *r);

#endif
