/* Curves of colour of a run's images beside its dataset's, and beside other runs'.
 *
 * All are seen at the run's stored size, originals fitted as the run fits them. Red, green and blue: the
 * density over all pixels, with the bandwidth of the originals (src/metrics/density.h). Colourfulness has one
 * value an image: it is counted in 256 steps of a fixed range, and all curves take the widest of their
 * bandwidths, since a few images say little. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/pieces.h"
#include "base/rng.h"
#include "gather/parts.h"
#include "gather/sample.h"
#include "run_folder/sources.h"
#include "metrics/colourfulness.h"
#include "metrics/density_distance.h"
#include "run_folder/document.h"

enum { MOST = 500 };
static const double widest = 200; /* of the range in which colourfulness is counted */

/* One side: of a run, or the originals. */
typedef struct side {
    char *name;     /* as the page calls it */
    char *train;    /* of a run; NULL: the originals */
    json_t *lines;  /* of its metadata.jsonl */
    int64_t *items; /* [count]: which images; numbers of lines or of the dataset */
    int64_t count, of, failed;
    int is_random;    /* of a run by the method random */
    uint64_t *hashes; /* [count] of the pixels */
    double *changes;  /* [count]: mean |image - its original|, in levels; NaN: unknown. NULL: not asked */
    double *colourfulness; /* [count]; NaN: cannot be read */
    double mean;
    dc3_levels levels;
    int64_t steps[DC3_LEVELS]; /* of colourfulness */
} side;

/* The sides of the page. */
typedef struct sides {
    side stored, original, others[DC3_REPORT_AGAINST];
    side random; /* as many of the originals as of the stored images, drawn at random */
    int has_original, others_count;
} sides;

/* At most `most` of `of` images in their order, each choice as likely as another. */
static dc3_status draw(side *s, int64_t of, int64_t most, uint64_t seed, uint64_t which)
{
    int64_t wanted = of < most ? of : most;
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_REPORT, which);
    s->of = of;
    s->items = malloc((size_t)(wanted + 1) * sizeof *s->items);
    s->colourfulness = malloc((size_t)(wanted + 1) * sizeof *s->colourfulness);
    s->hashes = calloc((size_t)(wanted + 1), sizeof *s->hashes);
    if (!s->items || !s->colourfulness || !s->hashes) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; i < of && s->count < wanted; i++)
        if (dc3_rng_below(&rng, (uint64_t)(of - i)) < (uint64_t)(wanted - s->count)) s->items[s->count++] = i;
    return DC3_OK;
}

static dc3_status read_image(const dc3_reporting *r, const side *s, int64_t item, dc3_image *image)
{
    if (!s->train) return dc3_dataset_read(r->data, item, r->size, r->size, r->fit, image);
    return dc3_sources_stored(s->train, json_array_get(s->lines, (size_t)item), r->size, r->size, image);
}

/* How far a stored image is from its original at the same size; NaN where that is not there. */
static double change_of(const dc3_reporting *r, const json_t *line, const dc3_image *image)
{
    int64_t item = dc3_sources_item(r->items, json_string_value(json_object_get(line, "source")));
    int64_t sum = 0, values = (int64_t)image->width * image->height * 3;
    dc3_image original;
    if (!r->data || item < 0 || json_object_get(line, "patches")) return NAN;
    if (dc3_dataset_read(r->data, item, image->width, image->height, r->fit, &original) != DC3_OK) return NAN;
    for (int64_t i = 0; i < values; i++) sum += abs(image->pixels[i] - original.pixels[i]);
    dc3_image_free(&original);
    return (double)sum / (double)values;
}

/* A side whose images are looked at. */
typedef struct looking {
    dc3_reporting *r;
    side *side;
} looking;

/* Image i, whose levels are the result. */
static dc3_status look_at(void *user, int worker, int64_t i, void *levels)
{
    const looking *l = user;
    side *s = l->side;
    dc3_image image = {0};
    (void)worker;
    memset(levels, 0, sizeof(dc3_levels));
    s->colourfulness[i] = NAN;
    if (s->changes) s->changes[i] = NAN;
    if (read_image(l->r, s, s->items[i], &image) != DC3_OK) return dc3_check_cancel();
    int64_t pixels = (int64_t)image.width * image.height;
    s->colourfulness[i] = dc3_colourfulness(image.pixels, pixels);
    s->hashes[i] = dc3_hash64(image.pixels, (size_t)pixels * 3);
    dc3_levels_add(levels, image.pixels, pixels);
    if (s->changes) s->changes[i] = change_of(l->r, json_array_get(s->lines, (size_t)s->items[i]), &image);
    dc3_image_free(&image);
    return DC3_OK;
}

