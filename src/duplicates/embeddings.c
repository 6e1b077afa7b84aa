#include "duplicates/embeddings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "condense/run_open.h"
#include "features/features.h"
#include "base/listener.h"
#include "select/image_rows.h"
#include "lookalikes/near.h"

/* DC3_ERR_OPTION where the options say how a network makes embeddings, and none is asked; an editor may be
 * there by default. */
static dc3_status check_network(const dc3_duplicates_options *o)
{
    const char *given = o->backbone && !o->usual_backbone ? "backbone"
                        : o->cache                        ? "cache"
                        : o->dtype                        ? "dtype"
                                                          : NULL;
    if (given && o->near_duplicates == 0)
        return dc3_fail_setting(given, "says how embeddings are made; expected %s with it",
                                dc3_setting("near_duplicates"));
    if (given && o->embeddings)
        return dc3_fail_setting(given, "says how embeddings are made, but %s has them: expected one of both",
                                dc3_setting("embeddings"));
    return DC3_OK;
}

dc3_status dc3_embeddings_check(const dc3_duplicates_options *o)
{
    double least = o->near_duplicates;
    if (least != 0 && !(least >= 0.5 && least <= 1))
        return dc3_fail_setting("near_duplicates", "expected a cosine from 0.5 to 1, found %g", least);
    if (least == 0 && o->embeddings)
        return dc3_fail_setting("embeddings", "expected %s too: from which cosine on they are near",
                                dc3_setting("near_duplicates"));
    return check_network(o);
}

/* Rows of embeddings by image. */
typedef struct embeddings {
    int64_t d;
    const float *rows;
    int64_t *row_of; /* [images], -1: none */
} embeddings;

/* ---- comparing ---- */

/* Those of a class that have a row and stand for themselves, the largest first; their number. */
static int64_t order_of(const dc3_finding *f, const embeddings *e, int64_t begin, int64_t end,
                        dc3_lookalike_place *places)
{
    int64_t count = 0;
    for (int64_t i = begin; i < end; i++) {
        const dc3_lookalike *image = &f->like.images[i];
        if (!image->width || image->own.item >= 0 || e->row_of[i] < 0) continue;
        places[count++] = (dc3_lookalike_place){(int64_t)image->width * image->height, i};
    }
    qsort(places, (size_t)count, sizeof *places, dc3_lookalike_by_size);
    return count;
}

static dc3_status compare_places(dc3_finding *f, const embeddings *e, const dc3_lookalike_place *places,
                                 int64_t count, int64_t *rows, int64_t *first, double *cosines)
{
    for (int64_t k = 0; k < count; k++) rows[k] = e->row_of[places[k].item];
    DC3_TRY(dc3_near_rows(count, e->d, e->rows, rows, f->options->near_duplicates, first, cosines));
    for (int64_t k = 0; k < count; k++)
        if (first[k] != k) {
            f->like.images[places[k].item].own =
                (dc3_likeness){places[first[k]].item, DC3_NEAR_FEATURES, 0, 0, cosines[k]};
            f->like.near++;
        }
    return DC3_OK;
}

static dc3_status compare_class(dc3_finding *f, const embeddings *e, int64_t begin, int64_t end)
{
    size_t room = (size_t)(end - begin);
    dc3_lookalike_place *places = malloc(room * sizeof *places);
    int64_t *rows = malloc(room * sizeof *rows), *first = malloc(room * sizeof *first);
    double *cosines = malloc(room * sizeof *cosines);
    dc3_status status =
        places && rows && first && cosines
            ? compare_places(f, e, places, order_of(f, e, begin, end, places), rows, first, cosines)
            : dc3_fail(DC3_ERR_MEMORY, "out of memory to compare %zu images", room);
    free(places), free(rows), free(first), free(cosines);
    return status;
}

static dc3_status compare_own(dc3_finding *f, const embeddings *e)
{
    const dc3_dataset *d = f->dataset;
    const dc3_listener *listener = &f->options->listener;
    int64_t n = dc3_dataset_size(d), end;
    for (int64_t begin = 0; begin < n; begin = end) {
        for (end = begin + 1; end < n && dc3_dataset_label(d, end) == dc3_dataset_label(d, begin);) end++;
        DC3_TRY(compare_class(f, e, begin, end));
        if (listener->progress) listener->progress(listener->user, "embeddings", end, n);
    }
    return DC3_OK;
}

/* What is compared with images of other classes: the images that stand for themselves. */
typedef struct across {
    int64_t n, *items, *rows; /* [n] */
    int *labels;
    dc3_near_row *nearest;
} across;

