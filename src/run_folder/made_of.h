/* The dataset that a run was made of, opened again. */
#ifndef DC3_RUN_FOLDER_MADE_OF_H
#define DC3_RUN_FOLDER_MADE_OF_H

#include "io/dataset.h"

/* Opens the dataset at `path` with what the settings of a run say of which of its images were taken
 * (io/choice.h). */
dc3_status dc3_made_of_open(const json_t *settings, const char *path, dc3_dataset **dataset);
/* 1 if two runs' settings say the same of it: of one path they list the same images. */
int dc3_made_of_alike(const json_t *a, const json_t *b);

#endif
