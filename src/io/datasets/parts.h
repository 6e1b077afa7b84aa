/* Datasets that are given with all their parts. */
#ifndef DC3_IO_DATASETS_PARTS_H
#define DC3_IO_DATASETS_PARTS_H

#include "io/datasets/part_names.h"
#include "io/datasets/reader.h"

/* DC3_ERR_FORMAT, with what to give in place of it, where the classes that have images are parts: all of them
 * by their names, which have nothing else or the same beside such words. */
dc3_status dc3_parts_check(const dc3_dataset *dataset);

#endif