static void note_others(dc3_finding *f, const across *a)
{
    for (int64_t i = 0; i < a->n; i++) {
        dc3_lookalike *image = &f->like.images[a->items[i]];
        const dc3_near_row *near = &a->nearest[i];
        if (near->row < 0 || image->other.item >= 0) continue;
        image->other = (dc3_likeness){a->items[near->row], DC3_NEAR_FEATURES, 0, 0, near->cosine};
        f->like.conflicts++;
    }
}

/* Labels that contradict each other: near images of different classes. */
static dc3_status compare_others(dc3_finding *f, const embeddings *e)
{
    const dc3_dataset *d = f->dataset;
    size_t all = (size_t)dc3_dataset_size(d);
    across a = {0, malloc(all * sizeof *a.items), malloc(all * sizeof *a.rows),
                malloc(all * sizeof *a.labels), malloc(all * sizeof *a.nearest)};
    dc3_status status = a.items && a.rows && a.labels && a.nearest
                            ? DC3_OK
                            : dc3_fail(DC3_ERR_MEMORY, "out of memory to compare %zu images", all);
    for (int64_t i = 0; status == DC3_OK && i < (int64_t)all; i++) {
        const dc3_lookalike *image = &f->like.images[i];
        if (!image->width || image->own.item >= 0 || e->row_of[i] < 0) continue;
        a.items[a.n] = i, a.rows[a.n] = e->row_of[i], a.labels[a.n++] = dc3_dataset_label(d, i);
    }
    if (status == DC3_OK && a.n > DC3_ACROSS_MOST)
        dc3_listener_say(
            &f->options->listener,
            "note: embeddings of different classes are compared of at most %d images, not of %lld",
            DC3_ACROSS_MOST, (long long)a.n);
    else if (status == DC3_OK)
        status =
            dc3_near_others(a.n, e->d, e->rows, a.rows, a.labels, f->options->near_duplicates, a.nearest);
    if (status == DC3_OK && a.n <= DC3_ACROSS_MOST) note_others(f, &a);
    free(a.items), free(a.rows), free(a.labels), free(a.nearest);
    return status;
}

static dc3_status compare_all(dc3_finding *f, const embeddings *e)
{
    DC3_TRY(compare_own(f, e));
    return compare_others(f, e);
}

/* ---- embeddings of a file ---- */

static dc3_status compare_file(dc3_finding *f, embeddings *e)
{
    dc3_image_rows *rows;
    DC3_TRY(dc3_image_rows_open(f->options->embeddings, f->dataset, &rows));
    dc3_status status = dc3_image_rows_floats(rows, &e->rows);
    if (status == DC3_OK) {
        memcpy(e->row_of, rows->row_of, (size_t)dc3_dataset_size(f->dataset) * sizeof *e->row_of);
        e->d = rows->d;
        snprintf(f->network, sizeof f->network, "of a file");
        status = compare_all(f, e);
    }
    dc3_image_rows_close(&rows);
    return status;
}

/* ---- embeddings of a network ---- */

/* A selection whose features are wanted, and nothing else; what it would say was said of the hashes. */
static dc3_condense_options features_options(const dc3_duplicates_options *o)
{
    dc3_condense_options c = dc3_condense_defaults();
    c.data = o->data, c.choice = o->choice;
    c.method = "dc3-select", c.teacher = "none";
    c.backbone = o->backbone, c.usual_backbone = o->usual_backbone;
    c.editor = o->editor, c.cache = o->cache, c.dtype = o->dtype;
    c.select.ipc = c.select.bins = 1;
    c.select.threads = o->threads;
    c.listener = o->listener;
    c.listener.message = NULL;
    return c;
}

static dc3_status compare_network(dc3_finding *f, embeddings *e)
{
    const dc3_condense_options options = features_options(f->options);
    dc3_condense_report report;
    dc3_run run;
    dc3_status status = dc3_run_open(&options, DC3_RUN_METHOD, &report, &run);
    if (status == DC3_OK) status = dc3_run_features(&run);
    if (status == DC3_OK) {
        for (int64_t i = 0; i < run.n; i++) e->row_of[run.items[i]] = i;
        e->d = run.feature_length, e->rows = run.features;
        snprintf(f->network, sizeof f->network, "%s", run.backbone.net ? run.backbone.info->arch : "the VAE");
        status = compare_all(f, e);
    }
    dc3_run_close(&run);
    return status;
}

dc3_status dc3_embeddings_compare(dc3_finding *f)
{
    size_t n = (size_t)dc3_dataset_size(f->dataset);
    embeddings e = {.row_of = malloc((n + 1) * sizeof *e.row_of)};
    if (f->options->near_duplicates == 0) {
        free(e.row_of);
        return DC3_OK;
    }
    if (!e.row_of) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < n; i++) e.row_of[i] = -1;
    dc3_status status = f->options->embeddings ? compare_file(f, &e) : compare_network(f, &e);
    free(e.row_of);
    return status;
}
