/* Images that are decoded without libvips: every pixel of what is taken is there. And what is read of the
 * files of those that libvips decodes. */
#include "fuzz.h"
#include "io/images/fit.h"
#include "io/images/gif.h"
#include "io/images/kind.h"
#include "io/images/marks.h"
#include "io/images/plain_fit.h"
#include "io/images/vips.h"

/* The canvas is libvips's, and its size need not be the file's. */
static void fill(const uint8_t *data, size_t size)
{
    VipsImage *black = NULL, *canvas = NULL;
    if (dc3_vips_start() == DC3_OK && vips_black(&black, 40, 30, "bands", 3, NULL) == 0)
        canvas = vips_image_copy_memory(black);
    if (canvas) dc3_gif_fill(data, size, canvas);
    if (canvas) g_object_unref(canvas);
    if (black) g_object_unref(black);
}

static void copy_all(const dc3_image *image)
{
    size_t bytes = (size_t)image->width * (size_t)image->height * 3;
    uint8_t *copy = malloc(bytes);
    if (copy) memcpy(copy, image->pixels, bytes);
    free(copy);
}

/* At a size that most images are larger than, and one that many are smaller than. */
static void fit(const uint8_t *data, size_t size, int width, int height)
{
    for (int fit = DC3_FIT_CROP; fit <= DC3_FIT_PAD; fit++) {
        dc3_plain plain;
        dc3_image image = {0};
        if (!dc3_plain_decode(data, size, width, height, &plain)) return;
        if (dc3_plain_fit("image", &plain, width, height, (dc3_fit)fit, &image) == DC3_OK) copy_all(&image);
        dc3_image_free(&image);
        dc3_plain_free(&plain);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dc3_plain plain;
    dc3_marks_of_jpeg(data, size);
    if (dc3_kind_of(data, size) == DC3_KIND_GIF) fill(data, size);
    if (!dc3_plain_decode(data, size, 0, 0, &plain)) return 0;
    dc3_image image;
    if (dc3_fit_smaller_plain(&plain, 7, 5, DC3_FIT_PAD, &image)) dc3_image_free(&image);
    if (dc3_plain_stand(&plain)) copy_all(&plain.image);
    dc3_plain_free(&plain);
    fit(data, size, 3, 4);
    fit(data, size, 45, 30);
    return 0;
}
