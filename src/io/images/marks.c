#include "io/images/marks.h"

#include <stdint.h>
#include <string.h>

/* Bytes of which the first is the most or the least significant. */
static size_t number(const unsigned char *at, int bytes, int little)
{
    size_t value = 0;
    for (int i = 0; i < bytes; i++) value = value << 8 | at[little ? bytes - 1 - i : i];
    return value;
}

/* The number that `tag` has in the first directory of a TIFF, as EXIF and MPF are; 0: none. */
static size_t find_tag(const unsigned char *tiff, size_t size, size_t tag)
{
    enum { SHORT = 3, LONG = 4 };
    if (size < 14 || (memcmp(tiff, "II", 2) != 0 && memcmp(tiff, "MM", 2) != 0)) return 0;
    int little = *tiff == 'I';
    size_t at = number(tiff + 4, 4, little);
    if (at > size - 2) return 0;
    size_t count = number(tiff + at, 2, little);
    for (at += 2; count > 0 && size - at >= 12 && at < size; count--, at += 12) {
        size_t kind = number(tiff + at + 2, 2, little);
        if (number(tiff + at, 2, little) == tag && (kind == SHORT || kind == LONG))
            return number(tiff + at + 8, kind == SHORT ? 2 : 4, little);
    }
    return 0;
}

int dc3_marks_orientation(const unsigned char *exif, size_t size)
{
    enum { PREFIX = 6, TAG = 0x112, SHORT = 3, HEADER = 8, ENTRY = 12 };
    int prefix = size >= PREFIX && memcmp(exif, "Exif\0", PREFIX) == 0 ? PREFIX : 0;
    const unsigned char *tiff = exif + prefix;
    size -= (size_t)prefix;
    if (size < HEADER + 2) return 0;
    if (memcmp(tiff, "II\x2a", 4) != 0 && memcmp(tiff, "MM\0\x2a", 4) != 0) return 0;
    int little = *tiff == 'I', orientation = 1, entries = 0;
    size_t at = number(tiff + 4, 4, little);
    if (at < HEADER || at > size - 2) return 0;
    size_t count = number(tiff + at, 2, little);
    if (count > (size - at - 2) / ENTRY) return 0;
    for (const unsigned char *tag = tiff + at + 2; count > 0; count--, tag += ENTRY) {
        if (number(tag, 2, little) != TAG) continue;
        size_t value = number(tag + 8, 2, little);
        if (number(tag + 2, 2, little) != SHORT || number(tag + 4, 4, little) != 1 || value < 1 || value > 8)
            return 0;
        orientation = (int)value;
        entries++;
    }
    return entries > 1 ? 0 : orientation;
}

static int find_orientation(const unsigned char *exif, size_t size)
{
    enum { ORIENTATION = 0x112 };
    size_t value = find_tag(exif, size, ORIENTATION);
    return value >= 1 && value <= 8 ? (int)value : 0;
}

dc3_marks dc3_marks_of_png(const void *data, size_t size)
{
    enum { SRGB = 45455, NEAR = 6000 }; /* gamma times 100,000 */
    const unsigned char *png = data;
    dc3_marks marks = {0};
    int gamma = 0, space = 0;
    for (size_t at = 8; size > at && size - at >= 12;) {
        const unsigned char *chunk = png + at, *kind = chunk + 4, *in = chunk + 8;
        size_t length = number(chunk, 4, 0);
        if (memcmp(kind, "zTXt", 4) == 0 || memcmp(kind, "iTXt", 4) == 0) marks.texts++;
        if (length > size - at - 12) break;
        if (memcmp(kind, "acTL", 4) == 0 && length >= 4) marks.frames = number(in, 4, 0) > 1;
        if (memcmp(kind, "gAMA", 4) == 0 && length >= 4) gamma = (int)(number(in, 4, 0) & INT32_MAX);
        if (memcmp(kind, "eXIf", 4) == 0) marks.orientation = find_orientation(in, length);
        marks.profile |= memcmp(kind, "iCCP", 4) == 0;
        space |= marks.profile || memcmp(kind, "sRGB", 4) == 0;
        at += length + 12;
    }
    marks.gamma = gamma > 0 && !space && (gamma < SRGB - NEAR || gamma > SRGB + NEAR);
    return marks;
}

dc3_marks dc3_marks_of_jpeg(const void *data, size_t size)
{
    enum { IMAGES = 0xb001, SCAN = 0xda, APP2 = 0xe2 };
    const unsigned char *jpeg = data;
    dc3_marks marks = {0};
    for (size_t at = 2; size > at && size - at >= 4 && jpeg[at] == 0xff && jpeg[at + 1] != SCAN;) {
        size_t length = number(jpeg + at + 2, 2, 0);
        if (jpeg[at + 1] == 0xff) {
            at++; /* padding */
            continue;
        }
        if (length < 2 || length > size - at - 2) break;
        if (jpeg[at + 1] == APP2 && length >= 6 && memcmp(jpeg + at + 4, "MPF", 4) == 0)
            marks.frames = find_tag(jpeg + at + 8, length - 6, IMAGES) > 1;
        at += length + 2;
    }
    return marks;
}
