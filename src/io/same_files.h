/* Which of a dataset's files are the same, byte by byte. */
#ifndef DC3_IO_SAME_FILES_H
#define DC3_IO_SAME_FILES_H

#include "io/dataset.h"

/* Some items by the sizes of their files, so that no more are read than those of one size. */
typedef struct dc3_same_files dc3_same_files;
/* Of the n items of the dataset from `first` on; close it also after a failure. */
dc3_status dc3_same_files_open(const dc3_dataset *dataset, int64_t first, int64_t n, dc3_same_files **files);
void dc3_same_files_close(dc3_same_files **files);
/* The first of the items before this one whose file is the same as its, of dc3_dataset_hash `hash`; -1: none.
 */
int64_t dc3_same_files_find(dc3_same_files *files, int64_t item, uint64_t hash);

#endif
