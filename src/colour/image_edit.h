/* Conventional editors of an image, as baselines for the diffusion model: a file each. Images are [size,
 * size, 3] floats in [0, 1]. */
#ifndef DC3_COLOUR_IMAGE_EDIT_H
#define DC3_COLOUR_IMAGE_EDIT_H

#include <jansson.h>
#include "base/rng.h"
#include "base/status.h"

enum { DC3_EDIT_VALUES = 8 };

typedef struct dc3_image_edit {
    /* Draws what the edit does into values [DC3_EDIT_VALUES]. */
    void (*draw)(dc3_rng *rng, int size, double *values);
    /* in and out are different memory. */
    dc3_status (*apply)(int size, const double *values, const float *in, float *out);
    /* Adds the values to an object, as people read them. */
    void (*describe)(const double *values, json_t *to);
    /* Adds the ranges that the values come from. */
    void (*settings)(int size, json_t *to);
} dc3_image_edit;

extern const dc3_image_edit dc3_color_jitter, dc3_grayscale, dc3_blur;

/* 0.2989 R + 0.587 G + 0.114 B: torchvision's grey. */
float dc3_grey(const float *rgb);

#endif
