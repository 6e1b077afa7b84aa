/* TIFFs whose samples libvips does not read: every sample of what is taken is there, and becomes an image. */
#include "fuzz.h"
#include "io/images/channels.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MOST = 1 << 20 }; /* samples, for speed */
    dc3_tiff tiff;
    float *values;
    if (dc3_vips_start() != DC3_OK) return 0;
    if (!dc3_tiff_look(data, size, &tiff)) return dc3_kind_fail("fuzz.tif", data, size) == DC3_OK;
    double samples = (double)tiff.width * tiff.height * tiff.samples;
    if (tiff.own && samples < MOST && tiff.block < 8 * MOST) {
        if (dc3_tiff_read("fuzz.tif", data, size, &tiff, &values) == DC3_OK) {
            float *copy = malloc((size_t)samples * sizeof *copy);
            if (copy) memcpy(copy, values, (size_t)samples * sizeof *copy);
            free(copy);
            free(values);
        }
        VipsImage *image = NULL;
        unsigned notes = 0;
        if (dc3_channels_own("fuzz.tif", data, size, &tiff, &notes, &image) == DC3_OK) g_object_unref(image);
    }
    free((void *)(uintptr_t)tiff.profile);
    return 0;
}
