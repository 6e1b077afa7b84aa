/* How well a run's choice covers the dataset that it was made from, beside random choices of as many images
 * of each class: by the teacher's embeddings, or by the features of an editor's VAE. Runs of one dataset that
 * see it alike are a group, for which each of its images is read once; a class's chosen and drawn ones
 * first. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "measure/coverage.h"
#include "base/file.h"
#include "features/run.h"
#include "select/choose.h"
#include "select/coverage.h"
#include "base/listener.h"
#include "base/pieces.h"
#include "base/text.h"
#include "features/features.h"
#include "io/pixels.h"
#include "condense/run_open.h"
#include "run_folder/fingerprint.h"
#include "run_folder/made_of.h"
#include "measure/fidelity.h"
#include "measure/networks.h"

enum { DRAWS = 10, SETS = 1 + DRAWS }; /* set 0 is the run's choice */

typedef struct work {
    dc3_measuring *m;
    dc3_subject **group; /* [runs] */
    int runs;
    const dc3_dataset *data;
    dc3_run *run; /* has the VAE; NULL: the teacher looks */
    int size;
    int64_t d;
    uint16_t *member;    /* [runs, images], a bit for each of the run's sets that an image is in */
    dc3_coverage **sets; /* [runs, SETS, classes] */
    /* Of the class in work. */
    int64_t *items; /* [listed], those that are looked at, */
    int64_t listed;
    int label;
    int fills;    /* to fill the sets, or to be held against them */
    int64_t done; /* images of all classes */
    float *rows;  /* [room, d], features that are not yet held against the sets */
    int64_t count, room;
} work;

/* The bits of the g-th run. */
static uint16_t *members_of(const work *w, int g)
{
    return w->member + g * dc3_dataset_size(w->data);
}

static dc3_coverage **set_of(const work *w, int g, int set, int label)
{
    return w->sets + (g * SETS + set) * dc3_dataset_classes(w->data) + label;
}

/* What names the draws' random numbers: above those of the kernel distance and of the score. */
static uint64_t draw_item(int draw, int label)
{
    return ((uint64_t)(draw + 1) << 32) + (uint64_t)label;
}

/* Marks the choice of the g-th run; its dataset was listed on its own, and may have grown since the first's.
 */
static void mark_chosen(work *w, int g)
{
    const dc3_subject *s = w->group[g];
    for (int64_t k = 0; k < dc3_dataset_size(s->data); k++) {
        int64_t item = dc3_pairing_original(s->pairing, k);
        if (item >= 0 && item < dc3_dataset_size(w->data)) members_of(w, g)[item] |= 1;
    }
}

/* Marks as many random images of the class [first, end) for each draw; order [end - first] is scratch. */
static void mark_draws(work *w, int g, int64_t first, int64_t end, int64_t *order)
{
    int64_t count = 0;
    int label = dc3_dataset_label(w->data, first);
    uint16_t *member = members_of(w, g);
    for (int64_t i = first; i < end; i++) count += member[i] & 1;
    for (int k = 1; k < SETS; k++) {
        dc3_rng rng = dc3_rng_make(w->m->options->seed, DC3_RNG_MEASURE, draw_item(k, label));
        dc3_shuffle(&rng, end - first, count, order);
        for (int64_t i = 0; i < count; i++) member[first + order[i]] |= (uint16_t)(1 << k);
    }
}

static dc3_status mark_class(work *w, int64_t first, int64_t end)
{
    int64_t *order = malloc((size_t)(end - first + 1) * sizeof *order);
    if (!order) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int g = 0; g < w->runs; g++) mark_draws(w, g, first, end, order);
    free(order);
    return DC3_OK;
}

static dc3_status read_view(const work *w, int64_t item, float *to)
{
    dc3_image image;
    int side = w->run ? w->size : 0;
    DC3_TRY(dc3_dataset_read(w->data, item, side, side, w->run ? w->run->fit : DC3_FIT_CROP, &image));
    dc3_status status = DC3_OK;
    if (w->run)
        dc3_image_to_floats(&image, to);
    else
        status = dc3_network_view(w->m, DC3_BY_TEACHER, &image, to);
    dc3_image_free(&image);
    return status;
}

static int is_marked(const work *w, int64_t item)
{
    int any = 0;
    for (int g = 0; g < w->runs; g++) any |= members_of(w, g)[item] != 0;
    return any;
}

/* Puts a row into the sets that its image is in. */
static dc3_status choose_row(const work *w, int64_t item, const float *x)
{
    for (int g = 0; g < w->runs; g++)
        for (int k = 0; k < SETS; k++)
            if (members_of(w, g)[item] >> k & 1) DC3_TRY(dc3_coverage_choose(*set_of(w, g, k, w->label), x));
    return DC3_OK;
}

