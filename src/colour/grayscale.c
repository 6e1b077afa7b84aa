/* Greyscale, as torchvision's rgb_to_grayscale with three output channels: 0.2989 R + 0.587 G + 0.114 B in
 * each. Nothing is drawn: all edits of an image are the same. */
#include "colour/image_edit.h"
#include "io/json.h"

float dc3_grey(const float *rgb)
{
    return 0.2989f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2];
}

static void draw(dc3_rng *rng, int size, double *values)
{
    (void)rng, (void)size, (void)values;
}

static dc3_status apply(int size, const double *values, const float *in, float *out)
{
    (void)values;
    for (int i = 0; i < size * size; i++) out[3 * i] = out[3 * i + 1] = out[3 * i + 2] = dc3_grey(in + 3 * i);
    return DC3_OK;
}

static void describe(const double *values, json_t *to)
{
    (void)values;
    json_object_set_new(to, "grayscale", json_true());
}

static void settings(int size, json_t *to)
{
    (void)size, (void)to;
}

const dc3_image_edit dc3_grayscale = {draw, apply, describe, settings};
