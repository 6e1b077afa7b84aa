#include "metrics/colour_histogram.h"

#include <math.h>
#include "metrics/lab.h"

static void add_pixel(dc3_colour_histogram *h, double a, double b)
{
    const double degrees = 57.29577951308232;
    double chroma = sqrt(a * a + b * b);
    int c = (int)(chroma / 5);
    h->chroma[c < DC3_CHROMA_BINS ? c : DC3_CHROMA_BINS - 1]++;
    h->chroma_sum += chroma;
    if (chroma < DC3_GREY_CHROMA) return;
    double hue = atan2(b, a) * degrees;
    int bin = (int)((hue < 0 ? hue + 360 : hue) / 10);
    h->hue[bin < DC3_HUE_BINS ? bin : DC3_HUE_BINS - 1]++;
    h->coloured++;
}

void dc3_colour_histogram_add(dc3_colour_histogram *h, const uint8_t *rgb, int64_t pixels)
{
    enum { BLOCK = 256 };
    double lab[3 * BLOCK];
    for (int64_t at = 0; at < pixels; at += BLOCK) {
        int64_t count = pixels - at < BLOCK ? pixels - at : BLOCK;
        dc3_lab_of_srgb(rgb + 3 * at, count, lab);
        for (int64_t i = 0; i < count; i++) add_pixel(h, lab[3 * i + 1], lab[3 * i + 2]);
    }
    h->pixels += pixels;
}

void dc3_colour_histogram_merge(dc3_colour_histogram *to, const dc3_colour_histogram *from)
{
    to->pixels += from->pixels;
    to->coloured += from->coloured;
    to->chroma_sum += from->chroma_sum;
    for (int i = 0; i < DC3_HUE_BINS; i++) to->hue[i] += from->hue[i];
    for (int i = 0; i < DC3_CHROMA_BINS; i++) to->chroma[i] += from->chroma[i];
}

double dc3_hue_entropy(const dc3_colour_histogram *h)
{
    double sum = 0;
    if (!h->coloured) return NAN;
    for (int i = 0; i < DC3_HUE_BINS; i++) {
        double p = (double)h->hue[i] / (double)h->coloured;
        if (p > 0) sum -= p * log2(p);
    }
    return sum;
}
