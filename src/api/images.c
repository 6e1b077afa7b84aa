#include "api/images.h"

dc3_status dc3_check_images(int64_t n, int height, int width, const uint8_t *images)
{
    enum { MOST = 16384 };
    if (n < 1) return dc3_fail(DC3_ERR_ARGUMENT, "images: expected 1 or more, found %lld", (long long)n);
    if (height < 1 || height > MOST || width < 1 || width > MOST)
        return dc3_fail(DC3_ERR_ARGUMENT,
                        "images: expected 1 to %d pixels of height and width, found %d x %d", MOST, height,
                        width);
    if (n > INT64_MAX / ((int64_t)height * width * 3))
        return dc3_fail(DC3_ERR_ARGUMENT, "images: %lld of %d x %d pixels are more than any memory holds",
                        (long long)n, height, width);
    return images ? DC3_OK : dc3_fail(DC3_ERR_ARGUMENT, "images: expected pixels, found NULL");
}

dc3_image dc3_image_at(int64_t i, int height, int width, const uint8_t *images)
{
    int64_t bytes = (int64_t)height * width * 3;
    return (dc3_image){width, height, (uint8_t *)(uintptr_t)(images + i * bytes)};
}
