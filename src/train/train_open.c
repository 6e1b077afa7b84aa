#include "train/train_open.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/listener.h"
#include "base/text.h"
#include "io/weights.h"
#include "learn/whiten.h"
#include "teacher/classes.h"
#include "teacher/seen_images.h"
#include "teacher/teacher.h"

void dc3_train_progress(const dc3_train_state *t, const char *stage, int64_t done, int64_t total)
{
    const dc3_listener *l = &t->options->listener;
    if (l->progress) l->progress(l->user, stage, done, total);
}

static void reading(void *user, int64_t done, int64_t total)
{
    dc3_train_progress(user, "reading", done, total);
}

static void skipped(void *user, const char *key, const char *reason)
{
    dc3_train_state *t = user;
    if (t->report->skipped++ < 5) dc3_listener_say(&t->options->listener, "skipped: %s: %s", key, reason);
}

static void skipped_test(void *user, const char *key, const char *reason)
{
    dc3_train_state *t = user;
    if (t->report->skipped_tests++ < 5)
        dc3_listener_say(&t->options->listener, "skipped: %s: %s", key, reason);
}

dc3_status dc3_train_open_data(dc3_train_state *t)
{
    const dc3_train_options *o = t->options;
    DC3_TRY(dc3_dataset_open_given(o->data, &o->choice, NULL, NULL, &t->data));
    if (o->val)
        DC3_TRY(dc3_open_val(&(dc3_test_place){o->val, o->val_split}, t->data, NULL,
                             dc3_dataset_filtered(t->data), &o->listener, &t->val));
    if (t->val) dc3_warn_swapped(&o->listener, t->data, t->val);
    dc3_report_notes(&o->listener, t->data);
    if (!t->run) dc3_note_one_class(&o->listener, t->data);
    if (o->strict) DC3_TRY(dc3_dataset_check_skipped(t->data));
    if (o->strict && t->val) DC3_TRY(dc3_dataset_check_skipped(t->val));
    return DC3_OK;
}

/* The probe of a backbone that is fine-tuned. */
static dc3_status start_from_probe(dc3_train_state *t)
{
    const dc3_train_options *o = t->options;
    int goes_on = !o->dry_run && !o->fresh && dc3_path_what(t->checkpoint) == DC3_PATH_FILE;
    if (o->fresh && !o->dry_run) unlink(t->checkpoint); /* it would be joined to another probe */
    if (!dc3_hold_out_count(t->data, t->share, o->seed))
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: %s needs %d images to hold out, by which to tell whether it helps, and %g %% of "
                        "each class are fewer; leave it out",
                        o->data, dc3_setting("fine_tune"), DC3_LEAST_HELD, 100 * t->share);
    return dc3_fine_tune_begin(o, t->run, t->place, goes_on, &t->probe);
}

dc3_status dc3_train_start(dc3_train_state *t, int *size)
{
    const dc3_train_options *o = t->options;
    if (!o->fine_tune) return dc3_view_size(t->data, o->size, size);
    DC3_TRY(start_from_probe(t));
    *size = t->probe.size;
    return DC3_OK;
}

dc3_status dc3_train_hold_out(dc3_train_state *t)
{
    const dc3_train_options *o = t->options;
    if (!(t->share > 0)) return DC3_OK;
    DC3_TRY(dc3_hold_out(t->data, t->share, o->seed, &t->parts));
    if (t->parts.held_count)
        dc3_listener_say(&o->listener, "held out for tests: %lld of %lld images, %.0f %% of each class",
                         (long long)t->parts.held_count, (long long)dc3_dataset_size(t->data),
                         100 * t->share);
    else
        dc3_listener_say(
            &o->listener,
            "note: %s: %s to hold any out for tests: all are trained on, and the accuracy is not "
            "known",
            o->data, dc3_hold_out_obstacle(t->data));
    return DC3_OK;
}

/* The side of an epoch's views: a half, then three quarters, then all of `size`, each for a third of the
 * epochs, as multiples of 8 pixels and not below 24 (progressive resizing, as DAWNBench entries of 2018
 * trained). */
int dc3_train_view(const dc3_train_options *o, int size, int64_t epoch)
{
    enum { LEAST_VIEW = 24 };
    if (!o->progressive || size <= LEAST_VIEW) return size;
    int view = size * (int)(2 + 3 * epoch / o->epochs) / 4 / 8 * 8;
    return view < LEAST_VIEW ? LEAST_VIEW : view;
}

