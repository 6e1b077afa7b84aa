/* An image in memory, and how large one may be. */
#ifndef DC3_IO_PIXELS_H
#define DC3_IO_PIXELS_H

#include <stdint.h>
#include "base/status.h"

/* RGB, interleaved, row by row without gaps: pixels [height, width, 3]. */
typedef struct dc3_image {
    int width, height;
    uint8_t *pixels; /* free with dc3_image_free */
} dc3_image;

void dc3_image_free(dc3_image *image);

/* No image of more pixels than this is decoded, and none of more bytes once decoded (channels and their
 * depth counted); the header alone decides, before memory is taken. */
enum { DC3_IMAGE_LIMIT = 1 << 28, DC3_DECODED_LIMIT = 1 << 30 };
/* Nor one that takes more than the first of these and more than the second for each byte of its file: an
 * image of one colour is 500 to 1,000 times its JPEG or PNG, but 32 bytes of WebP may be 16,383 pixels a
 * side, for which its decoder takes 2 GB. Decoders, and what is made of the image, take up to four times as
 * much: so that no file of 10 kB takes more than 150 MB. */
enum { DC3_SMALL_DECODED = 1 << 25, DC3_EXPANSION_LIMIT = 3 << 10 };

/* Bytes as floats in [0, 1] and back, rounded and clamped: rgb [height, width, 3]. */
void dc3_image_to_floats(const dc3_image *image, float *rgb);
dc3_status dc3_image_of_floats(int width, int height, const float *rgb, dc3_image *image);

/* Copies `tile` into `sheet`, with its left upper corner at x, y; it must fit. */
void dc3_image_paste(dc3_image *sheet, const dc3_image *tile, int x, int y);

/* Memory for the pixels of an image; 0: it is empty or beyond the limits, or there is no memory. */
int dc3_image_allocate(uint32_t width, uint32_t height, dc3_image *image);

#endif
