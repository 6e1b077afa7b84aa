#include "train/probe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/listener.h"
#include "base/text.h"
#include "dc3/text.h"
#include "io/safetensors.h"
#include "learn/checkpoint.h"
#include "learn/hold_out.h"
#include "output/output_path.h"
#include "run_folder/work.h"
#include "teacher/classes.h"
#include "teacher/embed.h"
#include "train/backbone.h"
#include "train/logistic.h"

/* Rows of embeddings and their classes. */
typedef struct rows {
    int64_t n;
    float *x;
    int32_t *y;
} rows;

typedef struct probe {
    const dc3_train_options *options;
    dc3_train_report *report;
    dc3_listener listener;
    dc3_work_note note;
    char *place;
    dc3_dataset *data, *val;
    dc3_teacher teacher;
    int64_t d, classes;
    rows all, tests;          /* of the data and of val, without those that cannot be read */
    rows learned, held;       /* parts of `all` while it is arranged; its memory */
    int64_t *from;            /* [all.n]: whose place row i of an arranged `all` had */
    double *mean, *deviation; /* [d] of `all` */
    double *weights;          /* [classes, d + 1], of standardised values */
    dc3_teacher_accuracy accuracy;
} probe;

static dc3_status check_options(const dc3_train_options *o)
{
    if (o->choice.unlabelled)
        return dc3_fail_setting("unlabelled", "a classifier needs classes; leave it out");
    DC3_TRY(dc3_hold_out_check(o->hold_out, o->val));
    if (o->size && (o->size < DC3_TEACHER_LEAST_SIZE || o->size > DC3_TEACHER_MOST_SIZE))
        return dc3_fail_setting("size", "expected %d to %d pixels with %s, found %d", DC3_TEACHER_LEAST_SIZE,
                                DC3_TEACHER_MOST_SIZE, dc3_setting("backbone"), o->size);
    if (o->init || o->progressive)
        return dc3_fail_about(o->init ? "init" : "progressive",
                              "%s means nothing with %s, of which only the last layer is trained",
                              dc3_setting(o->init ? "init" : "progressive"), dc3_setting("backbone"));
    if (!o->out && !o->dry_run) return dc3_fail_setting("out", "expected a file to write, found none");
    return DC3_OK;
}

/* The side at which the backbone sees images: a network of photos makes little of smaller ones than 96
 * pixels. */
static int usual_size(const dc3_dataset *data)
{
    enum { LEAST = 96, MOST = 224 };
    int usual = dc3_usual_size(data, MOST);
    return usual < LEAST ? LEAST : usual;
}

static dc3_status open_all(probe *p, const char *run)
{
    const dc3_train_options *o = p->options;
    dc3_input inputs[] = {
        {"the dataset", o->data}, {"the images to test on", o->val}, {"the backbone", o->backbone}};
    dc3_output_path output = {"out", o->out, &dc3_weights_output, o->force, inputs, 3, run};
    DC3_TRY(check_options(o));
    DC3_TRY(dc3_backbone_check_file(o->backbone));
    if (run) p->place = strdup(o->out); /* a file that the run has for itself */
    if (run && !p->place) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (o->out && !run) DC3_TRY(dc3_output_path_check(&output, &p->place));
    DC3_TRY(dc3_dataset_open_given(o->data, &o->choice, NULL, NULL, &p->data));
    if (o->val)
        DC3_TRY(dc3_open_val(&(dc3_test_place){o->val, o->val_split}, p->data, NULL,
                             dc3_dataset_filtered(p->data), &o->listener, &p->val));
    if (p->val) dc3_warn_swapped(&o->listener, p->data, p->val);
    dc3_report_notes(&o->listener, p->data);
    if (o->strict) DC3_TRY(dc3_dataset_check_skipped(p->data));
    if (o->strict && p->val) DC3_TRY(dc3_dataset_check_skipped(p->val));
    dc3_status status =
        dc3_teacher_open(o->backbone, o->arch, o->size, usual_size(p->data), o->threads, &p->teacher);
    if (status != DC3_OK) return dc3_fail_in(status, "%s", dc3_setting("backbone"));
    p->d = p->teacher.info->embedding, p->classes = dc3_dataset_classes(p->data);
    dc3_train_report *r = p->report;
    snprintf(r->arch, sizeof r->arch, "%s", p->teacher.info->arch);
    r->size = p->teacher.size, r->classes = p->classes, r->images = dc3_dataset_size(p->data);
    r->parameters =
        p->teacher.info->parameters + (double)((p->classes - p->teacher.info->classes) * (p->d + 1));
    dc3_listener_say(
        &o->listener,
        "%s: %lld images in %lld classes; a regression on the %lld values of %s, %s %s, at %d px", o->data,
        (long long)r->images, (long long)r->classes, (long long)p->d, o->backbone, dc3_text_article(r->arch),
        r->arch, r->size);
    dc3_report_names(&o->listener, o->backbone, p->teacher.net);
    return DC3_OK;
}

