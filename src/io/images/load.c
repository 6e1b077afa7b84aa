#include "io/images/load.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "io/image_notes.h"
#include "io/images/channels.h"
#include "io/images/profile.h"

/* A PNG's texts of the kinds that may be compressed; each may be inflated to 8 MB by libpng, and is copied by
 * libvips. */
static int count_texts(const unsigned char *data, size_t size)
{
    int count = 0;
    for (size_t at = 8; size > at && size - at >= 12;) {
        const unsigned char *chunk = data + at;
        size_t length = (size_t)chunk[0] << 24 | (size_t)chunk[1] << 16 | (size_t)chunk[2] << 8 | chunk[3];
        count += memcmp(chunk + 4, "zTXt", 4) == 0 || memcmp(chunk + 4, "iTXt", 4) == 0;
        if (length > size - at - 12) break;
        at += length + 12;
    }
    return count;
}

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
    return vips_image_new_from_buffer(l->still ? l->still : l->data, l->size, "", "access",
                                      VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR,
                                      shrink > 1 ? "shrink" : NULL, shrink, NULL);
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

dc3_status dc3_load_look(dc3_load *l, VipsImage **header)
{
    double bytes;
    *header = NULL;
    l->kind = dc3_kind_of(l->data, l->size);
    if (l->kind >= DC3_KIND_NETPBM) return dc3_kind_fail(l->origin, l->data, l->size);
    int texts = l->kind == DC3_KIND_PNG ? count_texts(l->data, l->size) : 0;
    if (texts > DC3_TEXT_LIMIT)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: %d compressed texts beside the image are more than the limit of %d", l->origin,
                        texts, DC3_TEXT_LIMIT);
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
    if (header) g_object_unref(header);
    return whole;
}

dc3_status dc3_load_whole(dc3_load *l, VipsImage *header, int shrink, VipsImage **whole)
{
    dc3_status status = DC3_OK;
    if (l->tiff.own)
        status = dc3_channels_own(l->origin, l->data, l->size, &l->tiff, &l->notes, whole);
    else if ((*whole = decode(l, header, shrink)) != NULL)
        *whole = dc3_channels_usual(*whole, l->kind, &l->tiff, &l->notes);
    if (status == DC3_ERR_MEMORY) return status;
    if (!*whole && l->kind == DC3_KIND_TIFF) DC3_TRY(dc3_tiff_fail(l->origin, l->data, l->size));
    DC3_TRY(status);
    if (!*whole) return dc3_vips_failed(l->origin, "the image is damaged or truncated");
    l->profile = dc3_profile_keep(*whole, &l->notes);
    return DC3_OK;
}

void dc3_load_close(dc3_load *l)
{
    free((void *)(uintptr_t)l->tiff.profile);
    free(l->still);
    l->tiff.profile = NULL;
    l->still = NULL;
}
