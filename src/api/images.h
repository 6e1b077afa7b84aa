/* Batches of images in a caller's memory. Private to this folder. */
#ifndef DC3_API_IMAGES_H
#define DC3_API_IMAGES_H

#include <stdint.h>
#include "base/status.h"
#include "io/pixels.h"

/* Whether `images` are n images of height x width: DC3_ERR_ARGUMENT where they are missing, none, or too
 * small or too large. */
dc3_status dc3_check_images(int64_t n, int height, int width, const uint8_t *images);
/* Image i of them, a view that is not to be freed. */
dc3_image dc3_image_at(int64_t i, int height, int width, const uint8_t *images);

#endif
