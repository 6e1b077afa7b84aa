/* Selection class by class, without features. */
#ifndef DC3_METHODS_CHOOSE_RANDOM_H
#define DC3_METHODS_CHOOSE_RANDOM_H

#include "methods/parts.h"

/* Calls `choose` for each class that has images, with its first item and their number; it appends to
 * chosen. On success the caller frees with dc3_chosen_free. */
dc3_status dc3_run_each_class(dc3_run *run, dc3_chosen *chosen,
                              dc3_status (*choose)(dc3_run *run, int64_t first, int64_t n,
                                                   dc3_chosen *chosen));
/* Up to `wanted` readable images of the class of n items from `first` on, in its random order: items
 * [wanted], *found of them. Those that cannot be read are noted, or fatal with strict. */
dc3_status dc3_run_draw_readable(dc3_run *run, int64_t first, int64_t n, int64_t wanted, int64_t *items,
                                 int64_t *found);

/* An image whose class's order has it at `place`, from 0 on, without bins or an objective. */
dc3_part dc3_part_drawn(int64_t item, int64_t place, int64_t repeat);

/* Random images, ranked as they are drawn: a class's order is that of all its images, so that those of a
 * smaller ipc come first. None but those is decoded. */
dc3_status dc3_run_select_random(dc3_run *run, dc3_chosen *chosen);

#endif
