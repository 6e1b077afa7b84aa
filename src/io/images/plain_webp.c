#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>
#include <webp/demux.h>
#include "io/images/marks.h"
#include "io/images/plain.h"

/* A chunk of the file, which stays the file's: 0 where there is none. */
static int find_chunk(const WebPDemuxer *file, const char *name, WebPData *chunk)
{
    WebPChunkIterator found;
    if (!WebPDemuxGetChunk(file, name, 1, &found)) return 0;
    *chunk = found.chunk;
    WebPDemuxReleaseChunkIterator(&found);
    return 1;
}

/* How it stands and its colour profile: 0 where libvips is to read them. */
static int read_marks(const WebPDemuxer *file, uint32_t flags, dc3_plain *plain)
{
    enum { EXIF_LIMIT = 1 << 20 }; /* libvips's */
    WebPData chunk;
    if (flags & EXIF_FLAG)
        plain->orientation = find_chunk(file, "EXIF", &chunk) && chunk.size <= EXIF_LIMIT
                                 ? dc3_marks_orientation(chunk.bytes, chunk.size)
                                 : 0;
    if (!plain->orientation || !(flags & ICCP_FLAG)) return plain->orientation;
    return find_chunk(file, "ICCP", &chunk) && dc3_colours_of(chunk.bytes, chunk.size, &plain->colours);
}

/* Into memory for pixels of `channels`, which become RGB in place. */
static int read_pixels(const WebPIterator *frame, size_t size, int channels, dc3_plain *plain)
{
    enum { COPIES = 2 }; /* of a lossless one the decoder has all pixels too */
    double pixels = (double)frame->width * frame->height;
    size_t row = (size_t)frame->width * (size_t)channels, bytes = row * (size_t)frame->height;
    dc3_image *image = &plain->image;
    if (pixels > DC3_IMAGE_LIMIT || !dc3_plain_may_take(size, pixels * channels * COPIES)) return 0;
    *image = (dc3_image){frame->width, frame->height, malloc(bytes)};
    if (!image->pixels) return 0;
    const WebPData *in = &frame->fragment;
    if (channels == 3) return WebPDecodeRGBInto(in->bytes, in->size, image->pixels, bytes, (int)row) != NULL;
    if (!WebPDecodeRGBAInto(in->bytes, in->size, image->pixels, bytes, (int)row)) return 0;
    dc3_plain_to_rgb(image->pixels, channels, (size_t)pixels, &plain->colours, image->pixels);
    uint8_t *less = realloc(image->pixels, 3 * (size_t)pixels);
    if (less) image->pixels = less;
    return 1;
}

/* The only frame, which is all of the canvas. Alpha that the file's header does not name is libvips's. */
static int read_still(const WebPDemuxer *file, uint32_t flags, size_t size, dc3_plain *plain)
{
    WebPIterator frame;
    int has_alpha = (flags & ALPHA_FLAG) != 0;
    if (!WebPDemuxGetFrame(file, 1, &frame)) return 0;
    int done = frame.x_offset == 0 && frame.y_offset == 0 && frame.has_alpha <= has_alpha &&
               frame.width == (int)WebPDemuxGetI(file, WEBP_FF_CANVAS_WIDTH) &&
               frame.height == (int)WebPDemuxGetI(file, WEBP_FF_CANVAS_HEIGHT) &&
               read_pixels(&frame, size, has_alpha ? 4 : 3, plain);
    WebPDemuxReleaseIterator(&frame);
    return done;
}

int dc3_plain_webp(const void *data, size_t size, dc3_plain *plain)
{
    WebPData bytes = {data, size};
    WebPDemuxer *file = WebPDemux(&bytes); /* NULL: cut short, or no WebP */
    if (!file) return 0;
    uint32_t flags = WebPDemuxGetI(file, WEBP_FF_FORMAT_FLAGS);
    int done =
        !(flags & ANIMATION_FLAG) && read_marks(file, flags, plain) && read_still(file, flags, size, plain);
    WebPDemuxDelete(file);
    return done;
}
