/* Fidelity: what a run stored, against the pictures that it was made from, brought to the stored size as the
 * run did it. Of the fourfold view the original is repeated in the four quarters. */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "condense/classes.h"
#include "condense/measure.h"
#include "condense/run.h"
#include "condense/sources.h"
#include "metrics/delta_e_2000.h"
#include "metrics/psnr.h"
#include "metrics/ssim.h"

/* Of a class, or of all pairs. */
typedef struct sums {
    int64_t pairs, identical, windowed; /* windowed: large enough for SSIM */
    double ssim, delta_e, psnr;         /* psnr: of those that differ */
    int64_t same, right_before, right_after;
    double loss_before, loss_after;
} sums;

/* A stored picture and its original. */
typedef struct pair {
    const char *name; /* file_name of its line */
    int64_t item;
    int label; /* of the subject's classes */
    dc3_image stored, original;
    double ssim, delta_e, psnr;
    int failed, untold; /* untold: nobody has said yet that it cannot be read */
    char reason[DC3_REASON_SIZE];
} pair;

typedef struct work {
    dc3_measuring *m;
    dc3_subject *s;
    dc3_dataset *originals;
    json_t *lines, *items; /* of metadata.jsonl; an object of the originals' numbers by source */
    dc3_fit fit;
    int fourfold;
    sums *classes, all;
    float *views;               /* [2 DC3_MEASURE_BATCH, size, size, 3]: originals, then what is stored */
    float *embeddings, *logits; /* [2 DC3_MEASURE_BATCH, ..] */
    pair pairs[DC3_MEASURE_BATCH];
} work;

static dc3_status tile(const dc3_image *quarter, dc3_image *whole)
{
    size_t row = (size_t)quarter->width * 3;
    *whole = (dc3_image){quarter->width * 2, quarter->height * 2, NULL};
    whole->pixels = malloc(4 * row * (size_t)quarter->height);
    if (!whole->pixels) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int y = 0; y < whole->height; y++)
        for (int half = 0; half < 2; half++)
            memcpy(whole->pixels + (size_t)(2 * y + half) * row,
                   quarter->pixels + (size_t)(y % quarter->height) * row, row);
    return DC3_OK;
}

/* The original as the run saw it, at the stored size. */
static dc3_status read_original(const work *w, pair *p)
{
    int width = p->stored.width, height = p->stored.height;
    if (p->item < 0)
        return dc3_fail(DC3_ERR_FORMAT, "its source is not in %.150s; --data tells where the originals are",
                        dc3_dataset_path(w->originals));
    if (!w->fourfold) return dc3_dataset_read(w->originals, p->item, width, height, w->fit, &p->original);
    if (width % 2 || height % 2)
        return dc3_fail(DC3_ERR_FORMAT, "%dx%d pixels are no fourfold view", width, height);
    dc3_image quarter;
    DC3_TRY(dc3_dataset_read(w->originals, p->item, width / 2, height / 2, w->fit, &quarter));
    dc3_status status = tile(&quarter, &p->original);
    dc3_image_free(&quarter);
    return status;
}

static dc3_status measure_pair(work *w, int i)
{
    pair *p = &w->pairs[i];
    char *path = dc3_path_join(w->s->folder, p->name);
    dc3_status status = path ? dc3_image_read(path, 0, 0, DC3_FIT_CROP, &p->stored)
                             : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(path);
    DC3_TRY(status); /* which the measures of colour have told */
    p->untold = 1;
    DC3_TRY(read_original(w, p));
    int64_t pixels = (int64_t)p->stored.width * p->stored.height;
    const uint8_t *a = p->original.pixels, *b = p->stored.pixels;
    DC3_TRY(dc3_ssim(a, b, p->stored.width, p->stored.height, &p->ssim));
    p->delta_e = dc3_mean_delta_e_2000(a, b, pixels);
    p->psnr = dc3_psnr(a, b, 3 * pixels);
    if (!w->m->teacher.net) return DC3_OK;
    size_t each = dc3_measure_view_values(w->m), place = (size_t)i;
    DC3_TRY(dc3_measure_view(w->m, &p->original, w->views + place * each));
    return dc3_measure_view(w->m, &p->stored, w->views + (DC3_MEASURE_BATCH + place) * each);
}

static void run_pair(work *w, int i)
{
    pair *p = &w->pairs[i];
    p->failed = measure_pair(w, i) != DC3_OK;
    if (p->failed) snprintf(p->reason, sizeof p->reason, "%s", dc3_error_text());
    dc3_image_free(&p->stored);
    dc3_image_free(&p->original);
}

