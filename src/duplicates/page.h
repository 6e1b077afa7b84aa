/* A page with the groups' images. */
#ifndef DC3_DUPLICATES_PAGE_H
#define DC3_DUPLICATES_PAGE_H

#include "duplicates/finding.h"

/* Writes it to the file `path`: the first groups, as far as there is room. */
dc3_status dc3_duplicates_page(const dc3_finding *finding, const char *path);

#endif
