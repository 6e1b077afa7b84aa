#include "io/image.h"

#include "io/images/fit.h"
#include "io/images/vips.h"

const char *const dc3_fit_names[] = {"crop", "squash", "pad", NULL};

int dc3_image_seen_side(int side)
{
    return side >= 96 ? side : side * ((96 + side - 1) / side);
}

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
