#include "io/images/channels.h"

#include <math.h>
#include <stdlib.h>
#include "io/image_notes.h"
#include "io/images/lab.h"

/* Bands [0, colours) and `alpha`, if not 0; consumes `in`. */
static VipsImage *select_bands(VipsImage *in, int colours, int alpha)
{
    VipsImage *colour = NULL, *last = NULL, *out = NULL;
    VipsInterpretation grey = in->BandFmt == VIPS_FORMAT_USHORT ? VIPS_INTERPRETATION_GREY16
                                                                : VIPS_INTERPRETATION_B_W,
                       rgb = in->BandFmt == VIPS_FORMAT_USHORT ? VIPS_INTERPRETATION_RGB16
                                                               : VIPS_INTERPRETATION_sRGB;
    VipsInterpretation type = colours == 1 ? grey : colours == 3 ? rgb : in->Type;
    if (vips_extract_band(in, &colour, 0, "n", colours, NULL) == 0 && alpha &&
        vips_extract_band(in, &last, alpha, NULL) == 0 && vips_bandjoin2(colour, last, &out, NULL) != 0)
        out = NULL;
    if (colour && !alpha) out = g_object_ref(colour);
    if (colour) g_object_unref(colour);
    if (last) g_object_unref(last);
    g_object_unref(in);
    if (!out) return NULL;
    in = out;
    int failed = vips_copy(in, &out, "interpretation", type, NULL);
    g_object_unref(in);
    if (failed) return NULL;
    in = vips_image_copy_memory(out);
    g_object_unref(out);
    return in;
}

/* The least and the greatest of `count` bands from `first` on, of an image of 16 bits. */
static void find_extent(const VipsImage *in, int first, int count, dc3_values *values)
{
    const uint16_t *p = vips_image_get_data((VipsImage *)(uintptr_t)in);
    size_t pixels = (size_t)in->Xsize * (size_t)in->Ysize;
    uint16_t least = UINT16_MAX, most = 0;
    for (size_t i = 0; i < pixels; i++, p += in->Bands)
        for (int c = first; c < first + count; c++) {
            least = p[c] < least ? p[c] : least;
            most = p[c] > most ? p[c] : most;
        }
    values->least = least;
    values->most = most;
}

/* The extent of the colours. Transparency that is not all the same has the values' whole scale, and so counts
 * where the file does not name one. */
static void find_colours(const VipsImage *in, dc3_values *values)
{
    int colours = in->Bands < 3 ? 1 : 3;
    dc3_values alpha = {0};
    find_extent(in, 0, colours, values);
    if (in->Bands != colours + 1 || values->limited || values->most == 0) return;
    find_extent(in, colours, 1, &alpha);
    if (alpha.least < alpha.most) values->most = fmax(values->most, alpha.most);
}

/* Values from black to white as 8 bits; consumes `in`, of 16. */
static VipsImage *spread(VipsImage *in, const dc3_value_range *range)
{
    VipsImage *out = NULL, *whole = NULL;
    double scale = 255 / (range->white - range->black);
    VipsInterpretation type = in->Type == VIPS_INTERPRETATION_GREY16 ? VIPS_INTERPRETATION_B_W
                              : in->Type == VIPS_INTERPRETATION_CMYK ? VIPS_INTERPRETATION_CMYK
                                                                     : VIPS_INTERPRETATION_sRGB;
    if (vips_linear1(in, &out, scale, 0.5 - range->black * scale, "uchar", TRUE, NULL) == 0)
        whole = vips_image_copy_memory(out);
    if (out) g_object_unref(out);
    g_object_unref(in);
    if (whole) whole->Type = type;
    return whole;
}

VipsImage *dc3_channels_usual(VipsImage *in, dc3_kind kind, const dc3_tiff *tiff, unsigned *notes)
{
    int colours = kind == DC3_KIND_TIFF ? tiff->colours : 0;
    int wide = in->BandFmt == VIPS_FORMAT_USHORT &&
               (in->Type == VIPS_INTERPRETATION_GREY16 || in->Type == VIPS_INTERPRETATION_RGB16);
    int grey = in->Type == VIPS_INTERPRETATION_B_W || in->Type == VIPS_INTERPRETATION_GREY16;
    int others = colours ? in->Bands - colours - (tiff->alpha != 0) : 0;
    if (others > 0) *notes |= DC3_NOTE_CHANNELS;
    if (others > 0 || (grey && colours == 3)) in = select_bands(in, colours, tiff->alpha);
    /* libvips makes colours of 8 bits of inks of 16 and leaves their alpha as it is. */
    if (in && in->Type == VIPS_INTERPRETATION_CMYK && in->BandFmt == VIPS_FORMAT_USHORT && in->Bands > 4)
        return spread(in, &(dc3_value_range){0, 65535, 0});
    if (!in || !wide || (kind != DC3_KIND_TIFF && kind != DC3_KIND_PNG)) return in;
    dc3_values values = {DC3_VALUE_UNSIGNED, 16, .limited = tiff->limited, .low = tiff->low,
                         .high = tiff->high};
    find_colours(in, &values);
    dc3_value_range range = values.most > 0 ? dc3_value_range_of(&values) : (dc3_value_range){0, 65535, 0};
    *notes |= range.notes;
    return range.black > 0 || range.white < 65535 ? spread(in, &range) : in;
}

