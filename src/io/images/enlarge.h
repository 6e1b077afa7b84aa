/* Scaling an image up in memory. Private to this folder. */
#ifndef DC3_IO_ENLARGE_H
#define DC3_IO_ENLARGE_H

#include "io/pixels.h"

/* One axis of an image: `size` samples become `scale` (1 or more) times as many, of which the `count` from
 * `first` on are wanted. */
typedef struct dc3_enlarge_axis {
    int size;
    double scale;
    int first, count;
} dc3_enlarge_axis;

/* The wanted window of `from` at its new size, by Catmull-Rom splines; *image is allocated. Bytes, positions
 * and edges are those of libvips 8.14, which takes 64 positions between two samples, weights of 12 bits and
 * sample x of the result at x / scale - 0.5. 0: out of memory. Threads may call it at once. */
int dc3_enlarge(const dc3_image *from, dc3_enlarge_axis across, dc3_enlarge_axis down, dc3_image *image);

#endif
