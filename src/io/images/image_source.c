#include "io/image_source.h"

#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/rng.h"
#include "io/found.h"
#include "io/images/plain.h"
#include "io/images/vips.h"

struct dc3_image_source {
    const char *origin;
    const void *data;
    size_t size;
    dc3_image own;    /* all of it, where that needs no more than decoding; without pixels: not yet */
    int raw;          /* the bytes are no image file, `own` is there from the start */
    VipsImage *whole; /* decoded, a JPEG to 1 / shrink of its size; NULL: not yet */
    int shrink;
    int looked; /* the header is read: */
    int width, height, profile, turned;
};

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

/* Of a JPEG that is brought to width x height: how much it is scaled while it is decoded, to no less than
 * twice what is wanted. Else 1. */
static int shrink_of(const dc3_image_source *s, int own_width, int own_height, int width, int height)
{
    if (!width || !height) return 1;
    int across = own_width / width, down = own_height / height, factor = across < down ? across : down;
    const char *loader = factor >= 4 ? vips_foreign_find_load_buffer(s->data, s->size) : NULL;
    if (!loader || !strstr(loader, "Jpeg")) return 1;
    return factor >= 16 ? 8 : factor >= 8 ? 4 : 2;
}

static VipsImage *open_bytes(const dc3_image_source *s, int shrink)
{
    return vips_image_new_from_buffer(s->data, s->size, "", "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                      VIPS_FAIL_ON_ERROR, shrink > 1 ? "shrink" : NULL, shrink, NULL);
}

static dc3_status no_image(const dc3_image_source *s)
{
    vips_error_clear();
    DC3_TRY(dc3_check_found(s->origin, "an image", s->data, s->size));
    return dc3_fail(DC3_ERR_FORMAT, "%s: not an image in a format that is read (JPEG, PNG, WebP, TIFF, GIF)",
                    s->origin);
}

/* Whether it is an image, and not too large; *out is to be decoded from top to bottom, once. */
static dc3_status look(dc3_image_source *s, VipsImage **out)
{
    *out = NULL;
    if (!s->size) return dc3_fail(DC3_ERR_FORMAT, "%s: the file is empty", s->origin);
    int texts = count_texts(s->data, s->size);
    if (texts > DC3_TEXT_LIMIT)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: %d compressed texts beside the image are more than the limit of %d", s->origin,
                        texts, DC3_TEXT_LIMIT);
    VipsImage *in = open_bytes(s, 1);
    if (!in) return no_image(s);
    int swap = vips_image_get_orientation_swap(in);
    double bytes = (double)in->Xsize * in->Ysize * (double)VIPS_IMAGE_SIZEOF_PEL(in);
    s->width = swap ? in->Ysize : in->Xsize;
    s->height = swap ? in->Xsize : in->Ysize;
    s->profile = vips_image_get_typeof(in, VIPS_META_ICC_NAME) != 0;
    s->turned = vips_image_get_orientation(in) != 1;
    dc3_status status = check_limits(s->origin, s->width, s->height, bytes, s->size);
    s->looked = status == DC3_OK;
    if (s->looked)
        *out = in;
    else
        g_object_unref(in);
    return status;
}

/* The whole image in memory: libvips notices a file that is truncated only where nothing is computed from it
 * at once. `in`, which look gave or NULL, is consumed. */
static dc3_status load(dc3_image_source *s, VipsImage *in, int shrink)
{
    if (s->whole && s->shrink == shrink) return DC3_OK;
    if (s->whole) g_object_unref(s->whole);
    if (in && shrink > 1) {
        g_object_unref(in);
        in = NULL;
    }
    if (!in) in = open_bytes(s, shrink);
    s->whole = in ? vips_image_copy_memory(in) : NULL;
    s->shrink = shrink;
    if (in) g_object_unref(in);
    return s->whole ? DC3_OK : dc3_vips_failed(s->origin, "the image is damaged or truncated");
}

/* Whether it is what is wanted as it is: the pipeline takes a small image longer than decoding it. */
static int is_done(const dc3_image_source *s, int width, int height)
{
    const VipsImage *w = s->whole;
    return w->Xsize == width && w->Ysize == height && w->Bands == 3 && w->BandFmt == VIPS_FORMAT_UCHAR &&
           w->Type == VIPS_INTERPRETATION_sRGB && !s->profile && !s->turned;
}

