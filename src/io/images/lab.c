#include "io/images/lab.h"

#include <math.h>
#include <stdlib.h>

/* A sample c of a pixel as L*, a* or b*. */
static float decode(float v, int c, const dc3_tiff *t)
{
    if (t->type == DC3_VALUE_FLOAT) return v;
    float half = ldexpf(1, t->bits - 1), unit = ldexpf(1, t->bits - 8);
    if (c == 0 && v < 0) v += 2 * half; /* a lightness that was declared signed */
    if (c == 0) return v * 100 / (t->lab == 2 && t->bits == 16 ? 65280 : 2 * half - 1);
    if (t->lab == 2) return v / unit - 128;
    return (v >= half ? v - 2 * half : v) / unit; /* signed, whatever the format says */
}

static float decode_alpha(float v, const dc3_tiff *t)
{
    if (t->type == DC3_VALUE_FLOAT) return v * 255;
    if (v < 0) v += ldexpf(1, t->bits);
    return v * 255 / (ldexpf(1, t->bits) - 1);
}

static void decode_all(const float *values, const dc3_tiff *t, int bands, float *lab)
{
    size_t pixels = (size_t)t->width * t->height;
    for (size_t i = 0; i < pixels; i++, values += t->samples, lab += bands) {
        for (int c = 0; c < 3; c++) lab[c] = decode(values[c], c, t);
        if (bands > 3) lab[3] = decode_alpha(values[t->alpha], t);
    }
}

/* Consumes nothing; in memory. */
static VipsImage *to_rgb(VipsImage *lab, int orientation)
{
    VipsImage *rgb = NULL, *whole = NULL;
    lab->Type = VIPS_INTERPRETATION_LAB;
    if (vips_colourspace(lab, &rgb, VIPS_INTERPRETATION_sRGB, NULL) == 0) whole = vips_image_copy_memory(rgb);
    if (rgb) g_object_unref(rgb);
    if (whole) vips_image_set_int(whole, VIPS_META_ORIENTATION, orientation);
    return whole;
}

VipsImage *dc3_lab_image(const float *values, const dc3_tiff *t)
{
    int bands = 3 + (t->alpha != 0);
    size_t count = (size_t)t->width * t->height * (size_t)bands;
    float *samples = malloc(count * sizeof *samples);
    if (!samples) return NULL;
    decode_all(values, t, bands, samples);
    VipsImage *whole = NULL,
              *lab = vips_image_new_from_memory(samples, count * sizeof *samples, (int)t->width,
                                                (int)t->height, bands, VIPS_FORMAT_FLOAT);
    if (lab) whole = to_rgb(lab, t->orientation);
    if (lab) g_object_unref(lab);
    free(samples);
    return whole;
}