static dc3_status add_to_set(void *user, int worker, int64_t i, void *result)
{
    const work *w = user;
    (void)worker, (void)result;
    return dc3_coverage_add(*set_of(w, (int)i / SETS, (int)i % SETS, w->label), w->count, w->rows);
}

/* Holds the waiting rows of the class against all sets. */
static dc3_status add_rows(work *w)
{
    dc3_pieces pieces = {.count = w->count ? w->runs * SETS : 0,
                         .workers = w->m->options->threads,
                         .user = w,
                         .work = add_to_set};
    dc3_status status = dc3_pieces_run(&pieces);
    w->count = 0;
    return status;
}

/* Keeps a row that waits. */
static dc3_status keep_row(work *w, const float *x)
{
    if (w->count == w->room) {
        int64_t room = w->room ? 2 * w->room : 64;
        float *rows = realloc(w->rows, (size_t)(room * w->d) * sizeof *rows);
        if (!rows)
            return dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld rows of features", (long long)room);
        w->rows = rows;
        w->room = room;
    }
    memcpy(w->rows + w->count++ * w->d, x, (size_t)w->d * sizeof *x);
    return DC3_OK;
}

static dc3_status show(void *user, int worker, int64_t i, float *view, void *note)
{
    (void)worker, (void)note;
    const work *w = user;
    return read_view(w, w->items[i], view);
}

static dc3_status take(void *user, int64_t i, const dc3_seen *seen)
{
    enum { MANY = 1 << 20 }; /* values */
    work *w = user;
    int64_t item = w->items[i];
    const dc3_listener *listener = &w->m->options->listener;
    if (++w->done % DC3_MEASURE_BATCH == 0 && listener->progress)
        listener->progress(listener->user, "coverage", w->done, dc3_dataset_size(w->data));
    if (seen->status != DC3_OK)
        return dc3_measure_skip(w->m, w->group[0], dc3_dataset_key(w->data, item), seen->reason);
    if (w->fills) DC3_TRY(choose_row(w, item, seen->values[0]));
    DC3_TRY(keep_row(w, seen->values[0]));
    return w->fills || w->count * w->d < MANY ? DC3_OK : add_rows(w);
}

static dc3_status encode(const void *network, dc3_ctx *ctx, int rows, float *views, float *const values[2])
{
    const work *w = network;
    return dc3_editor_encode_in(w->run->editor, ctx, rows, w->size, views, values[0]);
}

/* The images of the class [first, end) that are in a set, whose rows all wait then, or those that are not. */
static dc3_status look_at(work *w, int64_t first, int64_t end, int fills)
{
    dc3_look look = w->run ? (dc3_look){.ctx = dc3_editor_ctx(w->run->editor),
                                        .rows = DC3_MEASURE_BATCH,
                                        .pixels = (int64_t)w->size * w->size * 3,
                                        .widths = {w->d, 0},
                                        .network = w,
                                        .run = encode}
                           : dc3_teacher_look(&w->m->teacher);
    if (w->run) look.bytes = dc3_editor_encode_bytes(w->run->editor, DC3_MEASURE_BATCH, w->size);
    w->listed = 0, w->fills = fills;
    for (int64_t i = first; i < end; i++)
        if (is_marked(w, i) == fills) w->items[w->listed++] = i;
    look.count = w->listed, look.user = w, look.show = show, look.take = take;
    return dc3_look_run(&look);
}

/* The class [first, end): its sets are filled, then all of it is held against them. */
static dc3_status cover_class(work *w, int64_t first, int64_t end)
{
    w->label = dc3_dataset_label(w->data, first);
    DC3_TRY(mark_class(w, first, end));
    w->done = first;
    DC3_TRY(look_at(w, first, end, 1));
    int is_empty = !w->count;
    DC3_TRY(add_rows(w));
    if (!is_empty) DC3_TRY(look_at(w, first, end, 0));
    DC3_TRY(add_rows(w));
    for (int g = 0; g < w->runs; g++)
        for (int k = 0; k < SETS; k++) dc3_coverage_rest(*set_of(w, g, k, w->label));
    return DC3_OK;
}

static int set_count(const work *w)
{
    return w->runs * SETS * dc3_dataset_classes(w->data);
}

static dc3_status cover_all(work *w)
{
    int64_t n = dc3_dataset_size(w->data);
    int sets = set_count(w);
    w->items = malloc((size_t)n * sizeof *w->items);
    w->member = calloc((size_t)w->runs * (size_t)n, sizeof *w->member);
    w->sets = calloc((size_t)sets, sizeof(dc3_coverage *));
    if (!w->items || !w->member || !w->sets) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; i < sets; i++) DC3_TRY(dc3_coverage_open(w->d, &w->sets[i]));
    for (int g = 0; g < w->runs; g++) mark_chosen(w, g);
    for (int64_t first = 0, end; first < n; first = end) {
        for (end = first; end < n && dc3_dataset_label(w->data, end) == dc3_dataset_label(w->data, first);)
            end++;
        DC3_TRY(cover_class(w, first, end));
    }
    return DC3_OK;
}

