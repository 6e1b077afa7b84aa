#include "calibrate/calibrate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "calibrate/choose.h"
#include "calibrate/look.h"
#include "ops/workers.h"
#include "ranks/ranks.h"
#include "run_folder/calibration.h"

/* The sets whose distances and curves are told. */
enum { SELECTION, RANDOM, CALIBRATED, SETS };
static const char *const set_names[] = {"selection", "random", "calibrated"};

/* What is told of a class: sums over its images. */
typedef struct told {
    double distance[SETS][DC3_TARGET_TERMS], curves[SETS][DC3_LAB_CURVES];
    int64_t images, candidates, dropped;
} told;

/* Whose candidates a thread makes: those of one image after the other. */
typedef struct maker {
    int64_t image; /* that is in `editing`; -1: none */
    dc3_editing editing;
    float *out;
} maker;

/* A group of images and all their candidates. */
typedef struct group {
    dc3_run *run;
    int label;
    const dc3_class_look *class;
    dc3_slot *images; /* [n] */
    dc3_candidate all[DC3_CANDIDATES];
    int each;                             /* of those, each image's */
    dc3_slot *slots[DC3_CALIBRATE_GROUP]; /* images that can be read */
    int64_t count, rows;
    dc3_looked looked;
    int64_t *slot;
    char *dropped;
    double *values;
    int gone; /* 1: kept edits were not there */
    int makers;
    maker *maker; /* [makers], filled when they are needed */
} group;

static void close_group(group *g)
{
    dc3_look_close(&g->looked);
    for (int i = 0; g->maker && i < g->makers; i++) {
        dc3_editing_close(&g->maker[i].editing);
        free(g->maker[i].out);
    }
    free(g->maker);
    free(g->slot);
    free(g->dropped);
    free(g->values);
}

static dc3_status open_group(dc3_run *run, int label, const dc3_class_look *class, int64_t n,
                             dc3_slot *images, group *g)
{
    int64_t rows = n * DC3_CANDIDATES;
    *g = (group){.run = run, .label = label, .class = class, .images = images};
    g->each = dc3_candidates_of(dc3_calibrate_pairs(run), g->all);
    g->makers = run->options->select.threads;
    g->slot = malloc((size_t)rows * sizeof *g->slot);
    g->dropped = calloc((size_t)rows, 1);
    g->values = malloc((size_t)rows * DC3_CALIBRATE_VALUES * sizeof *g->values);
    g->maker = calloc((size_t)g->makers, sizeof *g->maker);
    if (!g->slot || !g->dropped || !g->values || !g->maker)
        return dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld candidates", (long long)rows);
    for (int i = 0; i < g->makers; i++) g->maker[i].image = -1;
    for (int64_t i = 0; i < n; i++) images[i].candidate = 0;
    return dc3_look_open(run, rows, &g->looked);
}

/* Values in an image of the stored size. */
static size_t values_of(const dc3_run *run)
{
    return (size_t)run->size * (size_t)run->size * 3;
}

/* Of the image as it is edited, of the original and the edits as floats and as they are read, of a
 * candidate. */
static double maker_bytes(const dc3_run *run)
{
    double small = run->edit.size, edits = 2 * dc3_calibrate_pairs(run);
    return 4 * 2 * 3 * small * small + (4 * (2 + edits) + edits) * (double)values_of(run);
}

/* Of a group's candidates: what is known of each, the factors of its gradient among it. */
static double candidate_bytes(const dc3_run *run)
{
    const dc3_classifier_info *t = run->teacher.net ? run->teacher.info : NULL;
    return sizeof(dc3_lab_colours) + sizeof(double) * (DC3_CALIBRATE_VALUES + 2) +
           (t ? 3 * sizeof(float) * (double)(t->embedding + t->classes) : 0);
}

double dc3_calibrate_bytes(const dc3_run *run, int64_t count)
{
    double each = maker_bytes(run), makers = dc3_threads_with_room(run->options->select.threads, each);
    double images = count < DC3_CALIBRATE_GROUP ? (double)count : DC3_CALIBRATE_GROUP;
    return makers * each + images * DC3_CANDIDATES * candidate_bytes(run);
}

