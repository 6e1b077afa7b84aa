/* Sums over pictures that the measures of colour are made from. */
#include <math.h>
#include "condense/measure.h"
#include "metrics/colourfulness.h"
#include "metrics/density_distance.h"

void dc3_colour_sums_add(dc3_colour_sums *sums, const dc3_image *image)
{
    int64_t pixels = (int64_t)image->width * image->height;
    double colourfulness = dc3_colourfulness(image->pixels, pixels);
    sums->images++;
    sums->colourfulness += colourfulness;
    sums->squares += colourfulness * colourfulness;
    dc3_levels_add(&sums->levels, image->pixels, pixels);
    dc3_colour_histogram_add(&sums->histogram, image->pixels, pixels);
}

void dc3_colour_sums_merge(dc3_colour_sums *to, const dc3_colour_sums *from)
{
    to->images += from->images;
    to->colourfulness += from->colourfulness;
    to->squares += from->squares;
    dc3_levels_merge(&to->levels, &from->levels);
    dc3_colour_histogram_merge(&to->histogram, &from->histogram);
}

static json_t *shares(int bins, const int64_t *counts, int64_t total)
{
    json_t *list = json_array();
    for (int i = 0; i < bins; i++)
        json_array_append_new(list, json_real(total ? (double)counts[i] / (double)total : 0));
    return list;
}

/* The curve at the 256 levels. */
static json_t *curve_of(const int64_t *count, double bandwidth)
{
    double x[DC3_LEVELS], p[DC3_LEVELS];
    json_t *list = json_array();
    for (int i = 0; i < DC3_LEVELS; i++) x[i] = i / 255.0;
    dc3_density(count, bandwidth, DC3_LEVELS, x, p);
    for (int i = 0; i < DC3_LEVELS; i++) json_array_append_new(list, json_real(p[i]));
    return list;
}

static json_t *channel(const int64_t *count, const int64_t *reference, int curve)
{
    json_t *o = json_object();
    double h = dc3_scott_bandwidth(reference);
    dc3_measure_set(o, "bandwidth", h);
    dc3_measure_set(o, "entropy", dc3_density_entropy(count, h));
    int other = count != reference;
    dc3_measure_set(o, "js_distance", other ? dc3_density_distance(count, reference, h) : NAN);
    dc3_measure_set(o, "wasserstein", other ? dc3_levels_distance(count, reference) : NAN);
    if (curve) json_object_set_new(o, "curve", curve_of(count, h));
    return o;
}

json_t *dc3_colour_to_json(const dc3_colour_sums *s, const dc3_colour_sums *reference, int curve)
{
    static const char *const names[] = {"red", "green", "blue"};
    const dc3_colour_histogram *h = &s->histogram;
    double n = (double)s->images, mean = s->colourfulness / n, pixels = (double)h->pixels;
    double variance = (s->squares - n * mean * mean) / (n - 1);
    json_t *o = json_object(), *density = json_object();
    json_object_set_new(o, "images", json_integer(s->images));
    json_object_set_new(o, "pixels", json_integer(h->pixels));
    dc3_measure_set(o, "colourfulness", mean);
    dc3_measure_set(o, "colourfulness_deviation", s->images > 1 ? sqrt(fmax(0, variance)) : NAN);
    dc3_measure_set(o, "chroma", h->chroma_sum / pixels);
    dc3_measure_set(o, "grey", 1 - (double)h->coloured / pixels);
    dc3_measure_set(o, "hue_entropy", dc3_hue_entropy(h));
    json_object_set_new(o, "hue_histogram", shares(DC3_HUE_BINS, h->hue, h->coloured));
    json_object_set_new(o, "chroma_histogram", shares(DC3_CHROMA_BINS, h->chroma, h->pixels));
    for (int c = 0; s->images && c < 3; c++)
        json_object_set_new(density, names[c],
                            channel(s->levels.count[c], (reference ? reference : s)->levels.count[c], curve));
    json_object_set_new(o, "density", density);
    return o;
}
