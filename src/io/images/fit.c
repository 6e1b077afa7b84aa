#include "io/images/fit.h"

#include <math.h>
#include <string.h>
#include "io/images/resample.h"

static dc3_resample_axis axis_of(int size, double shrink)
{
    if (shrink > size) shrink = size; /* something is left of a thin line */
    int scaled = (int)floor(size / shrink + 0.5);
    return (dc3_resample_axis){size, scaled, shrink, 0, scaled};
}

/* The middle of what is too long for `wanted`. */
static void crop_to(dc3_resample_axis *axis, int wanted)
{
    if (axis->scaled <= wanted) return;
    axis->first = (axis->scaled - wanted) / 2;
    axis->count = wanted;
}

/* `tile` in the middle of white. */
static int pad_to(dc3_image *tile, int width, int height, dc3_image *image)
{
    if (!dc3_image_allocate((uint32_t)width, (uint32_t)height, image)) return 0;
    memset(image->pixels, 255, (size_t)width * (size_t)height * 3);
    dc3_image_paste(image, tile, (width - tile->width) / 2, (height - tile->height) / 2);
    return 1;
}

int dc3_fit_smaller(const dc3_image *from, int width, int height, dc3_fit fit, dc3_image *image)
{
    double across = (double)from->width / width, down = (double)from->height / height;
    if (fit == DC3_FIT_CROP) across = down = fmin(across, down);
    if (fit == DC3_FIT_PAD) across = down = fmax(across, down);
    *image = (dc3_image){0};
    if (across < 1 || down < 1) return 0;
    dc3_resample_axis x = axis_of(from->width, across), y = axis_of(from->height, down);
    crop_to(&x, width);
    crop_to(&y, height);
    dc3_image tile;
    if (!dc3_resample(from, x, y, &tile)) return 0;
    int done = tile.width == width && tile.height == height;
    if (done)
        *image = tile;
    else if (fit == DC3_FIT_PAD)
        done = pad_to(&tile, width, height, image);
    if (!done || image->pixels != tile.pixels) dc3_image_free(&tile);
    return done;
}
