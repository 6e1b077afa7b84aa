/* One student, trained on a condensed dataset and tested on real images. */
#include "dc3/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/call.h"
#include "base/options.h"
#include "base/file.h"
#include "base/listener.h"
#include "dc3/text.h"
#include "evaluate/budget.h"
#include "kernels/backend.h"
#include "learn/protocol.h"
#include "learn/schedule.h"
#include "run_folder/fingerprint.h"
#include "run_folder/work.h"

dc3_evaluate_options dc3_evaluate_defaults(void)
{
    return (dc3_evaluate_options){.struct_size = sizeof(dc3_evaluate_options),
                                  .weight_decay = -1,
                                  .threads = 1,
                                  .recipe = DC3_RECIPE_DEFAULT,
                                  .loss = DC3_LOSS_DEFAULT,
                                  .schedule = DC3_LR_DEFAULT,
                                  .hard_share = -1,
                                  .smoothing = -1,
                                  .cutmix = -1,
                                  .rand_ops = -1,
                                  .ema = -1};
}

const char *dc3_evaluate_folder(const char *data)
{
    char *document = data ? dc3_path_join(data, "dc3.json") : NULL;
    int is_run = document && dc3_path_what(document) == DC3_PATH_FILE;
    free(document);
    return is_run ? data : NULL;
}

/* What the score depends on. */
static json_t *settings_of(const dc3_evaluation *e)
{
    const dc3_evaluate_options *o = e->options;
    const dc3_score *s = e->score;
    json_t *settings =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:I, s:f, s:f, s:f}", "version",
                  dc3_version(), "arch", s->arch, "labels", s->labels, "augment", s->augment, "dtype",
                  s->dtype, "kernels", dc3_kernels_best()->name, "size", s->size, "factor", s->factor,
                  "batch", s->batch, "epochs", s->epochs, "threads", o->threads, "seed", (json_int_t)o->seed,
                  "lr", s->lr, "weight_decay", e->recipe.weight_decay, "temperature", s->temperature);
    dc3_recipe_add(&e->recipe, e->labels == DC3_LABELS_HARD, settings);
    json_object_set_new(settings, "data", dc3_fingerprint_text(dc3_fingerprint_images(e->data)));
    json_object_set_new(settings, "val", dc3_fingerprint_text(e->tests->fingerprint));
    if (e->source->path) json_object_set_new(settings, e->source->setting, dc3_fingerprint(e->source->path));
    return settings;
}

/* What was right in the last test, by class: {"NAME": [images, right]}. */
static json_t *classes_of(const dc3_evaluation *e)
{
    json_t *classes = json_object();
    for (int k = 0; k < dc3_dataset_classes(e->data); k++) {
        char *name = dc3_text_utf8(dc3_dataset_class_name(e->data, k));
        json_object_set_new(
            classes, name,
            json_pack("[I, I]", (json_int_t)e->by_class[2 * k], (json_int_t)e->by_class[2 * k + 1]));
        free(name);
    }
    return classes;
}

/* The settings of the training in which it departs from its recipe, by their names. */
static json_t *departures(const dc3_evaluation *e)
{
    const dc3_evaluate_options *o = e->options;
    const dc3_score *s = e->score;
    dc3_recipe_kind kind = dc3_recipe_named(o->recipe);
    dc3_recipe r = dc3_recipe_of(kind, e->labels == DC3_LABELS_HARD);
    const struct {
        const char *name;
        int departs;
    } all[] = {{"lr", o->lr > 0 && o->lr != dc3_protocol_lr(s->arch)},
               {"weight_decay", e->recipe.weight_decay != r.weight_decay},
               {"temperature", s->temperature > 0 && e->recipe.temperature != r.temperature},
               {"batch", o->batch && o->batch != dc3_recipe_batch(kind, e->n, s->classes) && o->batch < e->n},
               {"factor", o->factor && o->factor != (r.factor ? r.factor : dc3_protocol_factor(s->size))},
               {"loss", e->labels != DC3_LABELS_HARD && e->recipe.loss != r.loss},
               {"schedule", e->recipe.schedule != r.schedule},
               {"hard_share", e->labels != DC3_LABELS_HARD && e->recipe.hard != r.hard},
               {"smoothing", e->recipe.smoothing != r.smoothing},
               {"crop", e->recipe.crop != r.crop},
               {"cutmix", e->recipe.cutmix != r.cutmix},
               {"rand_ops", e->recipe.rand_ops != r.rand_ops},
               {"ema", e->recipe.ema != r.ema},
               {"augment", e->plain}};
    json_t *names = json_array();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].departs) json_array_append_new(names, json_string(all[i].name));
    return names;
}

