/* Fitting pixels in memory to a size. Private to this folder. */
#ifndef DC3_IO_FIT_H
#define DC3_IO_FIT_H

#include "dc3/choices.h"
#include "io/images/plain.h"

/* `from` brought to width x height as `fit` says, without libvips and with its pixels but for rounding. 0: it
 * would have to grow somewhere, or there is no memory; *image is empty. */
int dc3_fit_smaller(const dc3_image *from, int width, int height, dc3_fit fit, dc3_image *image);
/* The same of an image whose colours and orientation are its profile's and its file's. */
int dc3_fit_smaller_plain(const dc3_plain *from, int width, int height, dc3_fit fit, dc3_image *image);
/* `from` brought to width x height as `fit` says, without libvips and with its bytes. 0: it would have to
 * become smaller somewhere or is so long that it is cut first, or there is no memory; *image is empty. */
int dc3_fit_larger(const dc3_image *from, int width, int height, dc3_fit fit, dc3_image *image);

#endif
