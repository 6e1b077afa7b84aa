/* Several edits of one image into one (docs/method.md, Colour compensation). Images are [size, size, 3]
 * floats in [0, 1]. */
#ifndef DC3_COLOUR_COMBINE_H
#define DC3_COLOUR_COMBINE_H

#include <stdint.h>
#include "dc3/condense.h"

/* 2, or 4 for the fourfold view. */
int dc3_combine_edits(dc3_combine mode);
/* edits: warm ones, then cold ones. For the fourfold view each is [size / 2, size / 2, 3], else [size, size,
 * 3]. */
void dc3_combine_images(dc3_combine mode, int size, const float *const *edits, uint64_t seed, uint64_t item,
                        float *out);

#endif
