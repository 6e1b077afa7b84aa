/* Bringing what was decoded to a size, as it stands and in sRGB. Private to this folder. */
#ifndef DC3_IO_PLAIN_FIT_H
#define DC3_IO_PLAIN_FIT_H

#include "dc3/choices.h"
#include "io/images/plain.h"

/* An image's size as it stands. */
int dc3_plain_width(const dc3_plain *plain);
int dc3_plain_height(const dc3_plain *plain);
/* The same before it was scaled down while it was decoded. */
void dc3_plain_own_size(const dc3_plain *plain, int *width, int *height);
/* Brought to width x height, 0: its own, as `fit` says; *image is allocated. `origin` names it in errors. */
dc3_status dc3_plain_fit(const char *origin, const dc3_plain *from, int width, int height, dc3_fit fit,
                         dc3_image *image);

#endif
