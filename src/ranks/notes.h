/* What was noted of a dataset's images as they were read, where each rank has read others. */
#ifndef DC3_RANKS_NOTES_H
#define DC3_RANKS_NOTES_H

#include "io/dataset.h"

/* All ranks call it, of the same dataset, while no sum (sum.h) is open: from here on each knows what any of
 * them noted (dc3_dataset_heard). Fails as dc3_sum_take does. With one rank nothing is done. */
dc3_status dc3_ranks_join_notes(const dc3_dataset *dataset);

#endif
