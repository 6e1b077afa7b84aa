#include "io/images/load.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "io/image_notes.h"
#include "io/images/channels.h"
#include "io/images/gif.h"
#include "io/images/marks.h"
#include "io/images/profile.h"

/* Whether a header promises no more than is decoded: `bytes` once decoded, of which a decoder may hold
 * `copies`. */
static dc3_status check_limits(const dc3_load *l, double bytes, int copies)
{
    double pixels = (double)l->width * l->height;
    if (pixels > DC3_IMAGE_LIMIT)
        return dc3_fail(DC3_ERR_FORMAT, "%s: %d x %d pixels are more than the limit of %d", l->origin,
                        l->width, l->height, DC3_IMAGE_LIMIT);
    if (bytes > DC3_DECODED_LIMIT)
        return dc3_fail(DC3_ERR_FORMAT, "%s: %d x %d pixels take %.1f GB, more than the limit of %.1f GB",
                        l->origin, l->width, l->height, bytes * 1e-9, DC3_DECODED_LIMIT * 1e-9);
    bytes *= copies;
    if (bytes > DC3_SMALL_DECODED && bytes > (double)l->size * DC3_EXPANSION_LIMIT)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: %d x %d pixels take %.0f MB, more than %d for each of the file's %zu bytes",
                        l->origin, l->width, l->height, bytes * 1e-6, DC3_EXPANSION_LIMIT, l->size);
    return DC3_OK;
}

/* A sequence of HEIF or AVIF begins with another brand, by which libvips and libheif do not know that a still
 * image is in it too. */
static void find_still(dc3_load *l)
{
    const char *brand = (const char *)l->data + 8;
    const char *still = strncmp(brand, "avis", 4) == 0                                    ? "avif"
                        : strncmp(brand, "msf1", 4) == 0 || strncmp(brand, "hev", 3) == 0 ? "mif1"
                                                                                          : NULL;
    if (!still || !(l->still = malloc(l->size))) return;
    memcpy(l->still, l->data, l->size);
    memcpy(l->still + 8, still, 4);
    l->notes |= DC3_NOTE_FRAMES;
}

dc3_status dc3_load_check_rgb(const dc3_load *l)
{
    return check_limits(l, 3.0 * l->width * l->height, 1);
}

static VipsImage *open_bytes(const dc3_load *l, int shrink)
{
    VipsImage *in = vips_image_new_from_buffer(l->still ? l->still : l->data, l->size, "", "access",
                                               VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR,
                                               shrink > 1 ? "shrink" : NULL, shrink, NULL);
    if (in && l->orientation) vips_image_set_int(in, VIPS_META_ORIENTATION, l->orientation);
    return in;
}

static void look_at(dc3_load *l, VipsImage *in, double *bytes)
{
    int swap = vips_image_get_orientation_swap(in);
    l->width = swap ? in->Ysize : in->Xsize;
    l->height = swap ? in->Xsize : in->Ysize;
    l->turned = vips_image_get_orientation(in) != 1;
    if (vips_image_get_n_pages(in) > 1) l->notes |= DC3_NOTE_FRAMES;
    *bytes = (double)in->Xsize * in->Ysize * (double)VIPS_IMAGE_SIZEOF_PEL(in);
}

static void look_at_own(dc3_load *l, double *bytes)
{
    const dc3_tiff *t = &l->tiff;
    int swap = t->orientation >= 5;
    l->width = (int)(swap ? t->height : t->width);
    l->height = (int)(swap ? t->width : t->height);
    l->turned = t->orientation != 1;
    if (t->more) l->notes |= DC3_NOTE_FRAMES;
    *bytes = (double)t->width * t->height * t->samples * (double)sizeof(float);
}

/* What libvips passes over, and a PNG's texts: each may be inflated to 8 MB by libpng, and is copied by
 * libvips. */
static dc3_status read_marks(dc3_load *l)
{
    dc3_marks marks = {0};
    if (l->kind == DC3_KIND_PNG) marks = dc3_marks_of_png(l->data, l->size);
    if (l->kind == DC3_KIND_JPEG) marks = dc3_marks_of_jpeg(l->data, l->size);
    l->orientation = marks.orientation;
    l->said_profile = marks.profile;
    l->notes |= (marks.frames ? DC3_NOTE_FRAMES : 0U) | (marks.gamma ? DC3_NOTE_GAMMA : 0U);
    if (marks.texts <= DC3_TEXT_LIMIT) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: %d compressed texts beside the image are more than the limit of %d",
                    l->origin, marks.texts, DC3_TEXT_LIMIT);
}

