/* What the files of this room share of libvips. Private to this folder. */
#ifndef DC3_IO_VIPS_H
#define DC3_IO_VIPS_H

#include <vips/vips.h>
#include "io/image.h"

/* Starts libvips once for the process. Any thread may call it at any time. DC3_ERR_UNSUPPORTED in a process
 * that was forked after that: libvips would wait there for threads that the fork left behind. */
dc3_status dc3_vips_start(void);
/* DC3_ERR_FORMAT with "origin: what". libvips keeps one error text for all threads, so that it may be another
 * image's: this one says what is sure. */
dc3_status dc3_vips_failed(const char *origin, const char *what);
/* An image of 8-bit sRGB whose pixels are borrowed; NULL on failure. */
VipsImage *dc3_vips_wrap(const dc3_image *image);
/* Runs the pipeline, of three 8-bit bands, into new memory; consumes `in`. */
dc3_status dc3_vips_render(const char *origin, VipsImage *in, dc3_image *image);
/* Brings an image to width x height as `fit` says, and to 8-bit sRGB on white. `profile`: it has a colour
 * profile. Borrows `in`, which is in memory. No image in between has more than 16 times the pixels of the
 * larger of the two. */
dc3_status dc3_vips_fit(const char *origin, VipsImage *in, int profile, int width, int height, dc3_fit fit,
                        dc3_image *image);

#endif
