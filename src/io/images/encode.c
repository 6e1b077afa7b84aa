/* Images to files. What is stored with loss is as small as the format allows: Huffman tables of the image's
 * own (JPEG), the slowest search and chroma sampled down with regard to what comes back (WebP), no metadata.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/file.h"
#include "io/image.h"
#include "io/images/vips.h"

const char *const dc3_format_names[] = {"png", "webp", "jpeg", "avif", NULL};

/* By which a file is known as dc3's: in EXIF's Software (JPEG, WebP), in ImageDescription (TIFF), in a chunk
 * "tEXt" of a PNG, which libvips would compress: its length, type, text and CRC-32. */
#define MARK "made by dc3, arXiv 2508.01139"
static const char png_mark[] = "\0\0\0\x26"
                               "tEXtSoftware\0" MARK "\x86\x9e\x90\x9f";

const dc3_output_kind dc3_image_output = {
    "images",
    "PNG, JPEG, WebP or TIFF",
    (const char *const[]){".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", NULL},
    (const char *const[]){MARK, NULL},
    NULL,
    0};

dc3_image_format dc3_image_format_of(const char *name)
{
    static const struct {
        const char *ending;
        dc3_image_format format;
    } endings[] = {{".png", DC3_PNG},   {".webp", DC3_WEBP}, {".jpg", DC3_JPEG},
                   {".jpeg", DC3_JPEG}, {".tif", DC3_TIFF},  {".tiff", DC3_TIFF}};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t m = strlen(endings[i].ending);
        if (n > m && strcasecmp(name + n - m, endings[i].ending) == 0) return endings[i].format;
    }
    return DC3_FORMAT_DEFAULT;
}

const char *dc3_image_extension(dc3_image_format format)
{
    static const char *const names[] = {".png", ".webp", ".jpg", ".avif", ".jpg", ".tif"};
    return names[format];
}

/* Keeps of a WebP of pixels with loss its bitstream alone: libvips adds some 200 bytes of EXIF, also where it
 * is to strip them, and the chunk that announces them. RIFF: a chunk is its name, its length in 4 bytes, its
 * bytes, a byte more where these are odd (Google, WebP Container Specification). */
static void strip_webp(unsigned char *data, size_t *size)
{
    enum { FILE_HEAD = 12, CHUNK_HEAD = 8 };
    for (size_t at = FILE_HEAD; at + CHUNK_HEAD <= *size;) {
        const unsigned char *n = data + at + 4;
        size_t length = n[0] | (size_t)n[1] << 8 | (size_t)n[2] << 16 | (size_t)n[3] << 24;
        size_t whole = CHUNK_HEAD + length + length % 2;
        if (whole > *size - at) return;
        if (memcmp(data + at, "VP8 ", 4) == 0) {
            size_t rest = FILE_HEAD - CHUNK_HEAD + whole; /* "WEBP" and the chunk */
            memmove(data + FILE_HEAD, data + at, whole);
            for (int i = 0; i < 4; i++) data[4 + i] = (unsigned char)(rest >> 8 * i);
            *size = CHUNK_HEAD + rest;
            return;
        }
        at += whole;
    }
}

static int encode_lossy(VipsImage *rgb, dc3_coding coding, gboolean strip, void **data, size_t *size)
{
    VipsForeignSubsample chroma =
        coding.chroma == DC3_CHROMA_420 ? VIPS_FOREIGN_SUBSAMPLE_ON : VIPS_FOREIGN_SUBSAMPLE_OFF;
    if (coding.format == DC3_JPEG)
        return vips_jpegsave_buffer(rgb, data, size, "Q", coding.quality, "optimize_coding", TRUE,
                                    "subsample_mode", chroma, "strip", strip, NULL);
    if (coding.format == DC3_AVIF)
        return vips_heifsave_buffer(rgb, data, size, "Q", coding.quality, "compression",
                                    VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "subsample_mode", chroma, "strip",
                                    strip, NULL);
    int failed = vips_webpsave_buffer(rgb, data, size, "Q", coding.quality, "effort", 6, "smart_subsample",
                                      TRUE, "strip", strip, NULL);
    if (!failed && strip) strip_webp(*data, size);
    return failed;
}