/* Image i of the group, with its edits. */
static dc3_status show_image(group *g, int64_t i, maker *m)
{
    const dc3_run *run = g->run;
    int there;
    if (m->image == i) return DC3_OK;
    if (!m->out) {
        DC3_TRY(dc3_calibrate_open(run, 0, &m->editing));
        m->out = malloc(values_of(run) * sizeof *m->out);
        if (!m->out) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    m->image = -1;
    DC3_TRY(dc3_editing_read(run, g->images[i].parts, 1, &m->editing));
    DC3_TRY(dc3_calibrate_kept(run, &g->images[i], &m->editing, &there));
    if (!there) {
        __atomic_store_n(&g->gone, 1, __ATOMIC_RELEASE);
        return dc3_fail(DC3_ERR_IO, "%s/%s: the edits of %s were made and are gone; give the command again",
                        run->options->out, dc3_calibration_folder,
                        dc3_dataset_key(run->dataset, g->images[i].parts->item));
    }
    m->image = i;
    return DC3_OK;
}

static dc3_status make_candidate(void *user, int worker, int64_t i, dc3_image *image)
{
    group *g = user;
    const dc3_run *run = g->run;
    maker *m = &g->maker[worker];
    DC3_TRY(show_image(g, i / g->each, m));
    dc3_candidate_image(&g->all[i % g->each], run->combine, run->size, m->editing.original,
                        (const float *const *)m->editing.placed, run->options->select.seed,
                        g->images[i / g->each].random, m->out);
    return dc3_image_of_floats(run->size, run->size, m->out, image);
}

/* An image that cannot be read any more has no candidates: who stores it tells so. */
static dc3_status take_candidate(void *user, int64_t i, dc3_status status, const char *reason, int *counts)
{
    group *g = user;
    int first = i % g->each == 0, failed = status != DC3_OK;
    dc3_slot *image = &g->images[i / g->each];
    if (first && !failed) g->slots[g->count++] = image;
    int has = g->count > 0 && g->slots[g->count - 1] == image; /* it could be read for the first of them */
    int ends =
        has || __atomic_load_n(&g->gone, __ATOMIC_ACQUIRE) || dc3_ranks_rank(); /* rank 0 may read it */
    if (failed && (ends || status == DC3_ERR_MEMORY || status == DC3_ERR_CANCELLED))
        return dc3_fail(status, "%s", reason);
    *counts = has && !failed;
    if (*counts) g->slot[g->rows++] = g->count - 1;
    return DC3_OK;
}

static dc3_status look_at_candidates(group *g, int64_t n)
{
    dc3_view_list list = {.count = n * g->each,
                          .bytes = maker_bytes(g->run),
                          .user = g,
                          .make = make_candidate,
                          .take = take_candidate};
    return dc3_look_add(g->run, &list, &g->looked);
}

static void guard(group *g, told *t)
{
    const dc3_looked *l = &g->looked;
    int64_t classes = l->logits ? g->run->teacher.info->classes : 0, original = 0;
    for (int64_t i = 0; l->logits && i < g->rows; i++) {
        if (i == 0 || g->slot[i] != g->slot[i - 1]) original = i;
        if (i != original)
            g->dropped[i] =
                !dc3_guard_keeps(&g->class->losses, classes, g->label, l->logits + original * classes,
                                 l->losses[original], l->logits + i * classes, l->losses[i]);
        t->dropped += g->dropped[i];
    }
    t->candidates += g->rows;
}

static void tell(const dc3_calibrating *c, const dc3_looked *l, const int64_t *choice, int set, told *t)
{
    double terms[DC3_TARGET_TERMS];
    dc3_calibrate_distance(c, choice, terms);
    for (int i = 0; i < DC3_TARGET_TERMS; i++) t->distance[set][i] += terms[i] * (double)c->slots;
    for (int64_t s = 0; s < c->slots; s++)
        for (int k = 0; k < DC3_LAB_CURVES; k++) t->curves[set][k] += l->colours[choice[s]].curves[k];
}

static dc3_status choose(group *g, told *t)
{
    const dc3_looked *l = &g->looked;
    int each = (int)(g->rows / g->count);
    dc3_calibrating c = {.target = &g->class->target,
                         .slots = g->count,
                         .rows = g->rows,
                         .slot = g->slot,
                         .dropped = g->dropped,
                         .values = g->values,
                         .a = l->gradients.a,
                         .b = l->gradients.b};
    int64_t chosen[DC3_CALIBRATE_GROUP], other[DC3_CALIBRATE_GROUP];
    guard(g, t);
    for (int64_t i = 0; i < g->rows; i++)
        dc3_target_values(c.target, &l->colours[i], g->values + i * DC3_CALIBRATE_VALUES);
    DC3_TRY(dc3_calibrate(&c, chosen));
    for (int64_t s = 0; s < g->count; s++) {
        g->slots[s]->candidate = (int)(chosen[s] - s * each);
        other[s] = s * each;
    }
    tell(&c, l, other, SELECTION, t);
    for (int64_t s = 0; s < g->count; s++) other[s] += dc3_candidate_random(dc3_calibrate_pairs(g->run));
    tell(&c, l, other, RANDOM, t);
    tell(&c, l, chosen, CALIBRATED, t);
    t->images += g->count;
    return DC3_OK;
}

static dc3_status calibrate_group(dc3_run *run, int label, const dc3_class_look *class, int64_t n,
                                  dc3_slot *slots, told *t)
{
    group g;
    dc3_status status = open_group(run, label, class, n, slots, &g);
    if (status == DC3_OK) status = look_at_candidates(&g, n);
    if (status == DC3_OK && g.count) status = dc3_look_finish(run, label, &g.looked);
    if (status == DC3_OK && g.count) status = choose(&g, t);
    close_group(&g);
    return status;
}

/* [..] of numbers / by, rounded to six digits behind the point. */
static json_t *numbers(const double *values, int count, double by)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++) json_array_append_new(list, json_real(round(values[i] / by * 1e6) / 1e6));
    return list;
}

