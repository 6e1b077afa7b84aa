/* An image file that libvips or libtiff decodes: what its header says, and its pixels in memory, of which
 * 0 to 255 or 65535 is black to white. Private to this folder. */
#ifndef DC3_IO_LOAD_H
#define DC3_IO_LOAD_H

#include "io/images/kind.h"
#include "io/images/plain.h"
#include "io/images/tiff.h"
#include "io/images/vips.h"

typedef struct dc3_load {
    const char *origin; /* borrowed, as are the bytes */
    const void *data;
    size_t size;
    int looked; /* whether the header is read: */
    dc3_kind kind;
    dc3_tiff tiff;
    int said_profile;  /* whether a PNG has a profile, though libpng may drop it */
    int orientation;   /* that libvips does not find; 0: none */
    char *still;       /* the bytes as those of a still image; NULL: they are */
    int width, height; /* as the image stands */
    int turned;
    int profile;    /* a colour profile that fits the pixels; known when they are decoded */
    unsigned notes; /* dc3_image_note bits, so far */
} dc3_load;

/* Whether it is an image, and not too large. *header is to be decoded from top to bottom, once; NULL where
 * libvips does not decode it. */
dc3_status dc3_load_look(dc3_load *load, VipsImage **header);
/* The whole image in memory, a JPEG at 1 / shrink of its size. `header`, which look gave or NULL, is
 * consumed. */
dc3_status dc3_load_whole(dc3_load *load, VipsImage *header, int shrink, VipsImage **whole);
/* The whole image as RGB, where it has 8 bits, grey or RGB. 1: done, and the pixels may be those of `whole`,
 * in its memory, or `whole` is spent. 0: not such an image, or no memory. */
int dc3_load_plain(const dc3_load *load, const VipsImage *whole, dc3_plain *plain);
/* DC3_ERR_FORMAT where all of it takes too much as RGB of 8 bits, though it may take less as it is. */
dc3_status dc3_load_check_rgb(const dc3_load *load);
/* Frees what it keeps. */
void dc3_load_close(dc3_load *load);

#endif
