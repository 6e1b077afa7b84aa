#include "io/images/fit.h"

#include <math.h>
#include <string.h>
#include "io/images/enlarge.h"
#include "io/images/resample.h"
#include "io/images/turn.h"

static dc3_resample_axis axis_of(int size, double extent, double shrink)
{
    if (shrink > extent) shrink = extent; /* something is left of a thin line */
    int scaled = (int)floor(extent / shrink + 0.5);
    return (dc3_resample_axis){size, extent, scaled, shrink, 0, scaled};
}

/* The middle of what is too long for `wanted`; of an odd rest the greater half is cut behind it, or before
 * it where the axis is turned round afterwards. */
static void crop_to(dc3_resample_axis *axis, int wanted, int reversed)
{
    if (axis->scaled <= wanted) return;
    int cut = axis->scaled - wanted;
    axis->first = reversed ? cut - cut / 2 : cut / 2;
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

/* The pixels at their new size, as they are stored; width x height is what is wanted as they stand. */
static int resample(const dc3_plain *from, int width, int height, dc3_fit fit, dc3_image *tile)
{
    int o = from->orientation, columns = dc3_turn_swaps(o) ? height : width,
        rows = dc3_turn_swaps(o) ? width : height;
    double wide = from->columns > 0 ? from->columns : from->image.width, across = wide / columns;
    double high = from->rows > 0 ? from->rows : from->image.height, down = high / rows;
    if (fit == DC3_FIT_CROP) across = down = fmin(across, down);
    if (fit == DC3_FIT_PAD) across = down = fmax(across, down);
    if (across < 1 || down < 1) return 0;
    dc3_resample_axis x = axis_of(from->image.width, wide, across);
    dc3_resample_axis y = axis_of(from->image.height, high, down);
    crop_to(&x, columns, dc3_turn_reverses_columns(o));
    crop_to(&y, rows, dc3_turn_reverses_rows(o));
    return dc3_resample(&from->image, x, y, tile);
}

int dc3_fit_smaller_plain(const dc3_plain *from, int width, int height, dc3_fit fit, dc3_image *image)
{
    dc3_plain tile = {.orientation = from->orientation};
    *image = (dc3_image){0};
    if (!resample(from, width, height, fit, &tile.image)) return 0;
    tile.colours = dc3_colours_retain(from->colours);
    int done = dc3_plain_stand(&tile);
    if (done && tile.image.width == width && tile.image.height == height) {
        *image = tile.image;
        tile.image.pixels = NULL;
    } else
        done = done && fit == DC3_FIT_PAD && pad_to(&tile.image, width, height, image);
    dc3_plain_free(&tile);
    return done;
}

int dc3_fit_smaller(const dc3_image *from, int width, int height, dc3_fit fit, dc3_image *image)
{
    return dc3_fit_smaller_plain(&(dc3_plain){.image = *from}, width, height, fit, image);
}

/* The middle of what becomes too long. */
static dc3_enlarge_axis longer(int size, double shrink, int wanted)
{
    double scale = 1.0 / shrink;
    int scaled = (int)(size * scale + 0.5), most = scaled < wanted ? scaled : wanted;
    return (dc3_enlarge_axis){size, scale, (scaled - most) / 2, most};
}

int dc3_fit_larger(const dc3_image *from, int width, int height, dc3_fit fit, dc3_image *image)
{
    enum { FAR = 8 }; /* a longer image is cut before it is enlarged */
    double across = (double)from->width / width, down = (double)from->height / height;
    *image = (dc3_image){0};
    if (fit == DC3_FIT_CROP && fmax(across, down) >= FAR * fmin(across, down)) return 0;
    if (fit == DC3_FIT_CROP) across = down = fmin(across, down);
    if (fit == DC3_FIT_PAD) across = down = fmax(across, down);
    if (across > 1 || down > 1 || (across == 1 && down == 1)) return 0;
    dc3_image tile;
    if (!dc3_enlarge(from, longer(from->width, across, width), longer(from->height, down, height), &tile))
        return 0;
    if (tile.width == width && tile.height == height) {
        *image = tile;
        return 1;
    }
    int done = fit == DC3_FIT_PAD && pad_to(&tile, width, height, image);
    dc3_image_free(&tile);
    return done;
}
