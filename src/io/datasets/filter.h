/* Some of a dataset's classes. */
#ifndef DC3_IO_DATASETS_FILTER_H
#define DC3_IO_DATASETS_FILTER_H

#include "io/datasets/reader.h"

/* Leaves the classes of the dataset's choice, of a dataset that is listed. DC3_ERR_OPTION where one of them
 * is none of it (but of tests, which are compared with the classes to train on later) or none is left. */
dc3_status dc3_dataset_filter(dc3_dataset *dataset);

#endif
