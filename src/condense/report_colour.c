/* Curves of colour of a run's pictures beside its dataset's.
 *
 * Both sides are seen at the stored size, fitted as the run fits them. Red, green and blue: the density over
 * all pixels, with the bandwidth of the originals (src/metrics/density.h). Colourfulness has one value a
 * picture: it is counted in 256 steps of a fixed range, and both curves take the wider of the two bandwidths,
 * since a few pictures say little. */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/rng.h"
#include "condense/report.h"
#include "condense/sources.h"
#include "metrics/colourfulness.h"
#include "metrics/density_distance.h"

enum { MOST = 2000 };
static const double widest = 200; /* of the range in which colourfulness is counted */

/* One side. */
typedef struct side {
    int64_t *items; /* [count]: which pictures; numbers of lines or of the dataset */
    int64_t count, of, failed;
    double *colourfulness; /* [count]; NaN: cannot be read */
    double mean;
    dc3_levels levels;
    int64_t steps[DC3_LEVELS]; /* of colourfulness */
} side;

/* At most MOST of `of` pictures in their order, each choice as likely as another. */
static dc3_status draw(side *s, int64_t of, uint64_t seed, uint64_t which)
{
    int64_t wanted = of < MOST ? of : MOST;
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_REPORT, which);
    s->of = of;
    s->items = malloc((size_t)(wanted + 1) * sizeof *s->items);
    s->colourfulness = malloc((size_t)(wanted + 1) * sizeof *s->colourfulness);
    if (!s->items || !s->colourfulness) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; i < of && s->count < wanted; i++)
        if (dc3_rng_below(&rng, (uint64_t)(of - i)) < (uint64_t)(wanted - s->count)) s->items[s->count++] = i;
    return DC3_OK;
}

static dc3_status read_picture(const dc3_reporting *r, int original, int64_t item, dc3_image *image)
{
    if (original) return dc3_dataset_read(r->data, item, r->size, r->size, r->fit, image);
    return dc3_sources_stored(r->train, json_array_get(r->lines, (size_t)item), 0, 0, image);
}

static void look_at(const dc3_reporting *r, side *s, int original, int64_t i)
{
    dc3_image image = {0};
    dc3_levels levels = {0};
    s->colourfulness[i] = NAN;
    if (dc3_cancelled() || read_picture(r, original, s->items[i], &image) != DC3_OK) return;
    int64_t pixels = (int64_t)image.width * image.height;
    s->colourfulness[i] = dc3_colourfulness(image.pixels, pixels);
    dc3_levels_add(&levels, image.pixels, pixels);
    dc3_image_free(&image);
#pragma omp critical(dc3_report_levels)
    dc3_levels_merge(&s->levels, &levels); /* whole numbers: the order does not matter */
}

static dc3_status look(const dc3_reporting *r, side *s, int original)
{
    double sum = 0;
#pragma omp parallel for schedule(dynamic) num_threads(r->options->threads)
    for (int64_t i = 0; i < s->count; i++) look_at(r, s, original, i);
    DC3_TRY(dc3_check_cancel());
    for (int64_t i = 0; i < s->count; i++) {
        double c = s->colourfulness[i];
        if (isnan(c)) {
            s->failed++;
            continue;
        }
        sum += c;
        s->steps[(int)fmin(DC3_LEVELS - 1, rint(c / widest * (DC3_LEVELS - 1)))]++;
    }
    s->mean = sum / (double)(s->count - s->failed);
    return DC3_OK;
}

/* The curve at 256 places from 0 to `to` (1: the whole range), in percent of a unit of which the range has
 * `units`. */
static json_t *curve(const int64_t *count, double bandwidth, double to, double units)
{
    double x[DC3_LEVELS], p[DC3_LEVELS];
    json_t *list = json_array();
    for (int i = 0; i < DC3_LEVELS; i++) x[i] = to * i / (DC3_LEVELS - 1);
    dc3_density(count, bandwidth, DC3_LEVELS, x, p);
    for (int i = 0; i < DC3_LEVELS; i++) json_array_append_new(list, json_real(100 * p[i] / units));
    return list;
}

static void add_curve(json_t *curves, const char *id, const char *title, json_t *stored, json_t *original,
                      double to, const char *x, const char *y)
{
    json_array_append_new(curves, json_pack("{s:s, s:s, s:[i, f], s:s, s:s, s:o, s:o}", "id", id, "title",
                                            title, "x", 0, to, "x_title", x, "y_title", y, "stored", stored,
                                            "original", original ? original : json_array()));
}

static void add_channels(json_t *curves, const side *stored, const side *original)
{
    static const char *const ids[] = {"red", "green", "blue"}, *const names[] = {"Red", "Green", "Blue"};
    for (int c = 0; c < 3; c++) {
        const int64_t *a = stored->levels.count[c], *b = original ? original->levels.count[c] : NULL;
        double h = dc3_scott_bandwidth(b ? b : a);
        add_curve(curves, ids[c], names[c], curve(a, h, 1, 255), b ? curve(b, h, 1, 255) : NULL, 255, "Level",
                  "% of pixels a level");
    }
}

