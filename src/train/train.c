/* dc3 train: a classifier from a whole dataset. */
#include "dc3/train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/call.h"
#include "base/options.h"
#include "base/file.h"
#include "base/lock.h"
#include "output/output_path.h"
#include "train/train_in_run.h"
#include "train/train_recipe.h"
#include "train/probe.h"
#include "base/text.h"
#include "dc3/text.h"
#include "teacher/teacher.h"
#include "teacher/accuracy.h"
#include "run_folder/work.h"
#include "teacher/classes.h"
#include "teacher/seen_images.h"
#include "options/option_names.h"
#include "io/weights.h"
#include "learn/checkpoint.h"
#include "learn/hold_out.h"
#include "learn/schedule.h"
#include "learn/tester.h"
#include "learn/trainer.h"
#include "learn/whiten.h"
#include "base/listener.h"
#include "io/json.h"

enum { SAVE_SECONDS = 60 };

typedef struct training {
    const dc3_train_options *options;
    dc3_train_report *report;
    dc3_dataset *data, *val;
    dc3_held_out parts; /* of the data, where some is held out: held_count is not 0 */
    dc3_images *images, *tests;
    dc3_augmenter *augmenter;
    int view; /* pixels of the side of the views that it makes */
    dc3_train_recipe recipe;
    dc3_trainer trainer;
    dc3_ema *slow; /* of a recipe that looks ahead */
    dc3_dtype dtype;
    const char *run;   /* whose own teacher this is; NULL: nobody's */
    char *place;       /* where the weights go */
    char *checkpoint;  /* PLACE.checkpoint */
    int held;          /* the checkpoint that was written last; -1: none */
    char *settings;    /* what the result depends on, as JSON */
    int64_t n, steps;  /* images; steps an epoch */
    int size_of_batch; /* images a step, of which there may be fewer in all */
    int64_t *order;
    dc3_loaded_image *batch;
    dc3_view_params *params;
    int64_t *labels;
    void *views;
    int64_t done;         /* steps of all epochs */
    int64_t tested;       /* images of the last test */
    double loss;          /* sum of this epoch's */
    double saved;         /* when the last checkpoint was written */
    double start, before; /* of this call; seconds of earlier ones, up to the checkpoint */
    dc3_work_note note;
} training;

const char *dc3_arch_name(int i)
{
    return dc3_classifier_arch(i);
}

static void progress(const training *t, const char *stage, int64_t done, int64_t total)
{
    const dc3_listener *l = &t->options->listener;
    if (l->progress) l->progress(l->user, stage, done, total);
}

static void reading(void *user, int64_t done, int64_t total)
{
    progress(user, "reading", done, total);
}

/* A test is a part of the training, of which it takes time: the steps stand still. */
static void testing(void *user, int64_t done, int64_t total)
{
    const training *t = user;
    (void)done, (void)total;
    progress(t, "training", t->done, t->steps * t->options->epochs);
}

static void skipped(void *user, const char *key, const char *reason)
{
    training *t = user;
    if (t->report->skipped++ < 5) dc3_listener_say(&t->options->listener, "skipped: %s: %s", key, reason);
}

static void skipped_test(void *user, const char *key, const char *reason)
{
    training *t = user;
    if (t->report->skipped_tests++ < 5)
        dc3_listener_say(&t->options->listener, "skipped: %s: %s", key, reason);
}

