/* RDED (Sun et al. 2024): the crops that a teacher is surest of. */
#ifndef DC3_METHODS_RDED_H
#define DC3_METHODS_RDED_H

#include "methods/parts.h"

/* How many images of a class that gives ipc are looked at, where it has them. */
int64_t dc3_rded_looks(const dc3_run *run, int64_t ipc);
/* Chooses them. */
dc3_status dc3_run_select_crops(dc3_run *run, dc3_chosen *chosen);

#endif
