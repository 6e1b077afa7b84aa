#include "io/image.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>
#include <vips/vector.h>
#include "base/file.h"
#include "io/plain.h"

enum { FILE_LIMIT = 1 << 30 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int started;

static void quiet(const char *domain, GLogLevelFlags level, const char *text, void *data)
{
    (void)domain, (void)level, (void)text, (void)data; /* what matters comes back as an error */
}

static void start(void)
{
    started = VIPS_INIT("dc3") == 0;
    if (!started) return;
    g_log_set_handler("VIPS", (GLogLevelFlags)(G_LOG_LEVEL_WARNING | G_LOG_LEVEL_INFO), quiet, NULL);
    vips_concurrency_set(1); /* the callers are parallel */
    vips_cache_set_max(0);
    vips_vector_set_enabled(FALSE); /* liborc 0.4.33 (Debian 12) frees code under other threads' feet */
    vips_block_untrusted_set(TRUE);
}

static dc3_status ready(void)
{
    pthread_once(&once, start);
    return started ? DC3_OK : dc3_fail(DC3_ERR_INTERNAL, "libvips does not start");
}

/* libvips keeps one error text for all threads, so that it may be another picture's: ours says what is sure.
 */
static dc3_status vips_failed(const char *origin, const char *what)
{
    vips_error_clear();
    return dc3_fail(DC3_ERR_FORMAT, "%s: %s", origin, what);
}

const char *const dc3_fit_names[] = {"crop", "squash", "pad", NULL};
const char *const dc3_format_names[] = {"png", "webp", "jpeg", NULL};

/* Consumes `in`; 8-bit sRGB without alpha. NULL on failure. */
static VipsImage *to_rgb(VipsImage *in)
{
    VipsImage *out = NULL;
    if (vips_image_hasalpha(in)) {
        double white = in->BandFmt == VIPS_FORMAT_USHORT ? 65535 : 255;
        VipsArrayDouble *background = vips_array_double_newv(1, white);
        int failed = vips_flatten(in, &out, "background", background, "max_alpha", white, NULL);
        vips_area_unref(VIPS_AREA(background));
        g_object_unref(in);
        if (failed) return NULL;
        in = out;
    }
    int failed = vips_colourspace(in, &out, VIPS_INTERPRETATION_sRGB, NULL);
    g_object_unref(in);
    if (failed) return NULL;
    in = out;
    failed = vips_cast_uchar(in, &out, NULL);
    g_object_unref(in);
    return failed ? NULL : out;
}

/* Runs the pipeline into new memory; consumes `in`. */
static dc3_status render(const char *origin, VipsImage *in, dc3_image *image)
{
    size_t size;
    if (in->Bands != 3) {
        g_object_unref(in);
        return dc3_fail(DC3_ERR_FORMAT, "%s: cannot be brought to RGB", origin);
    }
    int width = in->Xsize, height = in->Ysize;
    void *pixels = vips_image_write_to_memory(in, &size);
    g_object_unref(in);
    if (!pixels) return vips_failed(origin, "the picture is damaged or cut short");
    image->pixels = malloc(size);
    if (image->pixels) memcpy(image->pixels, pixels, size);
    g_free(pixels);
    if (!image->pixels) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", origin);
    image->width = width;
    image->height = height;
    return DC3_OK;
}

/* Puts a picture that is no larger than width x height in the middle of white; consumes `in`. */
static VipsImage *pad_to(VipsImage *in, int width, int height)
{
    VipsImage *out = NULL;
    VipsArrayDouble *white = vips_array_double_newv(3, 255.0, 255.0, 255.0);
    int failed = vips_embed(in, &out, (width - in->Xsize) / 2, (height - in->Ysize) / 2, width, height,
                            "extend", VIPS_EXTEND_BACKGROUND, "background", white, NULL);
    vips_area_unref(VIPS_AREA(white));
    g_object_unref(in);
    return failed ? NULL : out;
}

/* Rounding of extreme shapes may miss the size by a pixel; consumes `in`. */
static VipsImage *force_size(VipsImage *in, int width, int height)
{
    VipsImage *out = NULL;
    int failed = vips_thumbnail_image(in, &out, width, "height", height, "size", VIPS_SIZE_FORCE, NULL);
    g_object_unref(in);
    return failed ? NULL : out;
}

/* A picture whose header is read. */
typedef struct header {
    VipsImage *in;     /* to be decoded from top to bottom, once */
    int width, height; /* after rotation */
    int profile;       /* whether it holds a colour profile */
    int turned;        /* whether it says that it stands otherwise than it is stored */
} header;

/* A PNG's texts of the kinds that may be compressed; each may be inflated to 8 MB by libpng, and is copied by
 * libvips. */
static int count_texts(const unsigned char *data, size_t size)
{
    int count = 0;
    if (size < 8 || memcmp(data, "\x89PNG", 4) != 0) return 0;
    for (size_t at = 8; size - at >= 12;) {
        const unsigned char *chunk = data + at;
        size_t length = (size_t)chunk[0] << 24 | (size_t)chunk[1] << 16 | (size_t)chunk[2] << 8 | chunk[3];
        count += memcmp(chunk + 4, "zTXt", 4) == 0 || memcmp(chunk + 4, "iTXt", 4) == 0;
        if (length > size - at - 12) break;
        at += length + 12;
    }
    return count;
}

/* Whether a header promises no more than is decoded: `bytes` once decoded, from a file of `size`. */
static dc3_status check_limits(const char *origin, int width, int height, double bytes, size_t size)
{
    double pixels = (double)width * height;
    if (pixels > DC3_IMAGE_LIMIT)
        return dc3_fail(DC3_ERR_FORMAT, "%s: %d x %d pixels are more than the limit of %d", origin, width,
                        height, DC3_IMAGE_LIMIT);
    if (bytes > DC3_DECODED_LIMIT)
        return dc3_fail(DC3_ERR_FORMAT, "%s: %d x %d pixels take %.1f GB, more than the limit of %.1f GB",
                        origin, width, height, bytes * 1e-9, DC3_DECODED_LIMIT * 1e-9);
    if (bytes > DC3_SMALL_DECODED && bytes > (double)size * DC3_EXPANSION_LIMIT)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: %d x %d pixels take %.0f MB, more than %d for each of the file's %zu bytes",
                        origin, width, height, bytes * 1e-6, DC3_EXPANSION_LIMIT, size);
    return DC3_OK;
}

