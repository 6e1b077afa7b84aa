/* Images that need nothing but decoding. Private to this folder. */
#ifndef DC3_IO_PLAIN_H
#define DC3_IO_PLAIN_H

#include <stddef.h>
#include "io/pixels.h"

/* Of a JPEG of own_width x own_height that is brought to width x height (0: stays as it is): 1, or by how
 * much it is scaled down while it is decoded, to no less than twice what is wanted. */
int dc3_jpeg_shrink(int own_width, int own_height, int width, int height);
/* Decodes an undamaged image of three 8-bit channels that says nothing of a colour profile or of how it
 * stands; as JPEG one scan, neither grey nor CMYK, and at 1 / *shrink of its size, as dc3_jpeg_shrink says;
 * as PNG neither interlaced nor transparent. 1: done, and the bytes are those that libvips gives, which uses
 * the same two libraries but takes some 40 times as long at 32 x 32 pixels. 0: not such an image, or no
 * memory for it; *image is empty, and libvips decides what is wrong with it. Threads may call it at once. */
int dc3_plain_decode(const void *data, size_t size, int width, int height, int *shrink, dc3_image *image);
/* The same where it is known to be a JPEG, or a PNG. */
int dc3_plain_jpeg(const void *data, size_t size, int width, int height, int *shrink, dc3_image *image);
int dc3_plain_png(const void *data, size_t size, dc3_image *image);
/* The same where its first bytes are those of a PBM, PGM or PPM: P1 to P6. 2: another one follows it. */
int dc3_plain_netpbm(const void *data, size_t size, dc3_image *image);

#endif
