/* Images of a dataset that are the same: their files are, byte by byte, or all their pixels are once decoded
 * (a photograph and the same one with other metadata, or in another lossless form). */
#ifndef DC3_IO_SAME_IMAGES_H
#define DC3_IO_SAME_IMAGES_H

#include "io/alike.h"
#include "io/dataset.h"

/* Images that were met, by what they look like. */
typedef struct dc3_same_images dc3_same_images;
/* NULL without memory; close accepts NULL and nulls. */
dc3_same_images *dc3_same_images_new(const dc3_dataset *dataset);
void dc3_same_images_close(dc3_same_images **images);
/* *own: the first image of the item's class that was met before and is the same, -1: none; *other: one of
 * another class, if there is one that was met before the first of its own: the first of all. `view` is of one
 * size for all that are of one size. Remembers the item. Images that may be the same are read anew: by their
 * bytes, or in their own size. */
void dc3_same_images_meet(dc3_same_images *images, int64_t item, const dc3_appearance *view, int64_t *own,
                          int64_t *other);

#endif