static dc3_status take_rows(rows *r, int64_t n, int64_t d)
{
    r->x = malloc((size_t)(n * d) * sizeof *r->x + 1);
    r->y = malloc((size_t)n * sizeof *r->y + 1);
    return r->x && r->y
               ? DC3_OK
               : dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld embeddings of %lld values (%.1f GB)",
                          (long long)n, (long long)d, (double)n * (double)d * 4e-9);
}

static void free_rows(rows *r)
{
    free(r->x), free(r->y);
}

/* Embeddings of a dataset; places [images], or NULL: where each stands, -1 for an image that cannot be read.
 */
static dc3_status embed(probe *p, const dc3_dataset *data, rows *r, int64_t *places, int64_t *skipped)
{
    const dc3_train_options *o = p->options;
    dc3_embedding_call e = {.teacher = &p->teacher,
                            .path = o->backbone,
                            .data = data,
                            .cache = o->cache,
                            .listener = &p->listener};
    int64_t n = dc3_dataset_size(data);
    DC3_TRY(take_rows(r, n, p->d));
    DC3_TRY(dc3_embed(&e, r->x));
    for (int64_t i = 0; i < n; i++) {
        int there = !isnan(r->x[i * p->d]);
        if (places) places[i] = there ? r->n : -1;
        if (!there) continue;
        memmove(r->x + r->n * p->d, r->x + i * p->d, (size_t)p->d * sizeof *r->x);
        r->y[r->n++] = dc3_dataset_label(data, i);
    }
    *skipped = n - r->n;
    if (e.looked && data == p->data) p->report->images_second = (double)e.looked / e.seconds;
    if (*skipped && o->strict)
        return dc3_fail(DC3_ERR_FORMAT, "%s: %lld image%s cannot be read (%s)", dc3_dataset_path(data),
                        (long long)*skipped, dc3_s(*skipped), dc3_setting("strict"));
    if (*skipped)
        dc3_listener_say(&o->listener, "skipped: %lld image%s of %s", (long long)*skipped, dc3_s(*skipped),
                         dc3_dataset_path(data));
    return r->n ? DC3_OK : dc3_fail(DC3_ERR_FORMAT, "%s: no image can be read", dc3_dataset_path(data));
}

/* Mean and deviation of each value over `all`; a value that is always the same keeps its size. */
static dc3_status measure(probe *p)
{
    p->mean = calloc((size_t)p->d, sizeof *p->mean);
    p->deviation = calloc((size_t)p->d, sizeof *p->deviation);
    p->weights = calloc((size_t)(p->classes * (p->d + 1)), sizeof *p->weights);
    if (!p->mean || !p->deviation || !p->weights) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; i < p->all.n; i++)
        for (int64_t j = 0; j < p->d; j++) p->mean[j] += (double)p->all.x[i * p->d + j] / (double)p->all.n;
    for (int64_t i = 0; i < p->all.n; i++)
        for (int64_t j = 0; j < p->d; j++) {
            double apart = (double)p->all.x[i * p->d + j] - p->mean[j];
            p->deviation[j] += apart * apart / (double)p->all.n;
        }
    for (int64_t j = 0; j < p->d; j++) p->deviation[j] = p->deviation[j] > 1e-12 ? sqrt(p->deviation[j]) : 1;
    return DC3_OK;
}

static void standardise(const probe *p, rows *r)
{
    for (int64_t i = 0; i < r->n; i++)
        for (int64_t j = 0; j < p->d; j++) {
            float *x = &r->x[i * p->d + j];
            *x = (float)(((double)*x - p->mean[j]) / p->deviation[j]);
        }
}

