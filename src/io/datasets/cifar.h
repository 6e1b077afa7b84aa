/* What the binaries of CIFAR and its Python batches share. */
#ifndef DC3_IO_DATASETS_CIFAR_H
#define DC3_IO_DATASETS_CIFAR_H

#include "io/datasets/reader.h"

/* Bytes of an image: red, green and blue planes of 32 x 32 pixels. */
enum { DC3_CIFAR_PIXELS = 3 * 32 * 32 };

/* The last part of a path as an entry of its folder. */
struct dirent dc3_cifar_entry(const char *path);
/* A class that must be new: a label is the place of its name. `origin` names its file in errors. */
dc3_status dc3_cifar_name_class(const char *origin, const char *name, dc3_dataset *dataset);
/* The names of `count` classes from those that there are on: numbers. */
dc3_status dc3_cifar_number_classes(const char *origin, int count, dc3_dataset *dataset);
/* Image `place` of the file `name`, at `item`'s offset, whose label must be one of the classes. */
dc3_status dc3_cifar_add(dc3_dataset *dataset, const char *name, size_t place, dc3_item item);
/* Of an item of DC3_CIFAR_PIXELS bytes in its file or the spool (dc3_reader). */
dc3_status dc3_cifar_source(const dc3_dataset *dataset, const dc3_item *item, dc3_image_source **source);

#endif
