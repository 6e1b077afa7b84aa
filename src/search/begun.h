/* What a search was begun with, in a file of the folder that it works in: sets and tests of other settings do
 * not mix. */
#ifndef DC3_SEARCH_BEGUN_H
#define DC3_SEARCH_BEGUN_H

#include "dc3/condense.h"
#include "io/dataset.h"

/* Makes the folder and notes there what its sets and the images to test on depend on. In one that is there:
 * DC3_ERR_ARGUMENT where that is something else, or is not known of what is in it. */
dc3_status dc3_search_begin(const char *folder, const dc3_condense_options *options,
                            const dc3_dataset *dataset, double images_seen);

#endif
