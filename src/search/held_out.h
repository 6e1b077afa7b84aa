/* Images of a dataset to test on that are in none of some condensed sets. */
#ifndef DC3_SEARCH_HELD_OUT_H
#define DC3_SEARCH_HELD_OUT_H

#include "io/dataset.h"
#include "io/json.h"

/* Adds to `used`, an object, the sources of the images that the run `folder` stores. */
dc3_status dc3_held_out_not(const char *folder, json_t *used);
/* Writes images that are not in `used` as files of `size` pixels into folders of classes below `place`, up to
 * 2,000, the same number of each class and at least 5; *count of them. Those that are there stay.
 * DC3_ERR_ARGUMENT where a class has too few. */
dc3_status dc3_held_out_make(const dc3_dataset *dataset, const json_t *used, uint64_t seed, int size,
                             dc3_fit fit, const char *place, int64_t *count);

#endif