/* The numbers of a class or, with label -1, of all: the g-th run's, and mean and deviation (n - 1) of the
 * draws'. */
static dc3_status to_json(const work *w, int g, int label, json_t *o)
{
    static const char *const names[] = {"distance_mean", "distance_p95", "facility_location", "graph_cut"};
    double found[SETS][4];
    char key[64];
    dc3_coverage_values v;
    for (int k = 0; k < SETS; k++) {
        int64_t count = label < 0 ? dc3_dataset_classes(w->data) : 1;
        DC3_TRY(dc3_coverage_get(set_of(w, g, k, label < 0 ? 0 : label), count, &v));
        const double values[] = {v.mean, v.p95, v.facility_location, v.graph_cut};
        memcpy(found[k], values, sizeof values);
        if (k) continue;
        json_object_set_new(o, "pictures", json_integer(v.rows));
        json_object_set_new(o, "chosen", json_integer(v.chosen));
    }
    for (int i = 0; i < 4; i++) {
        double mean = 0, squares = 0;
        for (int k = 1; k < SETS; k++) mean += found[k][i] / DRAWS;
        for (int k = 1; k < SETS; k++) squares += (found[k][i] - mean) * (found[k][i] - mean);
        dc3_measure_set(o, names[i], found[0][i]);
        snprintf(key, sizeof key, "random_%s", names[i]);
        dc3_measure_set(o, key, mean);
        snprintf(key, sizeof key, "random_%s_deviation", names[i]);
        dc3_measure_set(o, key, sqrt(squares / (DRAWS - 1)));
    }
    return DC3_OK;
}

static dc3_status report(const work *w, int g)
{
    char name[200];
    json_t *o = w->group[g]->coverage = json_object(), *classes = json_array();
    if (w->run)
        snprintf(name, sizeof name, "VAE of %s, images of %d pixels",
                 dc3_editor_describe(w->run->editor).name, w->size);
    else
        snprintf(name, sizeof name, "embeddings of the teacher, %s %s",
                 dc3_text_article(w->m->teacher.info->arch), w->m->teacher.info->arch);
    json_object_set_new(o, "features", dc3_json_text(name));
    json_object_set_new(o, "dimensions", json_integer(w->d));
    json_object_set_new(o, "draws", json_integer(DRAWS));
    dc3_status status = to_json(w, g, -1, o);
    json_object_set_new(o, "classes", classes);
    DC3_TRY(status);
    for (int c = 0; c < dc3_dataset_classes(w->data); c++) {
        json_t *one = json_object();
        json_array_append_new(classes, one);
        json_object_set_new(one, "class", dc3_json_text(dc3_dataset_class_name(w->data, c)));
        DC3_TRY(to_json(w, g, c, one));
    }
    return DC3_OK;
}

/* Says where the run's own figure, which its report shows, is by the features of its teacher. */
static void note_own(const work *w, const dc3_subject *s)
{
    json_t *quality = NULL;
    char *path = dc3_path_join(s->path, "quality.json");
    if (path && dc3_path_what(path) == DC3_PATH_FILE) dc3_json_read(path, 1 << 20, &quality);
    const char *by = json_string_value(json_object_get(quality, "by"));
    if (by && strcmp(by, "teacher") == 0)
        dc3_listener_say(
            &w->m->options->listener,
            "note: %s: its report has the coverage by its teacher's embeddings, this is by a VAE; %s "
            "with the file of that teacher measures it by those",
            s->path, dc3_setting("teacher"));
    else if (by && strcmp(by, "backbone") == 0)
        dc3_listener_say(
            &w->m->options->listener,
            "note: %s: its report has the coverage by its backbone's embeddings, this is by a VAE", s->path);
    else if (by && strcmp(by, "given-features") == 0)
        dc3_listener_say(
            &w->m->options->listener,
            "note: %s: its report has the coverage by features that were given, this is by a VAE", s->path);
    json_decref(quality);
    free(path);
}

static const json_t *setting(const dc3_subject *s, const char *key)
{
    return json_object_get(json_object_get(s->document, "settings"), key);
}

/* Says where the editor is not the one that a run was made with. */
static void check_editor(const work *w, const dc3_subject *s, const json_t *fingerprint)
{
    const json_t *was = setting(s, "editor_fingerprint");
    if (was && !json_equal(was, fingerprint))
        dc3_listener_say(&w->m->options->listener,
                         "note: %s was made with another editor than the one whose features its coverage is "
                         "measured in; %s names one",
                         s->path, dc3_setting("editor"));
}