static dc3_status take_levels(void *user, int64_t i, void *levels)
{
    const looking *l = user;
    (void)i;
    dc3_levels_merge(&l->side->levels, levels);
    dc3_gather_step(l->r);
    return DC3_OK;
}

static dc3_status look(dc3_reporting *r, side *s)
{
    looking l = {r, s};
    dc3_pieces pieces = {.count = s->count,
                         .workers = r->options->threads,
                         .result_size = sizeof(dc3_levels),
                         .user = &l,
                         .work = look_at,
                         .take = take_levels};
    double sum = 0;
    DC3_TRY(dc3_pieces_run(&pieces));
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

static int by_hash(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* What is known of the stored images now: the mean change of each class, and how many equal others. */
static void note_stored(dc3_reporting *r, side *stored)
{
    int64_t n = 0;
    for (int64_t i = 0; i < stored->count; i++) {
        dc3_gather_class *c = dc3_gather_class_of(r, (size_t)stored->items[i]);
        if (isnan(stored->colourfulness[i])) continue;
        stored->hashes[n++] = stored->hashes[i];
        if (isnan(stored->changes[i])) continue;
        c->change = (c->changes ? c->change * (double)c->changes : 0) + stored->changes[i];
        c->change /= (double)++c->changes;
    }
    qsort(stored->hashes, (size_t)n, sizeof *stored->hashes, by_hash);
    r->looked = n;
    for (int64_t i = 1; i < n; i++) r->duplicates += stored->hashes[i] == stored->hashes[i - 1];
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
                      json_t *others, double to, const char *x, const char *y)
{
    json_array_append_new(curves,
                          json_pack("{s:s, s:s, s:[i, f], s:s, s:s, s:o, s:o, s:o}", "id", id, "title", title,
                                    "x", 0, to, "x_title", x, "y_title", y, "stored", stored, "original",
                                    original ? original : json_array(), "others", others));
}

static void add_other(json_t *others, const side *s, json_t *values)
{
    json_array_append_new(others, json_pack("[o, o]", dc3_json_text(s->name), values));
}

static void add_channels(json_t *curves, const sides *all)
{
    static const char *const ids[] = {"red", "green", "blue"}, *const names[] = {"Red", "Green", "Blue"};
    for (int c = 0; c < 3; c++) {
        const int64_t *a = all->stored.levels.count[c],
                      *b = all->has_original ? all->original.levels.count[c] : NULL;
        double h = dc3_scott_bandwidth(b ? b : a);
        json_t *others = json_array();
        for (int i = 0; i < all->others_count; i++)
            add_other(others, &all->others[i], curve(all->others[i].levels.count[c], h, 1, 255));
        add_curve(curves, ids[c], names[c], curve(a, h, 1, 255), b ? curve(b, h, 1, 255) : NULL, others, 255,
                  "Level", "% of pixels per level");
    }
}

static int highest(const int64_t *steps)
{
    int top = 0;
    for (int i = 0; i < DC3_LEVELS; i++)
        if (steps[i]) top = i;
    return top;
}

/* Widens the bandwidth and the range to one more side's. */
static void widen(const side *s, double *bandwidth, int *top)
{
    int own = highest(s->steps);
    *bandwidth = fmax(*bandwidth, dc3_scott_bandwidth(s->steps));
    if (own > *top) *top = own;
}

static void add_colourfulness(json_t *curves, const sides *all)
{
    double h = 0;
    int top = 0;
    json_t *others = json_array();
    widen(&all->stored, &h, &top);
    if (all->has_original) widen(&all->original, &h, &top);
    for (int i = 0; i < all->others_count; i++) widen(&all->others[i], &h, &top);
    double to = fmin(1, ceil((top / (DC3_LEVELS - 1.0) + 2 * h) * 10) / 10);
    for (int i = 0; i < all->others_count; i++)
        add_other(others, &all->others[i], curve(all->others[i].steps, h, to, widest));
    add_curve(curves, "colour", "Colourfulness of the images", curve(all->stored.steps, h, to, widest),
              all->has_original ? curve(all->original.steps, h, to, widest) : NULL, others, to * widest,
              "Colourfulness", "% of images per unit");
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

/* The mean of the three channels. */
static double mean_distance(const side *s, const side *from)
{
    double sum = 0;
    for (int c = 0; c < 3; c++) sum += distance(s->levels.count[c], from->levels.count[c]) / 3;
    return sum;
}

/* A side of the table; `distances`: with columns for how far its densities are from those of `from`, empty
 * without one. */
static void add_row(json_t *rows, const side *s, const side *from, int distances)
{
    char count[32], of[32], text[80];
    json_t *row = json_array();
    snprintf(text, sizeof text, "%s", dc3_gather_count(s->count - s->failed, count));
    if (s->count < s->of) snprintf(text, sizeof text, "%s of %s", count, dc3_gather_count(s->of, of));
    json_array_append_new(row, dc3_json_text(s->name));
    json_array_append_new(row, json_string(text));
    add_cell(row, "%.2f", s->mean); /* as many digits as dc3 measure prints */
    for (int c = 0; distances && c < 3; c++) {
        const int64_t *a = s->levels.count[c], *b = from ? from->levels.count[c] : NULL;
        add_cell(row, "%.3f", b ? distance(a, b) : NAN);
    }
    json_array_append_new(rows, row);
}

static void add_all(dc3_reporting *r, const sides *all)
{
    const side *original = all->has_original ? &all->original : NULL;
    json_t *curves = json_array(), *rows = json_array();
    char text[1000], count[32], of[32], colourfulness[64];
    add_channels(curves, all);
    add_colourfulness(curves, all);
    add_row(rows, &all->stored, original, original != NULL);
    if (original && all->random.count > all->random.failed) {
        add_row(rows, &all->random, original, 1);
        r->distance = mean_distance(&all->stored, original);
        r->random_distance = mean_distance(&all->random, original);
    }
    for (int i = 0; i < all->others_count; i++) {
        const side *other = &all->others[i];
        add_row(rows, other, original, original != NULL);
        if (original && other->is_random && other->of == all->stored.of && isnan(r->random_run_distance))
            r->random_run_distance = mean_distance(other, original);
    }
    if (original) add_row(rows, original, NULL, 1);
    int n = snprintf(text, sizeof text,
                     "Density of each channel over all pixels, and of the colourfulness (Hasler and "
                     "Suesstrunk) of each image, all at %d px, so that they compare; dc3 measure counts each "
                     "image at its own size.",
                     r->size);
    snprintf(colourfulness, sizeof colourfulness, "Mean colourfulness at %d px", r->size);
    if (original && original->count < original->of)
        n += snprintf(text + n, sizeof text - (size_t)n,
                      " The originals are a sample of %s of %s images, drawn by the run's seed.",
                      dc3_gather_count(original->count, count), dc3_gather_count(original->of, of));
    if (original)
        snprintf(text + n, sizeof text - (size_t)n,
                 " Smoothed by Scott's rule of the originals. The distance of two curves is that of Jensen "
                 "and Shannon, 0 to 1; a few images are at some distance from many even if drawn at random.");
    json_object_set_new(r->page, "curves", curves);
    json_object_set_new(r->page, "curves_text", json_string(text));
    json_object_set_new(
        r->page, "measures",
        original ? json_pack("{s:[s, s, s, s, s, s], s:o}", "head", "", "Images", colourfulness,
                             "Distance, red", "green", "blue", "rows", rows)
                 : json_pack("{s:[s, s, s], s:o}", "head", "", "Images", colourfulness, "rows", rows));
}

/* "METHOD (FOLDER)" of a run; its name alone where that is the same. */
static dc3_status name_run(const char *folder, side *s)
{
    char *document = dc3_path_join(folder, "dc3.json"), *real = dc3_path_real(folder), text[500];
    json_t *o = NULL;
    dc3_status status =
        document && real ? dc3_document_read(folder, &o) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_check_complete(document, o);
    if (status == DC3_OK) {
        const char *slash = strrchr(real, '/'), *name = slash && slash[1] ? slash + 1 : real;
        const char *method = json_string_value(json_object_get(json_object_get(o, "settings"), "method"));
        s->is_random = method && strcmp(method, "random") == 0;
        if (method && strcmp(method, name) != 0)
            snprintf(text, sizeof text, "%.60s (%.250s)", method, name);
        else
            snprintf(text, sizeof text, "%.250s", name);
        s->name = strdup(text);
        if (!s->name) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    json_decref(o);
    free(document);
    free(real);
    return status;
}

/* Of another run's lines, however many there are, those that are drawn are kept. */
typedef struct picking {
    side *side;
    int64_t line, kept;
} picking;

static dc3_status count_line(void *user, json_t *line)
{
    (void)line;
    ++*(int64_t *)user;
    return DC3_OK;
}

static dc3_status pick_line(void *user, json_t *line)
{
    picking *p = user;
    side *s = p->side;
    if (p->kept < s->count && s->items[p->kept] == p->line++) {
        json_array_append(s->lines, line);
        s->items[p->kept] = p->kept;
        p->kept++;
    }
    return DC3_OK;
}

static dc3_status draw_lines(side *s, uint64_t seed, uint64_t which)
{
    int64_t lines = 0;
    picking p = {.side = s};
    DC3_TRY(dc3_metadata_each(s->train, count_line, &lines));
    DC3_TRY(draw(s, lines, MOST, seed, which));
    s->lines = json_array();
    return dc3_metadata_each(s->train, pick_line, &p);
}

/* The images of another run. */
static dc3_status look_at_run(dc3_reporting *r, const char *folder, int number, side *s)
{
    DC3_TRY(name_run(folder, s));
    s->train = dc3_path_join(folder, "train");
    if (!s->train) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    DC3_TRY(draw_lines(s, r->seed, (uint64_t)(2 + number)));
    DC3_TRY(look(r, s));
    if (s->count == s->failed) return dc3_fail(DC3_ERR_FORMAT, "%s: none of its images can be read", folder);
    if (s->failed)
        dc3_gather_note(r, "%lld of the images of %s that the curves are of cannot be read.",
                        (long long)s->failed, s->name);
    return DC3_OK;
}

static dc3_status look_at_others(dc3_reporting *r, sides *all)
{
    const char *const *against = r->options->against;
    for (int i = 0; against && against[i]; i++) {
        if (i == DC3_REPORT_AGAINST)
            return dc3_fail_setting("against", "expected at most %d runs, found more", DC3_REPORT_AGAINST);
        all->others_count++;
        dc3_status status = look_at_run(r, against[i], i, &all->others[i]);
        if (status != DC3_OK) return dc3_fail_in(status, "%s", dc3_setting("against"));
    }
    return DC3_OK;
}

static dc3_status look_at_all(dc3_reporting *r, sides *all)
{
    side *stored = &all->stored, *original = &all->original, *random = &all->random;
    int64_t lines = (int64_t)json_array_size(r->lines), room = dc3_gather_room(r);
    random->name = strdup("as many random originals");
    stored->name = strdup("stored"), original->name = strdup("original");
    stored->train = strdup(r->train), stored->lines = json_incref(r->lines);
    if (!stored->name || !original->name || !random->name || !stored->train)
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    DC3_TRY(draw(stored, lines, MOST, r->seed, 0));
    stored->changes = calloc((size_t)stored->count + 1, sizeof *stored->changes);
    if (!stored->changes) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (r->data) DC3_TRY(draw(original, dc3_dataset_size(r->data), MOST, r->seed, 1));
    if (r->data) DC3_TRY(draw(random, dc3_dataset_size(r->data), stored->count, r->seed, 2000));
    r->total = stored->count + original->count + random->count + (room < lines ? room : lines);
    DC3_TRY(look(r, stored));
    note_stored(r, stored);
    DC3_TRY(look(r, original));
    DC3_TRY(look(r, random));
    all->has_original = original->count > original->failed;
    if (stored->failed)
        dc3_gather_note(r, "%lld of the stored images that the curves are of cannot be read.",
                        (long long)stored->failed);
    if (original->failed)
        dc3_gather_note(r, "%lld of the originals that the curves are of cannot be read.",
                        (long long)original->failed);
    return look_at_others(r, all);
}

static void side_free(side *s)
{
    free(s->name);
    free(s->train);
    json_decref(s->lines);
    free(s->items);
    free(s->colourfulness);
    free(s->hashes);
    free(s->changes);
}

dc3_status dc3_gather_colour(dc3_reporting *r)
{
    sides *all = calloc(1, sizeof *all);
    dc3_status status = all ? look_at_all(r, all) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && all->stored.count > all->stored.failed) add_all(r, all);
    if (all) {
        side_free(&all->stored);
        side_free(&all->original);
        side_free(&all->random);
        for (int i = 0; i < all->others_count; i++) side_free(&all->others[i]);
    }
    free(all);
    return status;
}