/* 1 if the images are others now than before the training. */
static int were_replaced(const dc3_evaluation *e)
{
    if (!e->stored) {
        json_t *now = dc3_fingerprint_text(dc3_fingerprint_images(e->data));
        int changed = !json_equal(now, json_object_get(e->settings, "data"));
        json_decref(now);
        return changed;
    }
    char *train = dc3_path_join(e->options->data, "train");
    int replaced = train && dc3_fingerprint_folder(train) != e->stored;
    free(train);
    return replaced;
}

int dc3_has_diverged(const dc3_score *s)
{
    double t = s->temperature > 0 ? s->temperature : 1;
    return s->first_loss > 0 && s->loss > 2 * s->first_loss && t * t * s->loss > log((double)s->classes);
}

/* Hands the student over to the tests. */
static dc3_status keep_result(dc3_evaluation *e, json_t *classes)
{
    dc3_score *s = e->score;
    json_t *settings = json_copy(e->settings);
    json_object_set_new(settings, "data_path", dc3_json_text(e->options->data));
    json_object_set_new(settings, "val_path", dc3_json_text(e->options->val));
    json_object_set_new(settings, "departs_from_protocol", departures(e));
    if (e->stored) /* the images as they were, wherever they are */
        json_object_set_new(settings, "stored", dc3_fingerprint_text(e->stored));
    s->any_teacher = e->source->doubted;
    s->replaced = were_replaced(e);
    s->diverged = dc3_has_diverged(s);
    if (s->diverged)
        dc3_listener_say(
            &e->options->listener,
            "warning: %s, seed %llu: the training diverged: loss %.3g at its beginning, %.3g at its end",
            s->arch, (unsigned long long)e->options->seed, s->first_loss, s->loss);
    return dc3_tests_add(e->tests, s, settings, classes);
}

/* Whether the student is already finished, and if not, where it was interrupted. */
static dc3_status open_saved(dc3_evaluation *e, int *finished)
{
    const dc3_evaluate_options *o = e->options;
    dc3_tests *tests = e->tests;
    json_t *classes = NULL;
    if (!tests->fingerprint) tests->fingerprint = dc3_fingerprint_images(tests->dataset);
    e->settings = settings_of(e);
    if (!o->folder) return DC3_OK;
    DC3_TRY(dc3_saved_student_open(o->folder, json_copy(e->settings), &e->saved));
    if (!tests->saved) tests->saved = json_array();
    *finished = dc3_saved_student_finished(&e->saved, e->score, &classes);
    if (*finished) {
        json_array_append_new(tests->saved, json_string(e->saved.score));
        DC3_TRY(keep_result(e, classes));
    } else
        DC3_TRY(dc3_saved_student_resume(&e->saved, &e->student, &e->place, e->score));
    e->before = e->score->seconds;
    if (*finished)
        dc3_listener_say(&o->listener,
                         "%s, seed %llu: was finished by an earlier command, whose score is used",
                         e->score->arch, (unsigned long long)o->seed);
    else if (e->place.epoch || e->place.first)
        dc3_listener_say(&o->listener, "%s, seed %llu: resuming in epoch %d of %d", e->score->arch,
                         (unsigned long long)o->seed, e->place.epoch + 1, e->score->epochs);
    return DC3_OK;
}

/* One step, on `count` images of e->order from `first` on; adds to *sum the images' losses. */
static dc3_status step(dc3_evaluation *e, int64_t first, int64_t count, double lr, double *sum)
{
    int64_t found;
    double loss;
    dc3_target target;
    DC3_TRY(dc3_images_batch(e->images, count, e->order + first, e->batch, &found));
    if (found < count) return dc3_fail(DC3_ERR_FORMAT, "%s", e->unreadable);
    dc3_label_batch batch = {e->place.epoch, first / e->score->batch, (int)count, e->batch, e->params,
                             e->views};
    DC3_TRY(e->source->functions->draw(e->source, &batch));
    DC3_TRY(dc3_augment(e->augmenter, batch.n, e->batch, e->params, e->views));
    DC3_TRY(dc3_label_source_target(e->source, &batch, &target));
    DC3_TRY(dc3_trainer_step(&e->student, batch.n, e->score->size, e->views, &target, lr, &loss));
    if (!e->place.epoch && !first) e->score->first_loss = loss;
    *sum += loss * (double)count;
    return DC3_OK;
}

/* Where a student cannot be saved training continues all the same, which is reported once for all students.
 */
static void warn(const dc3_evaluation *e, dc3_status status)
{
    if (status == DC3_OK || e->tests->warned) return;
    e->tests->warned = 1;
    dc3_listener_say(&e->options->listener,
                     "warning: students are not saved, and start over if they are interrupted: %s",
                     dc3_error_text());
}

