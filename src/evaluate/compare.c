/* dc3 compare: methods under one protocol and one budget. */
#include "dc3/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/cancel.h"
#include "base/options.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/text.h"
#include "teacher/classes.h"
#include "run_folder/clear.h"
#include "evaluate/test_set.h"
#include "run_folder/fingerprint.h"
#include "condense/methods.h"
#include "teacher/own_teacher.h"
#include "evaluate/results.h"
#include "teacher/teacher.h"
#include "io/weights.h"
#include "learn/soft_labels.h"
#include "learn/trainer.h"
#include "metrics/colourfulness.h"
#include "base/listener.h"
#include "evaluate/label_source.h"

typedef struct comparison {
    dc3_compare_options own;            /* with the teacher that is trained here, where none is given */
    const dc3_compare_options *options; /* = &own */
    int trains;                         /* 1: it is, as the plan says */
    dc3_train_options plan;
    char *teacher; /* OUT/teacher.safetensors */
    dc3_compare_report *report;
    dc3_lock lock;  /* of OUT */
    json_t *wanted; /* dc3_wanted */
    json_t *lines;  /* of OUT/results.jsonl */
    dc3_tests *tests;
    dc3_dtype dtype;
    double real_hard; /* below 0: unknown */
} comparison;

static int is_none(const char *teacher)
{
    return teacher && strcmp(teacher, "none") == 0;
}

static dc3_status check_method(const char *name)
{
    enum { MOST = 32 };
    const char *names[MOST];
    char hint[DC3_HINT_SIZE], list[400];
    size_t n = 0;
    if (dc3_method_called(name)) return DC3_OK;
    while (n < MOST - 1 && (names[n] = dc3_method_name((int)n))) n++;
    names[n] = NULL;
    return dc3_fail_setting("methods", "there is no method '%.40s'%s (%s)", name,
                            dc3_hint(name, names, n, hint), dc3_text_list(names, list, sizeof list));
}

/* Methods, students and labels that are there, and whether they go without a teacher. */
static dc3_status check_names(const dc3_compare_options *o)
{
    int none = is_none(o->condense.teacher);
    for (int i = 0; o->methods[i]; i++) {
        DC3_TRY(check_method(o->methods[i]));
        if (none && dc3_method_called(o->methods[i])->needs & DC3_NEEDS_TEACHER)
            return dc3_fail_about("teacher", "%s none: the method %s needs a teacher", dc3_setting("teacher"),
                                  o->methods[i]);
    }
    for (int i = 0; o->archs[i]; i++)
        if (!dc3_classifier_has_arch(o->archs[i]))
            return dc3_fail_setting("archs", "there is no student '%.40s'", o->archs[i]);
    for (int i = 0; none && o->labels[i] != DC3_LABELS_END; i++)
        if (o->labels[i] == DC3_LABELS_SOFT)
            return dc3_fail_about("teacher", "%s none: soft labels need a teacher", dc3_setting("teacher"));
    return DC3_OK;
}

/* What stands twice would be made and counted twice. */
static dc3_status check_once(const char *setting, const char *const *names)
{
    for (int i = 0; names[i]; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(names[i], names[k]) == 0)
                return dc3_fail_setting(setting, "'%.40s' stands there twice", names[i]);
    return DC3_OK;
}

static dc3_status check_labels(const dc3_label_kind *labels)
{
    for (int i = 0; labels[i] != DC3_LABELS_END; i++) {
        DC3_TRY(dc3_option_check("labels", (int)labels[i], 0));
        for (int k = 0; k < i; k++)
            if (labels[i] == labels[k])
                return dc3_fail_setting("labels", "'%s' stands there twice", dc3_label_kind_name(labels[i]));
    }
    for (int i = 0; labels[i] != DC3_LABELS_END; i++)
        if (labels[i] == DC3_LABELS_STORED)
            return dc3_fail_setting("labels", "expected soft, hard; found 'stored'");
    return DC3_OK;
}