/* The least and the greatest finite value of the colours. */
static int find_float_extent(const float *p, const dc3_tiff *t, dc3_values *values)
{
    size_t pixels = (size_t)t->width * t->height;
    int finite = 1;
    values->least = INFINITY;
    values->most = -INFINITY;
    for (size_t i = 0; i < pixels; i++, p += t->samples)
        for (int c = 0; c < t->colours && c < t->samples; c++) {
            if (!isfinite(p[c]))
                finite = 0;
            else {
                values->least = fmin(values->least, (double)p[c]);
                values->most = fmax(values->most, (double)p[c]);
            }
        }
    if (values->least > values->most) values->least = values->most = 0;
    return finite;
}

static uint8_t byte_of(double value, const dc3_value_range *range)
{
    double x = (value - range->black) / (range->white - range->black) * 255;
    return (uint8_t)(!(x > 0) ? 0 : x >= 255 ? 255 : lrint(x));
}

/* What stands for opaque: alpha has a scale of its own. 1 without alpha. */
static double find_opaque(const float *p, const dc3_tiff *t, double white)
{
    size_t pixels = (size_t)t->width * t->height;
    double most = 0;
    if (!t->alpha) return 1;
    for (size_t i = 0; i < pixels; i++, p += t->samples)
        if (isfinite(p[t->alpha])) most = fmax(most, (double)p[t->alpha]);
    if (t->type == DC3_VALUE_FLOAT) return most <= 1 ? 1 : fmax(white, most);
    return most <= white ? white : ldexp(1, t->type == DC3_VALUE_SIGNED ? t->bits - 1 : t->bits) - 1;
}

/* Samples as bytes [height, width, colours and alpha]. */
static void to_bytes(const float *values, const dc3_tiff *t, const dc3_value_range *range, int bands,
                     uint8_t *to)
{
    size_t pixels = (size_t)t->width * t->height;
    int colours = bands - (t->alpha != 0);
    dc3_value_range clear = {0, find_opaque(values, t, range->white), 0};
    for (size_t i = 0; i < pixels; i++, values += t->samples, to += bands) {
        double alpha = t->alpha ? (double)values[t->alpha] / clear.white : 1;
        double times = t->premultiplied && alpha > 0 && alpha < 1 ? 1 / alpha : 1;
        for (int c = 0; c < colours; c++) {
            uint8_t byte = byte_of((double)values[c] * times, range);
            to[c] = t->white_is_zero ? (uint8_t)(255 - byte) : byte;
        }
        if (t->alpha) to[colours] = byte_of((double)values[t->alpha], &clear);
    }
}

/* An image of bytes, with what the file says of its colours and how it stands. */
static VipsImage *wrap(const uint8_t *bytes, const dc3_tiff *t, int bands, int colours)
{
    VipsImage *out = vips_image_new_from_memory_copy(bytes, (size_t)t->width * t->height * (size_t)bands,
                                                     (int)t->width, (int)t->height, bands, VIPS_FORMAT_UCHAR);
    if (!out) return NULL;
    out->Type = colours == 1   ? VIPS_INTERPRETATION_B_W
                : colours == 4 ? VIPS_INTERPRETATION_CMYK
                               : VIPS_INTERPRETATION_sRGB;
    vips_image_set_int(out, VIPS_META_ORIENTATION, t->orientation);
    if (t->profile) vips_image_set_blob_copy(out, VIPS_META_ICC_NAME, t->profile, t->profile_size);
    return out;
}

dc3_status dc3_channels_own(const char *origin, const void *data, size_t size, const dc3_tiff *t,
                            unsigned *notes, VipsImage **image)
{
    int bands = t->colours + (t->alpha != 0);
    float *values;
    dc3_values found = {t->type, t->bits, .limited = t->limited, .low = t->low, .high = t->high};
    *image = NULL;
    if (!t->colours)
        return dc3_fail(DC3_ERR_FORMAT, "%s: the image is damaged: %d of the 3 samples of an RGB pixel",
                        origin, t->samples);
    DC3_TRY(dc3_tiff_read(origin, data, size, t, &values));
    if (t->lab) {
        if (t->samples > bands) *notes |= DC3_NOTE_CHANNELS;
        *image = dc3_lab_image(values, t);
        free(values);
        return *image ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", origin);
    }
    if (!find_float_extent(values, t, &found)) *notes |= DC3_NOTE_NOT_FINITE;
    dc3_value_range range = dc3_value_range_of(&found);
    *notes |= range.notes | (t->samples > bands ? DC3_NOTE_CHANNELS : 0);
    uint8_t *bytes = malloc((size_t)t->width * t->height * (size_t)bands);
    if (bytes) to_bytes(values, t, &range, bands, bytes);
    free(values);
    if (!bytes) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", origin);
    *image = wrap(bytes, t, bands, t->colours);
    free(bytes);
    return *image ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", origin);
}