dc3_status dc3_load_look(dc3_load *l, VipsImage **header)
{
    double bytes;
    *header = NULL;
    l->kind = dc3_kind_of(l->data, l->size);
    if (l->kind >= DC3_KIND_NETPBM) return dc3_kind_fail(l->origin, l->data, l->size);
    DC3_TRY(read_marks(l));
    if (l->kind == DC3_KIND_TIFF) dc3_tiff_look(l->data, l->size, &l->tiff);
    if (l->kind == DC3_KIND_HEIF) find_still(l);
    VipsImage *in = l->tiff.own ? NULL : open_bytes(l, 1);
    if (!in && !l->tiff.own) {
        vips_error_clear();
        return dc3_kind_fail(l->origin, l->data, l->size);
    }
    if (in)
        look_at(l, in, &bytes);
    else
        look_at_own(l, &bytes);
    /* Decoders of what may be animated hold frames of their own. */
    int copies = l->kind == DC3_KIND_HEIF || l->kind == DC3_KIND_WEBP || l->kind == DC3_KIND_GIF ? 2 : 1;
    dc3_status status = check_limits(l, bytes > l->tiff.block ? bytes : l->tiff.block, copies);
    l->looked = status == DC3_OK;
    if (l->looked)
        *header = in;
    else if (in)
        g_object_unref(in);
    return status;
}

/* Gives an image a colour profile of its own, and takes away other blobs: those of HEIF lie in memory that
 * ends with the header of libvips 8.14, whose copy has the address only. */
static void own_blobs(VipsImage *whole)
{
    static const char *const others[] = {VIPS_META_EXIF_NAME, VIPS_META_XMP_NAME, VIPS_META_IPTC_NAME};
    const void *profile;
    size_t size;
    for (int i = 0; i < 3; i++) vips_image_remove(whole, others[i]);
    if (vips_image_get_typeof(whole, VIPS_META_ICC_NAME) &&
        vips_image_get_blob(whole, VIPS_META_ICC_NAME, &profile, &size) == 0)
        vips_image_set_blob_copy(whole, VIPS_META_ICC_NAME, profile, size);
}

/* Pixels that libvips decodes. It notices a file that is truncated only where nothing is computed from it at
 * once, and so they are put into memory. */
static VipsImage *decode(const dc3_load *l, VipsImage *header, int shrink)
{
    if (header && shrink > 1) {
        g_object_unref(header);
        header = NULL;
    }
    if (!header) header = open_bytes(l, shrink);
    VipsImage *whole = header ? vips_image_copy_memory(header) : NULL;
    if (whole) own_blobs(whole);
    if (header) g_object_unref(header);
    return whole;
}

dc3_status dc3_load_whole(dc3_load *l, VipsImage *header, int shrink, VipsImage **whole)
{
    dc3_status status = DC3_OK;
    if (l->tiff.own)
        status = dc3_channels_own(l->origin, l->data, l->size, &l->tiff, &l->notes, whole);
    else if ((*whole = decode(l, header, shrink)) != NULL) {
        if (l->kind == DC3_KIND_GIF) dc3_gif_fill(l->data, l->size, *whole);
        *whole = dc3_channels_usual(*whole, l->kind, &l->tiff, &l->notes);
    }
    if (status == DC3_ERR_MEMORY) return status;
    if (!*whole && l->kind == DC3_KIND_TIFF) DC3_TRY(dc3_tiff_fail(l->origin, l->data, l->size));
    DC3_TRY(status);
    if (!*whole) return dc3_vips_failed(l->origin, "the image is damaged or truncated");
    l->profile = dc3_profile_keep(*whole, &l->notes);
    if (l->said_profile && !l->profile) l->notes |= DC3_NOTE_PROFILE;
    return DC3_OK;
}

/* Its profile, if any, as a table. */
static int find_colours(VipsImage *whole, dc3_colours **colours)
{
    const void *profile;
    size_t size;
    return whole->Bands > 2 && vips_image_get_blob(whole, VIPS_META_ICC_NAME, &profile, &size) == 0 &&
           dc3_colours_of(profile, size, colours);
}

int dc3_load_plain(const dc3_load *l, const VipsImage *in, dc3_plain *plain)
{
    VipsImage *whole = (VipsImage *)(uintptr_t)in;
    int bands = in->Bands, usual = bands < 3 ? in->Type == VIPS_INTERPRETATION_B_W
                                             : bands < 5 && in->Type == VIPS_INTERPRETATION_sRGB;
    size_t pixels = (size_t)in->Xsize * (size_t)in->Ysize;
    *plain = (dc3_plain){.shrink = 1};
    if (!usual || in->BandFmt != VIPS_FORMAT_UCHAR) return 0;
    if (l->profile && !find_colours(whole, &plain->colours)) return 0;
    plain->orientation = vips_image_get_orientation(whole);
    uint8_t *data = (uint8_t *)(uintptr_t)vips_image_get_data(whole);
    if (bands == 3)
        plain->image = (dc3_image){in->Xsize, in->Ysize, data};
    else if (dc3_image_allocate((uint32_t)in->Xsize, (uint32_t)in->Ysize, &plain->image))
        dc3_plain_to_rgb(data, bands, pixels, &plain->colours, plain->image.pixels);
    if (!plain->image.pixels) dc3_plain_free(plain);
    return plain->image.pixels != NULL;
}

void dc3_load_close(dc3_load *l)
{
    free((void *)(uintptr_t)l->tiff.profile);
    free(l->still);
    l->tiff.profile = NULL;
    l->still = NULL;
}
