#include "io/images/vips.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vips/vector.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int started;
static pid_t process; /* that libvips was started in */

static void quiet(const char *domain, GLogLevelFlags level, const char *text, void *data)
{
    (void)domain, (void)level, (void)text, (void)data; /* what matters comes back as an error */
}

static void start(void)
{
    process = getpid();
    started = VIPS_INIT("dc3") == 0;
    if (!started) return;
    g_log_set_handler("VIPS", (GLogLevelFlags)(G_LOG_LEVEL_WARNING | G_LOG_LEVEL_INFO), quiet, NULL);
    vips_concurrency_set(1); /* the callers are parallel */
    vips_cache_set_max(0);
    vips_vector_set_enabled(FALSE); /* liborc 0.4.33 (Debian 12) frees code under other threads' feet */
    vips_block_untrusted_set(TRUE);
}

dc3_status dc3_vips_start(void)
{
    pthread_once(&once, start);
    if (!started) return dc3_fail(DC3_ERR_INTERNAL, "libvips cannot be started");
    if (getpid() == process) return DC3_OK;
    return dc3_fail(DC3_ERR_UNSUPPORTED,
                    "libvips was started before this process was forked, and its threads are not here: fork "
                    "before the first image that needs it, or start a new program (spawn)");
}

dc3_status dc3_vips_failed(const char *origin, const char *what)
{
    vips_error_clear();
    return dc3_fail(DC3_ERR_FORMAT, "%s: %s", origin, what);
}

VipsImage *dc3_vips_wrap(const dc3_image *image)
{
    VipsImage *rgb = NULL;
    VipsImage *in =
        vips_image_new_from_memory(image->pixels, (size_t)image->width * (size_t)image->height * 3,
                                   image->width, image->height, 3, VIPS_FORMAT_UCHAR);
    if (!in || vips_copy(in, &rgb, "interpretation", VIPS_INTERPRETATION_sRGB, NULL)) rgb = NULL;
    if (in) g_object_unref(in);
    return rgb;
}

dc3_status dc3_vips_render(const char *origin, VipsImage *in, dc3_image *image)
{
    size_t size;
    int bands = in->Bands;
    if (bands != 3) {
        g_object_unref(in);
        return dc3_fail(DC3_ERR_FORMAT, "%s: expected grey, RGB or CMYK, found %d channels that are not; %s",
                        origin, bands, "convert it to PNG or JPEG");
    }
    int width = in->Xsize, height = in->Ysize;
    void *pixels = vips_image_write_to_memory(in, &size);
    g_object_unref(in);
    if (!pixels) return dc3_vips_failed(origin, "the image is damaged or truncated");
    image->pixels = pixels; /* since GLib 2.46 from malloc */
    image->width = width;
    image->height = height;
    return DC3_OK;
}

/* Puts a transparent image on white; others are returned as they are. Consumes `in`; NULL on failure. */
static VipsImage *put_on_white(VipsImage *in)
{
    if (!vips_image_hasalpha(in)) return in;
    VipsImage *out = NULL;
    double white = in->BandFmt == VIPS_FORMAT_USHORT ? 65535 : 255;
    VipsArrayDouble *background = vips_array_double_newv(1, white);
    int failed = vips_flatten(in, &out, "background", background, "max_alpha", white, NULL);
    vips_area_unref(VIPS_AREA(background));
    g_object_unref(in);
    return failed ? NULL : out;
}

/* Consumes `in`; 8-bit sRGB without alpha. NULL on failure. */
static VipsImage *to_rgb(VipsImage *in)
{
    VipsImage *out = NULL;
    in = put_on_white(in);
    if (!in) return NULL;
    int failed = vips_colourspace(in, &out, VIPS_INTERPRETATION_sRGB, NULL);
    g_object_unref(in);
    if (failed) return NULL;
    in = out;
    failed = vips_cast_uchar(in, &out, NULL);
    g_object_unref(in);
    return failed ? NULL : out;
}

/* Puts an image that is no larger than width x height in the middle of white; consumes `in`. */
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

/* Of an image that is far longer than what a crop takes of it: the middle, with a margin for the filter.
 * Scaled first, a line of 4,000 x 1 pixels would be a million pixels long. As many are taken from both ends,
 * so that the crop's place stays. Consumes `in`; NULL on failure. */
static VipsImage *shorten(VipsImage *in, int width, int height)
{
    enum { FAR = 8, MARGIN = 4 };
    VipsImage *out = NULL;
    if (vips_image_get_orientation_swap(in)) {
        int swap = width;
        width = height, height = swap;
    }
    double across = (double)in->Xsize / width, down = (double)in->Ysize / height;
    double shrink = across < down ? across : down; /* pixels for one of the result */
    int wide = across > down, length = wide ? in->Xsize : in->Ysize;
    double needed = (wide ? width : height) * shrink, kept = ceil(needed + 2 * MARGIN * fmax(1, shrink));
    if (length <= FAR * needed || length <= kept) return in;
    int cut = (length - (int)kept) / 2, left = length - 2 * cut;
    int failed = wide ? vips_extract_area(in, &out, cut, 0, left, in->Ysize, NULL)
                      : vips_extract_area(in, &out, 0, cut, in->Xsize, left, NULL);
    g_object_unref(in);
    return failed ? NULL : out;
}