/* The VAE, and how the runs gave it images, which are read from w->data: that has their classes alone. */
static dc3_status open_editor(work *w, dc3_condense_options *o, dc3_condense_report *result)
{
    const dc3_subject *s = w->group[0];
    const dc3_measure_options *options = w->m->options;
    *o = dc3_condense_defaults();
    o->data = dc3_dataset_path(w->data);
    o->choice.split = json_string_value(setting(s, "split"));
    o->choice.unlabelled = json_is_true(setting(s, "unlabelled"));
    o->method = "dc3-select";
    o->teacher = "none";
    o->editor = options->editor;
    o->fit = dc3_measure_fit(s);
    const char *dtype = json_string_value(setting(s, "dtype"));
    if (dtype) DC3_TRY(dc3_compute_parse(dtype, &o->dtype));
    o->feature_size = (int)json_integer_value(setting(s, "feature_size"));
    o->select.threads = options->threads;
    if (!o->editor)
        return dc3_fail(
            DC3_ERR_ARGUMENT,
            "coverage: expected an editor or a teacher whose features tell images apart, found neither");
    DC3_TRY(dc3_run_open(o, DC3_RUN_METHOD, result, w->run));
    json_t *fingerprint = dc3_fingerprint(o->editor);
    for (int g = 0; g < w->runs; g++) {
        check_editor(w, w->group[g], fingerprint);
        note_own(w, w->group[g]);
    }
    json_decref(fingerprint);
    return DC3_OK;
}

static dc3_status cover_group(work *w)
{
    dc3_run run = {0};
    dc3_condense_options options;
    dc3_condense_report result;
    w->run = w->m->teacher.net ? NULL : &run;
    dc3_status status = w->run ? open_editor(w, &options, &result) : DC3_OK;
    w->size = w->run ? run.feature_size : w->m->teacher.size;
    w->d = w->run ? run.feature_length : w->m->networks[DC3_BY_TEACHER].features;
    if (status == DC3_OK) status = cover_all(w);
    for (int g = 0; status == DC3_OK && g < w->runs; g++) status = report(w, g);
    for (int i = 0; w->sets && i < set_count(w); i++) dc3_coverage_close(&w->sets[i]);
    free(w->sets);
    free(w->member);
    free(w->items);
    free(w->rows);
    if (w->run) dc3_run_close(w->run);
    w->run = NULL;
    return status;
}

/* A run that looked at no features takes them as another did. */
static int agrees(const dc3_subject *a, const dc3_subject *b, const char *key)
{
    const json_t *x = setting(a, key), *y = setting(b, key);
    return !x || !y || json_equal(x, y);
}

/* Whether two runs see the same dataset alike. */
static int alike(const dc3_measuring *m, const dc3_subject *a, const dc3_subject *b)
{
    const char *x = dc3_dataset_path(dc3_pairing_originals(a->pairing)),
               *y = dc3_dataset_path(dc3_pairing_originals(b->pairing));
    if (strcmp(x, y) != 0 || !dc3_made_of_alike(json_object_get(a->document, "settings"),
                                                json_object_get(b->document, "settings")))
        return 0;
    return m->teacher.net || (dc3_measure_fit(a) == dc3_measure_fit(b) && agrees(a, b, "dtype") &&
                              agrees(a, b, "feature_size"));
}

/* The first run that has no coverage yet, of those that looked at features if there is one; NULL: none. */
static dc3_subject *next_run(const dc3_measuring *m)
{
    dc3_subject *first = NULL;
    for (int i = 0; i < m->count; i++) {
        dc3_subject *s = &m->subjects[i];
        if (!s->pairing || s->coverage) continue;
        if (setting(s, "feature_size")) return s;
        if (!first) first = s;
    }
    return first;
}

dc3_status dc3_measure_coverage(dc3_measuring *m)
{
    dc3_status status = DC3_OK;
    dc3_subject *s, **group = calloc((size_t)m->count, sizeof(dc3_subject *));
    if (!group) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (!next_run(m))
        dc3_listener_say(&m->options->listener,
                         "note: %s: none of these is a run whose choice can be compared with its dataset",
                         dc3_setting("coverage"));
    while (status == DC3_OK && (s = next_run(m))) {
        work w = {.m = m, .group = group, .runs = 1, .data = dc3_pairing_originals(s->pairing)};
        group[0] = s;
        for (int k = 0; k < m->count; k++) {
            dc3_subject *other = &m->subjects[k];
            if (other != s && other->pairing && !other->coverage && alike(m, s, other))
                group[w.runs++] = other;
        }
        status = cover_group(&w);
    }
    free(group);
    return status;
}
