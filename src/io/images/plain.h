/* Images that are decoded without libvips. Private to this folder. */
#ifndef DC3_IO_PLAIN_H
#define DC3_IO_PLAIN_H

#include <stddef.h>
#include "io/images/colours.h"
#include "io/pixels.h"

/* The pixels as they are stored, on white, and what is left to be done to them: dc3_plain_fit does it. */
typedef struct dc3_plain {
    dc3_image image;
    int shrink;           /* of a JPEG: by how much it was scaled down while it was decoded */
    double columns, rows; /* of pixels that it has, where its last ones are no whole ones; 0: all */
    int orientation;      /* how it stands, 1 to 8 as in EXIF; 0 stands for 1 */
    dc3_colours *colours; /* what its profile says; NULL: sRGB */
    unsigned notes;       /* dc3_image_note bits */
} dc3_plain;

/* Of a JPEG of own_width x own_height that is brought to width x height (0: stays as it is): 1, or by how
 * much it is scaled down while it is decoded, to no less than twice what is wanted. */
int dc3_jpeg_shrink(int own_width, int own_height, int width, int height);
/* Decodes an undamaged JPEG that is neither CMYK nor of another depth than 8 bits, at 1 / shrink of its size,
 * as dc3_jpeg_shrink says for the size that it is to have as it stands; or a PNG, unless it has 16 bits and
 * is transparent; or a WebP that is not animated; or Netpbm. 1: done, and the pixels are those that libvips
 * gives, which uses the same three libraries but takes some 40 times as long at 32 x 32 pixels. 0: not such
 * an image, or too large, or there is no memory for it; *plain is empty, and libvips decides what is wrong
 * with it. Threads may call it at once. */
int dc3_plain_decode(const void *data, size_t size, int width, int height, dc3_plain *plain);
/* Accepts an empty one; empties. */
void dc3_plain_free(dc3_plain *plain);

/* The same as decode where it is known to be a JPEG, a PNG or a WebP. */
int dc3_plain_jpeg(const void *data, size_t size, int width, int height, dc3_plain *plain);
int dc3_plain_png(const void *data, size_t size, dc3_plain *plain);
int dc3_plain_webp(const void *data, size_t size, dc3_plain *plain);
/* The same where its first bytes are those of a PBM, PGM or PPM: P1 to P6. 2: another one follows it. */
int dc3_plain_netpbm(const void *data, size_t size, dc3_image *image);
/* Fills `rgb` from grey (1 channel) or RGB (3), with alpha (2, 4) or without; it may be `from` where there
 * are four. Transparent colours come on white, for which they are brought to sRGB first, and have no profile
 * afterwards. `from` is spent. */
void dc3_plain_to_rgb(uint8_t *from, int channels, size_t pixels, dc3_colours **colours, uint8_t *rgb);
/* Brings all pixels to sRGB. */
void dc3_plain_to_srgb(dc3_plain *plain);
/* The pixels as they stand, in sRGB, in place. 0: out of memory. */
int dc3_plain_stand(dc3_plain *plain);
/* Whether a file of `size` bytes may be decoded to so many. */
int dc3_plain_may_take(size_t size, double bytes);

#endif
