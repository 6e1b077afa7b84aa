#include "io/images/plain_fit.h"

#include "io/image.h"
#include "io/images/fit.h"
#include "io/images/turn.h"
#include "io/images/vips.h"

int dc3_plain_width(const dc3_plain *p)
{
    return dc3_turn_swaps(p->orientation) ? p->image.height : p->image.width;
}

int dc3_plain_height(const dc3_plain *p)
{
    return dc3_turn_swaps(p->orientation) ? p->image.width : p->image.height;
}

void dc3_plain_own_size(const dc3_plain *p, int *width, int *height)
{
    int columns = p->columns > 0 ? (int)(p->columns * p->shrink) : p->image.width,
        rows = p->rows > 0 ? (int)(p->rows * p->shrink) : p->image.height;
    *width = dc3_turn_swaps(p->orientation) ? rows : columns;
    *height = dc3_turn_swaps(p->orientation) ? columns : rows;
}

/* A copy as it stands. */
static dc3_status copy_standing(const dc3_plain *from, dc3_image *image)
{
    dc3_plain copy = {.orientation = from->orientation, .colours = dc3_colours_retain(from->colours)};
    dc3_status status =
        dc3_image_resize(&from->image, from->image.width, from->image.height, DC3_FIT_SQUASH, &copy.image);
    if (status == DC3_OK && !dc3_plain_stand(&copy)) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) {
        *image = copy.image;
        copy.image.pixels = NULL;
    }
    dc3_plain_free(&copy);
    return status;
}

/* What dc3_fit_smaller_plain cannot make: some side grows, which libvips does before it turns an image and
 * transforms its colours. What pads it is white whatever its profile. */
static dc3_status enlarge(const char *origin, const dc3_plain *from, int width, int height, dc3_fit fit,
                          dc3_image *image)
{
    dc3_plain upright = {.colours = from->colours, .image = from->image};
    int first = from->colours && fit == DC3_FIT_PAD && !dc3_colours_keep_white(from->colours);
    if (first) DC3_TRY(copy_standing(&upright, &upright.image));
    dc3_status status = dc3_vips_start();
    VipsImage *in = status == DC3_OK ? dc3_vips_wrap(&upright.image) : NULL;
    if (in) vips_image_set_int(in, VIPS_META_ORIENTATION, from->orientation);
    if (in)
        status = dc3_vips_fit(origin, in, 0, width, height, fit, image);
    else if (status == DC3_OK)
        status = dc3_vips_failed(origin, "cannot be brought to the wanted size");
    if (in) g_object_unref(in);
    if (status == DC3_OK && from->colours && !first)
        dc3_colours_apply(from->colours, image->pixels, 3, (size_t)width * (size_t)height);
    if (first) dc3_image_free(&upright.image);
    return status;
}

dc3_status dc3_plain_fit(const char *origin, const dc3_plain *from, int width, int height, dc3_fit fit,
                         dc3_image *image)
{
    if (!width || !height) width = dc3_plain_width(from), height = dc3_plain_height(from);
    int own_size = width == dc3_plain_width(from) && height == dc3_plain_height(from);
    if (from->orientation <= 1 && !from->colours && from->shrink <= 1)
        return dc3_image_resize(&from->image, width, height, fit, image);
    if (own_size) return copy_standing(from, image);
    if (dc3_fit_smaller_plain(from, width, height, fit, image)) return DC3_OK;
    return enlarge(origin, from, width, height, fit, image);
}
