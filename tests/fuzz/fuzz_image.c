/* Images that are decoded without libvips: every pixel of what is taken is there. */
#include "fuzz.h"
#include "io/images/marks.h"
#include "io/images/plain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dc3_image image;
    dc3_marks_of_jpeg(data, size);
    if (!dc3_plain_decode(data, size, 0, 0, &(int){0}, &image)) return 0;
    size_t bytes = (size_t)image.width * (size_t)image.height * 3;
    uint8_t *copy = malloc(bytes);
    if (copy) memcpy(copy, image.pixels, bytes);
    free(copy);
    dc3_image_free(&image);
    return 0;
}
