/* One student, trained on a condensed dataset and tested on real images. */
#include "evaluate/student.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"
#include "base/listener.h"
#include "base/memory.h"
#include "base/text.h"
#include "dc3/text.h"
#include "evaluate/budget.h"
#include "kernels/backend.h"
#include "learn/protocol.h"
#include "learn/schedule.h"
#include "run_folder/fingerprint.h"
#include "teacher/teacher_list.h"

const char *dc3_evaluate_folder(const char *data)
{
    return data && dc3_folder_holds(data, "dc3.json") ? data : NULL;
}

json_t *dc3_student_settings(const dc3_evaluation *e)
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
    if (!e->tests->fingerprint) e->tests->fingerprint = dc3_fingerprint_images(e->tests->dataset);
    json_object_set_new(settings, "val", dc3_fingerprint_text(e->tests->fingerprint));
    const char *path = e->source->path;
    if (path)
        json_object_set_new(settings, e->source->setting,
                            e->labels == DC3_LABELS_SOFT ? dc3_teachers_fingerprint(path)
                                                         : dc3_fingerprint(path));
    if (o->teacher_classes && e->labels == DC3_LABELS_SOFT)
        json_object_set_new(settings, "teacher_classes", dc3_fingerprint(o->teacher_classes));
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
    dc3_recipe_take_factor(s->factor, &r);
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
               {"smoothing", (e->labels == DC3_LABELS_HARD || e->recipe.loss != DC3_LOSS_KL) &&
                                 e->recipe.smoothing != r.smoothing},
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
    uint64_t stored = e->set->stored;
    if (!stored) {
        json_t *now = dc3_fingerprint_text(dc3_fingerprint_images(e->data));
        int changed = !json_equal(now, json_object_get(e->settings, "data"));
        json_decref(now);
        return changed;
    }
    char *train = dc3_path_join(e->options->data, "train");
    int replaced = train && dc3_fingerprint_folder(train) != stored;
    free(train);
    return replaced;
}

int dc3_has_diverged(const dc3_score *s)
{
    double t = s->temperature > 0 ? s->temperature : 1;
    return s->first_loss > 0 && s->loss > 2 * s->first_loss && t * t * s->loss > log((double)s->classes);
}

/* What is told of a student with its score. */
static json_t *settings_to_tell(dc3_evaluation *e)
{
    dc3_score *s = e->score;
    json_t *settings = json_copy(e->settings);
    json_object_set_new(settings, "data_path", dc3_json_text(e->options->data));
    json_object_set_new(settings, "val_path", dc3_json_text(e->options->val));
    if (e->options->val_split)
        json_object_set_new(settings, "val_split", dc3_json_text(e->options->val_split));
    json_object_set_new(settings, "departs_from_protocol", departures(e));
    if (e->set->stored) /* the images as they were, wherever they are */
        json_object_set_new(settings, "stored", dc3_fingerprint_text(e->set->stored));
    if (e->source->teachers) json_object_set_new(settings, "teachers", json_deep_copy(e->source->teachers));
    s->any_teacher = e->source->doubted;
    s->replaced = were_replaced(e);
    s->diverged = dc3_has_diverged(s);
    return settings;
}

/* One step, on `count` images of e->order from `first` on; adds to *sum the images' losses. */
static dc3_status step(dc3_evaluation *e, int64_t first, int64_t count, double lr, double *sum)
{
    int64_t found;
    double loss;
    dc3_target target;
    DC3_TRY(dc3_images_batch(e->images, count, e->order + first, e->batch, &found));
    if (found < count) return dc3_fail(DC3_ERR_FORMAT, "%s", e->set->unreadable);
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

/* Students that differ only in what they are trained on, in seed and in teacher, train for as many epochs;
 * several teachers take longer to ask than one. */
static dc3_status settle_minutes(dc3_evaluation *e)
{
    static const char *const own[] = {"seed", "data", "val", "epochs"};
    json_t *settings = dc3_student_settings(e);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) json_object_del(settings, own[i]);
    if (e->source->path) json_object_del(settings, e->source->setting);
    json_object_set_new(settings, "images", json_integer((json_int_t)e->n));
    size_t teachers = e->labels == DC3_LABELS_SOFT ? json_array_size(e->source->teachers) : 0;
    if (teachers) json_object_set_new(settings, "teachers", json_integer((json_int_t)teachers));
    return dc3_budget_settle(e, settings, measure_step);
}

dc3_status dc3_student_begin(dc3_evaluation *e, int *finished, dc3_tested *result)
{
    const dc3_evaluate_options *o = e->options;
    *finished = 0;
    if (o->minutes > 0) DC3_TRY(settle_minutes(e));
    e->settings = dc3_student_settings(e);
    if (!o->folder) return DC3_OK;
    DC3_TRY(dc3_saved_student_open(o->folder, json_copy(e->settings), &e->saved));
    *finished = dc3_saved_student_finished(&e->saved, e->score, &result->classes);
    if (!*finished) DC3_TRY(dc3_saved_student_resume(&e->saved, &e->student, &e->place, e->score));
    if (*finished) result->settings = settings_to_tell(e);
    if (*finished)
        dc3_listener_say(&o->listener,
                         "%s, seed %llu: was finished by an earlier command, whose score is used",
                         e->score->arch, (unsigned long long)o->seed);
    else if (e->place.epoch || e->place.first)
        dc3_listener_say(&o->listener, "%s, seed %llu: resuming in epoch %d of %d", e->score->arch,
                         (unsigned long long)o->seed, e->place.epoch + 1, e->score->epochs);
    return DC3_OK;
}

