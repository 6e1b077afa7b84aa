/* Antialiased bilinear resampling along one axis, as Pillow and torchvision (antialias=True) define it: the
 * triangle filter, made as many times wider as the axis gets shorter. Output i of `out` lies at the input
 * coordinate c = (i + 1/2) in / out; with r = max(in / out, 1) the input j has the weight max(0, 1 - |j + 1/2
 * - c| / r), over the inputs that exist, divided by their sum. */
#ifndef DC3_LEARN_RESAMPLE_H
#define DC3_LEARN_RESAMPLE_H

#include "io/image.h"

/* The inputs that make one output. */
typedef struct dc3_tap {
    int first, used;
} dc3_tap;

/* The most inputs that one output is made of. */
int dc3_taps_width(int in, int out);
/* taps [out] and weights [out, width], width = dc3_taps_width(in, out); only the first `used` of each row are
 * set. in, out >= 1. */
void dc3_taps_fill(int in, int out, int width, dc3_tap *taps, double *weights);

/* The whole image at width x height, to the last bit as Pillow's Image.resize(BILINEAR): columns first,
 * then rows, each rounded to bytes after sums in fixed point. The caller frees `image`. */
dc3_status dc3_resize_pillow(const dc3_image *from, int width, int height, dc3_image *image);

/* The protocol's image for testing at `size` x `size`: the shorter side brought to size / 7 * 8 (in whole
 * numbers; 7 or more), then the middle; zeros around where that is smaller. As torchvision's Resize and
 * CenterCrop on a Pillow image. DC3_ERR_ARGUMENT where size is under 7. */
dc3_status dc3_test_image(const dc3_image *from, int size, dc3_image *image);

#endif