/* To width x height as `fit` says; for "pad" at most that. "export_profile" is for images with a profile
 * only: without one libvips 8.14 goes by way of XYZ and changes saturated colours by some 15 of 255. */
static int thumbnail(VipsImage *whole, int width, int height, dc3_fit fit, int profile, VipsImage **out)
{
    return vips_thumbnail_image(whole, out, width, "height", height, "size",
                                fit == DC3_FIT_SQUASH ? VIPS_SIZE_FORCE : VIPS_SIZE_BOTH, "crop",
                                fit == DC3_FIT_CROP ? VIPS_INTERESTING_CENTRE : VIPS_INTERESTING_NONE,
                                profile ? "export_profile" : NULL, "srgb", NULL);
}

/* Whether its colours are not left to `thumbnail`, which is not the same in all versions of libvips:
 * from 8.15 on inks without a profile go to sRGB by another way, so that a magenta that sRGB lacks comes out
 * 7 of 255 apart, and of transparent images what 8 bits do not hold is cut off before they are scaled. */
static int is_transformed(VipsImage *in, int profile)
{
    return in->Type == VIPS_INTERPRETATION_CMYK || (profile && vips_image_hasalpha(in));
}

/* Makes an image whose colours `to_srgb` transforms smaller before that, which takes 0.1 us a pixel: what
 * `thumbnail` would do after it. Other images are returned as they are. Consumes `in`; NULL on failure. */
static VipsImage *reduce(VipsImage *in, int profile, int width, int height, dc3_fit fit)
{
    if (!is_transformed(in, profile)) return in;
    int swap = vips_image_get_orientation_swap(in), alpha = vips_image_hasalpha(in);
    double across = (double)in->Xsize / (swap ? height : width);
    double down = (double)in->Ysize / (swap ? width : height);
    if (fit == DC3_FIT_CROP) across = down = fmin(across, down);
    if (fit == DC3_FIT_PAD) across = down = fmax(across, down);
    if (across <= 1 && down <= 1) return in;
    VipsImage *steps[4] = {in};
    int failed = alpha && vips_premultiply(in, &steps[1], NULL); /* alpha is of 8 bits: channels.c */
    if (!alpha) steps[1] = g_object_ref(in);
    failed =
        failed || vips_resize(steps[1], &steps[2], 1 / fmax(1, across), "vscale", 1 / fmax(1, down), NULL);
    failed = failed || (alpha && vips_unpremultiply(steps[2], &steps[3], NULL));
    if (!failed && !alpha) steps[3] = g_object_ref(steps[2]);
    VipsImage *out = NULL;
    failed = failed || vips_cast(steps[3], &out, in->BandFmt, NULL);
    for (int i = 0; i < 4; i++)
        if (steps[i]) g_object_unref(steps[i]);
    return failed ? NULL : out;
}

/* Brings colours to sRGB, those of inks without a profile as a common press prints them. Consumes `in`; NULL
 * on failure. */
static VipsImage *to_srgb(VipsImage *in, int profile)
{
    VipsImage *out = NULL, *bare = NULL;
    int depth = vips_image_hasalpha(in) && in->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8;
    int failed =
        vips_icc_transform(in, &out, "srgb", "embedded", profile, "input_profile", profile ? NULL : "cmyk",
                           "intent", VIPS_INTENT_RELATIVE, "depth", depth, NULL) ||
        vips_copy(out, &bare, NULL);
    if (bare) vips_image_remove(bare, VIPS_META_ICC_NAME);
    if (out) g_object_unref(out);
    g_object_unref(in);
    return failed ? NULL : bare;
}

dc3_status dc3_vips_fit(const char *origin, VipsImage *in, int profile, int width, int height, dc3_fit fit,
                        dc3_image *image)
{
    VipsImage *out = NULL, *part = g_object_ref(in);
    if (fit == DC3_FIT_CROP) part = shorten(part, width, height);
    if (part) part = reduce(part, profile, width, height, fit);
    if (part && is_transformed(part, profile)) part = to_srgb(part, profile), profile = 0;
    if (part && !profile) part = put_on_white(part);
    int failed = !part || thumbnail(part, width, height, fit, profile, &out);
    if (part) g_object_unref(part);
    if (failed)
        return dc3_vips_failed(origin,
                               "cannot be brought to the wanted size; convert it to PNG or JPEG of 8 bits");
    out = to_rgb(out);
    if (out && fit == DC3_FIT_PAD) out = pad_to(out, width, height);
    if (out && (out->Xsize != width || out->Ysize != height)) out = force_size(out, width, height);
    if (!out) return dc3_vips_failed(origin, "cannot be brought to RGB; convert it to PNG or JPEG of 8 bits");
    return dc3_vips_render(origin, out, image);
}
