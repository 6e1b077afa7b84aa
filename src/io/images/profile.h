/* Colour profiles of images. Private to this folder. */
#ifndef DC3_IO_PROFILE_H
#define DC3_IO_PROFILE_H

#include <vips/vips.h>

/* 1 if the image has a profile (ICC.1) for pixels such as it has. One that is damaged, or for others, is
 * taken from it and noted: a grey image with the profile of a screen has only lost its colours, and is grey.
 */
int dc3_profile_keep(VipsImage *image, unsigned *notes);
/* Takes the profile away, and notes it. */
void dc3_profile_drop(VipsImage *image, unsigned *notes);

#endif
