/* A linear probe (Alain and Bengio 2016): the last layer of a trained network made anew for other classes. */
#ifndef DC3_TEACHER_PROBE_H
#define DC3_TEACHER_PROBE_H

#include "dc3/train.h"

/* dc3_train_in_run of options that have a backbone, after they were taken and their threads set. */
dc3_status dc3_probe_train(const dc3_train_options *options, const char *run, dc3_train_report *report);

#endif
