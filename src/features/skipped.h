/* Images that a run passes over. */
#ifndef DC3_FEATURES_SKIPPED_H
#define DC3_FEATURES_SKIPPED_H

#include "features/run.h"

/* Notes an image that is skipped, fatal with strict. `reason` is not the error text itself.
 */
dc3_status dc3_run_skip(dc3_run *run, int64_t item, const char *reason);
/* The same for those of an earlier list of [key, reason], as run->skipped is. */
dc3_status dc3_run_skip_listed(dc3_run *run, const json_t *list);
/* Notes in the run's state, where it has one, that items were read: items[i], hashes[i] of dc3_dataset_hash,
 * those with failed[i] apart. */
dc3_status dc3_run_note_read(const dc3_run *run, int count, const int64_t *items, const uint64_t *hashes,
                             const int *failed);
/* Adds what the dataset's list names and is not there to the report's skipped images, at the end of a
 * command. */
void dc3_run_count_places(const dc3_run *run);
/* Writes the list where the run keeps it, after the places of the dataset that cannot be listed, if there is
 * anything in it. */
dc3_status dc3_run_write_skipped(const dc3_run *run);

#endif
