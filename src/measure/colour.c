/* Sums over images that the measures of colour are made from. */
#include <math.h>
#include <stdlib.h>
#include "measure/colour.h"
#include "metrics/colourfulness.h"

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

static void make_curves(dc3_colour_sums *s, dc3_density_curve *curves)
{
    s->curves = curves;
    for (int c = 0; c < 3; c++)
        dc3_density_curve_of(s->levels.count[c], dc3_scott_bandwidth(s->levels.count[c]), &curves[c]);
}

dc3_status dc3_colour_curves(dc3_subject *s)
{
    int classes = dc3_dataset_classes(s->data);
    s->curves = malloc(((size_t)classes + 1) * 3 * sizeof *s->curves);
    if (!s->curves) return dc3_fail(DC3_ERR_MEMORY, "out of memory for the densities of %d classes", classes);
    for (int c = 0; c < classes; c++)
        if (s->classes[c].images) make_curves(&s->classes[c], s->curves + (size_t)c * 3);
    make_curves(&s->all, s->curves + (size_t)classes * 3);
    return DC3_OK;
}

static json_t *channel(const dc3_colour_sums *s, const dc3_colour_sums *reference, int c, int curve)
{
    json_t *o = json_object();
    const int64_t *count = s->levels.count[c], *other = reference->levels.count[c];
    double h = dc3_scott_bandwidth(other);
    int apart = s != reference, known = !apart && s->curves;
    dc3_density_curve own;
    if (!known) dc3_density_curve_of(count, h, &own);
    const dc3_density_curve *mine = known ? &s->curves[c] : &own;
    dc3_measure_set(o, "bandwidth", h);
    dc3_measure_set(o, "entropy", dc3_density_entropy(mine));
    dc3_measure_set(o, "js_distance", apart ? dc3_density_distance(mine, &reference->curves[c]) : NAN);
    dc3_measure_set(o, "wasserstein", apart ? dc3_levels_distance(count, other) : NAN);
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
        json_object_set_new(density, names[c], channel(s, reference ? reference : s, c, curve));
    json_object_set_new(o, "density", density);
    return o;
}