/* Moves row i of `all` to place to[i], each of which there is once; no second copy of the rows is made. */
static dc3_status arrange(probe *p, const int64_t *to)
{
    rows *r = &p->all;
    size_t width = (size_t)p->d;
    float *carried = malloc(2 * width * sizeof *carried), *kept = carried ? carried + width : NULL;
    char *done = calloc((size_t)r->n + 1, 1);
    for (int64_t i = 0; carried && done && i < r->n; i++) {
        if (done[i]) continue;
        int64_t at = i;
        int32_t label = r->y[i], other;
        memcpy(carried, r->x + i * p->d, width * sizeof *carried);
        do {
            at = to[at];
            memcpy(kept, r->x + at * p->d, width * sizeof *kept), other = r->y[at];
            memcpy(r->x + at * p->d, carried, width * sizeof *carried), r->y[at] = label;
            memcpy(carried, kept, width * sizeof *carried), label = other;
            done[at] = 1;
        } while (at != i);
    }
    dc3_status status = carried && done ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(carried), free(done);
    return status;
}

/* Gives the rows of some of the dataset's images the next places; the number of places given then. */
static int64_t give_places(const int64_t *items, int64_t count, const int64_t *places, int64_t given,
                           int64_t *to)
{
    for (int64_t i = 0; i < count; i++)
        if (places[items[i]] >= 0) to[places[items[i]]] = given++;
    return given;
}

/* Brings the rows that are learned to the front and those held out behind them, as learned and held, which
 * stay empty where there are too few images. */
static dc3_status split(probe *p, const int64_t *places)
{
    const double fifth = 0.2;
    const dc3_train_options *o = p->options;
    dc3_held_out parts;
    double share = o->hold_out > 0 ? o->hold_out : fifth;
    int64_t n = p->all.n, *to = malloc((size_t)(n + 1) * sizeof *to);
    p->from = malloc((size_t)(n + 1) * sizeof *p->from);
    if (!to || !p->from) {
        free(to);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    dc3_status status = dc3_hold_out(p->data, share, o->seed, &parts);
    if (status == DC3_OK && parts.held_count) {
        int64_t learned = give_places(parts.trained, parts.trained_count, places, 0, to);
        give_places(parts.held, parts.held_count, places, learned, to);
        for (int64_t i = 0; i < n; i++) p->from[to[i]] = i;
        status = arrange(p, to);
        p->learned = (rows){learned, p->all.x, p->all.y};
        p->held = (rows){n - learned, p->all.x + learned * p->d, p->all.y + learned};
    }
    dc3_held_out_free(&parts);
    free(to);
    return status;
}

static dc3_logistic_data data_of(const probe *p, const rows *r)
{
    return (dc3_logistic_data){r->n, p->d, p->classes, r->x, r->y, p->options->threads};
}

/* The decay with the least loss on the images held out, from the strongest on, each from the last one's
 * weights; the weights are those of the best. Without any held out a middle one is taken. */
static dc3_status choose_decay(probe *p)
{
    enum { STEPS = 13, WORSE = 3 };
    const double middle = 0.1, strongest = 10;
    int64_t size = p->classes * (p->d + 1);
    dc3_logistic_data learned = data_of(p, &p->learned), held = data_of(p, &p->held);
    double least = INFINITY, loss, ours, right, *now = calloc((size_t)size, sizeof *now);
    dc3_status status = now ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    p->report->decay = middle;
    for (int i = 0, worse = 0; status == DC3_OK && held.n && learned.n && worse < WORSE && i < STEPS; i++) {
        double decay = strongest * pow(10, -0.5 * i);
        status = dc3_logistic_fit(&learned, decay, now, &ours);
        if (status == DC3_OK) status = dc3_logistic_test(&held, now, &loss, &right);
        if (status != DC3_OK) break;
        worse = loss < least ? 0 : worse + 1;
        if (worse) continue;
        least = loss;
        memcpy(p->weights, now, (size_t)size * sizeof *now);
        p->report->decay = decay;
        p->accuracy = (dc3_teacher_accuracy){.top1 = right, .images = held.n, .on = "held-out images"};
    }
    free(now);
    return status;
}

static dc3_status learn(probe *p)
{
    const dc3_train_options *o = p->options;
    char text[DC3_ACCURACY_TEXT];
    DC3_TRY(choose_decay(p));
    int holds = o->hold_out > 0 && p->held.n;
    if (p->held.n && !holds) DC3_TRY(arrange(p, p->from)); /* in the images' order again */
    dc3_logistic_data all = data_of(p, holds ? &p->learned : &p->all), tests = data_of(p, &p->tests);
    if (p->held.n)
        dc3_listener_say(&o->listener, "decay %.3g chosen by %lld images that were held out: %s",
                         p->report->decay, (long long)p->held.n,
                         dc3_teacher_accuracy_text(&p->accuracy, text));
    else
        dc3_listener_say(&o->listener,
                         "note: %s: %s to hold any out: the decay is %g for want of a choice, and the "
                         "accuracy is not known",
                         o->data, dc3_hold_out_obstacle(p->data), p->report->decay);
    DC3_TRY(dc3_logistic_fit(&all, p->report->decay, p->weights, &p->report->loss));
    double loss, right;
    if (tests.n) {
        DC3_TRY(dc3_logistic_test(&tests, p->weights, &loss, &right));
        p->accuracy = (dc3_teacher_accuracy){.top1 = right, .images = tests.n, .on = "test images"};
    }
    p->report->top1 = p->report->best_top1 = p->accuracy.top1;
    return DC3_OK;
}

/* The layer that sees values as they are: W / deviation, and b - W mean / deviation. */
static dc3_status fold(const probe *p, float **weight, float **bias)
{
    *weight = malloc((size_t)(p->classes * p->d) * sizeof **weight);
    *bias = malloc((size_t)p->classes * sizeof **bias);
    if (!*weight || !*bias) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t k = 0; k < p->classes; k++) {
        const double *row = p->weights + k * (p->d + 1);
        double constant = row[p->d];
        for (int64_t j = 0; j < p->d; j++) {
            (*weight)[k * p->d + j] = (float)(row[j] / p->deviation[j]);
            constant -= row[j] / p->deviation[j] * p->mean[j];
        }
        (*bias)[k] = (float)constant;
    }
    return DC3_OK;
}

