/* What a row of the table is made of. */
#include <math.h>
#include "compare/row.h"

const char *const dc3_row_marked[DC3_ROW_MARKED] = {"top1", "top5", "best_top1", "label_robust_score",
                                                    "augmentation_robust_score"};

/* Whose seeds are looked at. */
typedef struct seeds {
    const dc3_comparing *c;
    double *values; /* [seeds] */
} seeds;

/* Mean and deviation of `key` over the seeds of a cell; the number of seeds. */
static int over_seeds(const seeds *t, dc3_cell w, const char *key, double *mean, double *deviation)
{
    int n = 0;
    for (w.seed = 0; w.seed < t->c->options->seeds; w.seed++) {
        const json_t *line = dc3_results_find(&t->c->results, &w);
        if (line) t->values[n++] = json_number_value(json_object_get(line, key));
    }
    dc3_mean_deviation(t->values, n, mean, deviation);
    return n;
}

/* DD-Ranking's label-robust score, NaN where a part of it is not there. */
static double label_robust(const seeds *t, dc3_cell w)
{
    double hard, soft, random, d;
    w.labels = "hard";
    int n = over_seeds(t, w, "top1", &hard, &d);
    w.labels = "soft";
    int m = over_seeds(t, w, "top1", &soft, &d);
    w.method = "random";
    int k = over_seeds(t, w, "top1", &random, &d);
    if (!n || !m || !k || t->c->real_hard < 0) return NAN;
    return dc3_label_robust_score(t->c->real_hard, hard, soft, random);
}

/* The same of its augmentation-robust score. */
static double augment_robust(const seeds *t, dc3_cell w)
{
    double with[2], without[2], d;
    int n = 1;
    for (int random = 0; random < 2; random++) {
        if (random) w.method = "random";
        w.augment = dc3_usual_augment(t->c->options);
        n = n && over_seeds(t, w, "top1", &with[random], &d);
        w.augment = "none";
        n = n && over_seeds(t, w, "top1", &without[random], &d);
    }
    return n ? dc3_augment_robust_score(with[0], with[1], without[0], without[1]) : NAN;
}

/* How the images of a budget are stored, of the first seed that is there. */
static const char *format_of(const seeds *t, dc3_cell w)
{
    w.seed = -1;
    const char *format = json_string_value(json_object_get(dc3_results_find(&t->c->results, &w), "format"));
    return format ? format : "?";
}

void dc3_row_collect(const dc3_comparing *c, const dc3_cell *w, double *values, dc3_row *r)
{
    const seeds of = {c, values}, *t = &of;
    double d;
    *r = (dc3_row){.cell = *w, .needed = dc3_comparing_needed(c, *w)};
    for (int i = DC3_ROW_TOP1; i <= DC3_ROW_BEST; i++)
        r->n = over_seeds(t, *w, dc3_row_marked[i], &r->value[i], &r->spread[i]);
    if (!r->n) return;
    r->value[DC3_ROW_LABEL_ROBUST] = label_robust(t, *w);
    r->value[DC3_ROW_AUGMENT_ROBUST] = c->options->augment_robust ? augment_robust(t, *w) : NAN;
    over_seeds(t, *w, "seconds_condense", &r->seconds, &d);
    over_seeds(t, *w, "image_bytes", &r->bytes, &d);
    over_seeds(t, *w, "label_bytes", &r->labels, &d);
    over_seeds(t, *w, "colourfulness", &r->colour, &d);
    if (w->budget) over_seeds(t, *w, "images", &r->images, &d);
    if (w->budget) over_seeds(t, *w, "train_bytes", &r->train, &d);
    if (w->budget) r->format = format_of(t, *w);
    dc3_cell plain = *w;
    plain.augment = "none";
    if (c->options->augment_robust) over_seeds(t, plain, "top1", &r->unaugmented, &r->unaugmented_spread);
}

static void mark_column(dc3_row *rows, int count, int column)
{
    const dc3_row *best = NULL;
    int there = 0;
    for (int i = 0; i < count; i++) {
        const dc3_row *r = rows + i;
        if (!r->n || isnan(r->value[column])) continue;
        there++;
        if (!best || r->value[column] > best->value[column]) best = r;
    }
    for (int i = 0; i < count; i++) {
        dc3_row *r = rows + i;
        r->mark[column] = ' ';
        if (there < 2 || !r->n || isnan(r->value[column])) continue;
        double behind = best->value[column] - r->value[column];
        int close = behind <= best->spread[column] + r->spread[column];
        r->mark[column] = behind <= 0 ? '*' : close ? '~' : ' ';
    }
}

void dc3_rows_mark(dc3_row *rows, int count)
{
    for (int i = 0; i < DC3_ROW_MARKED; i++) mark_column(rows, count, i);
}
