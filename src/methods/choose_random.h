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

/* Random images; none but those is decoded. */
dc3_status dc3_run_select_random(dc3_run *run, dc3_chosen *chosen);

#endif
