/* Where a run's features lie: a few in memory, many in a file without a name in the run's folder, or where
 * --cache has them (row_store.h). The memory that they take does not grow with the dataset. */
#ifndef DC3_FEATURES_FEATURE_ROWS_H
#define DC3_FEATURES_FEATURE_ROWS_H

#include "features/run.h"
#include "tensor/table.h"

/* Room for the features of at most n images, n >= 1, and run->items. */
dc3_status dc3_feature_rows_open(dc3_run *run, int64_t n);
/* Appends the rows of an image, whose numbers ascend: latents [run->feature_length], or NULL where the run
 * has no features; embedding and logits of the teacher, or NULL without one. */
dc3_status dc3_feature_rows_add(dc3_run *run, int64_t item, const float *latents, const float *embedding,
                                const float *logits);
/* After the last: run->features, embeddings and logits are there to be read. */
dc3_status dc3_feature_rows_finish(dc3_run *run);
/* Takes them from a file's table with tensors items, features, embeddings and logits, which is the run's on
 * success and closed with it. 0: they are not all there, and nothing is taken. */
int dc3_feature_rows_take(dc3_run *run, dc3_table *table);
/* Adds views of them to a table, which must not be used after the run. */
dc3_status dc3_feature_rows_give(const dc3_run *run, dc3_table *table);
/* Keeps the rows i with first[i] = i alone, first [run->n], and their items; they may lie elsewhere then. */
dc3_status dc3_feature_rows_keep(dc3_run *run, const int64_t *first);
void dc3_feature_rows_close(dc3_run *run);

#endif