static dc3_status check_options(const dc3_train_options *o)
{
    DC3_TRY(dc3_hold_out_check(o->hold_out, o->val));
    DC3_TRY(dc3_train_check_fast(o));
    if (o->progressive && o->epochs < 3)
        return dc3_fail_setting("progressive", "expected 3 epochs or more, found %d", o->epochs);
    if (!o->out && !o->dry_run) return dc3_fail_setting("out", "expected a file to write, found none");
    if (o->epochs < 1 || o->epochs > 100000)
        return dc3_fail_setting("epochs", "expected 1 to 100000, found %d", o->epochs);
    if (!(o->fast && o->batch == 0) && (o->batch < 2 || o->batch > 65536))
        return dc3_fail_setting("batch", "expected 2 to 65536, found %d", o->batch);
    if (!(o->lr >= 0 && o->lr <= 1e3))
        return dc3_fail_setting("lr", "expected more than 0 and at most 1000, found %g", o->lr);
    if (!(o->smoothing >= 0 && o->smoothing < 1))
        return dc3_fail_setting("smoothing", "expected 0 to below 1, found %g", o->smoothing);
    if (!(o->weight_decay == -1 || (o->weight_decay >= 0 && o->weight_decay <= 1e3)))
        return dc3_fail_setting("weight_decay", "expected 0 to 1000, found %g", o->weight_decay);
    DC3_TRY(dc3_option_check("optimizer", (int)o->optimizer, 0));
    if (o->test_every < 1)
        return dc3_fail_setting("test_every", "expected 1 or more epochs, found %d", o->test_every);
    return DC3_OK;
}

static dc3_status find_place(training *t)
{
    const dc3_train_options *o = t->options;
    char *checkpoint = NULL;
    dc3_input inputs[] = {
        {"the dataset", o->data}, {"the images to test on", o->val}, {"the weights to start from", o->init}};
    dc3_output_path output = {"out", o->out, &dc3_weights_output, o->force, inputs, 3, t->run};
    DC3_TRY(dc3_output_path_check(&output, &t->place));
    t->checkpoint = dc3_checkpoint_beside(t->place);
    if (!t->checkpoint) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    output.path = t->checkpoint, output.kind = &dc3_checkpoint_output;
    dc3_status status = dc3_output_path_check(&output, &checkpoint);
    free(checkpoint);
    return status;
}

static dc3_status open_data(training *t, int *size)
{
    const dc3_train_options *o = t->options;
    DC3_TRY(dc3_dataset_open(o->data, &t->data));
    if (o->val) DC3_TRY(dc3_open_val(o->val, t->data, &o->listener, &t->val));
    if (t->val) dc3_warn_swapped(&o->listener, t->data, t->val);
    dc3_report_notes(&o->listener, t->data);
    if (!t->run) dc3_note_one_class(&o->listener, t->data);
    if (o->strict) DC3_TRY(dc3_dataset_check_skipped(t->data));
    if (o->strict && t->val) DC3_TRY(dc3_dataset_check_skipped(t->val));
    return dc3_view_size(t->data, o->size, size);
}

static dc3_status hold_out(training *t)
{
    const dc3_train_options *o = t->options;
    if (!(o->hold_out > 0)) return DC3_OK;
    DC3_TRY(dc3_hold_out(t->data, o->hold_out, o->seed, &t->parts));
    if (t->parts.held_count)
        dc3_listener_say(&o->listener, "held out for tests: %lld of %lld images, %.0f %% of each class",
                         (long long)t->parts.held_count, (long long)dc3_dataset_size(t->data),
                         100 * o->hold_out);
    else
        dc3_listener_say(&o->listener,
                         "note: %s: too few images to hold any out for tests: all are trained on, and the "
                         "accuracy is not known",
                         o->data);
    return DC3_OK;
}

/* The side of an epoch's views: a half, then three quarters, then all of `size`, each for a third of the
 * epochs, as multiples of 8 pixels and not below 24 (progressive resizing, as DAWNBench entries of 2018
 * trained). */
static int view_size(const dc3_train_options *o, int size, int64_t epoch)
{
    enum { LEAST_VIEW = 24 };
    if (!o->progressive || size <= LEAST_VIEW) return size;
    int view = size * (int)(2 + 3 * epoch / o->epochs) / 4 / 8 * 8;
    return view < LEAST_VIEW ? LEAST_VIEW : view;
}

