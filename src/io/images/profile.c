#include "io/images/profile.h"

#include <string.h>
#include "io/image_notes.h"

enum { HEADER = 128, SPACE = 16, SIGNATURE = 36 };

/* The colour space that a profile for such pixels has in its header. */
static const char *space_of(const VipsImage *image)
{
    switch ((int)image->Type) {
    case VIPS_INTERPRETATION_B_W:
    case VIPS_INTERPRETATION_GREY16:
        return "GRAY";
    case VIPS_INTERPRETATION_sRGB:
    case VIPS_INTERPRETATION_RGB:
    case VIPS_INTERPRETATION_RGB16:
        return "RGB ";
    case VIPS_INTERPRETATION_CMYK:
        return "CMYK";
    default:
        return "";
    }
}

void dc3_profile_drop(VipsImage *image, unsigned *notes)
{
    vips_image_remove(image, VIPS_META_ICC_NAME);
    *notes |= DC3_NOTE_PROFILE;
}

static size_t number(const unsigned char *at)
{
    return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

/* Whether all that its header and its table of tags name is there. */
static int is_whole(const unsigned char *profile, size_t size)
{
    if (size < HEADER + 4 || memcmp(profile + SIGNATURE, "acsp", 4) != 0 || number(profile) > size) return 0;
    size_t count = number(profile + HEADER);
    const unsigned char *tag = profile + HEADER + 4;
    if (!count || count > (size - HEADER - 4) / 12) return 0;
    for (size_t i = 0; i < count; i++, tag += 12)
        if (number(tag + 4) > size || number(tag + 8) > size - number(tag + 4)) return 0;
    return 1;
}

int dc3_profile_keep(VipsImage *image, unsigned *notes)
{
    const void *profile;
    size_t size;
    if (!vips_image_get_typeof(image, VIPS_META_ICC_NAME)) return 0;
    if (vips_image_get_blob(image, VIPS_META_ICC_NAME, &profile, &size) == 0 && is_whole(profile, size) &&
        strncmp((const char *)profile + SPACE, space_of(image), 4) == 0 &&
        vips_icc_is_compatible_profile(image, profile, size))
        return 1;
    dc3_profile_drop(image, notes);
    return 0;
}
