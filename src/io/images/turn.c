#include "io/images/turn.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

int dc3_turn_swaps(int orientation)
{
    return orientation >= 5;
}

int dc3_turn_reverses_columns(int orientation)
{
    return orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
}

int dc3_turn_reverses_rows(int orientation)
{
    return orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
}

int dc3_turn(dc3_image *image, int orientation)
{
    if (orientation <= 1) return 1;
    int width = image->width, height = image->height, swap = dc3_turn_swaps(orientation);
    dc3_image out;
    if (!dc3_image_allocate((uint32_t)(swap ? height : width), (uint32_t)(swap ? width : height), &out))
        return 0;
    ptrdiff_t right = 3, down = 3 * (ptrdiff_t)width; /* to the next stored column, and row */
    const uint8_t *from = image->pixels;
    if (dc3_turn_reverses_columns(orientation)) from += right * (width - 1), right = -right;
    if (dc3_turn_reverses_rows(orientation)) from += down * (height - 1), down = -down;
    ptrdiff_t across = swap ? down : right, along = swap ? right : down;
    uint8_t *to = out.pixels;
    for (int y = 0; y < out.height; y++)
        for (int x = 0; x < out.width; x++, to += 3) memcpy(to, from + y * along + x * across, 3);
    dc3_image_free(image);
    *image = out;
    return 1;
}