static dc3_status open_network(training *t, int size)
{
    const dc3_train_options *o = t->options;
    dc3_train_recipe_of(o, size, &t->recipe);
    dc3_classifier_spec spec = {
        .arch = t->recipe.arch, .classes = dc3_dataset_classes(t->data), .size = size, .seed = o->seed};
    dc3_table *table = NULL;
    if (o->init) {
        DC3_TRY(dc3_weights_open(o->init, &table));
        spec.arch = o->arch;
    }
    DC3_TRY(dc3_compute_type(o->dtype, &t->dtype));
    DC3_TRY(dc3_trainer_open(&spec, &table, t->dtype, o->threads, &t->recipe.optimizer, &t->trainer));
    t->trainer.clip = t->recipe.clip;
    if (o->init) dc3_report_names(&o->listener, o->init, t->trainer.net);
    const dc3_classifier_info *info = t->trainer.info;
    if (o->progressive && (info->size || view_size(o, size, 0) < info->least))
        return dc3_fail_setting(
            "progressive",
            "%s does not take views of %d pixels in a training at %d; expected an architecture that takes "
            "any size (a ResNet, MobileNetV2, EfficientNet-B0) or larger images",
            info->arch, view_size(o, size, 0), size);
    return DC3_OK;
}

static dc3_status open_images(training *t, int size)
{
    const dc3_train_options *o = t->options;
    int holds = t->parts.held_count > 0;
    dc3_images_options options = {.how = size <= DC3_TRAIN_SMALL ? DC3_IMAGES_FIT : DC3_IMAGES_OWN,
                                  .size = size,
                                  .fit = DC3_FIT_CROP,
                                  .items = holds ? t->parts.trained : NULL,
                                  .count = t->parts.trained_count,
                                  .threads = o->threads,
                                  .user = t,
                                  .skipped = skipped,
                                  .progress = reading};
    DC3_TRY(dc3_images_open(t->data, &options, &t->images));
    if (o->strict && t->report->skipped)
        return dc3_fail(DC3_ERR_FORMAT, "%s: %lld images cannot be read (%s)", o->data,
                        (long long)t->report->skipped, dc3_setting("strict"));
    options.how = DC3_IMAGES_TEST;
    options.skipped = skipped_test;
    options.items = holds ? t->parts.held : NULL;
    options.count = t->parts.held_count;
    if (t->val || holds) DC3_TRY(dc3_images_open(holds ? t->data : t->val, &options, &t->tests));
    if (o->strict && t->report->skipped_tests)
        return dc3_fail(DC3_ERR_FORMAT, "%s: %lld images cannot be read (%s)", holds ? o->data : o->val,
                        (long long)t->report->skipped_tests, dc3_setting("strict"));
    return DC3_OK;
}

static dc3_status open_augmenter(training *t, int view)
{
    dc3_augment_options options = {.size = view,
                                   .dtype = t->dtype,
                                   .normalise = 1,
                                   .padding = DC3_PAD_REFLECT,
                                   .threads = t->options->threads};
    if (t->view == view) return DC3_OK;
    dc3_augmenter_close(&t->augmenter);
    DC3_TRY(dc3_augmenter_open(&options, &t->augmenter));
    t->view = view;
    return DC3_OK;
}

/* What the fast recipe begins with, beside a new network: the first layer's kernels, and the averages. */
static dc3_status open_fast(training *t)
{
    dc3_trainer *r = &t->trainer;
    if (!t->recipe.fast) return DC3_OK;
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->params[i].name, "whiten.weight") == 0)
            DC3_TRY(dc3_whiten(t->images, t->report->size, &r->params[i]));
    dc3_ema_options options = dc3_ema_defaults();
    return dc3_ema_open(r->ctx, &options, r->params, r->count, &t->slow);
}