/* Where a student cannot be saved training continues all the same, which is reported once for all students.
 */
static void warn(const dc3_evaluation *e, dc3_status status)
{
    if (status == DC3_OK || __atomic_exchange_n(&e->tests->warned, 1, __ATOMIC_RELAXED)) return;
    dc3_listener_say(&e->options->listener,
                     "warning: students are not saved, and start over if they are interrupted: %s",
                     dc3_error_text());
}

static int is_saved(const dc3_evaluation *e)
{
    return e->saved.settings && !__atomic_load_n(&e->tests->warned, __ATOMIC_RELAXED);
}

/* Adds the time since the last call: of a student that has a part of the threads, that part of it, so that
 * students side by side take together what the clock says. */
static void count_seconds(dc3_evaluation *e)
{
    double now = dc3_seconds_now();
    e->score->seconds += (now - e->measured) * e->threads / e->options->threads;
    e->measured = now;
}

/* Keeps the student as it is. */
static void save(dc3_evaluation *e, int now)
{
    count_seconds(e);
    if (is_saved(e)) warn(e, dc3_saved_student_save(&e->saved, now, &e->student, &e->place, e->score));
}

void dc3_student_end(dc3_evaluation *e, dc3_tested *result)
{
    result->classes = classes_of(e);
    if (is_saved(e)) warn(e, dc3_saved_student_finish(&e->saved, e->score, result->classes));
    result->settings = settings_to_tell(e);
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
        if (!e->stepped && e->epochs.stepped) e->epochs.stepped(e->epochs.user);
        e->stepped = 1;
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

/* What the next epoch may use. */
static void take_threads(dc3_evaluation *e)
{
    const dc3_epochs *all = &e->epochs;
    count_seconds(e);
    if (all->threads) dc3_evaluation_set_threads(e, all->threads(all->user));
}

dc3_status dc3_student_train(dc3_evaluation *e)
{
    int epochs = e->score->epochs;
    dc3_schedule_options schedule = dc3_schedule_defaults();
    schedule.kind = dc3_recipe_schedule(e->recipe.schedule);
    while (e->place.epoch < epochs) {
        int epoch = e->place.epoch;
        take_threads(e);
        DC3_TRY(run_epoch(e, e->score->lr * dc3_schedule_factor(&schedule, epoch, epochs)));
        if (e->epochs.done) e->epochs.done(e->epochs.user, epoch + 1);
        if (tests_after(e, epoch + 1) == tests_after(e, epoch)) continue;
        DC3_TRY(test_now(e, epoch + 1, tests_after(e, epoch)));
        if (epoch + 1 < epochs) save(e, 1);
    }
    count_seconds(e);
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

/* How many students of this kind are trained at once, by what the first step takes. */
static dc3_status find_side(dc3_evaluation *e, int *side, double *bytes)
{
    const dc3_evaluate_options *o = e->options;
    double sum = 0, pixels = (double)e->score->size * e->score->size * 3;
    int64_t count = e->n < e->score->batch ? e->n : e->score->batch;
    int held = dc3_same_for_threads(e->dtype) && dc3_images_held(e->images) &&
               pixels * (double)dc3_dataset_size(e->tests->dataset) < (double)dc3_memory_limit() / 3;
    *side = 1;
    *bytes = 0;
    if (!held || o->minutes > 0 || o->threads < 2 || o->students < 2) return DC3_OK;
    dc3_draw_order(e->source->seed, 0, e->n, e->order);
    DC3_TRY(step(e, 0, count, e->score->lr, &sum));
    *bytes = dc3_evaluation_bytes(e);
    *side = dc3_students_at_once(o->threads, o->students, *bytes);
    dc3_evaluation_set_threads(e, o->threads / *side);
    return DC3_OK;
}

dc3_status dc3_student_estimate(dc3_evaluation *e)
{
    char text[DC3_NUMBER_TEXT], beside[160] = "";
    double each = 0, bytes;
    int side, tests;
    dc3_score *s = e->score;
    DC3_TRY(find_side(e, &side, &bytes));
    DC3_TRY(measure_step(e, &each));
    if (e->options->minutes > 0) dc3_budget_take(s, e->options->minutes, each);
    tests = s->epochs < DC3_EVALUATE_TESTS ? 1 : DC3_EVALUATE_TESTS;
    double asked = tests + (e->source->functions->accuracy ? 1 : 0);
    s->test_images = dc3_dataset_size(e->tests->dataset);
    s->estimate_seconds =
        (each * (double)s->steps + asked * (double)s->test_images * each / s->batch / 3) / side +
        (double)s->test_images * measure_reading(e) / e->options->threads;
    if (side > 1)
        snprintf(beside, sizeof beside, " (%d students side by side, each with %d thread%s and %.2f GB)",
                 side, e->threads, e->threads == 1 ? "" : "s", bytes * 1e-9);
    dc3_listener_say(
        &e->options->listener,
        "estimate: %s, %lld step%s of %d image%s (%.1f ms each), %d test%s on %lld image%s, about %s%s",
        s->arch, (long long)s->steps, dc3_s(s->steps), s->batch, dc3_s(s->batch), each * 1e3, tests,
        dc3_s(tests), (long long)s->test_images, dc3_s(s->test_images),
        dc3_duration_text(s->estimate_seconds, text), beside);
    return DC3_OK;
}
