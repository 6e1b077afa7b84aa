/* From what files hold to one or three channels of colour and perhaps transparency, of usual values. Private
 * to this folder. */
#ifndef DC3_IO_CHANNELS_H
#define DC3_IO_CHANNELS_H

#include "io/images/kind.h"
#include "io/images/tiff.h"
#include "io/images/vips.h"

/* Of an image that libvips decoded: takes away channels that are neither colour nor transparency, and spreads
 * values of 16 bits that have fewer (value_range.h). Consumes `in`; NULL on failure. */
VipsImage *dc3_channels_usual(VipsImage *in, dc3_kind kind, const dc3_tiff *tiff, unsigned *notes);
/* Decodes a TIFF of samples that libvips does not read as they are, to 8 bits. */
dc3_status dc3_channels_own(const char *origin, const void *data, size_t size, const dc3_tiff *tiff,
                            unsigned *notes, VipsImage **image);

#endif