/* Keeps the student as it is. */
static void save(dc3_evaluation *e, int now)
{
    e->score->seconds = e->before + dc3_seconds_now() - e->start;
    if (e->saved.settings && !e->tests->warned)
        warn(e, dc3_saved_student_save(&e->saved, now, &e->student, &e->place, e->score));
}

/* Keeps the score of a finished student. */
static dc3_status save_score(dc3_evaluation *e)
{
    json_t *classes = classes_of(e);
    if (e->saved.settings && !e->tests->warned) {
        warn(e, dc3_saved_student_finish(&e->saved, e->score, classes));
        json_array_append_new(e->tests->saved, json_string(e->saved.score));
    }
    return keep_result(e, classes);
}

/* The rest of an epoch. */
static dc3_status run_epoch(dc3_evaluation *e, double lr)
{
    dc3_student_place *place = &e->place;
    int64_t batch = e->score->batch, views = e->source->views;
    dc3_draw_order(e->source->seed, views ? place->epoch % views : place->epoch, e->n, e->order);
    while (place->first < e->n) {
        int64_t first = place->first, count = e->n - first < batch ? e->n - first : batch;
        DC3_TRY(dc3_check_cancel());
        if (count > 1 || e->n == 1) /* a batch norm needs more than one */
            DC3_TRY(step(e, first, count, lr, &place->sum));
        place->first += batch;
        save(e, 0);
    }
    e->score->loss = place->sum / (double)e->n;
    *place = (dc3_student_place){.epoch = place->epoch + 1};
    return DC3_OK;
}

static dc3_status test_now(dc3_evaluation *e, int epoch, int place)
{
    dc3_score *s = e->score;
    dc3_accuracy a;
    dc3_trainer_swap(&e->student);
    dc3_status status =
        dc3_test_classes(e->student.ctx, e->student.net, e->tests->images, s->size, e->by_class, &a);
    dc3_trainer_swap(&e->student);
    DC3_TRY(status);
    s->tested[place] = epoch;
    s->top1_at[place] = s->top1 = a.top1;
    s->top5 = a.top5;
    s->test_images = a.n;
    s->unreadable = e->tests->unreadable;
    if (a.top1 > s->best_top1 || !s->best_epoch) s->best_top1 = a.top1, s->best_epoch = epoch;
    return DC3_OK;
}

/* Tests made after so many epochs: after each quarter of them, or of few after the last. */
static int tests_after(const dc3_evaluation *e, int epoch)
{
    int epochs = e->score->epochs;
    return epochs < DC3_EVALUATE_TESTS
               ? epoch == epochs
               : (int)(((int64_t)epoch * DC3_EVALUATE_TESTS + DC3_EVALUATE_TESTS - 1) / epochs);
}

/* So many epochs of this student are done. */
static void tell(const dc3_evaluation *e, int done)
{
    const dc3_evaluate_options *o = e->options;
    const dc3_listener *l = &o->listener;
    int of_all = o->students > 1, epochs = e->score->epochs;
    int64_t before = of_all ? (int64_t)o->student * epochs : 0;
    if (l->progress)
        l->progress(l->user, of_all ? "students" : "student", before + done,
                    (int64_t)epochs * (of_all ? o->students : 1));
}

static dc3_status run_all(dc3_evaluation *e)
{
    int epochs = e->score->epochs;
    dc3_schedule_options schedule = dc3_schedule_defaults();
    schedule.kind = dc3_recipe_schedule(e->recipe.schedule);
    while (e->place.epoch < epochs) {
        int epoch = e->place.epoch;
        DC3_TRY(run_epoch(e, e->score->lr * dc3_schedule_factor(&schedule, epoch, epochs)));
        tell(e, epoch + 1);
        if (tests_after(e, epoch + 1) == tests_after(e, epoch)) continue;
        DC3_TRY(test_now(e, epoch + 1, tests_after(e, epoch)));
        if (epoch + 1 < epochs) save(e, 1);
    }
    return DC3_OK;
}

/* Seconds of a step: the mean of some, without the first, which packs weights. */
static dc3_status measure_step(dc3_evaluation *e, double *seconds)
{
    enum { MOST = 20 };
    const double enough = 0.7;
    int64_t count = e->n < e->score->batch ? e->n : e->score->batch;
    double sum = 0, spent = 0;
    dc3_draw_order(e->source->seed, 0, e->n, e->order);
    for (int i = 0; i < MOST && spent < enough; i++) {
        double start = dc3_seconds_now();
        DC3_TRY(dc3_check_cancel());
        DC3_TRY(step(e, 0, count, e->score->lr, &sum));
        if (i) spent += dc3_seconds_now() - start;
        *seconds = i ? spent / i : dc3_seconds_now() - start;
    }
    return DC3_OK;
}

