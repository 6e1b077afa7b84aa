#include "io/image.h"

#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "io/images/vips.h"

const char *const dc3_fit_names[] = {"crop", "squash", "pad", NULL};
const char *const dc3_format_names[] = {"png", "webp", "jpeg", NULL};

dc3_status dc3_image_resize(const dc3_image *from, int width, int height, dc3_fit fit, dc3_image *image)
{
    *image = (dc3_image){0};
    if (width == from->width && height == from->height) {
        if (!dc3_image_allocate((uint32_t)width, (uint32_t)height, 0, 0, image))
            return dc3_fail(DC3_ERR_MEMORY, "out of memory");
        dc3_image_paste(image, from, 0, 0);
        return DC3_OK;
    }
    DC3_TRY(dc3_vips_start());
    VipsImage *in = dc3_vips_wrap(from);
    if (!in) return dc3_vips_failed("image", "cannot be resized");
    dc3_status status = dc3_vips_fit("image", in, 0, width, height, fit, image);
    g_object_unref(in);
    return status;
}

const char *dc3_image_extension(dc3_image_format format)
{
    static const char *const names[] = {".png", ".webp", ".jpg", ".jpg"};
    return names[format];
}

dc3_status dc3_image_encode(const dc3_image *image, dc3_image_format format, void **data, size_t *size)
{
    *data = NULL;
    DC3_TRY(dc3_vips_start());
    VipsImage *rgb = dc3_vips_wrap(image);
    void *encoded = NULL;
    int failed = !rgb;
    if (!failed && format == DC3_PNG)
        failed = vips_pngsave_buffer(rgb, &encoded, size, "compression", 6, "strip", TRUE, NULL);
    else if (!failed && format == DC3_WEBP)
        failed = vips_webpsave_buffer(rgb, &encoded, size, "lossless", TRUE, "strip", TRUE, NULL);
    else if (!failed)
        failed = vips_jpegsave_buffer(rgb, &encoded, size, "Q", format == DC3_JPEG ? 95 : 85,
                                      "subsample_mode", VIPS_FOREIGN_SUBSAMPLE_OFF, "strip", TRUE, NULL);
    if (rgb) g_object_unref(rgb);
    if (failed) return dc3_vips_failed("image", "cannot be encoded");
    *data = malloc(*size);
    if (*data) memcpy(*data, encoded, *size);
    g_free(encoded);
    return *data ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

dc3_status dc3_image_write(const char *path, const dc3_image *image, dc3_image_format format)
{
    void *data;
    size_t size;
    DC3_TRY(dc3_image_encode(image, format, &data, &size));
    dc3_status status = dc3_file_write(path, data, size);
    free(data);
    return status;
}
