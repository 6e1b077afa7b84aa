/* Images of a class that are nearly the same as one before them, by their embeddings (lookalikes/near.h). */
#ifndef DC3_FEATURES_NEAR_COPIES_H
#define DC3_FEATURES_NEAR_COPIES_H

#include "features/run.h"

/* DC3_ERR_OPTION unless the options' near_duplicates is 0, or a value that it can have and the run has
 * embeddings of a file, a backbone or a teacher to compare. looks: the method looks at the features of all
 * images. */
dc3_status dc3_near_copies_check(const dc3_run *run, int looks);
/* Pairs of images of one class, both ways: the squares of the classes. */
double dc3_near_copies_pairs(const dc3_dataset *dataset);
/* Seconds that finding them will take, from a sample of random rows: it grows with the pairs. 0 without
 * near_duplicates, and of classes that are small. */
dc3_status dc3_near_copies_measure(const dc3_run *run, double *seconds);
/* With near_duplicates: leaves the rows of such images out of the run's, so that nothing chooses them, counts
 * them and tells the listener. */
dc3_status dc3_near_copies_leave_out(dc3_run *run);

#endif
