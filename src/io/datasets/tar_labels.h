/* Labels and images of tars that do not stand side by side: tars whose members are not in the order of their
 * names, and images called KEY.input.jpg beside a KEY.cls. */
#ifndef DC3_IO_DATASETS_TAR_LABELS_H
#define DC3_IO_DATASETS_TAR_LABELS_H

#include "io/datasets/tar_folders.h"

/* Keeps the class of a key that no image was seen of, the last one that comes. `labels` is made if it is
 * NULL; the caller frees it with g_hash_table_destroy. */
void dc3_tar_labels_keep(GHashTable **labels, const char *shard, const char *key, const char *class_name);
/* Adds those of `images` to the dataset that a label is found for: KEY.jpg for KEY, or else KEY.input.jpg (or
 * image, img, rgb, ..) if that is the only image of its KEY; several are noted. The others remain in
 * `images`. */
dc3_status dc3_tar_labels_match(GHashTable *labels, dc3_dataset *dataset, dc3_tar_images *images);

#endif
