/* Features of a run's images that the user has in a file (select/image_rows.h), in place of a network's. */
#ifndef DC3_FEATURES_GIVEN_H
#define DC3_FEATURES_GIVEN_H

#include "features/part.h"

/* Opens the options' file once the dataset is open, and tells the listener: run->given and feature_length. */
dc3_status dc3_given_open(dc3_run *run);
/* Adds the row of an image, with what the teacher says of it or NULL, to the run's; one without is skipped.
 */
dc3_status dc3_given_add(dc3_run *run, int64_t item, const float *embedding, const float *logits);
/* Where no image is read for its features: skips those that have no row; */
dc3_status dc3_given_skip(dc3_run *run);
/* adds the rows of all others to the run's, which has none; DC3_ERR_FORMAT where there are none; */
dc3_status dc3_given_take(dc3_run *run);
/* skips an image that has a row and cannot be read, and which has none from here on; */
dc3_status dc3_given_lose(dc3_run *run, int64_t item, const char *reason);
/* reads those of `parts` [count], which were chosen, unless they were read before, and loses those that
 * cannot be. *lost: 1 if there are any, after which the rows must be taken again (dc3_run_features_again). */
dc3_status dc3_given_check(dc3_run *run, int64_t count, const dc3_part *parts, int *lost);

#endif