/* What the file says besides its tensors. */
static dc3_status describe(const probe *p, dc3_table *table)
{
    char pixels[16];
    json_t *names = dc3_class_names(p->data), *known = dc3_teacher_accuracy_to_json(&p->accuracy);
    char *classes = json_dumps(names, JSON_COMPACT),
         *result = json_dumps(known, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
    snprintf(pixels, sizeof pixels, "%d", p->teacher.size);
    dc3_status status = classes && result ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_table_set_text(table, "format", "pt");
    if (status == DC3_OK) status = dc3_table_set_text(table, dc3_classifier_size_key, pixels);
    if (status == DC3_OK) status = dc3_table_set_text(table, dc3_teacher_classes_key, classes);
    if (status == DC3_OK && p->accuracy.top1 >= 0)
        status = dc3_table_set_text(table, dc3_teacher_accuracy_key, result);
    free(classes), free(result);
    json_decref(names), json_decref(known);
    return status;
}

static dc3_status write_file(const probe *p)
{
    float *weight = NULL, *bias = NULL;
    dc3_table *table = dc3_table_new(p->place);
    dc3_status status = table ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = describe(p, table);
    if (status == DC3_OK) status = fold(p, &weight, &bias);
    if (status == DC3_OK) status = dc3_classifier_add_to(p->teacher.net, p->classes, weight, bias, table);
    if (status == DC3_OK) status = dc3_safetensors_save(p->place, table);
    dc3_table_close(&table);
    free(weight), free(bias);
    return status;
}

static dc3_status estimate(probe *p)
{
    char text[DC3_NUMBER_TEXT];
    double each;
    DC3_TRY(dc3_teacher_measure(&p->teacher, &each));
    int64_t n = dc3_dataset_size(p->data) + (p->val ? dc3_dataset_size(p->val) : 0);
    p->report->estimate_seconds = (double)n * each;
    dc3_listener_say(&p->options->listener,
                     "estimate: %lld images seen by the backbone at %.1f images/s, about %s", (long long)n,
                     1 / each, dc3_duration_text(p->report->estimate_seconds, text));
    return DC3_OK;
}

static void close_rows(probe *p)
{
    free_rows(&p->all), free_rows(&p->tests);
    free(p->from), free(p->mean), free(p->deviation), free(p->weights), free(p->place);
}

static dc3_status work(probe *p)
{
    int64_t *places = malloc((size_t)dc3_dataset_size(p->data) * sizeof *places);
    dc3_status status = places ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = embed(p, p->data, &p->all, places, &p->report->skipped);
    if (status == DC3_OK && p->val) status = embed(p, p->val, &p->tests, NULL, &p->report->skipped_tests);
    if (status == DC3_OK) status = measure(p);
    if (status == DC3_OK) standardise(p, &p->all), standardise(p, &p->tests);
    if (status == DC3_OK) status = split(p, places);
    if (status == DC3_OK) status = learn(p);
    if (status == DC3_OK) status = write_file(p);
    free(places);
    return status;
}

dc3_status dc3_probe_train(const dc3_train_options *options, const char *run, dc3_train_report *report)
{
    probe p = {.options = options, .report = report, .listener = options->listener, .accuracy = {.top1 = -1}};
    dc3_status status = open_all(&p, run);
    if (status == DC3_OK && options->dry_run)
        status = estimate(&p);
    else if (status == DC3_OK) {
        status = dc3_work_begin_alone(&p.note, p.place, "train", &p.listener);
        if (status == DC3_OK) status = work(&p);
        dc3_work_end(&p.note);
    }
    dc3_dataset_say_reading(p.data, &options->listener);
    dc3_dataset_say_reading(p.val, &options->listener);
    dc3_teacher_close(&p.teacher);
    dc3_dataset_close(&p.data);
    dc3_dataset_close(&p.val);
    close_rows(&p);
    return status;
}

/* Copies of the rows, and where each image's is. */
static dc3_status take_known(probe *p, const dc3_probe_rows *known, int64_t *places)
{
    DC3_TRY(take_rows(&p->all, known->n, p->d));
    for (int64_t i = 0; i < dc3_dataset_size(p->data); i++) places[i] = -1;
    memcpy(p->all.x, known->x, (size_t)(known->n * p->d) * sizeof *known->x);
    for (int64_t i = 0; i < known->n; i++) {
        p->all.y[i] = dc3_dataset_label(p->data, known->items[i]);
        places[known->items[i]] = i;
    }
    p->all.n = known->n;
    return DC3_OK;
}

static dc3_status work_on_rows(probe *p, const char *run, const dc3_probe_rows *known)
{
    const dc3_train_options *o = p->options;
    dc3_output_path output = {"out", o->out, &dc3_weights_output, o->force, NULL, 0, run};
    DC3_TRY(dc3_output_path_check(&output, &p->place));
    int64_t *places = malloc((size_t)dc3_dataset_size(p->data) * sizeof *places);
    dc3_status status = places ? take_known(p, known, places) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = measure(p);
    if (status == DC3_OK) standardise(p, &p->all);
    if (status == DC3_OK) status = split(p, places);
    if (status == DC3_OK) status = learn(p);
    if (status == DC3_OK) status = write_file(p);
    free(places);
    return status;
}

dc3_status dc3_probe_train_rows(const dc3_train_options *options, const char *run,
                                const dc3_probe_rows *known, dc3_train_report *report)
{
    probe p = {.options = options, .report = report, .listener = options->listener, .accuracy = {.top1 = -1}};
    double start = dc3_seconds_now();
    p.data = (dc3_dataset *)(uintptr_t)known->data, p.teacher = *known->backbone;
    p.d = p.teacher.info->embedding, p.classes = dc3_dataset_classes(p.data);
    *report = (dc3_train_report){.images = known->n, .classes = p.classes, .size = p.teacher.size};
    report->top1 = report->top5 = report->best_top1 = report->mirrored_top1 = -1;
    snprintf(report->arch, sizeof report->arch, "%s", p.teacher.info->arch);
    dc3_status status = work_on_rows(&p, run, known);
    report->seconds = dc3_seconds_now() - start;
    close_rows(&p);
    return status;
}

dc3_status dc3_probe_measure(int64_t n, int64_t d, int64_t classes, int threads, double *seconds)
{
    enum { ROWS = 256, PASSES = 1000 }; /* of all decays together, some of them forward and back */
    int64_t some = n < ROWS ? n : ROWS;
    double loss, right, *weights = calloc((size_t)(classes * (d + 1)), sizeof *weights);
    float *x = calloc((size_t)(some * d) + 1, sizeof *x);
    int32_t *y = calloc((size_t)some + 1, sizeof *y);
    dc3_logistic_data data = {some, d, classes, x, y, threads};
    dc3_status status = weights && x && y ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; i < 2 && status == DC3_OK; i++) {
        double start = dc3_seconds_now();
        status = dc3_logistic_test(&data, weights, &loss, &right);
        *seconds = (dc3_seconds_now() - start) * PASSES * (double)n / (double)(some ? some : 1);
    }
    free(weights), free(x), free(y);
    return status;
}
