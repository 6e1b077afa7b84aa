#include "io/plain.h"

#include <stdlib.h>
#include <string.h>

int dc3_plain_start(uint32_t width, uint32_t height, int wanted_width, int wanted_height, dc3_image *image)
{
    uint64_t pixels = (uint64_t)width * height;
    if (!pixels || pixels > DC3_IMAGE_LIMIT || 3 * pixels > DC3_DECODED_LIMIT) return 0;
    if (wanted_width && wanted_height &&
        (width != (uint32_t)wanted_width || height != (uint32_t)wanted_height))
        return 0;
    *image = (dc3_image){(int)width, (int)height, malloc(3 * pixels)};
    return image->pixels != NULL;
}

int dc3_plain_decode(const void *data, size_t size, int width, int height, dc3_image *image)
{
    *image = (dc3_image){0};
    int done = 0;
    if (size > 8 && memcmp(data, "\xff\xd8\xff", 3) == 0)
        done = dc3_plain_jpeg(data, size, width, height, image);
    else if (size > 8 && memcmp(data, "\x89PNG", 4) == 0)
        done = dc3_plain_png(data, size, width, height, image);
    if (!done) dc3_image_free(image);
    return done;
}