static int highest(const int64_t *steps)
{
    int top = 0;
    for (int i = 0; i < DC3_LEVELS; i++)
        if (steps[i]) top = i;
    return top;
}

static void add_colourfulness(json_t *curves, const side *stored, const side *original)
{
    double h = dc3_scott_bandwidth(stored->steps);
    int top = highest(stored->steps);
    if (original)
        h = fmax(h, dc3_scott_bandwidth(original->steps)), top = (int)fmax(top, highest(original->steps));
    double to = fmin(1, ceil((top / (DC3_LEVELS - 1.0) + 2 * h) * 10) / 10);
    add_curve(curves, "colour", "Colourfulness of the pictures", curve(stored->steps, h, to, widest),
              original ? curve(original->steps, h, to, widest) : NULL, to * widest, "Colourfulness",
              "% of pictures a unit");
}

static void add_cell(json_t *row, const char *format, double value)
{
    char text[32] = "";
    if (!isnan(value)) snprintf(text, sizeof text, format, value);
    json_array_append_new(row, json_string(text));
}

/* Jensen-Shannon distance of two channels, by the bandwidth of the second. */
static double distance(const int64_t *a, const int64_t *b)
{
    dc3_density_curve of_a, of_b;
    double h = dc3_scott_bandwidth(b);
    dc3_density_curve_of(a, h, &of_a);
    dc3_density_curve_of(b, h, &of_b);
    return dc3_density_distance(&of_a, &of_b);
}

/* A side of the table; `distances`: with columns for how far its densities are from those of `from`, empty
 * without one. */
static void add_row(json_t *rows, const char *name, const side *s, const side *from, int distances)
{
    char count[32], of[32], text[80];
    json_t *row = json_array();
    snprintf(text, sizeof text, "%s", dc3_report_count(s->count - s->failed, count));
    if (s->count < s->of) snprintf(text, sizeof text, "%s of %s", count, dc3_report_count(s->of, of));
    json_array_append_new(row, json_string(name));
    json_array_append_new(row, json_string(text));
    add_cell(row, "%.1f", s->mean);
    for (int c = 0; distances && c < 3; c++) {
        const int64_t *a = s->levels.count[c], *b = from ? from->levels.count[c] : NULL;
        add_cell(row, "%.3f", b ? distance(a, b) : NAN);
    }
    json_array_append_new(rows, row);
}

static void add_all(dc3_reporting *r, const side *stored, const side *original)
{
    json_t *curves = json_array(), *rows = json_array();
    char text[800], count[32], of[32];
    add_channels(curves, stored, original);
    add_colourfulness(curves, stored, original);
    add_row(rows, "stored", stored, original, original != NULL);
    if (original) add_row(rows, "original", original, NULL, 1);
    int n = snprintf(
        text, sizeof text,
        "Density of each channel over all pixels, and of the colourfulness (Hasler and Suesstrunk) of "
        "each picture, at %d px.",
        r->size);
    if (original && original->count < original->of)
        n += snprintf(text + n, sizeof text - (size_t)n,
                      " The originals are a sample of %s of %s pictures, drawn by the run's seed.",
                      dc3_report_count(original->count, count), dc3_report_count(original->of, of));
    if (original)
        snprintf(
            text + n, sizeof text - (size_t)n,
            " Smoothed by Scott's rule of the originals. The distance of two curves is that of Jensen and "
            "Shannon, 0 to 1; a few pictures are at some distance from many even if drawn at random.");
    json_object_set_new(r->page, "curves", curves);
    json_object_set_new(r->page, "curves_text", json_string(text));
    json_object_set_new(
        r->page, "measures",
        original
            ? json_pack("{s:[s, s, s, s, s, s], s:o}", "head", "", "Pictures", "Mean colourfulness",
                        "Distance, red", "green", "blue", "rows", rows)
            : json_pack("{s:[s, s, s], s:o}", "head", "", "Pictures", "Mean colourfulness", "rows", rows));
}

dc3_status dc3_report_colour(dc3_reporting *r)
{
    side *sides = calloc(2, sizeof *sides);
    dc3_status status = sides ? draw(&sides[0], (int64_t)json_array_size(r->lines), r->seed, 0)
                              : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = look(r, &sides[0], 0);
    if (status == DC3_OK && r->data) status = draw(&sides[1], dc3_dataset_size(r->data), r->seed, 1);
    if (status == DC3_OK && r->data) status = look(r, &sides[1], 1);
    if (status == DC3_OK && sides[0].failed)
        dc3_report_note(r, "%lld of the stored pictures that the curves are of cannot be read.",
                        (long long)sides[0].failed);
    if (status == DC3_OK && sides[1].failed)
        dc3_report_note(r, "%lld of the originals that the curves are of cannot be read.",
                        (long long)sides[1].failed);
    if (status == DC3_OK && sides[0].count > sides[0].failed)
        add_all(r, &sides[0], sides[1].count > sides[1].failed ? &sides[1] : NULL);
    for (int i = 0; sides && i < 2; i++) {
        free(sides[i].items);
        free(sides[i].colourfulness);
    }
    free(sides);
    return status;
}