static dc3_status check_options(const dc3_compare_options *o)
{
    if (!o->out) return dc3_fail_setting("out", "expected a folder to make, found none");
    if (!o->evaluate.val) return dc3_fail_setting("val", "expected a dataset to test on, found none");
    if (o->seeds < 1 || o->seeds > DC3_SEEDS_LIMIT)
        return dc3_fail_setting("seeds", "expected 1 to %d, found %d", DC3_SEEDS_LIMIT, o->seeds);
    if (!o->ipcs[0]) return dc3_fail_setting("ipcs", "expected images per class, found none");
    for (int i = 0; o->ipcs[i]; i++)
        if (o->ipcs[i] < 1) return dc3_fail_setting("ipcs", "expected 1 or more, found %d", o->ipcs[i]);
    for (int i = 0; o->ipcs[i]; i++)
        for (int k = 0; k < i; k++)
            if (o->ipcs[i] == o->ipcs[k])
                return dc3_fail_setting("ipcs", "%d stands there twice", o->ipcs[i]);
    DC3_TRY(check_once("methods", o->methods));
    DC3_TRY(check_once("archs", o->archs));
    DC3_TRY(check_labels(o->labels));
    DC3_TRY(dc3_option_check("augment", (int)o->evaluate.augment, 0));
    DC3_TRY(dc3_option_check("combine", (int)o->condense.combine, 0));
    DC3_TRY(dc3_option_check("fit", (int)o->condense.fit, 1));
    if (o->real_hard > 1)
        return dc3_fail_setting("real_hard", "expected a share from 0 to 1, found %g", o->real_hard);
    if (o->augment_robust && strcmp(dc3_usual_augment(o), "none") == 0)
        return dc3_fail_setting("augment_robust", "trains with augmentation and without; leave out %s none",
                                dc3_setting("augment"));
    if (o->evaluate.epochs < 1 || o->evaluate.epochs > 1000000)
        return dc3_fail_setting("epochs", "expected 1 to 1000000, found %d", o->evaluate.epochs);
    return check_names(o);
}

static int wants_teacher(const dc3_compare_options *o)
{
    int wants = 0;
    for (int i = 0; o->methods[i]; i++)
        wants |= dc3_method_called(o->methods[i])->needs &
                 (DC3_NEEDS_FEATURES | DC3_NEEDS_BINS | DC3_NEEDS_TEACHER);
    for (int i = 0; o->labels[i] != DC3_LABELS_END; i++) wants |= o->labels[i] == DC3_LABELS_SOFT;
    return wants != 0;
}

/* One teacher for all methods, seeds and soft labels. */
static dc3_status train_teacher(comparison *c)
{
    if (!c->trains) return DC3_OK;
    DC3_TRY(dc3_own_teacher_train(&c->plan));
    c->own.condense.teacher = c->teacher;
    return DC3_OK;
}

/* Which teacher the scores depend on. */
static json_t *teacher_setting(const comparison *c)
{
    const char *teacher = c->options->condense.teacher;
    if (c->trains) return dc3_own_teacher_settings(&c->plan);
    return !teacher ? json_null() : is_none(teacher) ? json_string(teacher) : dc3_fingerprint(teacher);
}

