/* Features of a run's images that the user has in a file (select/image_rows.h), in place of a network's. */
#ifndef DC3_FEATURES_GIVEN_H
#define DC3_FEATURES_GIVEN_H

#include "features/part.h"

/* Opens the options' file once the dataset is open, and tells the listener: run->given and feature_length. */
dc3_status dc3_given_open(dc3_run *run);
/* Adds the row of an image, with what the teacher says of it or NULL, to the run's; one without is skipped.
 */
dc3_status dc3_given_add(dc3_run *run, int64_t item, const float *embedding, const float *logits);
/* Adds the rows of all images, none of which is read but those that have no row. */
dc3_status dc3_given_take(dc3_run *run);
/* Where no image was read for its features: reads those of `parts` [count], which were chosen. One that
 * cannot be read is skipped and loses its row, so that it is not chosen again. *lost: how many. */
dc3_status dc3_given_check(dc3_run *run, int64_t count, const dc3_part *parts, int64_t *lost);

#endif
