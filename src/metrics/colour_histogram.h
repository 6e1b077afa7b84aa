/* Histograms of hue and chroma in CIELAB over all pixels. Hue is the angle of (a*, b*) in 0 to 360 degrees,
 * chroma its length. */
#ifndef DC3_METRICS_COLOUR_HISTOGRAM_H
#define DC3_METRICS_COLOUR_HISTOGRAM_H

#include <stdint.h>

/* Bins of 10 degrees and of 5 units of chroma; sRGB ends at 134. */
enum { DC3_HUE_BINS = 36, DC3_CHROMA_BINS = 27 };
/* Below this chroma a pixel counts as grey and its hue as nothing. */
#define DC3_GREY_CHROMA 5.0

/* Zero to begin with. */
typedef struct dc3_colour_histogram {
    int64_t pixels, coloured; /* coloured: those that are not grey, whose hues are counted */
    int64_t hue[DC3_HUE_BINS], chroma[DC3_CHROMA_BINS];
    double chroma_sum;
} dc3_colour_histogram;

/* rgb [pixels, 3] of sRGB */
void dc3_colour_histogram_add(dc3_colour_histogram *h, const uint8_t *rgb, int64_t pixels);
void dc3_colour_histogram_merge(dc3_colour_histogram *to, const dc3_colour_histogram *from);
/* Entropy of the hue histogram in bits: 0 (one hue) to log2 36 = 5.17; NaN where all is grey. */
double dc3_hue_entropy(const dc3_colour_histogram *h);

#endif