/* What all scores depend on besides what their lines say. */
static json_t *settings_of(const comparison *c)
{
    const dc3_condense_options *d = &c->options->condense;
    const dc3_evaluate_options *e = &c->options->evaluate;
    json_t *s = json_pack("{s:i, s:i, s:i, s:f, s:f, s:f, s:i, s:i}", "epochs", e->epochs, "batch", e->batch,
                          "factor", e->factor, "lr", e->lr, "weight_decay", e->weight_decay, "temperature",
                          e->temperature, "size", e->size, "threads", e->threads);
    json_object_set_new(s, "data", dc3_json_text(d->data));
    json_object_set_new(s, "val", dc3_json_text(e->val));
    json_object_set_new(s, "augment", json_string(dc3_usual_augment(c->options)));
    json_object_set_new(s, "seed", json_integer((json_int_t)d->select.seed));
    json_object_set_new(s, "teacher", teacher_setting(c));
    json_object_set_new(s, "combine", json_string(dc3_combine_name(d->combine)));
    json_object_set_new(s, "bins", json_integer(d->select.bins));
    json_object_set_new(s, "guidance", json_real(d->guidance));
    json_object_set_new(s, "steps", json_integer(d->steps));
    json_object_set_new(s, "image_guidance", json_real(d->image_guidance));
    json_object_set_new(s, "dtype", json_string(dc3_dtype_name(c->dtype)));
    json_object_set_new(s, "fit",
                        json_string(dc3_fit_name(d->fit == DC3_FIT_DEFAULT ? DC3_FIT_CROP : d->fit)));
    json_object_set_new(s, "editor", d->editor ? dc3_fingerprint(d->editor) : json_null());
    return s;
}

/* Names the first setting that is another than that of the folder's scores; earlier versions do not say all.
 */
static dc3_status check_settings(const comparison *c, const json_t *was, const json_t *is)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)is, key, value)
    {
        const json_t *old = json_object_get(was, key);
        if (old && !json_equal(value, old))
            return dc3_fail(DC3_ERR_ARGUMENT, "%s: holds scores of another '%s'; use another folder",
                            c->options->out, key);
    }
    return DC3_OK;
}

/* compare.json of a new folder, or of one of the same settings; it tells what the last call wants. */
static dc3_status write_settings(const comparison *c, const char *document)
{
    json_t *settings = settings_of(c), *kept = NULL;
    dc3_status status = settings ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && dc3_path_what(document) == DC3_PATH_FILE) {
        status = dc3_json_read(document, 1 << 20, &kept);
        if (status == DC3_OK) status = check_settings(c, kept, settings);
    } else
        kept = json_incref(settings);
    if (status == DC3_OK && !json_equal(json_object_get(kept, "wanted"), c->wanted)) {
        json_object_set(kept, "wanted", c->wanted);
        status = dc3_json_write(c->options->out, "compare.json", kept, JSON_SORT_KEYS);
    }
    json_decref(settings);
    json_decref(kept);
    return status;
}

/* A new folder, or one of the same settings; nobody else works in it then. */
static dc3_status open_folder(comparison *c)
{
    const char *out = c->options->out;
    char *document = dc3_path_join(out, "compare.json");
    dc3_status status = document ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && dc3_path_what(document) != DC3_PATH_FILE && dc3_path_occupied(out))
        status = dc3_fail(DC3_ERR_ARGUMENT,
                          "%s: holds files that dc3 compare did not make; choose a new folder", out);
    if (status == DC3_OK) status = dc3_make_dirs(out);
    if (status == DC3_OK) status = dc3_lock_take(out, &c->lock);
    if (status == DC3_OK) status = write_settings(c, document);
    free(document);
    return status;
}

static int number(const json_t *line, const char *key)
{
    return (int)json_integer_value(json_object_get(line, key));
}

/* What a condensed dataset costs and how colourful it is. */
typedef struct cost {
    double seconds, bytes, colourfulness;
    int64_t images;
} cost;

static dc3_status look_at(const char *train, cost *out)
{
    dc3_dataset *d;
    double sum = 0;
    DC3_TRY(dc3_dataset_open(train, &d));
    dc3_status status = DC3_OK;
    out->images = dc3_dataset_size(d);
    for (int64_t i = 0; status == DC3_OK && i < out->images; i++) {
        dc3_image image;
        struct stat info;
        char *path = dc3_path_join(train, dc3_dataset_key(d, i));
        if (path && stat(path, &info) == 0) out->bytes += (double)info.st_size;
        free(path);
        status = dc3_dataset_read(d, i, 0, 0, DC3_FIT_CROP, &image);
        if (status != DC3_OK) break;
        sum += dc3_colourfulness(image.pixels, (int64_t)image.width * image.height);
        dc3_image_free(&image);
    }
    out->colourfulness = out->images ? sum / (double)out->images : 0;
    dc3_dataset_close(&d);
    return status;
}

