#include "io/image_source.h"

#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/listener.h"
#include "base/rng.h"
#include "io/image_notes.h"
#include "io/images/load.h"
#include "io/images/plain_fit.h"
#include "io/images/profile.h"

struct dc3_image_source {
    dc3_plain own;    /* all of it, where that needs no libvips; without pixels: not yet */
    int raw;          /* `own` is all that there is: no image file, or one that is always decoded whole */
    VipsImage *whole; /* decoded, a JPEG to 1 / shrink of its size; NULL: not yet, or `loaded` has its own */
    dc3_plain loaded; /* the same as RGB, perhaps in its memory; without pixels: it is neither grey nor RGB */
    int shrink;
    int reduced;       /* what was read last came from less than all pixels */
    int width, height; /* its own size, as it stands; 0: nothing was read */
    dc3_load load;     /* the bytes, and what their header says */
    _Atomic uint16_t *heard;
};

static int shrink_of(const dc3_image_source *s, int own_width, int own_height, int width, int height)
{
    if (dc3_kind_of(s->load.data, s->load.size) != DC3_KIND_JPEG) return 1;
    return dc3_jpeg_shrink(own_width, own_height, width, height);
}

/* What libvips decoded. */
static void drop_loaded(dc3_image_source *s)
{
    if (s->whole && s->loaded.image.pixels == vips_image_get_data(s->whole)) s->loaded.image.pixels = NULL;
    dc3_plain_free(&s->loaded);
    if (s->whole) g_object_unref(s->whole);
    s->whole = NULL;
}

static int has_loaded(const dc3_image_source *s, int shrink)
{
    return (s->whole || s->loaded.image.pixels) && s->shrink == shrink;
}

/* The whole image in memory. `header`, which dc3_load_look gave or NULL, is consumed. */
static dc3_status load(dc3_image_source *s, VipsImage *header, int shrink)
{
    if (has_loaded(s, shrink)) return DC3_OK;
    drop_loaded(s);
    s->shrink = shrink;
    DC3_TRY(dc3_load_whole(&s->load, header, shrink, &s->whole));
    if (dc3_load_plain(&s->load, s->whole, &s->loaded) &&
        s->loaded.image.pixels != vips_image_get_data(s->whole)) {
        g_object_unref(s->whole);
        s->whole = NULL;
    }
    return DC3_OK;
}

static dc3_status fit_whole(dc3_image_source *s, VipsImage *header, int width, int height, dc3_fit fit,
                            dc3_image *image)
{
    dc3_load *l = &s->load;
    if (!width || !height) {
        width = l->width, height = l->height, fit = DC3_FIT_SQUASH;
        dc3_status status = dc3_load_check_rgb(l);
        if (status != DC3_OK && header) g_object_unref(header);
        if (status != DC3_OK) return status;
    }
    DC3_TRY(load(s, header, shrink_of(s, l->width, l->height, width, height)));
    s->reduced = s->shrink > 1;
    if (s->loaded.image.pixels) return dc3_plain_fit(l->origin, &s->loaded, width, height, fit, image);
    dc3_status status = dc3_vips_fit(l->origin, s->whole, l->profile, width, height, fit, image);
    if (status == DC3_OK || !l->profile) return status;
    dc3_profile_drop(s->whole, &l->notes); /* whose tables are damaged */
    l->profile = 0;
    return dc3_vips_fit(l->origin, s->whole, 0, width, height, fit, image);
}

static void tell(const dc3_image_source *s)
{
    if (s->heard && s->load.notes) atomic_fetch_or(s->heard, (uint16_t)s->load.notes);
}

/* By libvips or libtiff. */
static dc3_status read_loaded(dc3_image_source *s, int width, int height, dc3_fit fit, dc3_image *image)
{
    VipsImage *header = NULL;
    DC3_TRY(dc3_vips_start());
    if (!s->load.looked) DC3_TRY(dc3_load_look(&s->load, &header));
    s->width = s->load.width, s->height = s->load.height;
    dc3_status status = fit_whole(s, header, width, height, fit, image);
    if (status == DC3_OK) tell(s);
    return status;
}

