/* Which tars are a dataset's, and which of their images. */
#ifndef DC3_IO_DATASETS_SHARDS_H
#define DC3_IO_DATASETS_SHARDS_H

#include "io/datasets/reader.h"

/* 1 for a tar, by its name, and for a folder of them that has no folders beside them. */
int dc3_shards_probe(const char *path);
/* The tars of the dataset's folder, in the order of their names; free with dc3_list_free. Where they are of
 * several parts by their names, the training images or the tests, as the dataset was opened. */
dc3_status dc3_shards_list(dc3_dataset *dataset, struct dirent ***entries, int *count);
/* Of images of one name in one tar the last stays, as tar would unpack it; with a note that counts them and
 * the `repeated` ones before. */
dc3_status dc3_shards_drop_repeated(dc3_dataset *dataset, long repeated);

#endif