/* The class with the largest logit. */
static int64_t top_of(int64_t classes, const float *logits)
{
    int64_t top = 0;
    for (int64_t c = 1; c < classes; c++)
        if (logits[c] > logits[top]) top = c;
    return top;
}

static void ask(const work *w, int i, sums *one)
{
    int64_t classes = w->m->teacher.info->classes;
    const float *original = w->logits + i * classes, *stored = original + DC3_MEASURE_BATCH * classes;
    int64_t before = top_of(classes, original), after = top_of(classes, stored);
    int label = dc3_dataset_label(w->originals, w->pairs[i].item);
    one->loss_before = dc3_teacher_loss(classes, original, label);
    one->loss_after = dc3_teacher_loss(classes, stored, label);
    one->same = before == after;
    one->right_before = before == label;
    one->right_after = after == label;
}

static void add(sums *to, const sums *one)
{
    to->pairs += one->pairs, to->identical += one->identical, to->windowed += one->windowed;
    to->ssim += one->ssim, to->delta_e += one->delta_e, to->psnr += one->psnr;
    to->same += one->same, to->right_before += one->right_before, to->right_after += one->right_after;
    to->loss_before += one->loss_before, to->loss_after += one->loss_after;
}

/* Takes the batch's pairs into the sums, in their order. */
static dc3_status collect(work *w, int count)
{
    for (int i = 0; i < count; i++) {
        const pair *p = &w->pairs[i];
        if (p->failed && p->untold) DC3_TRY(dc3_measure_skip(w->m, w->s, p->name, p->reason));
        if (p->failed) continue;
        sums one = {.pairs = 1, .identical = isinf(p->psnr), .windowed = !isnan(p->ssim)};
        one.ssim = one.windowed ? p->ssim : 0;
        one.delta_e = p->delta_e;
        one.psnr = one.identical ? 0 : p->psnr;
        if (w->m->teacher.net) ask(w, i, &one);
        if (p->label >= 0) add(&w->classes[p->label], &one);
        add(&w->all, &one);
    }
    return DC3_OK;
}

/* The pairs of `count` lines from `first` on. */
static dc3_status name_pairs(work *w, size_t first, int count)
{
    int hint = 0;
    for (int i = 0; i < count; i++) {
        const json_t *line = json_array_get(w->lines, first + (size_t)i);
        const char *name = json_string_value(json_object_get(line, "file_name")),
                   *source = json_string_value(json_object_get(line, "source"));
        if (!name || !source)
            return dc3_fail(DC3_ERR_FORMAT, "%s/metadata.jsonl: line %zu: expected a file_name and a source",
                            w->s->folder, first + (size_t)i + 1);
        w->pairs[i] = (pair){.name = name, .item = dc3_sources_item(w->items, source)};
        w->pairs[i].label = dc3_measure_class(w->s->data, name, strcspn(name, "/"), &hint);
    }
    return DC3_OK;
}

static dc3_status measure_batch(work *w, size_t first, int count)
{
    DC3_TRY(name_pairs(w, first, count));
    const dc3_teacher *t = &w->m->teacher;
    if (t->net) memset(w->views, 0, sizeof *w->views * 2 * DC3_MEASURE_BATCH * dc3_measure_view_values(w->m));
#pragma omp parallel for schedule(dynamic) num_threads(w->m->options->threads)
    for (int i = 0; i < count; i++) run_pair(w, i);
    DC3_TRY(dc3_check_cancel());
    if (t->net)
        DC3_TRY(dc3_teacher_run(&w->m->teacher, 2 * DC3_MEASURE_BATCH, w->views, w->embeddings, w->logits));
    return collect(w, count);
}

static json_t *to_json(const work *w, const sums *s)
{
    json_t *o = json_object();
    double n = (double)s->pairs;
    json_object_set_new(o, "pairs", json_integer(s->pairs));
    json_object_set_new(o, "identical", json_integer(s->identical));
    dc3_measure_set(o, "ssim", s->ssim / (double)s->windowed);
    dc3_measure_set(o, "delta_e_2000", s->delta_e / n);
    dc3_measure_set(o, "psnr", s->psnr / (double)(s->pairs - s->identical));
    if (!w->m->teacher.net) return o;
    dc3_measure_set(o, "top1_same", (double)s->same / n);
    dc3_measure_set(o, "top1_before", (double)s->right_before / n);
    dc3_measure_set(o, "top1_after", (double)s->right_after / n);
    dc3_measure_set(o, "loss_before", s->loss_before / n);
    dc3_measure_set(o, "loss_after", s->loss_after / n);
    return o;
}

