#include "io/images/gif.h"

#include <string.h>

static int number(const unsigned char *at)
{
    return at[0] | at[1] << 8;
}

/* The descriptor of the first image: behind the header, the colours and extensions; NULL: there is none. */
static const unsigned char *find_frame(const unsigned char *gif, size_t size)
{
    enum { HEADER = 13, DESCRIPTOR = 10 };
    if (size < HEADER) return NULL;
    size_t at = HEADER + (gif[10] & 0x80 ? (size_t)3 << ((gif[10] & 7) + 1) : 0);
    while (at < size && gif[at] == '!') {
        for (at += 2; at < size && gif[at]; at += gif[at] + 1U) {
        }
        at++;
    }
    return at < size && gif[at] == ',' && size - at >= DESCRIPTOR ? gif + at : NULL;
}

void dc3_gif_fill(const void *data, size_t size, VipsImage *image)
{
    const unsigned char *gif = data, *frame = find_frame(gif, size);
    if (!frame || image->Bands % 2 == 0 || image->BandFmt != VIPS_FORMAT_UCHAR || !(gif[10] & 0x80) ||
        gif[11] >= 2 << (gif[10] & 7))
        return;
    const unsigned char *background = gif + 13 + 3 * (size_t)gif[11];
    int left = number(frame + 1), top = number(frame + 3), right = left + number(frame + 5),
        bottom = top + number(frame + 7);
    for (int y = 0; y < image->Ysize; y++) {
        VipsPel *row = VIPS_IMAGE_ADDR(image, 0, y);
        for (int x = 0; x < image->Xsize; x++)
            if (y < top || y >= bottom || x < left || x >= right)
                memcpy(row + (size_t)x * (size_t)image->Bands, background, (size_t)image->Bands);
    }
}
