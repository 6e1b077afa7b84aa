/* What libvips neither says of a TIFF nor reads: what its channels are and which values they hold, and
 * samples that are signed, floats (of 16 bits too) or of an odd number of bits. By libtiff, of the first
 * page. Private to this folder. */
#ifndef DC3_IO_TIFF_H
#define DC3_IO_TIFF_H

#include <stddef.h>
#include <stdint.h>
#include "base/status.h"
#include "io/images/value_range.h"

typedef struct dc3_tiff {
    uint32_t width, height;
    int samples, bits; /* of a pixel; of a sample */
    dc3_value_type type;
    int colours;       /* samples that are colour: the first 1, 3 or 4; 0 where libvips knows better */
    int alpha;         /* the sample that is; 0: none */
    int premultiplied; /* whether the colours are multiplied by it */
    int more;          /* whether other pages follow */
    int white_is_zero;
    int lab; /* whether the colours are L*, a* and b*: 1 as CIELAB, 2 as ICCLAB (TIFF technical note 4) */
    int orientation; /* 1 to 8, as in EXIF */
    int limited;     /* whether it names the greatest value, and perhaps the least: */
    double low, high;
    double block;        /* bytes of a strip or tile */
    int by_libtiff;      /* whether it is read as RGB of 8 bits, which libtiff makes of it */
    int own;             /* whether libvips does not read these samples as they are, and dc3_tiff_read does */
    const void *profile; /* of those, a copy that the caller frees; NULL: none */
    size_t profile_size;
} dc3_tiff;

/* 1 if the header can be read. */
int dc3_tiff_look(const void *data, size_t size, dc3_tiff *tiff);
/* The samples of a file that says `tiff` as floats [height, width, samples], which the caller frees. */
dc3_status dc3_tiff_read(const char *origin, const void *data, size_t size, const dc3_tiff *tiff,
                         float **values);
/* DC3_ERR_FORMAT that says why it cannot be read, where that is a form that its header names; else DC3_OK. */
dc3_status dc3_tiff_fail(const char *origin, const void *data, size_t size);

#endif
