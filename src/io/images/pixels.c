#include "io/pixels.h"

#include <stdlib.h>
#include <string.h>

void dc3_image_free(dc3_image *image)
{
    free(image->pixels);
    *image = (dc3_image){0};
}

void dc3_image_to_floats(const dc3_image *image, float *rgb)
{
    for (int i = 0; i < image->width * image->height * 3; i++) rgb[i] = (float)image->pixels[i] / 255.0f;
}

dc3_status dc3_image_of_floats(int width, int height, const float *rgb, dc3_image *image)
{
    *image = (dc3_image){width, height, malloc((size_t)width * (size_t)height * 3)};
    if (!image->pixels) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; i < width * height * 3; i++) {
        float v = rgb[i] * 255.0f + 0.5f;
        image->pixels[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
    return DC3_OK;
}

void dc3_image_paste(dc3_image *sheet, const dc3_image *tile, int x, int y)
{
    for (int row = 0; row < tile->height; row++)
        memcpy(sheet->pixels + ((size_t)(y + row) * (size_t)sheet->width + (size_t)x) * 3,
               tile->pixels + (size_t)row * (size_t)tile->width * 3, (size_t)tile->width * 3);
}

int dc3_image_allocate(uint32_t width, uint32_t height, dc3_image *image)
{
    uint64_t pixels = (uint64_t)width * height;
    if (!pixels || pixels > DC3_IMAGE_LIMIT || 3 * pixels > DC3_DECODED_LIMIT) return 0;
    *image = (dc3_image){(int)width, (int)height, malloc(3 * pixels)};
    return image->pixels != NULL;
}
