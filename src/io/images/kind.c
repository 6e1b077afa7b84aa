#include "io/images/kind.h"

#include <ctype.h>
#include <string.h>
#include "io/found.h"
#include "io/images/tiff.h"

#define CONVERT "convert it to PNG or JPEG"

/* Formats of images that are not read. */
static const struct {
    int at, length;
    const char *bytes, *what;
} others[] = {{0, 2, "BM", "a BMP image"},
              {4, 4, "jP  ", "a JPEG 2000 image"},
              {0, 4, "\xff\x4f\xff\x51", "a JPEG 2000 image"},
              {4, 4, "JXL ", "a JPEG XL image"},
              {0, 2, "\xff\x0a", "a JPEG XL image"},
              {0, 4, "8BPS", "a Photoshop document"},
              {0, 4, "\0\0\1\0", "an icon (ICO)"},
              {0, 4, "\x76\x2f\x31\x01", "an OpenEXR image"},
              {0, 10, "#?RADIANCE", "a Radiance HDR image"},
              {0, 6, "#?RGBE", "a Radiance HDR image"},
              {0, 4, "DDS ", "a DDS texture"},
              {0, 9, "SIMPLE  =", "a FITS file"},
              {0, 4, "%!PS", "a PostScript drawing"},
              {0, 4, "qoif", "a QOI image"},
              {0, 3, "P7\n", "a PAM image"},
              {0, 3, "PF\n", "a PFM image"},
              {0, 3, "Pf\n", "a PFM image"},
              {128, 4, "DICM", "a DICOM file"},
              {0, 4, "<svg", "an SVG drawing"}};

static int begins(const unsigned char *data, size_t size, size_t at, const char *bytes, size_t length)
{
    return size >= at + length && memcmp(data + at, bytes, length) == 0;
}

/* A drawing may begin as any XML does. */
static int is_svg(const unsigned char *data, size_t size)
{
    enum { FAR = 1024 };
    if (!begins(data, size, 0, "<?xml", 5)) return 0;
    for (size_t at = 0; at < size && at < FAR; at++)
        if (begins(data, size, at, "<svg", 4)) return 1;
    return 0;
}

/* The brands of still images of HEIF and AVIF, alone or first of a sequence. */
static int is_heif(const unsigned char *data, size_t size)
{
    static const char brands[][5] = {"heic", "heix", "hevc", "hevx", "heim",
                                     "heis", "mif1", "msf1", "avif", "avis"};
    if (!begins(data, size, 4, "ftyp", 4)) return 0;
    for (size_t i = 0; i < sizeof brands / sizeof *brands; i++)
        if (begins(data, size, 8, brands[i], 4)) return 1;
    return 0;
}

dc3_kind dc3_kind_of(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    if (begins(bytes, size, 0, "\xff\xd8\xff", 3)) return DC3_KIND_JPEG;
    if (begins(bytes, size, 0, "\x89PNG", 4)) return DC3_KIND_PNG;
    if (begins(bytes, size, 0, "GIF8", 4)) return DC3_KIND_GIF;
    if (begins(bytes, size, 0, "RIFF", 4) && begins(bytes, size, 8, "WEBP", 4)) return DC3_KIND_WEBP;
    for (int big = 0; big < 2; big++)
        if (begins(bytes, size, 0, big ? "II\x2b\0" : "II\x2a\0", 4) ||
            begins(bytes, size, 0, big ? "MM\0\x2b" : "MM\0\x2a", 4))
            return DC3_KIND_TIFF;
    if (is_heif(bytes, size)) return DC3_KIND_HEIF;
    if (size > 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6' &&
        (isspace(bytes[2]) || bytes[2] == '#'))
        return DC3_KIND_NETPBM;
    return DC3_KIND_OTHER;
}

/* The bits of a sample of a JPEG, and whether its process is one that decoders have; 0: no such header. */
static int jpeg_precision(const unsigned char *data, size_t size, int *usual)
{
    for (size_t at = 2; size - at >= 9 && at < size;) {
        int marker = data[at + 1];
        if (data[at] != 0xff) return 0;
        if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
            *usual = marker == 0xc0 || marker == 0xc1 || marker == 0xc2 || marker == 0xc9 || marker == 0xca;
            return data[at + 4];
        }
        size_t length = (size_t)data[at + 2] << 8 | data[at + 3];
        if (length > size - at - 2) return 0;
        at += marker == 0xff ? 1 : length + 2;
    }
    return 0;
}

/* Of a kind that is read otherwise. */
static dc3_status fail_known(dc3_kind kind, const char *origin, const void *data, size_t size)
{
    static const char *const names[] = {
        "a JPEG", "a PNG", "a GIF", "a WebP", "a TIFF", "a HEIC or AVIF", "a Netpbm (PPM, PGM, PBM)"};
    int usual = 1, bits = kind == DC3_KIND_JPEG ? jpeg_precision(data, size, &usual) : 0;
    if (bits && bits != 8)
        return dc3_fail(DC3_ERR_FORMAT, "%s: a JPEG of %d bits a sample; expected 8; " CONVERT, origin, bits);
    if (!usual) return dc3_fail(DC3_ERR_FORMAT, "%s: a lossless JPEG, which is not read; " CONVERT, origin);
    if (kind == DC3_KIND_TIFF) DC3_TRY(dc3_tiff_fail(origin, data, size));
    return dc3_fail(
        DC3_ERR_FORMAT,
        "%s: %s image that cannot be opened: it is damaged or truncated, or of a form that is not "
        "read%s; " CONVERT,
        origin, names[kind], kind == DC3_KIND_HEIF ? " (libheif may lack its decoder)" : "");
}

dc3_status dc3_kind_fail(const char *origin, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    char text[DC3_FOUND_TEXT];
    dc3_kind kind = dc3_kind_of(data, size);
    if (!size) return dc3_fail(DC3_ERR_FORMAT, "%s: the file is empty", origin);
    if (kind != DC3_KIND_OTHER) return fail_known(kind, origin, data, size);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (begins(bytes, size, (size_t)others[i].at, others[i].bytes, (size_t)others[i].length))
            return dc3_fail(DC3_ERR_FORMAT, "%s: %s, which is not read; " CONVERT, origin, others[i].what);
    if (is_svg(bytes, size))
        return dc3_fail(DC3_ERR_FORMAT, "%s: an SVG drawing, which is not read; " CONVERT, origin);
    DC3_TRY(dc3_check_found(origin, "an image", data, size));
    return dc3_fail(
        DC3_ERR_FORMAT,
        "%s: not an image in a format that is read (JPEG, PNG, WebP, TIFF, GIF, HEIC, AVIF, PPM), but %s",
        origin, dc3_found(data, size, text));
}
