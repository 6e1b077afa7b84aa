/* Transfers only the colour change of an edit to the original at its own size, so that neither the VAE nor
 * the low working resolution blurs it. */
#ifndef DC3_COLOUR_DETAIL_KEEP_H
#define DC3_COLOUR_DETAIL_KEEP_H

#include "base/status.h"

/* input, reconstruction (the VAE's of input) and edit [small, small, 3], original and out [height, width, 3],
 * all in [0, 1]; the original may have another shape, if input is all of it squashed. change = edit -
 * reconstruction in YCbCr, so that the VAE's own error cancels; smoothed by a guided filter (He et al. 2013)
 * with the input's luminance as guide, radius 4 pixels at 64, eps 0.004; brought to width x height; added to
 * the original. */
dc3_status dc3_detail_keep(int small, const float *input, const float *reconstruction, const float *edit,
                           int width, int height, const float *original, float *out);

#endif
