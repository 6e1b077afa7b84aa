/* Stored soft labels of what is taken. */
#ifndef DC3_TAKE_LABELS_H
#define DC3_TAKE_LABELS_H

#include "take/contents.h"

/* Where the run has a soft_labels.safetensors, writes that of the images in OUT/train, which are all there
 * (labels/some_labels.h); *views: how many of each image, 0: none. Says why where not all are taken. */
dc3_status dc3_take_labels(const dc3_taking *taking, int64_t *views);

#endif
