/* Structural similarity of luminance (Wang, Bovik, Sheikh and Simoncelli 2004). */
#ifndef DC3_METRICS_SSIM_H
#define DC3_METRICS_SSIM_H

#include <stdint.h>
#include "base/status.h"

enum { DC3_SSIM_WINDOW = 11 };

/* a, b [height, width, 3]; luminance 0.299 R + 0.587 G + 0.114 B (Rec. 601), in 0 to 255. The mean over all
 * windows that lie inside the image: 11 x 11 pixels under a Gaussian of deviation 1.5, K1 = 0.01, K2 =
 * 0.03, no correction of the variances; scikit-image's structural_similarity(gaussian_weights=True,
 * sigma=1.5, use_sample_covariance=False, data_range=255). 1: equal; NaN where the image is smaller than a
 * window. */
dc3_status dc3_ssim(const uint8_t *a, const uint8_t *b, int width, int height, double *ssim);

#endif
