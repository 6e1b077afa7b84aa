/* Images: decoded (by libvips, plain JPEG, PNG and WebP without it) to 8-bit sRGB, at their own size or
 * fitted to one; and encoded again. */
#ifndef DC3_IO_IMAGE_H
#define DC3_IO_IMAGE_H

#include <stddef.h>
#include "dc3/choices.h"
#include "base/output_kind.h"
#include "io/pixels.h"

/* "crop", ...; NULL after the last. */
extern const char *const dc3_fit_names[];

/* Nor a PNG of more compressed texts, each of which may take megabytes, unless it can be decoded without
 * them. */
enum { DC3_TEXT_LIMIT = 16 };

/* Decodes JPEG, PNG, WebP, TIFF, GIF and what else libvips trusts, by content: first page, rotated as EXIF
 * says, colour profile applied, CMYK and grey to RGB, 16 bits to 8, transparency on white. width, height 0:
 * the image's own size. `origin` names it in errors. A damaged or truncated image gives DC3_ERR_FORMAT.
 * Threads may call it at once. */
dc3_status dc3_image_decode(const char *origin, const void *data, size_t size, int width, int height,
                            dc3_fit fit, dc3_image *image);
/* The same from a file, of at most DC3_IMAGE_FILE_LIMIT bytes. */
enum { DC3_IMAGE_FILE_LIMIT = 1 << 30 };
dc3_status dc3_image_read(const char *path, int width, int height, dc3_fit fit, dc3_image *image);
/* A copy of `from` at a size. */
dc3_status dc3_image_resize(const dc3_image *from, int width, int height, dc3_fit fit, dc3_image *image);

/* The side at which an image of `side` pixels is well seen on a sheet: itself from 96 on, else its least
 * multiple of that or more. */
int dc3_image_seen_side(int side);

/* A line of text, which need not be UTF-8, black on white at the left of width x height pixels; what is too
 * long ends with "..". Without a font it is white. */
dc3_status dc3_image_caption(const char *text, int width, int height, dc3_image *image);

/* A JPEG to look at, quality 85, which nobody can ask for by a word. */
#define DC3_JPEG_SMALL ((dc3_image_format)(DC3_AVIF + 1))
/* Of the files that dc3_image_save writes only. */
#define DC3_TIFF ((dc3_image_format)(DC3_AVIF + 2))
/* "png", ...; NULL after the last. */
extern const char *const dc3_format_names[];
/* ".png", ".webp", ".jpg", ".avif", ".jpg" (DC3_JPEG_SMALL), ".tif" (Deflate). */
const char *dc3_image_extension(dc3_image_format format);

/* How an image is encoded. Without a quality: PNG and WebP without loss, JPEG of quality 95 and full chroma.
 */
typedef struct dc3_coding {
    dc3_image_format format;
    int quality;       /* 1 to 100 of WebP, JPEG or AVIF with loss; 0: none is given */
    dc3_chroma chroma; /* of JPEG and AVIF with a quality; WebP with loss stores 4:2:0 */
} dc3_coding;

/* Encoded bytes, which the caller frees. The same image gives the same bytes. */
dc3_status dc3_image_encode(const dc3_image *image, dc3_image_format format, void **data, size_t *size);
dc3_status dc3_image_encode_as(const dc3_image *image, dc3_coding coding, void **data, size_t *size);
/* Encodes and writes, the file whole or not at all. */
dc3_status dc3_image_write(const char *path, const dc3_image *image, dc3_image_format format);
dc3_status dc3_image_write_as(const char *path, const dc3_image *image, dc3_coding coding);
/* 1 if the installed libraries write the format and read it again, which is tried. */
int dc3_image_writes(dc3_image_format format);

/* The format that the ending of a name says (".png", ".webp", ".jpg", ".jpeg", ".tif", ".tiff");
 * DC3_FORMAT_DEFAULT for other names. */
dc3_image_format dc3_image_format_of(const char *name);
/* A single image that a user named: what dc3_image_save writes. */
extern const dc3_output_kind dc3_image_output;
/* The same as dc3_image_write_as, with a mark by which the file is known as dc3's; not of DC3_AVIF. */
dc3_status dc3_image_save(const char *path, const dc3_image *image, dc3_coding coding);

#endif