/* Whether it is a picture, and not too large. */
static dc3_status look(const char *origin, const void *data, size_t size, header *h)
{
    if (!size) return dc3_fail(DC3_ERR_FORMAT, "%s: the file is empty", origin);
    int texts = count_texts(data, size);
    if (texts > DC3_TEXT_LIMIT)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: %d compressed texts beside the picture are more than the limit of %d", origin,
                        texts, DC3_TEXT_LIMIT);
    VipsImage *in = vips_image_new_from_buffer(data, size, "", "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                               VIPS_FAIL_ON_ERROR, NULL);
    if (!in)
        return vips_failed(origin, "not a picture in a format that is read (JPEG, PNG, WebP, TIFF, GIF)");
    int swap = vips_image_get_orientation_swap(in);
    double bytes = (double)in->Xsize * in->Ysize * (double)VIPS_IMAGE_SIZEOF_PEL(in);
    *h = (header){.in = in,
                  .width = swap ? in->Ysize : in->Xsize,
                  .height = swap ? in->Xsize : in->Ysize,
                  .profile = vips_image_get_typeof(in, VIPS_META_ICC_NAME) != 0,
                  .turned = vips_image_get_orientation(in) != 1};
    dc3_status status = check_limits(origin, h->width, h->height, bytes, size);
    if (status != DC3_OK) g_object_unref(in);
    return status;
}

/* The whole picture in memory: libvips notices a file that is cut short only where nothing is computed from
 * it at once. A JPEG is scaled while it is decoded, to no less than twice what is wanted. Consumes h->in;
 * NULL on failure. */
