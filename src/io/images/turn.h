/* Turning an image as EXIF says that it stands. Private to this folder. */
#ifndef DC3_IO_TURN_H
#define DC3_IO_TURN_H

#include "io/pixels.h"

/* Of an orientation, 1 to 8 (EXIF 2.3, tag 0x0112; 0 stands for 1): whether rows become columns; and whether
 * the stored columns, or rows, stand in reverse order. */
int dc3_turn_swaps(int orientation);
int dc3_turn_reverses_columns(int orientation);
int dc3_turn_reverses_rows(int orientation);
/* The pixels as they stand, in place of those stored. 0: out of memory; *image is as it was. */
int dc3_turn(dc3_image *image, int orientation);

#endif