/* Seconds to read a test image, on one thread. */
static double measure_reading(const dc3_evaluation *e)
{
    enum { LOOK = 8 };
    int64_t n = dc3_dataset_size(e->tests->dataset);
    double start = dc3_seconds_now();
    for (int i = 0; i < LOOK; i++) {
        dc3_image image;
        if (dc3_dataset_read(e->tests->dataset, n * i / LOOK, e->score->size, e->score->size, DC3_FIT_CROP,
                             &image) == DC3_OK)
            dc3_image_free(&image);
    }
    return (dc3_seconds_now() - start) / LOOK;
}

/* How long a student takes: steps measured on the images themselves, and tests, whose forward pass is a third
 * of a step's work; a teacher of soft labels is asked about the test images once. */
static dc3_status estimate(dc3_evaluation *e)
{
    char text[DC3_NUMBER_TEXT];
    double each = 0;
    dc3_score *s = e->score;
    DC3_TRY(measure_step(e, &each));
    if (e->options->minutes > 0) dc3_budget_take(s, e->options->minutes, each);
    int tests = s->epochs < DC3_EVALUATE_TESTS ? 1 : DC3_EVALUATE_TESTS;
    double asked = tests + (e->source->functions->accuracy ? 1 : 0);
    s->test_images = dc3_dataset_size(e->tests->dataset);
    s->estimate_seconds = each * (double)s->steps + asked * (double)s->test_images * each / s->batch / 3 +
                          (double)s->test_images * measure_reading(e) / e->options->threads;
    dc3_listener_say(
        &e->options->listener,
        "estimate: %s, %lld steps of %d images (%.1f ms each), %d tests on %lld images, about %s", s->arch,
        (long long)s->steps, s->batch, each * 1e3, tests, (long long)s->test_images,
        dc3_duration_text(s->estimate_seconds, text));
    return DC3_OK;
}

/* Students that differ only in what they are trained on, in seed and in teacher, train for as many epochs. */
static dc3_status settle_minutes(dc3_evaluation *e)
{
    static const char *const own[] = {"seed", "data", "val", "epochs"};
    json_t *settings = settings_of(e);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) json_object_del(settings, own[i]);
    if (e->source->path) json_object_del(settings, e->source->setting);
    json_object_set_new(settings, "images", json_integer((json_int_t)e->n));
    return dc3_budget_settle(e, settings, measure_step);
}

/* The student's training and tests, unless an earlier command has finished it. */
static dc3_status score_student(dc3_evaluation *e)
{
    int finished = 0;
    if (e->options->minutes > 0) DC3_TRY(settle_minutes(e));
    DC3_TRY(open_saved(e, &finished));
    if (finished) return DC3_OK;
    dc3_status status = run_all(e);
    e->score->seconds = e->before + dc3_seconds_now() - e->start;
    return status == DC3_OK ? save_score(e) : status;
}

dc3_status dc3_evaluate(const dc3_evaluate_options *given, dc3_tests *tests, dc3_score *score)
{
    dc3_evaluate_options own = dc3_evaluate_defaults();
    const dc3_evaluate_options *options = &own;
    DC3_TRY(dc3_place_need("score", score));
    *score = (dc3_score){0};
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_evaluate_options, listener, given, &own));
    DC3_TRY(dc3_options_threads(&own.threads));
    DC3_TRY(dc3_options_need("data", own.data));
    DC3_CALL_SCOPE(own.listener.cancel);
    dc3_evaluation e = {.options = options, .score = score, .tests = tests, .start = dc3_seconds_now()};
    dc3_tests *single = NULL;
    dc3_work_note note;
    if (!tests) DC3_TRY(dc3_tests_new(&options->listener, &single));
    if (single) e.tests = single;
    dc3_work_begin(&note, own.dry_run ? NULL : dc3_evaluate_folder(own.data), "evaluate", &own.listener);
    dc3_status status = dc3_evaluation_open(&e);
    if (status == DC3_OK) status = options->dry_run ? estimate(&e) : score_student(&e);
    dc3_evaluation_close(&e);
    dc3_tests_free(&single);
    dc3_work_end(&note);
    return status;
}

void dc3_mean_deviation(const double *values, int n, double *mean, double *deviation)
{
    double sum = 0, square = 0;
    for (int i = 0; i < n; i++) sum += values[i];
    *mean = n ? sum / n : 0;
    for (int i = 0; i < n; i++) square += (values[i] - *mean) * (values[i] - *mean);
    *deviation = n > 1 ? sqrt(square / (n - 1)) : 0;
}