static dc3_status copy_whole(const dc3_image_source *s, dc3_image *image)
{
    dc3_image all = {s->whole->Xsize, s->whole->Ysize, (uint8_t *)(uintptr_t)vips_image_get_data(s->whole)};
    return dc3_image_resize(&all, all.width, all.height, DC3_FIT_SQUASH, image);
}

static dc3_status fit_whole(dc3_image_source *s, VipsImage *in, int width, int height, dc3_fit fit,
                            dc3_image *image)
{
    if (!width || !height) width = s->width, height = s->height, fit = DC3_FIT_SQUASH;
    DC3_TRY(load(s, in, shrink_of(s, s->width, s->height, width, height)));
    if (is_done(s, width, height)) return copy_whole(s, image);
    return dc3_vips_fit(s->origin, s->whole, s->profile, width, height, fit, image);
}

dc3_status dc3_image_source_read(dc3_image_source *s, int width, int height, dc3_fit fit, int more,
                                 dc3_image *image)
{
    const dc3_image *own = &s->own;
    VipsImage *in = NULL;
    *image = (dc3_image){0};
    if (own->pixels && (s->raw || shrink_of(s, own->width, own->height, width, height) == 1))
        return dc3_image_resize(own, width ? width : own->width, height ? height : own->height, fit, image);
    int decoded = s->whole && s->shrink == shrink_of(s, s->width, s->height, width, height);
    if (!decoded && dc3_plain_decode(s->data, s->size, width, height, image)) {
        if (more && !own->pixels &&
            dc3_image_allocate((uint32_t)image->width, (uint32_t)image->height, 0, 0, &s->own))
            dc3_image_paste(&s->own, image, 0, 0);
        return DC3_OK;
    }
    DC3_TRY(dc3_vips_start());
    if (!s->looked) DC3_TRY(look(s, &in));
    return fit_whole(s, in, width, height, fit, image);
}

dc3_status dc3_image_source_of_pixels(const char *origin, void *data, size_t size, dc3_image *pixels,
                                      dc3_image_source **source)
{
    char *name = strdup(origin);
    dc3_image_source *s = *source = calloc(1, sizeof *s);
    if (!s || !name) {
        free(name), free(s), free(data);
        dc3_image_free(pixels);
        *source = NULL;
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    *s = (dc3_image_source){
        .origin = name, .data = data, .size = size, .own = *pixels, .raw = pixels->pixels != NULL};
    return DC3_OK;
}

dc3_status dc3_image_source_open(const char *origin, void *data, size_t size, dc3_image_source **source)
{
    dc3_image none = {0};
    return dc3_image_source_of_pixels(origin, data, size, &none, source);
}

dc3_status dc3_image_source_open_file(const char *path, dc3_image_source **source)
{
    char *data;
    size_t size;
    *source = NULL;
    DC3_TRY(dc3_file_read(path, DC3_IMAGE_FILE_LIMIT, &data, &size));
    return dc3_image_source_open(path, data, size, source);
}

void dc3_image_source_close(dc3_image_source **source)
{
    dc3_image_source *s = *source;
    if (!s) return;
    if (s->whole) g_object_unref(s->whole);
    dc3_image_free(&s->own);
    free((void *)(uintptr_t)s->data);
    free((void *)(uintptr_t)s->origin);
    free(s);
    *source = NULL;
}

uint64_t dc3_image_source_hash(const dc3_image_source *source)
{
    return dc3_hash64(source->data, source->size);
}

dc3_status dc3_image_decode(const char *origin, const void *data, size_t size, int width, int height,
                            dc3_fit fit, dc3_image *image)
{
    dc3_image_source s = {.origin = origin, .data = data, .size = size};
    dc3_status status = dc3_image_source_read(&s, width, height, fit, 0, image);
    if (s.whole) g_object_unref(s.whole);
    return status;
}

dc3_status dc3_image_read(const char *path, int width, int height, dc3_fit fit, dc3_image *image)
{
    char *data;
    size_t size;
    *image = (dc3_image){0};
    DC3_TRY(dc3_file_read(path, DC3_IMAGE_FILE_LIMIT, &data, &size));
    dc3_status status = dc3_image_decode(path, data, size, width, height, fit, image);
    free(data);
    return status;
}