static dc3_status open_memory(training *t, int size)
{
    t->n = dc3_images_count(t->images);
    t->size_of_batch = dc3_train_batch(t->options, t->n);
    size_t batch = (size_t)t->size_of_batch;
    if (t->n < t->size_of_batch) batch = (size_t)(t->n > 2 ? t->n : 2);
    t->steps = t->n / (int64_t)batch;
    dc3_train_fit(&t->recipe, (int64_t)batch, t->steps * t->options->epochs);
    t->order = malloc((size_t)t->n * sizeof *t->order);
    t->batch = malloc(batch * sizeof *t->batch);
    t->params = malloc(batch * sizeof *t->params);
    t->labels = malloc(batch * sizeof *t->labels);
    t->views = malloc(batch * (size_t)size * (size_t)size * 3 * dc3_dtype_size(t->dtype));
    if (!t->order || !t->batch || !t->params || !t->labels || !t->views)
        return dc3_fail(DC3_ERR_MEMORY, "out of memory for batches of %zu views of %d pixels", batch, size);
    return t->steps ? DC3_OK : dc3_fail(DC3_ERR_FORMAT, "%s: too few images to train on", t->options->data);
}

/* What the result depends on. */
static dc3_status describe(training *t)
{
    const dc3_train_options *o = t->options;
    json_t *s = json_pack(
        "{s:I, s:s, s:i, s:i, s:i, s:f, s:f, s:f, s:s, s:s, s:i}", "images", (json_int_t)t->n, "arch",
        t->report->arch, "size", t->report->size, "epochs", o->epochs, "batch", t->size_of_batch, "lr",
        t->recipe.lr, "weight_decay", o->weight_decay, "smoothing", o->smoothing, "optimizer",
        dc3_optimizer_kind_name(o->optimizer), "dtype", dc3_dtype_name(t->dtype), "threads", o->threads);
    if (s) json_object_set_new(s, "data", dc3_json_text(o->data));
    if (s) json_object_set_new(s, "init", o->init ? dc3_json_text(o->init) : json_null());
    if (s && o->progressive) json_object_set_new(s, "progressive", json_true());
    if (s && t->parts.held_count) json_object_set_new(s, "hold_out", json_real(o->hold_out));
    if (s && t->recipe.clip > 0) json_object_set_new(s, "clip", json_real(t->recipe.clip));
    if (s && o->fast) json_object_set_new(s, "fast", json_true());
    if (s) json_object_set_new(s, "seed", json_integer((json_int_t)o->seed));
    t->settings = s ? json_dumps(s, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(s);
    if (!t->settings) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    return DC3_OK;
}

static dc3_training parts_of(const training *t)
{
    return (dc3_training){t->trainer.params, t->trainer.count, t->trainer.optimizer, t->slow};
}

static dc3_status save(training *t)
{
    dc3_training parts = parts_of(t);
    json_t *counters =
        json_pack("{s:I, s:f, s:f, s:i, s:s, s:f}", "step", (json_int_t)t->done, "loss", t->loss, "best",
                  t->report->best_top1, "best_epoch", t->report->best_epoch, "settings", t->settings,
                  "seconds", t->before + dc3_seconds_now() - t->start);
    char *text = counters ? json_dumps(counters, JSON_COMPACT) : NULL;
    json_decref(counters);
    dc3_status status =
        text ? dc3_checkpoint_save(t->checkpoint, &parts, text) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(text);
    if (status == DC3_OK) dc3_file_hold(t->checkpoint, &t->held);
    t->saved = dc3_seconds_now();
    return status;
}

/* The settings that differ; some are only there where they are given. */
static void list_differences(const char *old_text, const char *new_text, char *list, size_t size)
{
    json_t *was = old_text ? json_loads(old_text, 0, NULL) : NULL, *now = json_loads(new_text, 0, NULL),
           *value;
    const char *key;
    dc3_json_differences(was, now, ",", list, size);
    json_object_foreach(was, key, value)
    {
        size_t used = strlen(list);
        if (!json_object_get(now, key))
            snprintf(list + used, size - used, "%s%s was given, is not", used ? "; " : "", key);
    }
    json_decref(was);
    json_decref(now);
}

/* The checkpoint's counters, if it is of this training. */
static dc3_status read_counters(const training *t, json_t **counters)
{
    char *text = NULL, list[600];
    DC3_TRY(dc3_checkpoint_counters(t->checkpoint, &text));
    *counters = json_loads(text, 0, NULL);
    free(text);
    const char *settings = json_string_value(json_object_get(*counters, "settings"));
    if (settings && strcmp(settings, t->settings) == 0) return DC3_OK;
    list_differences(settings, t->settings, list, sizeof list);
    return dc3_fail(
        DC3_ERR_ARGUMENT,
        "%s: a training with other settings was interrupted here (%s); give the same, or %s to start over",
        t->checkpoint, list, dc3_setting("fresh"));
}

static dc3_status resume(training *t)
{
    dc3_training parts = parts_of(t);
    json_t *counters = NULL;
    if (t->options->fresh || dc3_path_what(t->checkpoint) != DC3_PATH_FILE) return DC3_OK;
    dc3_status status = read_counters(t, &counters);
    if (status == DC3_OK) status = dc3_checkpoint_load(t->checkpoint, &parts, NULL);
    if (status == DC3_OK) {
        t->done = json_integer_value(json_object_get(counters, "step"));
        t->loss = json_number_value(json_object_get(counters, "loss"));
        t->before = json_number_value(json_object_get(counters, "seconds"));
        dc3_file_hold(t->checkpoint, &t->held);
        t->report->best_top1 = json_number_value(json_object_get(counters, "best"));
        t->report->best_epoch = (int)json_integer_value(json_object_get(counters, "best_epoch"));
        dc3_listener_say(&t->options->listener, "resuming after step %lld of %lld", (long long)t->done,
                         (long long)t->steps * t->options->epochs);
    }
    json_decref(counters);
    return status;
}

static dc3_status train_step(training *t, int64_t epoch, int64_t step, double lr)
{
    const dc3_train_options *o = t->options;
    int64_t batch = t->n / t->steps < t->size_of_batch ? t->n / t->steps : t->size_of_batch, count;
    double loss;
    DC3_TRY(open_augmenter(t, view_size(o, t->report->size, epoch)));
    DC3_TRY(dc3_images_batch(t->images, batch, t->order + step * batch, t->batch, &count));
    if (count < 2) return DC3_OK; /* a batch norm needs more than one */
    for (int64_t i = 0; i < count; i++) {
        const dc3_loaded_image *p = &t->batch[i];
        dc3_train_draw(&t->recipe, o->seed, epoch, p, t->report->size, &t->params[i]);
        t->labels[i] = dc3_images_label(t->images, p->item);
    }
    DC3_TRY(dc3_augment(t->augmenter, (int)count, t->batch, t->params, t->views));
    dc3_target target = {.k = 1, .labels = t->labels, .smoothing = (float)t->recipe.smoothing};
    DC3_TRY(dc3_trainer_step(&t->trainer, count, t->view, t->views, &target, lr, &loss));
    t->loss += loss;
    return DC3_OK;
}

/* What a last test finds besides where the recipe's records have it: the answers stay those of one view. */
static dc3_status test_mirrored(training *t)
{
    dc3_train_report *r = t->report;
    dc3_accuracy plain, both;
    if (!t->tests || !t->recipe.fast || t->run) return DC3_OK; /* a run's own teacher answers by one view */
    DC3_TRY(dc3_test_mirrored(t->trainer.ctx, t->trainer.net, t->tests, r->size, &plain, &both));
    r->mirrored_top1 = both.top1;
    return DC3_OK;
}

/* Tests after an epoch and says how it went. */
static dc3_status finish_epoch(training *t, int64_t epoch)
{
    const dc3_train_options *o = t->options;
    dc3_train_report *r = t->report;
    int last = epoch + 1 == o->epochs;
    r->loss = t->loss / (double)t->steps;
    t->loss = 0;
    dc3_accuracy a;
    if (t->tests && (last || (epoch + 1) % o->test_every == 0)) {
        DC3_TRY(dc3_test_classifier(t->trainer.ctx, t->trainer.net, t->tests, r->size, testing, t, &a));
        r->top1 = a.top1, r->top5 = a.top5, t->tested = a.n;
        if (a.top1 > r->best_top1) r->best_top1 = a.top1, r->best_epoch = (int)epoch + 1;
        dc3_listener_say(&o->listener, "epoch %lld: loss %.4f, top-1 %.2f %%, top-5 %.2f %%",
                         (long long)epoch + 1, r->loss, 100 * a.top1, 100 * a.top5);
    } else
        dc3_listener_say(&o->listener, "epoch %lld: loss %.4f", (long long)epoch + 1, r->loss);
    return last ? DC3_OK : save(t);
}

static dc3_status run_epochs(training *t)
{
    const dc3_train_options *o = t->options;
    int64_t total = t->steps * o->epochs, first = t->done;
    const dc3_schedule_options *schedule = &t->recipe.schedule;
    DC3_TRY(dc3_schedule_check(schedule, total));
    double start = dc3_seconds_now();
    t->saved = start;
    while (t->done < total) {
        int64_t epoch = t->done / t->steps, step = t->done % t->steps;
        if (step == 0 || t->done == first) dc3_draw_order(o->seed, epoch, t->n, t->order);
        DC3_TRY(dc3_check_cancel());
        DC3_TRY(train_step(t, epoch, step, t->recipe.lr * dc3_schedule_factor(schedule, t->done, total)));
        t->done++;
        double ahead = dc3_train_lookahead(&t->recipe, t->done, total);
        if (ahead >= 0) DC3_TRY(dc3_ema_look_ahead(t->slow, ahead));
        progress(t, "training", t->done, total);
        if (t->done % t->steps == 0)
            DC3_TRY(finish_epoch(t, epoch));
        else if (dc3_seconds_now() - t->saved > SAVE_SECONDS)
            DC3_TRY(save(t));
    }
    double seconds = dc3_seconds_now() - start;
    int64_t images = (total - first) * (t->n / t->steps);
    t->report->images_second = seconds > 0 ? (double)images / seconds : 0;
    return DC3_OK;
}

/* The weights, with the classes' names and the accuracy. */
static dc3_status export(const training *t)
{
    const dc3_train_report *r = t->report;
    dc3_teacher_accuracy accuracy = {.top1 = r->top1, .images = t->tested};
    snprintf(accuracy.on, sizeof accuracy.on, "%s", t->val ? "test images" : "held-out images");
    json_t *names = dc3_class_names(t->data), *known = dc3_teacher_accuracy_to_json(&accuracy);
    char *classes = json_dumps(names, JSON_COMPACT),
         *result = json_dumps(known, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
    const char *const texts[][2] = {{dc3_teacher_classes_key, classes},
                                    {r->top1 >= 0 ? dc3_teacher_accuracy_key : NULL, result},
                                    {NULL, NULL}};
    dc3_status status = classes && result
                            ? dc3_export(t->place, t->trainer.params, t->trainer.count, r->size, texts)
                            : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(classes);
    free(result);
    json_decref(names);
    json_decref(known);
    return status;
}

/* Seconds to read an image, on one thread. */
static double measure_reading(const training *t, int size)
{
    enum { LOOK = 16 };
    int64_t n = dc3_dataset_size(t->data);
    double start = dc3_seconds_now();
    for (int i = 0; i < LOOK; i++) {
        dc3_image image;
        if (dc3_dataset_read(t->data, n * i / LOOK, size, size, DC3_FIT_CROP, &image) == DC3_OK)
            dc3_image_free(&image);
    }
    return (dc3_seconds_now() - start) / LOOK;
}

/* How long the training takes: all images are read once, or in each epoch where they are large; steps are
 * measured, and a test of an image takes a third of its step. */
static dc3_status estimate(training *t, int size)
{
    const dc3_train_options *o = t->options;
    const double progressive = (0.25 + 0.5625 + 1) / 3; /* views of a half, 3/4 and all of the size */
    double step = 0, tests = (o->epochs + o->test_every - 1) / o->test_every;
    double held = (double)t->parts.held_count, trained = (double)t->report->images - held,
           tested = t->val ? (double)dc3_dataset_size(t->val) : held;
    char text[DC3_NUMBER_TEXT];
    int batch = dc3_train_batch(o, (int64_t)trained);
    DC3_TRY(dc3_trainer_measure(&t->trainer, batch, size, &step));
    double reading = measure_reading(t, size) / o->threads,
           image = step / batch * (o->progressive ? progressive : 1);
    t->report->estimate_seconds =
        (trained + tested) * reading + o->epochs * trained * image + tests * tested * step / batch / 3;
    dc3_listener_say(&o->listener,
                     "estimate: %.0f images read in %.1f ms each, %d epoch%s at %.1f images/s, about %s",
                     trained + tested, reading * 1e3, o->epochs, o->epochs == 1 ? "" : "s", 1 / image,
                     dc3_duration_text(t->report->estimate_seconds, text));
    return DC3_OK;
}

/* listener: that of the options, which what is noted goes through from some moment on. */
static dc3_status train(training *t, dc3_listener *listener)
{
    const dc3_train_options *o = t->options;
    dc3_train_report *r = t->report;
    int size = 0;
    DC3_TRY(check_options(o));
    if (o->out) DC3_TRY(find_place(t));
    DC3_TRY(open_data(t, &size));
    DC3_TRY(open_network(t, size));
    snprintf(r->arch, sizeof r->arch, "%s", t->trainer.info->arch);
    r->size = size, r->epochs = o->epochs;
    r->classes = t->trainer.info->classes;
    r->parameters = t->trainer.info->parameters;
    r->images = dc3_dataset_size(t->data);
    dc3_listener_say(&o->listener,
                     "%s: %lld images in %lld classes; %s, %.2f M parameters, %d px, %s, %d threads", o->data,
                     (long long)r->images, (long long)r->classes, r->arch, r->parameters * 1e-6, size,
                     dc3_dtype_name(t->dtype), o->threads);
    DC3_TRY(hold_out(t));
    if (o->dry_run) return estimate(t, size);
    DC3_TRY(dc3_work_begin_alone(&t->note, t->place, "train", listener));
    DC3_TRY(open_images(t, size));
    DC3_TRY(open_memory(t, size));
    DC3_TRY(open_fast(t));
    DC3_TRY(describe(t));
    DC3_TRY(resume(t));
    DC3_TRY(run_epochs(t));
    DC3_TRY(test_mirrored(t));
    DC3_TRY(export(t));
    unlink(t->checkpoint);
    return DC3_OK;
}

dc3_status dc3_train_in_run(const dc3_train_options *given, const char *run, dc3_train_report *report)
{
    dc3_train_options own = dc3_train_defaults();
    const dc3_train_options *options = &own;
    DC3_TRY(dc3_place_need("report", report));
    *report = (dc3_train_report){.top1 = -1, .top5 = -1, .best_top1 = -1, .mirrored_top1 = -1};
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_train_options, listener, given, &own));
    DC3_TRY(dc3_options_threads(&own.threads));
    DC3_TRY(dc3_options_need("data", own.data));
    DC3_CALL_SCOPE(own.listener.cancel);
    training t = {.options = options, .run = run, .report = report, .start = dc3_seconds_now(), .held = -1};
    dc3_status status =
        own.backbone && !own.fast ? dc3_probe_train(&own, run, report) : train(&t, &own.listener);
    if (t.held >= 0) close(t.held);
    report->seconds = t.before + dc3_seconds_now() - t.start;
    dc3_augmenter_close(&t.augmenter);
    dc3_images_close(&t.images);
    dc3_images_close(&t.tests);
    dc3_ema_close(&t.slow);
    dc3_trainer_close(&t.trainer);
    dc3_dataset_say_reading(t.data, &own.listener);
    dc3_dataset_say_reading(t.val, &own.listener);
    dc3_dataset_close(&t.data);
    dc3_dataset_close(&t.val);
    dc3_held_out_free(&t.parts);
    dc3_work_end(&t.note);
    free(t.place), free(t.checkpoint), free(t.settings), free(t.order), free(t.batch), free(t.params),
        free(t.labels);
    free(t.views);
    return status;
}

dc3_status dc3_train(const dc3_train_options *given, dc3_train_report *report)
{
    return dc3_train_in_run(given, NULL, report);
}
