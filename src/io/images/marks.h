/* What a file says beside its pixels that libvips passes over. Private to this folder. */
#ifndef DC3_IO_MARKS_H
#define DC3_IO_MARKS_H

#include <stddef.h>

typedef struct dc3_marks {
    int texts;       /* of a PNG: those that may be compressed */
    int frames;      /* whether other images follow the first */
    int profile;     /* of a PNG: whether it has a colour profile, which libpng drops if it is damaged */
    int gamma;       /* whether it names a gamma far from that of sRGB, and no colour space */
    int orientation; /* 1 to 8, as EXIF in a PNG says; 0: it does not */
} dc3_marks;

/* Of a PNG (w3.org/TR/png-3): also what stands behind the pixels, and animations (acTL). */
dc3_marks dc3_marks_of_png(const void *data, size_t size);
/* Of a JPEG: whether it begins a Multi-Picture file (CIPA DC-007) of several images. */
dc3_marks dc3_marks_of_jpeg(const void *data, size_t size);
/* How an image stands, 1 to 8, by the EXIF in a JPEG or WebP, with its first bytes, "Exif", or, as in most
 * WebPs, without; 1 where it does not say. 0: the block, its first directory or that entry is not as it
 * should be. */
int dc3_marks_orientation(const unsigned char *exif, size_t size);

#endif
