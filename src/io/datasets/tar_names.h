/* Names of classes that are numbers in the .cls of a WebDataset: where each sample's .json has the same
 * number as `label` and a text as `class`, one for each number and in the order of the numbers, these are
 * their names. */
#ifndef DC3_IO_DATASETS_TAR_NAMES_H
#define DC3_IO_DATASETS_TAR_NAMES_H

#include "io/datasets/reader.h"

typedef struct dc3_tar_names {
    GHashTable *names; /* by number, texts of its own */
    int off;           /* a sample was without: numbers they stay */
} dc3_tar_names;

/* What the .json of a sample says, for as long as a name may come of it: else both are "". */
void dc3_tar_names_of_json(const dc3_tar_names *names, const char *text, size_t length, char *number,
                           char *name, size_t size);
/* A sample of class `of` whose .json said so. */
void dc3_tar_names_add(dc3_tar_names *names, const char *of, const char *number, const char *name);
/* Calls the classes so, where they can be (*taken 1, else 0). DC3_ERR_MEMORY. */
dc3_status dc3_tar_names_take(dc3_tar_names *names, dc3_dataset *dataset, int *taken);
void dc3_tar_names_free(dc3_tar_names *names);

#endif