/* Without libvips, which is asked where this gives 0. `more`: all of it is kept. */
static int read_plain(dc3_image_source *s, int width, int height, dc3_fit fit, int more, dc3_image *image)
{
    dc3_plain all;
    if (!dc3_plain_decode(s->load.data, s->load.size, width, height, &all)) return 0;
    s->reduced = all.shrink > 1;
    dc3_plain_own_size(&all, &s->width, &s->height);
    s->load.notes |= all.notes;
    tell(s);
    if (more && !s->reduced && !s->own.image.pixels) {
        s->own = all;
        return dc3_plain_fit(s->load.origin, &s->own, width, height, fit, image) == DC3_OK;
    }
    int done;
    if (!width || !height || (width == dc3_plain_width(&all) && height == dc3_plain_height(&all))) {
        done = dc3_plain_stand(&all);
        if (done) *image = all.image;
        if (done) all.image.pixels = NULL;
    } else
        done = dc3_plain_fit(s->load.origin, &all, width, height, fit, image) == DC3_OK;
    dc3_plain_free(&all);
    return done;
}

/* Of several in a file the first. */
static void read_netpbm(dc3_image_source *s)
{
    s->raw = dc3_plain_decode(s->load.data, s->load.size, 0, 0, &s->own);
    s->load.notes |= s->own.notes;
    tell(s);
}

dc3_status dc3_image_source_read(dc3_image_source *s, int width, int height, dc3_fit fit, int more,
                                 dc3_image *image)
{
    const dc3_plain *own = &s->own;
    const dc3_load *l = &s->load;
    *image = (dc3_image){0};
    s->reduced = 0;
    if (!own->image.pixels && dc3_kind_of(l->data, l->size) == DC3_KIND_NETPBM) read_netpbm(s);
    if (own->image.pixels &&
        (s->raw || shrink_of(s, dc3_plain_width(own), dc3_plain_height(own), width, height) == 1)) {
        dc3_plain_own_size(own, &s->width, &s->height);
        return dc3_plain_fit(l->origin, own, width, height, fit, image);
    }
    int decoded = has_loaded(s, shrink_of(s, l->width, l->height, width, height));
    if (!decoded && read_plain(s, width, height, fit, more, image)) return DC3_OK;
    return read_loaded(s, width, height, fit, image);
}

void dc3_image_source_hear(dc3_image_source *source, _Atomic uint16_t *notes)
{
    source->heard = notes;
    tell(source);
}

void dc3_image_source_say(const dc3_image_source *source, const dc3_listener *listener)
{
    for (int i = 0; source && i < DC3_IMAGE_NOTES; i++)
        if (source->load.notes >> i & 1)
            dc3_listener_say(listener, "note: %s: %s", source->load.origin, dc3_image_note_text(i));
}

void dc3_image_source_size(const dc3_image_source *source, int *width, int *height)
{
    *width = source->width, *height = source->height;
}

int dc3_image_source_reduced(const dc3_image_source *source)
{
    return source->reduced;
}

unsigned dc3_image_source_notes(const dc3_image_source *source)
{
    return source->load.notes;
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
    *s = (dc3_image_source){.load = {.origin = name, .data = data, .size = size},
                            .own.image = *pixels,
                            .raw = pixels->pixels != NULL};
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

/* Frees what was decoded. */
static void drop(dc3_image_source *s)
{
    drop_loaded(s);
    dc3_plain_free(&s->own);
    dc3_load_close(&s->load);
}

void dc3_image_source_close(dc3_image_source **source)
{
    dc3_image_source *s = *source;
    if (!s) return;
    drop(s);
    free((void *)(uintptr_t)s->load.data);
    free((void *)(uintptr_t)s->load.origin);
    free(s);
    *source = NULL;
}

uint64_t dc3_image_source_hash(const dc3_image_source *source)
{
    return dc3_hash64(source->load.data, source->load.size);
}

const void *dc3_image_source_bytes(const dc3_image_source *source, size_t *size)
{
    *size = source->load.size;
    return source->load.data;
}

const char *dc3_image_source_ending(const dc3_image_source *source)
{
    static const char *const endings[] = {
        [DC3_KIND_JPEG] = ".jpg",   [DC3_KIND_PNG] = ".png",  [DC3_KIND_GIF] = ".gif",
        [DC3_KIND_WEBP] = ".webp",  [DC3_KIND_TIFF] = ".tif", [DC3_KIND_HEIF] = ".heic",
        [DC3_KIND_NETPBM] = ".ppm", [DC3_KIND_OTHER] = ""};
    return endings[dc3_kind_of(source->load.data, source->load.size)];
}

dc3_status dc3_image_decode(const char *origin, const void *data, size_t size, int width, int height,
                            dc3_fit fit, dc3_image *image)
{
    dc3_image_source s = {.load = {.origin = origin, .data = data, .size = size}};
    dc3_status status = dc3_image_source_read(&s, width, height, fit, 0, image);
    drop(&s);
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
