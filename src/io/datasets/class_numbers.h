/* Classes that are numbers. */
#ifndef DC3_IO_DATASETS_CLASS_NUMBERS_H
#define DC3_IO_DATASETS_CLASS_NUMBERS_H

#include "io/datasets/reader.h"

/* If all classes of a dataset that is listed are numbers they get leading zeros, so that their names have the
 * order of the numbers. */
dc3_status dc3_class_numbers_pad(dc3_dataset *dataset);

#endif