static VipsImage *load(const void *data, size_t size, const header *h, int width, int height)
{
    const char *loader = vips_foreign_find_load_buffer(data, size);
    int across = h->width / width, down = h->height / height, factor = across < down ? across : down;
    int shrink = factor >= 16 ? 8 : factor >= 8 ? 4 : factor >= 4 ? 2 : 1;
    VipsImage *in = h->in;
    if (shrink > 1 && loader && strstr(loader, "Jpeg")) {
        g_object_unref(in);
        in = vips_image_new_from_buffer(data, size, "", "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                        VIPS_FAIL_ON_ERROR, "shrink", shrink, NULL);
    }
    VipsImage *whole = in ? vips_image_copy_memory(in) : NULL;
    if (in) g_object_unref(in);
    return whole;
}

/* Whether it is what is wanted as it is: the pipeline takes a small picture longer than decoding it. */
static int is_done(const VipsImage *whole, const header *h, int width, int height)
{
    return whole->Xsize == width && whole->Ysize == height && whole->Bands == 3 &&
           whole->BandFmt == VIPS_FORMAT_UCHAR && whole->Type == VIPS_INTERPRETATION_sRGB && !h->profile &&
           !h->turned;
}

/* To width x height as `fit` says; for "pad" at most that. "export_profile" is for pictures with a profile
 * only: without one libvips 8.14 goes by way of XYZ and changes saturated colours by some 15 of 255. */
static int thumbnail(VipsImage *whole, int width, int height, dc3_fit fit, int profile, VipsImage **out)
{
    return vips_thumbnail_image(whole, out, width, "height", height, "size",
                                fit == DC3_FIT_SQUASH ? VIPS_SIZE_FORCE : VIPS_SIZE_BOTH, "crop",
                                fit == DC3_FIT_CROP ? VIPS_INTERESTING_CENTRE : VIPS_INTERESTING_NONE,
                                profile ? "export_profile" : NULL, "srgb", NULL);
}

dc3_status dc3_image_decode(const char *origin, const void *data, size_t size, int width, int height,
                            dc3_fit fit, dc3_image *image)
{
    header h = {0};
    if (dc3_plain_decode(data, size, width, height, image)) return DC3_OK;
    DC3_TRY(ready());
    DC3_TRY(look(origin, data, size, &h));
    if (!width || !height) width = h.width, height = h.height, fit = DC3_FIT_SQUASH;
    VipsImage *whole = load(data, size, &h, width, height), *out = NULL;
    if (!whole) return vips_failed(origin, "the picture is damaged or cut short");
    if (is_done(whole, &h, width, height)) return render(origin, whole, image);
    int failed = thumbnail(whole, width, height, fit, h.profile, &out);
    g_object_unref(whole);
    if (failed) return vips_failed(origin, "cannot be scaled");
    out = to_rgb(out);
    if (out && fit == DC3_FIT_PAD) out = pad_to(out, width, height);
    if (out && (out->Xsize != width || out->Ysize != height)) out = force_size(out, width, height);
    if (!out) return vips_failed(origin, "cannot be converted");
    return render(origin, out, image);
}

dc3_status dc3_image_read(const char *path, int width, int height, dc3_fit fit, dc3_image *image)
{
    char *data;
    size_t size;
    *image = (dc3_image){0};
    DC3_TRY(dc3_file_read(path, FILE_LIMIT, &data, &size));
    dc3_status status = dc3_image_decode(path, data, size, width, height, fit, image);
    free(data);
    return status;
}

static VipsImage *wrap(const dc3_image *image)
{
    return vips_image_new_from_memory(image->pixels, (size_t)image->width * (size_t)image->height * 3,
                                      image->width, image->height, 3, VIPS_FORMAT_UCHAR);
}

dc3_status dc3_image_resize(const dc3_image *from, int width, int height, dc3_fit fit, dc3_image *image)
{
    *image = (dc3_image){0};
    DC3_TRY(ready());
    VipsImage *in = wrap(from), *rgb = NULL, *out = NULL;
    int failed = !in || vips_copy(in, &rgb, "interpretation", VIPS_INTERPRETATION_sRGB, NULL);
    if (!failed) failed = thumbnail(rgb, width, height, fit, 0, &out);
    if (rgb) g_object_unref(rgb);
    if (in) g_object_unref(in);
    if (!failed && fit == DC3_FIT_PAD) failed = (out = pad_to(out, width, height)) == NULL;
    if (failed) return vips_failed("picture", "cannot be resized");
    return render("picture", out, image);
}

const char *dc3_image_extension(dc3_image_format format)
{
    static const char *const names[] = {".png", ".webp", ".jpg", ".jpg"};
    return names[format];
}

dc3_status dc3_image_encode(const dc3_image *image, dc3_image_format format, void **data, size_t *size)
{
    *data = NULL;
    DC3_TRY(ready());
    VipsImage *in = wrap(image), *rgb = NULL;
    void *encoded = NULL;
    int failed = !in || vips_copy(in, &rgb, "interpretation", VIPS_INTERPRETATION_sRGB, NULL);
    if (!failed && format == DC3_PNG)
        failed = vips_pngsave_buffer(rgb, &encoded, size, "compression", 6, "strip", TRUE, NULL);
    else if (!failed && format == DC3_WEBP)
        failed = vips_webpsave_buffer(rgb, &encoded, size, "lossless", TRUE, "strip", TRUE, NULL);
    else if (!failed)
        failed = vips_jpegsave_buffer(rgb, &encoded, size, "Q", format == DC3_JPEG ? 95 : 85,
                                      "subsample_mode", VIPS_FOREIGN_SUBSAMPLE_OFF, "strip", TRUE, NULL);
    if (rgb) g_object_unref(rgb);
    if (in) g_object_unref(in);
    if (failed) return vips_failed("picture", "cannot be encoded");
    *data = malloc(*size);
    if (*data) memcpy(*data, encoded, *size);
    g_free(encoded);
    return *data ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

dc3_status dc3_image_write(const char *path, const dc3_image *image, dc3_image_format format)
{
    void *data;
    size_t size;
    DC3_TRY(dc3_image_encode(image, format, &data, &size));
    dc3_status status = dc3_file_write(path, data, size);
    free(data);
    return status;
}