static dc3_status measure_all(work *w)
{
    size_t n = json_array_size(w->lines);
    const dc3_listener *listener = &w->m->options->listener;
    for (size_t first = 0; first < n; first += DC3_MEASURE_BATCH) {
        int count = n - first < DC3_MEASURE_BATCH ? (int)(n - first) : DC3_MEASURE_BATCH;
        DC3_TRY(measure_batch(w, first, count));
        if (listener->progress)
            listener->progress(listener->user, "fidelity", (int64_t)first + count, (int64_t)n);
    }
    w->s->fidelity = to_json(w, &w->all);
    json_object_set_new(w->s->fidelity, "originals", dc3_json_text(dc3_dataset_path(w->originals)));
    json_t *classes = json_array();
    for (int c = 0; c < dc3_dataset_classes(w->s->data); c++) {
        json_t *one = to_json(w, &w->classes[c]);
        json_object_set_new(one, "class", dc3_json_text(dc3_dataset_class_name(w->s->data, c)));
        json_array_append_new(classes, one);
    }
    json_object_set_new(w->s->fidelity, "classes", classes);
    return DC3_OK;
}

static dc3_status open_memory(work *w)
{
    const dc3_teacher *t = &w->m->teacher;
    w->classes = calloc((size_t)dc3_dataset_classes(w->s->data), sizeof *w->classes);
    int ready = w->classes != NULL;
    if (t->net) {
        size_t rows = 2 * DC3_MEASURE_BATCH;
        w->views = malloc(rows * dc3_measure_view_values(w->m) * sizeof *w->views);
        w->embeddings = malloc(rows * (size_t)t->info->embedding * sizeof *w->embeddings);
        w->logits = malloc(rows * (size_t)t->info->classes * sizeof *w->logits);
        ready = ready && w->views && w->embeddings && w->logits;
    }
    return ready ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* How the run saw its pictures. */
static void read_settings(work *w)
{
    const json_t *settings = json_object_get(w->s->document, "settings");
    const char *combine = json_string_value(json_object_get(settings, "combine"));
    w->fit = dc3_sources_fit(settings);
    w->fourfold = combine && strcmp(combine, "fourfold") == 0;
}

/* The dataset that the run was made from. *why says what is in the way where nothing is compared. */
static dc3_status open_originals(work *w, char *why, size_t size)
{
    const dc3_measure_options *o = w->m->options;
    const json_t *settings = json_object_get(w->s->document, "settings");
    const char *data = o->originals ? o->originals : json_string_value(json_object_get(settings, "data"));
    const char *method = json_string_value(json_object_get(settings, "method"));
    if (method && strcmp(method, "rded") == 0)
        snprintf(why, size, "its pictures are stitched from crops");
    else if (!data)
        snprintf(why, size, "its dc3.json names no dataset; --data tells where the originals are");
    else {
        dc3_status status = dc3_dataset_open(data, &w->originals);
        if (status != DC3_OK && o->originals) return status;
        if (status != DC3_OK)
            snprintf(why, size, "%.200s; --data tells where the originals are now", dc3_error_text());
    }
    if (!w->originals || !w->m->teacher.net) return DC3_OK;
    return dc3_teacher_check_classes(&w->m->teacher, o->teacher, dc3_dataset_classes(w->originals), data);
}

dc3_status dc3_measure_fidelity(dc3_measuring *m, dc3_subject *s)
{
    char why[400] = "";
    if (!s->document) return DC3_OK;
    work *w = calloc(1, sizeof *w);
    if (!w) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    w->m = m, w->s = s;
    read_settings(w);
    dc3_status status = open_originals(w, why, sizeof why);
    if (status == DC3_OK && *why)
        dc3_listener_say(&m->options->listener, "note: %s is not compared with its originals: %s", s->path,
                         why);
    if (status == DC3_OK && !*why) {
        status = dc3_metadata_read(s->folder, &w->lines);
        if (status == DC3_OK) status = open_memory(w);
        if (status == DC3_OK) w->items = dc3_sources_find(w->lines, w->originals);
        if (status == DC3_OK) status = measure_all(w);
    }
    dc3_dataset_close(&w->originals);
    json_decref(w->lines);
    json_decref(w->items);
    free(w->classes);
    free(w->views);
    free(w->embeddings);
    free(w->logits);
    free(w);
    return status;
}
