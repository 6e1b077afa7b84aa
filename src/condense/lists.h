/* Lists of images: the bins of all of them, or those that were chosen and why. */
#ifndef DC3_CONDENSE_LISTS_H
#define DC3_CONDENSE_LISTS_H

#include "features/part.h"

/* Writes the file `place`, whole or not at all: a line of JSON for each of parts [count], or where the
 * options' `out` ends with .csv a row, which makes it a manifest where images are files. bins [count]: of all
 * images, or NULL of chosen ones. DC3_ERR_IO, DC3_ERR_MEMORY. */
dc3_status dc3_list_write(const dc3_run *run, const dc3_part *parts, const int64_t *bins, int64_t count,
                          const char *place);

#endif
