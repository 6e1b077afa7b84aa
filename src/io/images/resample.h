/* Scaling an image down in memory, with Lanczos's kernel. Private to this folder. */
#ifndef DC3_IO_RESAMPLE_H
#define DC3_IO_RESAMPLE_H

#include "io/pixels.h"

/* One axis of an image: `size` samples, of which the last may lie beyond the image's `extent`, become
 * `scaled`, which lie `shrink` (1 or more) of them apart, around the same middle. Of these the `count` from
 * `first` on are wanted. */
typedef struct dc3_resample_axis {
    int size;
    double extent;
    int scaled;
    double shrink;
    int first, count;
} dc3_resample_axis;

/* The wanted window of `from` at its new size; *image is allocated. As libvips does it, each axis is first
 * averaged over whole samples, to no less than twice its new size, then weighed by a Lanczos kernel of 3
 * lobes; the edge's sample stands for those beyond. In integers, so that every processor gives the same
 * bytes. 0: out of memory. Threads may call it at once. */
int dc3_resample(const dc3_image *from, dc3_resample_axis across, dc3_resample_axis down, dc3_image *image);

#endif