/* What condensing cost stands in the run's cost.json, since a run that is there already takes no time. */
static dc3_status keep_cost(const char *folder, cost *made)
{
    char *path = dc3_path_join(folder, "cost.json");
    json_t *old = NULL;
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = DC3_OK;
    if (dc3_path_what(path) == DC3_PATH_FILE) {
        status = dc3_json_read(path, 1 << 16, &old);
        if (status == DC3_OK) made->seconds = json_number_value(json_object_get(old, "seconds"));
    } else {
        old = json_pack("{s:f}", "seconds", made->seconds);
        status = old ? dc3_json_write(folder, "cost.json", old, JSON_SORT_KEYS)
                     : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    json_decref(old);
    free(path);
    return status;
}

/* Condenses for a cell, unless that stands there already; *folder is its place, freed by the caller. */
static dc3_status condense_for(comparison *c, const dc3_cell *w, char **folder, cost *out)
{
    dc3_condense_options o = c->options->condense;
    dc3_condense_report report;
    *folder = dc3_cell_folder(c->options->out, w);
    *out = (cost){0};
    if (!*folder) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    DC3_TRY(dc3_make_dirs(*folder));
    o.out = *folder;
    o.method = w->method;
    o.no_report = 1;
    o.select.ipc = w->ipc;
    o.select.seed += (uint64_t)w->seed;
    dc3_listener_say(&c->options->condense.listener, "condensing: %s, %d image%s a class, seed %d", w->method,
                     w->ipc, w->ipc == 1 ? "" : "s", w->seed);
    double start = dc3_seconds_now();
    DC3_TRY(dc3_condense(&o, &report));
    out->seconds = dc3_seconds_now() - start + report.cached_seconds;
    DC3_TRY(keep_cost(*folder, out));
    char *train = dc3_path_join(*folder, "train");
    dc3_status status = train ? look_at(train, out) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(train);
    return status;
}

static dc3_status score_cell(comparison *c, const dc3_cell *w, const char *folder, const cost *made)
{
    dc3_evaluate_options o = c->options->evaluate;
    dc3_score s;
    int is_usual = strcmp(w->augment, dc3_usual_augment(c->options)) == 0;
    o.data = folder;
    o.arch = w->arch;
    DC3_TRY(dc3_label_kind_parse(w->labels, &o.labels));
    DC3_TRY(dc3_augment_kind_parse(w->augment, &o.augment));
    o.teacher = is_none(c->options->condense.teacher) ? NULL : c->options->condense.teacher;
    o.seed = c->options->condense.select.seed + (uint64_t)w->seed;
    o.keep = c->options->out;
    DC3_TRY(dc3_evaluate(&o, c->tests, &s));
    /* Soft labels as they would be stored: f16 logits of each image in each epoch. */
    double labels = strcmp(w->labels, "soft") ? 0 : dc3_soft_labels_bytes(s.images, s.epochs, s.classes, 0);
    json_t *at = json_array();
    for (int i = 0; i < DC3_EVALUATE_TESTS && s.tested[i]; i++)
        json_array_append_new(at, json_pack("[i, f]", s.tested[i], s.top1_at[i]));
    json_t *line = json_pack(
        "{s:i, s:s, s:i, s:s, s:s, s:s, s:f, s:f, s:f, s:i, s:o, s:f, s:f, s:f, s:f, "
        "s:f, s:I, s:I, s:i, s:i, s:i, s:i, s:I}",
        "ipc", w->ipc, "method", w->method, "seed", w->seed, "arch", w->arch, "labels", w->labels, "augment",
        w->augment, "top1", s.top1, "top5", s.top5, "best_top1", s.best_top1, "best_epoch", s.best_epoch,
        "top1_at", at, "seconds_condense", made->seconds, "seconds_evaluate", s.seconds, "image_bytes",
        made->bytes, "label_bytes", labels, "colourfulness", made->colourfulness, "images",
        (json_int_t)s.images, "test_images", (json_int_t)s.test_images, "batch", s.batch, "epochs", s.epochs,
        "size", s.size, "factor", s.factor, "steps", (json_int_t)s.steps);
    if (!line) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    json_array_append_new(c->lines, line);
    dc3_listener_say(&c->options->condense.listener,
                     "%s, ipc %d, %s, %s labels%s, seed %d: top-1 %.2f %% (%.0f s)", w->method, w->ipc,
                     w->arch, w->labels, is_usual ? "" : ", no augmentation", w->seed, 100 * s.top1,
                     s.seconds);
    c->report->done++;
    DC3_TRY(dc3_results_write(c->options->out, c->lines));
    dc3_tests_forget(c->tests);
    return DC3_OK;
}

/* One student, unless its score stands there already. The first that is missing has the dataset condensed. */
static dc3_status run_student(comparison *c, const dc3_cell *w, char **folder, cost *made)
{
    if (dc3_results_find(c->lines, w)) {
        c->report->reused++;
        return DC3_OK;
    }
    if (!*folder) DC3_TRY(condense_for(c, w, folder, made));
    return score_cell(c, w, *folder, made);
}

/* All scores that are wanted; the students of one condensed dataset come after each other. */
static dc3_status run_all(comparison *c)
{
    int64_t students = dc3_wanted_students(c->wanted);
    char *folder = NULL;
    cost made = {0};
    dc3_status status = DC3_OK;
    for (int64_t i = 0; status == DC3_OK && i < c->report->total; i++) {
        const dc3_cell cell = dc3_wanted_cell(c->wanted, i);
        if (i % students == 0) {
            free(folder);
            folder = NULL;
        }
        status = run_student(c, &cell, &folder, &made);
    }
    free(folder);
    return status;
}

/* The accuracy of the teacher on the test pictures, where it is a student's kind of network. */
static dc3_status measure_teacher(comparison *c)
{
    const dc3_compare_options *o = c->options;
    dc3_table *table;
    dc3_classifier *net = NULL;
    dc3_ctx *ctx = NULL;
    c->real_hard = o->real_hard;
    if (o->real_hard >= 0 || !o->condense.teacher || is_none(o->condense.teacher) || o->archs[1] ||
        !c->tests->pictures)
        return DC3_OK;
    DC3_TRY(dc3_weights_open(o->condense.teacher, &table));
    DC3_TRY(dc3_classifier_open(NULL, NULL, &table, &net));
    dc3_status status = DC3_OK;
    if (strcmp(dc3_classifier_describe(net)->arch, o->archs[0]) == 0) {
        status = dc3_ctx_open(NULL, c->dtype, o->evaluate.threads, DC3_CTX_FAST, &ctx);
        if (status == DC3_OK) status = dc3_tests_ask(c->tests, ctx, net, o->condense.teacher, &c->real_hard);
    }
    dc3_classifier_close(&net);
    dc3_ctx_close(&ctx);
    return status;
}

enum { SCORE_TEXT = 16 };

/* Mean and deviation of `key` over the seeds of a cell; the number of seeds. */
static int over_seeds(const comparison *c, dc3_cell w, const char *key, double *mean, double *deviation)
{
    static _Thread_local double values[DC3_SEEDS_LIMIT];
    int n = 0;
    for (w.seed = 0; w.seed < c->options->seeds; w.seed++) {
        const json_t *line = dc3_results_find(c->lines, &w);
        if (line) values[n++] = json_number_value(json_object_get(line, key));
    }
    dc3_mean_deviation(values, n, mean, deviation);
    return n;
}

/* DD-Ranking's label-robust score, NaN where a part of it is not there. */
static double label_robust(const comparison *c, dc3_cell w)
{
    double hard, soft, random, d;
    w.labels = "hard";
    int n = over_seeds(c, w, "top1", &hard, &d);
    w.labels = "soft";
    int m = over_seeds(c, w, "top1", &soft, &d);
    w.method = "random";
    int k = over_seeds(c, w, "top1", &random, &d);
    if (!n || !m || !k || c->real_hard < 0) return NAN;
    return dc3_label_robust_score(c->real_hard, hard, soft, random);
}

/* The same of its augmentation-robust score. */
static double augment_robust(const comparison *c, dc3_cell w)
{
    double with[2], without[2], d;
    int n = 1;
    for (int random = 0; random < 2; random++) {
        if (random) w.method = "random";
        w.augment = dc3_usual_augment(c->options);
        n = n && over_seeds(c, w, "top1", &with[random], &d);
        w.augment = "none";
        n = n && over_seeds(c, w, "top1", &without[random], &d);
    }
    return n ? dc3_augment_robust_score(with[0], with[1], without[0], without[1]) : NAN;
}

static void score_text(double score, char text[SCORE_TEXT])
{
    snprintf(text, SCORE_TEXT, "-");
    if (!isnan(score)) snprintf(text, SCORE_TEXT, "%.4f", score);
}

/* What a row says of the students without augmentation. */
static void add_unaugmented(const comparison *c, dc3_cell w, FILE *table, json_t *row)
{
    double top1, spread, score = augment_robust(c, w);
    char text[SCORE_TEXT];
    w.augment = "none";
    over_seeds(c, w, "top1", &top1, &spread);
    score_text(score, text);
    fprintf(table, "  %7.2f  %7s", 100 * top1, text);
    json_object_set_new(row, "top1_unaugmented", json_real(top1));
    json_object_set_new(row, "top1_unaugmented_deviation", json_real(spread));
    if (!isnan(score)) json_object_set_new(row, "augmentation_robust_score", json_real(score));
}

static json_t *row_of(const comparison *c, const dc3_cell *w, FILE *table)
{
    double top1, spread, top5, spread5, best, d, seconds, bytes, labels, colour, robust = label_robust(c, *w);
    int n = over_seeds(c, *w, "top1", &top1, &spread);
    if (!n) return NULL;
    over_seeds(c, *w, "top5", &top5, &spread5);
    over_seeds(c, *w, "best_top1", &best, &d);
    over_seeds(c, *w, "seconds_condense", &seconds, &d);
    over_seeds(c, *w, "image_bytes", &bytes, &d);
    over_seeds(c, *w, "label_bytes", &labels, &d);
    over_seeds(c, *w, "colourfulness", &colour, &d);
    char score[SCORE_TEXT];
    score_text(robust, score);
    char deviation[16] = ""; /* one seed has none */
    if (n > 1) snprintf(deviation, sizeof deviation, "+- %5.2f", 100 * spread);
    fprintf(table, "%4d  %-18s %-6s %-12s %6.2f %-8s  %6.2f  %6.2f  %8.1f  %9.1f  %9.1f  %6.1f  %7s", w->ipc,
            w->arch, w->labels, w->method, 100 * top1, deviation, 100 * top5, 100 * best, seconds,
            bytes * 1e-3, labels * 1e-3, colour, score);
    json_t *row = json_pack("{s:i, s:s, s:s, s:s, s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "ipc",
                            w->ipc, "arch", w->arch, "labels", w->labels, "method", w->method, "seeds", n,
                            "top1", top1, "top1_deviation", spread, "top5", top5, "top5_deviation", spread5,
                            "best_top1", best, "seconds_condense", seconds, "image_bytes", bytes,
                            "label_bytes", labels, "colourfulness", colour);
    if (row && !isnan(robust)) json_object_set_new(row, "label_robust_score", json_real(robust));
    if (row && c->options->augment_robust) add_unaugmented(c, *w, table, row);
    fprintf(table, "  %d\n", n);
    return row;
}

/* Under which conditions the scores were made, which they mean nothing without. */
static void print_conditions(const comparison *c, FILE *table)
{
    const dc3_compare_options *o = c->options;
    const json_t *last = json_array_get(c->lines, json_array_size(c->lines) - 1);
    double temperature = o->evaluate.temperature > 0 ? o->evaluate.temperature : 20;
    if (!last) return;
    fprintf(table, "\nstudents: %d epochs, %d px, %s", number(last, "epochs"), number(last, "size"),
            dc3_dtype_name(c->dtype));
    for (int i = 0; o->ipcs[i]; i++) {
        dc3_cell w = {o->ipcs[i],          -1, o->methods[0], o->archs[0], dc3_label_kind_name(o->labels[0]),
                      dc3_usual_augment(o)};
        const json_t *line = dc3_results_find(c->lines, &w);
        if (line)
            fprintf(table, "%s batches of %d (IPC %d)", i ? "," : ";", number(line, "batch"), o->ipcs[i]);
    }
    fprintf(table, "; %s\n",
            strcmp(dc3_usual_augment(o), "none") ? "views by RDED's protocol" : "whole images");
    fprintf(table, "labels: soft ones by the teacher of each batch's views, at temperature %g\n",
            temperature);
    fprintf(table, "teacher: %s", o->condense.teacher ? o->condense.teacher : "none");
    if (c->tests->teacher)
        fprintf(table, ", top-1 %.2f %% on the same pictures", 100 * c->tests->teacher_top1);
    fprintf(table, "\n");
    if (c->real_hard >= 0)
        fprintf(table, "LRS takes %.2f %% as the accuracy of the student trained on everything\n",
                100 * c->real_hard);
}

static dc3_status make_table(comparison *c)
{
    const dc3_compare_options *o = c->options;
    size_t size = 0;
    FILE *table = open_memstream(&c->report->table, &size);
    json_t *rows = json_array();
    if (!table || !rows) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    fprintf(table, "%4s  %-18s %-6s %-12s %-15s  %6s  %6s  %8s  %9s  %9s  %6s  %7s%s  seeds\n", "IPC",
            "student", "labels", "method", "top-1, last (%)", "top-5", "best", "seconds", "images kB",
            "labels kB", "colour", "LRS", o->augment_robust ? "  no aug.      ARS" : "");
    for (int i = 0; o->ipcs[i]; i++)
        for (int a = 0; o->archs[a]; a++)
            for (int l = 0; o->labels[l] != DC3_LABELS_END; l++)
                for (int m = 0; o->methods[m]; m++) {
                    dc3_cell w = {o->ipcs[i],
                                  -1,
                                  o->methods[m],
                                  o->archs[a],
                                  dc3_label_kind_name(o->labels[l]),
                                  dc3_usual_augment(o)};
                    json_t *row = row_of(c, &w, table);
                    if (row) json_array_append_new(rows, row);
                }
    print_conditions(c, table);
    dc3_status status = fclose(table) == 0 ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    char *path = dc3_path_join(o->out, "table.txt");
    if (status == DC3_OK && path) status = dc3_file_write(path, c->report->table, size);
    if (status == DC3_OK) status = dc3_json_write(o->out, "table.json", rows, JSON_SORT_KEYS);
    c->report->json = json_dumps(rows, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    free(path);
    json_decref(rows);
    return status;
}

/* The teacher that is given must be one of these classes. */
static dc3_status check_teacher(const comparison *c, const dc3_dataset *data)
{
    const char *path = c->options->condense.teacher;
    dc3_table *table;
    dc3_classifier *net;
    if (!path || is_none(path)) return DC3_OK;
    DC3_TRY(dc3_teacher_weights(path, &table));
    DC3_TRY(dc3_classifier_open(NULL, NULL, &table, &net));
    dc3_status status = dc3_teacher_check_classes(dc3_classifier_describe(net), path,
                                                  dc3_dataset_classes(data), c->options->condense.data);
    dc3_classifier_close(&net);
    return status;
}

/* Looks at the two datasets, before hours of work with them, and plans the teacher. */
static dc3_status look_ahead(comparison *c)
{
    const dc3_condense_options *d = &c->options->condense;
    dc3_dataset *data;
    DC3_TRY(dc3_dataset_open(d->data, &data));
    c->trains = !d->teacher && wants_teacher(c->options);
    if (c->trains)
        c->plan = dc3_own_teacher(d, c->teacher, dc3_usual_size(data, 256), dc3_dataset_size(data));
    dc3_status status = check_teacher(c, data);
    if (status == DC3_OK)
        status = dc3_open_val(c->options->evaluate.val, data, &c->tests->listener, &c->tests->dataset);
    if (status == DC3_OK) dc3_warn_swapped(&c->tests->listener, data, c->tests->dataset);
    dc3_dataset_close(&data);
    return status;
}

static dc3_status compare(comparison *c)
{
    const dc3_compare_options *o = c->options;
    DC3_TRY(check_options(o));
    DC3_TRY(dc3_check_folder_place("out", o->out));
    DC3_TRY(dc3_compute_type(o->evaluate.dtype, &c->dtype));
    c->wanted = dc3_wanted(o);
    c->report->total = (int)dc3_wanted_count(c->wanted);
    if (c->report->total < 0)
        return dc3_fail_about("", "expected at most %d scores to make, found more", DC3_CELLS_LIMIT);
    DC3_TRY(dc3_tests_new(&o->condense.listener, &c->tests));
    c->teacher = dc3_path_join(o->out, "teacher.safetensors");
    if (!c->teacher) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    DC3_TRY(look_ahead(c));
    DC3_TRY(open_folder(c));
    DC3_TRY(dc3_results_read(o->out, dc3_usual_augment(o), &c->lines));
    DC3_TRY(train_teacher(c));
    DC3_TRY(run_all(c));
    DC3_TRY(dc3_clear_students(o->out)); /* also those of an earlier call that wanted others */
    int size = c->tests->size;
    if (!size) { /* all was there already: the size that the students saw is in the lines */
        size = number(json_array_get(c->lines, 0), "size");
        if (size) DC3_TRY(dc3_tests_open(c->tests, size, o->evaluate.threads));
    }
    DC3_TRY(measure_teacher(c));
    return make_table(c);
}

dc3_compare_options dc3_compare_defaults(void)
{
    return (dc3_compare_options){.struct_size = sizeof(dc3_compare_options),
                                 .condense = dc3_condense_defaults(),
                                 .evaluate = dc3_evaluate_defaults(),
                                 .seeds = 3,
                                 .real_hard = -1};
}

/* Copies the options of the call, whose parts must be of this version. */
static dc3_status take_options(const dc3_compare_options *given, dc3_compare_options *own)
{
    *own = dc3_compare_defaults();
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_compare_options, augment_robust, given, own));
    DC3_TRY(DC3_CHECK_PART(dc3_condense_options, &own->condense));
    DC3_TRY(DC3_CHECK_PART(dc3_select_options, &own->condense.select));
    DC3_TRY(DC3_CHECK_PART(dc3_evaluate_options, &own->evaluate));
    DC3_TRY(dc3_options_need("data", own->condense.data));
    DC3_TRY(dc3_options_need("ipcs", own->ipcs));
    DC3_TRY(dc3_options_need("methods", own->methods));
    DC3_TRY(dc3_options_need("archs", own->archs));
    return dc3_options_need("labels", own->labels);
}

dc3_status dc3_compare(const dc3_compare_options *given, dc3_compare_report *report)
{
    comparison c = {.options = &c.own, .report = report, .lock = {.fd = -1}};
    *report = (dc3_compare_report){0};
    DC3_TRY(take_options(given, &c.own));
    DC3_CANCEL_SCOPE(c.own.condense.listener.cancel);
    dc3_status status = compare(&c);
    dc3_tests_free(&c.tests);
    dc3_lock_release(&c.lock);
    json_decref(c.wanted);
    json_decref(c.lines);
    free(c.teacher);
    return status;
}
