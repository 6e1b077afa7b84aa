#include "io/images/plain.h"
#include "io/images/turn.h"

int dc3_plain_may_take(size_t size, double bytes)
{
    return bytes <= DC3_DECODED_LIMIT &&
           (bytes <= DC3_SMALL_DECODED || bytes <= (double)size * DC3_EXPANSION_LIMIT);
}

void dc3_plain_to_rgb(uint8_t *from, int channels, size_t pixels, dc3_colours **colours, uint8_t *rgb)
{
    if (channels == 4 && *colours) {
        dc3_colours_apply(*colours, from, channels, pixels);
        dc3_colours_release(colours);
    }
    int grey = channels < 3, has_alpha = channels % 2 == 0;
    for (size_t i = 0; i < pixels; i++, from += channels, rgb += 3) {
        int alpha = has_alpha ? from[channels - 1] : 255, white = 255 * (255 - alpha);
        uint8_t r = from[0], g = from[grey ? 0 : 1], b = from[grey ? 0 : 2];
        rgb[0] = alpha == 255 ? r : (uint8_t)((r * alpha + white) / 255);
        rgb[1] = alpha == 255 ? g : (uint8_t)((g * alpha + white) / 255);
        rgb[2] = alpha == 255 ? b : (uint8_t)((b * alpha + white) / 255);
    }
}

void dc3_plain_to_srgb(dc3_plain *plain)
{
    const dc3_image *i = &plain->image;
    if (plain->colours) dc3_colours_apply(plain->colours, i->pixels, 3, (size_t)i->width * (size_t)i->height);
    dc3_colours_release(&plain->colours);
}

int dc3_plain_stand(dc3_plain *plain)
{
    if (!dc3_turn(&plain->image, plain->orientation)) return 0;
    plain->orientation = 1;
    dc3_plain_to_srgb(plain);
    return 1;
}

void dc3_plain_free(dc3_plain *plain)
{
    dc3_image_free(&plain->image);
    dc3_colours_release(&plain->colours);
    *plain = (dc3_plain){0};
}
