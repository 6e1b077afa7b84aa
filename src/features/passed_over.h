/* Images that a selection by all images passed over: copies of others, near-duplicates, those that cannot be
 * read. In OUT/selection.json they are the list "passed_over" of [class number, key, key of the image that
 * stands for it, where one is known to], so that what goes on from a selection knows which images count,
 * whatever became of state.db. */
#ifndef DC3_FEATURES_PASSED_OVER_H
#define DC3_FEATURES_PASSED_OVER_H

#include "features/run.h"

/* Adds the images that are not of run->items to a selection; nothing where the method did not look at all. */
dc3_status dc3_passed_over_add(const dc3_run *run, json_t *selection);
/* From OUT/selection.json, as a set that the caller releases: NULL where it does not say, as one of an
 * earlier version with copies, near-duplicates or images that could not be read. */
dc3_status dc3_passed_over_read(const dc3_run *run, json_t **set);
/* 1: the set has this image. */
int dc3_passed_over_has(const json_t *set, const dc3_run *run, int64_t item);

#endif
