/* What libvips leaves out of a GIF. Private to this folder. */
#ifndef DC3_IO_GIF_H
#define DC3_IO_GIF_H

#include <stddef.h>
#include "io/images/vips.h"

/* Where the first frame is smaller than the canvas, and nothing of the file is transparent: what the frame
 * leaves free becomes of the file's background colour (GIF89a, 18), in place of black. `image` is decoded
 * from the file, and in memory. */
void dc3_gif_fill(const void *data, size_t size, VipsImage *image);

#endif