/* Borrows `rgb`; there is no metadata but the mark, if any. */
static int encode(VipsImage *rgb, dc3_coding coding, int marks, void **data, size_t *size)
{
    dc3_image_format format = coding.format;
    gboolean strip = !marks || format == DC3_PNG;
    if (!strip)
        vips_image_set_string(rgb, format == DC3_TIFF ? VIPS_META_IMAGEDESCRIPTION : "exif-ifd0-Software",
                              MARK);
    if (coding.quality) return encode_lossy(rgb, coding, strip, data, size);
    if (format == DC3_PNG)
        return vips_pngsave_buffer(rgb, data, size, "compression", 6, "strip", strip, NULL);
    if (format == DC3_WEBP)
        return vips_webpsave_buffer(rgb, data, size, "lossless", TRUE, "strip", strip, NULL);
    if (format == DC3_TIFF)
        return vips_tiffsave_buffer(rgb, data, size, "compression", VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE,
                                    "strip", strip, NULL);
    return vips_jpegsave_buffer(rgb, data, size, "Q", format == DC3_JPEG ? 95 : 85, "subsample_mode",
                                VIPS_FOREIGN_SUBSAMPLE_OFF, "strip", strip, NULL);
}

static dc3_status encode_image(const dc3_image *image, dc3_coding coding, int marks, void **data,
                               size_t *size)
{
    enum { PNG_HEAD = 8 + 25 }; /* signature and IHDR, before any other chunk */
    *data = NULL;
    DC3_TRY(dc3_vips_start());
    VipsImage *rgb = dc3_vips_wrap(image);
    void *encoded = NULL;
    int failed = !rgb || encode(rgb, coding, marks, &encoded, size);
    if (rgb) g_object_unref(rgb);
    if (failed) return dc3_vips_failed("image", "cannot be encoded");
    size_t more = marks && coding.format == DC3_PNG ? sizeof png_mark - 1 : 0;
    size_t head = more ? PNG_HEAD : *size;
    *data = malloc(*size + more);
    if (*data) {
        memcpy(*data, encoded, head);
        memcpy((char *)*data + head, png_mark, more);
        memcpy((char *)*data + head + more, (char *)encoded + head, *size - head);
    }
    *size += more;
    g_free(encoded);
    return *data ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

dc3_status dc3_image_encode_as(const dc3_image *image, dc3_coding coding, void **data, size_t *size)
{
    return encode_image(image, coding, 0, data, size);
}

dc3_status dc3_image_encode(const dc3_image *image, dc3_image_format format, void **data, size_t *size)
{
    return encode_image(image, (dc3_coding){.format = format}, 0, data, size);
}

int dc3_image_writes(dc3_image_format format)
{
    enum { SIDE = 16 };
    uint8_t black[SIDE * SIDE * 3] = {0};
    const dc3_image image = {.width = SIDE, .height = SIDE, .pixels = black};
    dc3_image back = {0};
    void *data = NULL;
    size_t size;
    if (format != DC3_AVIF) return 1;
    int works =
        dc3_image_encode_as(&image, (dc3_coding){.format = format, .quality = 50}, &data, &size) == DC3_OK &&
        dc3_image_decode("AVIF", data, size, 0, 0, DC3_FIT_CROP, &back) == DC3_OK;
    dc3_image_free(&back);
    free(data);
    return works;
}

static dc3_status write_image(const char *path, const dc3_image *image, dc3_coding coding, int marks)
{
    void *data;
    size_t size;
    DC3_TRY(encode_image(image, coding, marks, &data, &size));
    dc3_status status = dc3_file_write(path, data, size);
    free(data);
    return status;
}

dc3_status dc3_image_write(const char *path, const dc3_image *image, dc3_image_format format)
{
    return write_image(path, image, (dc3_coding){.format = format}, 0);
}

dc3_status dc3_image_write_as(const char *path, const dc3_image *image, dc3_coding coding)
{
    return write_image(path, image, coding, 0);
}

dc3_status dc3_image_save(const char *path, const dc3_image *image, dc3_coding coding)
{
    return write_image(path, image, coding, 1);
}
