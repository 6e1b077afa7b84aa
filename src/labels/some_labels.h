/* Stored soft labels of some of their images. */
#ifndef DC3_LABELS_SOME_LABELS_H
#define DC3_LABELS_SOME_LABELS_H

#include "labels/soft_labels.h"

/* The rows of `images` [n], numbers in `all`, each once: of those views that can be made without the other
 * images, which are all where nothing is mixed; and of more images than a batch has, but not of all, only
 * those in which nothing is mixed. *views: how many; of 0 `some` is empty. Its info is that of `all` without
 * "files" and "stored", which the caller adds; where views follow from the numbers of images (rand_ops)
 * "views_drawn" and "images_drawn" list those. The caller frees. DC3_ERR_MEMORY. */
dc3_status dc3_some_labels(const dc3_soft_labels *all, const int64_t *images, int64_t n, int64_t *views,
                           dc3_soft_labels *some);

#endif
