/* Random crops of an image, as torchvision's RandomResizedCrop with ratio (1, 1) makes them. */
#ifndef DC3_LEARN_CROP_H
#define DC3_LEARN_CROP_H

#include "base/rng.h"
#include "io/image.h"

/* A square of an image, in its pixels. */
typedef struct dc3_box {
    int left, top, side;
} dc3_box;

/* Of an area uniform in [low, high] of the image's, at a uniform place; after ten that do not fit, the
 * largest square in the middle. */
dc3_box dc3_crop_draw(dc3_rng *rng, int width, int height, double low, double high);
/* The square at another size: to [size, size, 3] floats in [0, 1], its rows `stride` floats apart. Bilinear,
 * with a kernel as wide as the reduction (torchvision's antialias). */
dc3_status dc3_crop_scale(const dc3_image *image, dc3_box box, int size, float *to, int64_t stride);

#endif
