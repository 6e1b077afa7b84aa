#include "io/image.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/file.h"
#include "io/images/fit.h"
#include "io/images/vips.h"

const char *const dc3_fit_names[] = {"crop", "squash", "pad", NULL};
const char *const dc3_format_names[] = {"png", "webp", "jpeg", NULL};

dc3_status dc3_image_resize(const dc3_image *from, int width, int height, dc3_fit fit, dc3_image *image)
{
    *image = (dc3_image){0};
    if (width == from->width && height == from->height) {
        if (!dc3_image_allocate((uint32_t)width, (uint32_t)height, image))
            return dc3_fail(DC3_ERR_MEMORY, "out of memory");
        dc3_image_paste(image, from, 0, 0);
        return DC3_OK;
    }
    if (dc3_fit_smaller(from, width, height, fit, image)) return DC3_OK;
    if (dc3_fit_larger(from, width, height, fit, image)) return DC3_OK;
    DC3_TRY(dc3_vips_start());
    VipsImage *in = dc3_vips_wrap(from);
    if (!in) return dc3_vips_failed("image", "cannot be resized");
    dc3_status status = dc3_vips_fit("image", in, 0, width, height, fit, image);
    g_object_unref(in);
    return status;
}

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
    static const char *const names[] = {".png", ".webp", ".jpg", ".jpg", ".tif"};
    return names[format];
}

/* Borrows `rgb`; there is no metadata but the mark, if any. */
static int encode(VipsImage *rgb, dc3_image_format format, int marks, void **data, size_t *size)
{
    gboolean strip = !marks || format == DC3_PNG;
    if (!strip)
        vips_image_set_string(rgb, format == DC3_TIFF ? VIPS_META_IMAGEDESCRIPTION : "exif-ifd0-Software",
                              MARK);
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

static dc3_status encode_image(const dc3_image *image, dc3_image_format format, int marks, void **data,
                               size_t *size)
{
    enum { PNG_HEAD = 8 + 25 }; /* signature and IHDR, before any other chunk */
    *data = NULL;
    DC3_TRY(dc3_vips_start());
    VipsImage *rgb = dc3_vips_wrap(image);
    void *encoded = NULL;
    int failed = !rgb || encode(rgb, format, marks, &encoded, size);
    if (rgb) g_object_unref(rgb);
    if (failed) return dc3_vips_failed("image", "cannot be encoded");
    size_t more = marks && format == DC3_PNG ? sizeof png_mark - 1 : 0;
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

dc3_status dc3_image_encode(const dc3_image *image, dc3_image_format format, void **data, size_t *size)
{
    return encode_image(image, format, 0, data, size);
}

static dc3_status write_image(const char *path, const dc3_image *image, dc3_image_format format, int marks)
{
    void *data;
    size_t size;
    DC3_TRY(encode_image(image, format, marks, &data, &size));
    dc3_status status = dc3_file_write(path, data, size);
    free(data);
    return status;
}

dc3_status dc3_image_write(const char *path, const dc3_image *image, dc3_image_format format)
{
    return write_image(path, image, format, 0);
}

dc3_status dc3_image_save(const char *path, const dc3_image *image, dc3_image_format format)
{
    return write_image(path, image, format, 1);
}
