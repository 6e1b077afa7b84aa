/* RDED (Sun et al. 2024): the crops that a teacher is surest of. */
#ifndef DC3_CONDENSE_RDED_H
#define DC3_CONDENSE_RDED_H

#include "condense/parts.h"

enum { DC3_RDED_CROPS = 5 }; /* of each image that is looked at */

/* How many images are looked at, at most. */
int64_t dc3_rded_images(const dc3_run *run);

/* Chooses them. */
dc3_status dc3_run_select_crops(dc3_run *run, dc3_chosen *chosen);

#endif
