/* TIFFs of L*, a* and b*. Private to this folder. */
#ifndef DC3_IO_LAB_H
#define DC3_IO_LAB_H

#include "io/images/tiff.h"
#include "io/images/vips.h"

/* 8-bit sRGB, with alpha if the file has it, of samples that dc3_tiff_read gave: as its header says in the
 * scale of CIELAB or ICCLAB, as floats L* from 0 to 100 and a* and b* as they are. It is turned as the file
 * says; NULL on failure. */
VipsImage *dc3_lab_image(const float *values, const dc3_tiff *tiff);

#endif