static const char *name_of(const dc3_slot *slot, char name[24])
{
    snprintf(name, 24, "%016llx", (unsigned long long)slot->random);
    return name;
}

static json_t *choice_of(const dc3_run *run, int label, const dc3_class_look *class, int64_t n,
                         const dc3_slot *slots, const told *t)
{
    double by = t->images ? (double)t->images : 1;
    json_t *o = json_object(), *images = json_array(), *curves = json_object(), *distance = json_object();
    json_object_set_new(o, "class", dc3_json_text(dc3_dataset_class_name(run->dataset, label)));
    for (int64_t i = 0; i < n; i++) {
        char name[24];
        json_array_append_new(images, json_pack("[s, i]", name_of(&slots[i], name), slots[i].candidate));
    }
    json_object_set_new(o, "images", images);
    json_object_set_new(o, "sample", json_integer(class->images));
    json_object_set_new(o, "candidates", json_integer(t->candidates));
    json_object_set_new(o, "dropped", json_integer(t->dropped));
    json_object_set_new(curves, "data", numbers(class->curves, DC3_LAB_CURVES, 1));
    for (int s = 0; s < SETS; s++) {
        json_object_set_new(distance, set_names[s], numbers(t->distance[s], DC3_TARGET_TERMS, by));
        json_object_set_new(curves, set_names[s], numbers(t->curves[s], DC3_LAB_CURVES, by));
    }
    json_object_set_new(o, "distance", distance);
    json_object_set_new(o, "curves", curves);
    return o;
}

/* Takes the choices of an earlier part of the run; 0: they are not there, or not of these images. */
static int take_choice(const char *path, int64_t n, dc3_slot *slots)
{
    json_t *o = NULL;
    if (dc3_path_what(path) != DC3_PATH_FILE || dc3_json_read(path, 1 << 28, &o) != DC3_OK) return 0;
    const json_t *images = json_object_get(o, "images");
    int same = (int64_t)json_array_size(images) == n;
    for (int64_t i = 0; same && i < n; i++) {
        const json_t *one = json_array_get(images, (size_t)i);
        const char *name = json_string_value(json_array_get(one, 0));
        json_int_t candidate = json_integer_value(json_array_get(one, 1));
        char own[24];
        same = name && strcmp(name, name_of(&slots[i], own)) == 0 && candidate >= 0 &&
               candidate < DC3_CANDIDATES;
        if (same) slots[i].candidate = (int)candidate;
    }
    json_decref(o);
    return same;
}

static dc3_status make_choice(dc3_run *run, int label, const json_t *passed_over, const char *folder,
                              const char *file, int64_t n, dc3_slot *slots)
{
    dc3_class_look class;
    told *t = calloc(1, sizeof *t);
    if (!t) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = dc3_look_at_class(run, label, passed_over, &class);
    for (int64_t i = 0; status == DC3_OK && i < n; i += DC3_CALIBRATE_GROUP) {
        int64_t count = n - i < DC3_CALIBRATE_GROUP ? n - i : DC3_CALIBRATE_GROUP;
        status = calibrate_group(run, label, &class, count, slots + i, t);
    }
    if (status == DC3_OK) status = dc3_make_dirs(folder);
    if (status == DC3_OK) {
        json_t *o = choice_of(run, label, &class, n, slots, t);
        status = dc3_json_write(folder, file, o, JSON_PRESERVE_ORDER);
        json_decref(o);
    }
    dc3_target_close(&class.target);
    free(t);
    return status;
}

int dc3_calibrate_chosen(const dc3_run *run, int label, int64_t n, dc3_slot *slots)
{
    char name[DC3_CALIBRATION_NAME], *folder = dc3_path_join(run->options->out, dc3_calibration_folder);
    char *file = folder ? dc3_path_join(folder, dc3_calibration_name(label, name)) : NULL;
    int is_there = file && take_choice(file, n, slots);
    free(file);
    free(folder);
    return is_there;
}

dc3_status dc3_calibrate_class(dc3_run *run, int label, const json_t *passed_over, int64_t n, dc3_slot *slots)
{
    char name[DC3_CALIBRATION_NAME], *folder = dc3_path_join(run->options->out, dc3_calibration_folder);
    if (!folder) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status =
        make_choice(run, label, passed_over, folder, dc3_calibration_name(label, name), n, slots);
    free(folder);
    return status;
}
