#include "search/ways.h"

#include <stdio.h>
#include "base/file.h"
#include "dc3/text.h"

enum {
    WAYS = 8, /* of images */
    UNIT = 4, /* that sizes are multiples of */
    LEAST = 8,
    LEAST_QUARTER = 32, /* pixels from which on a quarter of the usual size is tried */
    BITS = 8,           /* of a logit, unless another way says otherwise */
    FEW = 10            /* of the classes, the part whose logits the way with the fewest has */
};

/* Fractions of the usual size, in quarters, and qualities at them; what the rule takes at 32 px
 * (budget/rule.c) first. */
static const struct {
    int quarters, quality;
} images[WAYS] = {{4, 30}, {4, 20}, {4, 50}, {3, 30}, {3, 50}, {2, 50}, {2, 30}, {1, 50}};

int dc3_way_same(const dc3_search_tried *a, const dc3_search_tried *b)
{
    return a->format == b->format && a->quality == b->quality && a->size == b->size &&
           a->label_bits == b->label_bits && a->label_top_k == b->label_top_k;
}

static void add(dc3_search_found *f, dc3_search_tried way)
{
    for (int i = 0; i < f->count; i++)
        if (dc3_way_same(&f->tried[i], &way)) return;
    f->tried[f->count++] = way;
}

/* More bits, and fewer logits where there are many, of images as they are stored first. */
static void add_precisions(int classes, dc3_search_found *found)
{
    dc3_search_tried way = found->tried[0];
    way.label_bits = 16;
    add(found, way);
    if (classes < 2 * FEW) return;
    way.label_bits = BITS, way.label_top_k = classes / FEW;
    add(found, way);
}

void dc3_ways_list(const dc3_condense_options *o, int usual, int labels, int classes, dc3_search_found *found)
{
    int given = o->label_bits || o->label_top_k;
    for (int i = 0; i < WAYS; i++) {
        dc3_search_tried way = {DC3_WEBP, images[i].quality, usual * images[i].quarters / 4, 0, 0, 0, 0};
        way.size -= way.size % UNIT;
        if (images[i].quarters == 4) way.size = usual;
        if (way.size < LEAST || (images[i].quarters == 1 && way.size < LEAST_QUARTER)) continue;
        if (o->size) way.size = o->size;
        if (o->format != DC3_FORMAT_DEFAULT) way.format = o->format, way.quality = o->quality;
        way.label_bits = given ? o->label_bits : labels ? BITS : 0;
        way.label_top_k = o->label_top_k;
        add(found, way);
    }
    if (labels && !given) add_precisions(classes, found);
}

dc3_chroma dc3_way_chroma(const dc3_condense_options *options, const dc3_search_tried *way)
{
    return way->format == DC3_WEBP ? DC3_CHROMA_444 : options->chroma;
}

char *dc3_way_folder(const dc3_search_tried *way, const char *place)
{
    char name[64]; /* "webp-30-24", with labels "webp-30-24-8-10" */
    int n =
        snprintf(name, sizeof name, "%s-%d-%d", dc3_image_format_name(way->format), way->quality, way->size);
    if (way->label_bits || way->label_top_k)
        snprintf(name + n, sizeof name - (size_t)n, "-%d-%d", way->label_bits, way->label_top_k);
    return dc3_path_join(place, name);
}