dc3_status dc3_train_open_network(dc3_train_state *t, int size)
{
    const dc3_train_options *o = t->options;
    const char *init = !o->fine_tune ? o->init : o->dry_run ? o->backbone : t->probe.path;
    dc3_train_recipe_of(o, size, &t->recipe);
    dc3_classifier_spec spec = {
        .arch = t->recipe.arch, .classes = dc3_dataset_classes(t->data), .size = size, .seed = o->seed};
    dc3_table *table = NULL;
    if (init) {
        DC3_TRY(dc3_weights_open(init, &table));
        spec.arch = o->arch;
    }
    if (o->fine_tune) {
        dc3_train_set_last(&t->recipe, dc3_classifier_head(t->probe.arch));
        if (o->dry_run) spec.classes = 0; /* the backbone's own last layer serves */
    }
    DC3_TRY(dc3_compute_type(o->dtype, &t->dtype));
    DC3_TRY(dc3_trainer_open(&spec, &table, t->dtype, o->threads, &t->recipe.optimizer, &t->trainer));
    t->trainer.clip = t->recipe.clip;
    dc3_ctx_freeze_norms(t->trainer.ctx, o->fine_tune);
    if (o->init) dc3_report_names(&o->listener, o->init, t->trainer.net);
    const dc3_classifier_info *info = t->trainer.info;
    if (o->progressive && (info->size || dc3_train_view(o, size, 0) < info->least))
        return dc3_fail_setting(
            "progressive",
            "%s does not take views of %d pixels in a training at %d; expected an architecture that takes "
            "any size (a ResNet, MobileNetV2, EfficientNet-B0) or larger images",
            info->arch, dc3_train_view(o, size, 0), size);
    return DC3_OK;
}

/* Images that cannot be read end the training where the options want that. */
static dc3_status check_strict(const dc3_train_state *t, const char *path, int64_t count)
{
    if (!t->options->strict || !count) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: %lld image%s cannot be read (%s)", path, (long long)count,
                    dc3_s(count), dc3_setting("strict"));
}

/* Those to test on; of a fine-tuning as a teacher sees them. items: NULL: all. */
static dc3_status open_tests(dc3_train_state *t, const dc3_dataset *data, const char *path,
                             const int64_t *items, int64_t count)
{
    dc3_images_options options = {.how = t->options->fine_tune ? DC3_IMAGES_FIT : DC3_IMAGES_TEST,
                                  .size = t->report->size,
                                  .fit = DC3_FIT_CROP,
                                  .items = items,
                                  .count = count,
                                  .threads = t->options->threads,
                                  .user = t,
                                  .skipped = skipped_test,
                                  .progress = reading};
    dc3_images_close(&t->tests);
    DC3_TRY(dc3_images_open(data, &options, &t->tests));
    return check_strict(t, path, t->report->skipped_tests);
}

dc3_status dc3_train_open_val(dc3_train_state *t)
{
    return open_tests(t, t->val, t->options->val, NULL, 0);
}

dc3_status dc3_train_open_images(dc3_train_state *t)
{
    const dc3_train_options *o = t->options;
    int holds = t->parts.held_count > 0, size = t->report->size;
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
    DC3_TRY(check_strict(t, o->data, t->report->skipped));
    if (t->helps) return DC3_OK; /* rank 0 tests */
    if (holds) return open_tests(t, t->data, o->data, t->parts.held, t->parts.held_count);
    return t->val ? dc3_train_open_val(t) : DC3_OK;
}

dc3_status dc3_train_open_views(dc3_train_state *t, int view)
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

/* What a recipe begins with, beside the network: the first layer's kernels, and the averages. */
dc3_status dc3_train_open_averages(dc3_train_state *t)
{
    dc3_trainer *r = &t->trainer;
    dc3_ema_options options = dc3_ema_defaults();
    if (!t->recipe.fast && !(t->recipe.average > 0)) return DC3_OK;
    for (size_t i = 0; t->recipe.fast && i < r->count; i++)
        if (strcmp(r->params[i].name, "whiten.weight") == 0)
            DC3_TRY(dc3_whiten(t->images, t->report->size, &r->params[i]));
    if (!t->recipe.fast) options = (dc3_ema_options){.decay = t->recipe.average, .warm_up = 1};
    return dc3_ema_open(r->ctx, &options, r->params, r->count, &t->slow);
}

dc3_status dc3_train_check_parts(const dc3_train_options *o, int64_t images)
{
    int64_t batch = dc3_train_batch(o, images);
    if (batch > images) batch = images;
    if (o->replicas < 2 || batch >= 2 * o->replicas) return DC3_OK;
    return dc3_fail_setting("replicas", "%lld images a step are too few: expected two for each of %d parts",
                            (long long)batch, o->replicas);
}

dc3_status dc3_train_open_memory(dc3_train_state *t)
{
    int size = t->report->size;
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
    if (!t->steps) return dc3_fail(DC3_ERR_FORMAT, "%s: too few images to train on", t->options->data);
    if (t->options->replicas < 2) return DC3_OK;
    DC3_TRY(dc3_train_check_parts(t->options, (int64_t)batch));
    return dc3_trainer_replicate(&t->trainer, t->options->replicas);
}
