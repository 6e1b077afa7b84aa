/* dc3 train: a classifier from a whole dataset. */
#include "dc3/train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/call.h"
#include "base/options.h"
#include "output/output_path.h"
#include "train/train_in_run.h"
#include "train/train_open.h"
#include "train/train_step.h"
#include "train/probe.h"
#include "dc3/text.h"
#include "teacher/accuracy.h"
#include "teacher/classes.h"
#include "options/option_names.h"
#include "learn/checkpoint.h"
#include "learn/schedule.h"
#include "learn/tester.h"
#include "base/listener.h"
#include "io/json.h"
#include "ranks/agree.h"
#include "ranks/notes.h"
#include "ranks/ranks.h"
#include "run_folder/fingerprint.h"

/* Between two checkpoints: at most so many seconds; if not these, at least so many times what the last took.
 */
enum { SAVE_SECONDS = 60, SAVE_PART = 20 };

const char *dc3_arch_name(int i)
{
    return dc3_classifier_arch(i);
}

/* A test is a part of the training, of which it takes time: the steps stand still. */
static void testing(void *user, int64_t done, int64_t total)
{
    const dc3_train_state *t = user;
    (void)done, (void)total;
    dc3_train_progress(t, "training", t->done, t->steps * t->options->epochs);
}

dc3_status dc3_train_check_replicas(int replicas)
{
    int ranks = dc3_ranks_count();
    if (replicas < 1 || replicas > 1024)
        return dc3_fail_setting("replicas", "expected 1 to 1024, found %d", replicas);
    if (replicas >= ranks) return DC3_OK;
    return dc3_fail_setting("replicas",
                            "expected one for each of the %d ranks or more, best a multiple, found %d; each "
                            "batch is divided among them",
                            ranks, replicas);
}

/* run: of a run's own teacher, which one rank trains where there is one replica. */
static dc3_status check_replicas(const dc3_train_options *o, const char *run)
{
    int ranks = dc3_ranks_count();
    if (o->backbone && ranks > 1 && !run)
        return dc3_fail_setting("backbone", "works with one rank, found %d", ranks);
    if (o->backbone && o->replicas > 1)
        return dc3_fail_setting("replicas", "with %s there is one; leave it out", dc3_setting("backbone"));
    if (!run || o->replicas != 1) DC3_TRY(dc3_train_check_replicas(o->replicas));
    if (o->batch && o->batch < 2 * o->replicas)
        return dc3_fail_setting("replicas",
                                "expected at least two images of a batch for each, found %d of %d",
                                o->replicas, o->batch);
    return DC3_OK;
}

static dc3_status check_options(const dc3_train_options *o)
{
    if (o->choice.unlabelled)
        return dc3_fail_setting("unlabelled", "a classifier needs classes; leave it out");
    DC3_TRY(dc3_hold_out_check(o->hold_out, o->fine_tune ? NULL : o->val));
    DC3_TRY(dc3_train_check_fast(o));
    DC3_TRY(dc3_fine_tune_check(o));
    if (o->progressive && o->epochs < 3)
        return dc3_fail_setting("progressive", "expected 3 epochs or more, found %d", o->epochs);
    if (!o->out && !o->dry_run) return dc3_fail_setting("out", "expected a file to write, found none");
    if (o->epochs < 1 || o->epochs > 100000)
        return dc3_fail_setting("epochs", "expected 1 to 100000, found %d", o->epochs);
    if (!((o->fast || o->fine_tune) && o->batch == 0) && (o->batch < 2 || o->batch > 65536))
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

static dc3_status find_place(dc3_train_state *t)
{
    const dc3_train_options *o = t->options;
    char *checkpoint = NULL;
    dc3_input inputs[] = {{"the dataset", o->data},
                          {"the images to test on", o->val},
                          {"the weights to start from", o->init},
                          {"the backbone", o->backbone}};
    dc3_output_path output = {"out", o->out, &dc3_weights_output, o->force, inputs, 4, t->run};
    DC3_TRY(dc3_output_path_check(&output, &t->place));
    t->checkpoint = dc3_checkpoint_beside(t->place);
    if (!t->checkpoint) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    output.path = t->checkpoint, output.kind = &dc3_checkpoint_output;
    dc3_status status = dc3_output_path_check(&output, &checkpoint);
    free(checkpoint);
    return status;
}

/* What a last test finds besides where the recipe's records have it: the answers stay those of one view. */
static dc3_status test_mirrored(dc3_train_state *t)
{
    dc3_train_report *r = t->report;
    dc3_accuracy plain, both;
    if (!t->tests || !t->recipe.fast || t->run) return DC3_OK; /* a run's own teacher answers by one view */
    DC3_TRY(dc3_test_mirrored(t->trainer.ctx, t->trainer.net, t->tests, r->size, &plain, &both));
    r->mirrored_top1 = both.top1;
    return DC3_OK;
}

/* The averages where the result is these, and then the values again. */
static void swap_averages(const dc3_train_state *t)
{
    if (t->recipe.average > 0) dc3_ema_swap(t->slow);
}

static dc3_status test_epoch(dc3_train_state *t, dc3_accuracy *a)
{
    swap_averages(t);
    dc3_status status =
        dc3_test_classifier(t->trainer.ctx, t->trainer.net, t->tests, t->report->size, testing, t, a);
    swap_averages(t);
    return status;
}

/* Tests after an epoch and says how it went. The last one of a fine-tuning is left to choose(). */
static dc3_status finish_epoch(dc3_train_state *t, int64_t epoch)
{
    const dc3_train_options *o = t->options;
    dc3_train_report *r = t->report;
    int last = epoch + 1 == o->epochs, is_chosen = last && o->fine_tune;
    r->loss = t->loss / (double)t->steps;
    t->loss = 0;
    if (t->helps) return DC3_OK;
    dc3_accuracy a;
    if (t->tests && !is_chosen && (last || (epoch + 1) % o->test_every == 0)) {
        DC3_TRY(test_epoch(t, &a));
        r->top1 = a.top1, r->top5 = a.top5, t->tested = a.n;
        if (a.top1 > r->best_top1) r->best_top1 = a.top1, r->best_epoch = (int)epoch + 1;
        char five[24] = ""; /* of as many classes or fewer, one of five is always right */
        if (r->classes > 5) snprintf(five, sizeof five, ", top-5 %.2f %%", 100 * a.top5);
        dc3_listener_say(&o->listener, "epoch %lld: loss %.4f, top-1 %.2f %%%s", (long long)epoch + 1,
                         r->loss, 100 * a.top1, five);
    } else
        dc3_listener_say(&o->listener, "epoch %lld: loss %.4f", (long long)epoch + 1, r->loss);
    if (last) return is_chosen ? dc3_train_save(t) : DC3_OK;
    /* Epochs of few images are shorter than it takes to write a checkpoint. */
    double least = fmin(SAVE_PART * t->saving, SAVE_SECONDS);
    return dc3_seconds_now() - t->saved < least ? DC3_OK : dc3_train_save(t);
}

static dc3_status run_epochs(dc3_train_state *t)
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
        DC3_TRY(dc3_train_step(t, epoch, step, t->recipe.lr * dc3_schedule_factor(schedule, t->done, total)));
        t->done++;
        double ahead = dc3_train_lookahead(&t->recipe, t->done, total);
        if (ahead >= 0) DC3_TRY(dc3_ema_look_ahead(t->slow, ahead));
        if (t->recipe.average > 0) DC3_TRY(dc3_ema_update(t->slow));
        dc3_train_progress(t, "training", t->done, total);
        if (t->done % t->steps == 0)
            DC3_TRY(finish_epoch(t, epoch));
        else if (!t->helps && dc3_seconds_now() - t->saved > SAVE_SECONDS)
            DC3_TRY(dc3_train_save(t));
    }
    double seconds = dc3_seconds_now() - start;
    int64_t images = (total - first) * (t->n / t->steps);
    t->report->images_second = seconds > 0 ? (double)images / seconds : 0;
    return DC3_OK;
}

/* The network is the probe again, but of all images. */
static dc3_status take_probe(dc3_train_state *t)
{
    dc3_ema_close(&t->slow);
    dc3_trainer_close(&t->trainer);
    DC3_TRY(dc3_fine_tune_complete(t->options, &t->probe));
    return dc3_train_open_network(t, t->report->size);
}

/* The result of a fine-tuning: what is right more often on the images held out, the probe or the averages. A
 * run chooses its own teacher itself (both_teachers.h), of which this is one candidate. */
static dc3_status choose(dc3_train_state *t)
{
    const dc3_train_options *o = t->options;
    dc3_train_report *r = t->report;
    dc3_accuracy a;
    if (!o->fine_tune) return DC3_OK;
    swap_averages(t); /* for good */
    DC3_TRY(dc3_fine_tune_test(&t->probe, t->trainer.net, t->tests, o->threads, &a));
    r->probe_top1 = t->probe.accuracy.top1, r->tuned_top1 = a.top1;
    r->took_probe = !t->run && llround(r->tuned_top1 * (double)a.n) <= llround(r->probe_top1 * (double)a.n);
    if (!t->run)
        dc3_listener_say(&o->listener,
                         "on %lld held-out images the linear probe has top-1 %.2f %%, the fine-tuned network "
                         "%.2f %%: the %s is the result",
                         (long long)a.n, 100 * r->probe_top1, 100 * r->tuned_top1,
                         r->took_probe ? "probe" : "fine-tuned network");
    if (r->took_probe) DC3_TRY(take_probe(t));
    r->top1 = r->took_probe ? r->probe_top1 : a.top1, r->top5 = r->took_probe ? -1 : a.top5, t->tested = a.n;
    if (a.top1 > r->best_top1) r->best_top1 = a.top1, r->best_epoch = o->epochs;
    if (!t->val) return DC3_OK;
    DC3_TRY(dc3_train_open_val(t));
    DC3_TRY(dc3_fine_tune_test(&t->probe, t->trainer.net, t->tests, o->threads, &a));
    r->top1 = a.top1, r->top5 = a.top5, t->tested = a.n;
    return DC3_OK;
}

/* The weights, with the classes' names and the accuracy. */
static dc3_status export(const dc3_train_state *t)
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

/* Whether all ranks want the same, before they read images: as if all that are listed could be read. */
static dc3_status agree(dc3_train_state *t)
{
    if (!t->shared) return DC3_OK;
    t->n = t->report->images - t->parts.held_count;
    t->size_of_batch = dc3_train_batch(t->options, t->n);
    DC3_TRY(dc3_train_describe(t));
    json_t *all = json_loads(t->settings, 0, NULL);
    json_object_set_new(all, "dataset", dc3_fingerprint_listing(t->data));
    dc3_status status = dc3_ranks_agree_on(all);
    json_decref(all);
    return status;
}

/* Rank 0 tells what was noted of images as any rank read them. */
static dc3_status join_notes(dc3_train_state *t)
{
    dc3_replicas_close(&t->trainer.replicas); /* whose sum is open */
    return dc3_ranks_join_notes(t->data);
}

/* listener: that of the options, which what is noted goes through from some moment on. */
static dc3_status train(dc3_train_state *t, dc3_listener *listener)
{
    const dc3_train_options *o = t->options;
    dc3_train_report *r = t->report;
    int size = 0;
    DC3_TRY(check_options(o));
    if (o->out) DC3_TRY(find_place(t));
    if (!o->dry_run && !t->helps) DC3_TRY(dc3_work_begin_alone(&t->note, t->place, "train", listener));
    DC3_TRY(dc3_train_open_data(t));
    DC3_TRY(dc3_train_start(t, &size));
    DC3_TRY(dc3_train_open_network(t, size));
    snprintf(r->arch, sizeof r->arch, "%s", t->trainer.info->arch);
    r->size = size, r->epochs = o->epochs;
    r->classes = dc3_dataset_classes(t->data);
    r->parameters = t->trainer.info->parameters;
    r->images = dc3_dataset_size(t->data);
    dc3_listener_say(
        &o->listener, "%s: %lld images in %lld class%s; %s, %.2f M parameters, %d px, %s, %d thread%s",
        o->data, (long long)r->images, (long long)r->classes, r->classes == 1 ? "" : "es", r->arch,
        r->parameters * 1e-6, size, dc3_dtype_name(t->dtype), o->threads, o->threads == 1 ? "" : "s");
    if (!o->fast && !o->init && !o->fine_tune && strcmp(r->arch, dc3_train_fast_arch) == 0)
        dc3_listener_say(&o->listener, "note: a %s is trained in the usual way; %s has a recipe made for it",
                         r->arch, dc3_setting("fast"));
    DC3_TRY(dc3_train_hold_out(t));
    DC3_TRY(dc3_train_check_parts(o, r->images - t->parts.held_count));
    DC3_TRY(agree(t));
    if (o->dry_run) return t->helps ? DC3_OK : dc3_train_estimate(t, size);
    DC3_TRY(dc3_train_open_images(t));
    DC3_TRY(dc3_train_open_memory(t));
    DC3_TRY(dc3_train_open_averages(t));
    DC3_TRY(dc3_train_describe(t));
    DC3_TRY(dc3_train_resume(t));
    if (t->shared) DC3_TRY(dc3_replicas_agree(t->trainer.params, t->trainer.count, t->done));
    DC3_TRY(run_epochs(t));
    if (t->shared) DC3_TRY(join_notes(t));
    if (t->helps) return DC3_OK;
    DC3_TRY(choose(t));
    DC3_TRY(test_mirrored(t));
    DC3_TRY(export(t));
    unlink(t->checkpoint);
    dc3_fine_tune_clear(&t->probe);
    return DC3_OK;
}

dc3_status dc3_train_in_run(const dc3_train_options *given, const char *run, dc3_train_report *report)
{
    dc3_train_options own = dc3_train_defaults();
    const dc3_train_options *options = &own;
    DC3_TRY(dc3_place_need("report", report));
    *report = (dc3_train_report){
        .top1 = -1, .top5 = -1, .best_top1 = -1, .mirrored_top1 = -1, .probe_top1 = -1, .tuned_top1 = -1};
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_train_options, listener, given, &own));
    DC3_TRY(dc3_options_threads(&own.threads));
    DC3_TRY(dc3_options_need("data", own.data));
    DC3_TRY(check_replicas(&own, run));
    dc3_ranks_mute(&own.listener);
    DC3_CALL_SCOPE(own.listener.cancel);
    dc3_train_state t = {.options = options,
                         .run = run,
                         .helps = dc3_ranks_rank() > 0,
                         .shared = dc3_ranks_count() > 1 && own.replicas > 1,
                         .report = report,
                         .share = own.fine_tune ? dc3_fine_tune_share(&own) : own.hold_out,
                         .start = dc3_seconds_now(),
                         .held = -1};
    int probes = own.backbone && !own.fast && !own.fine_tune;
    dc3_status status = probes ? dc3_probe_train(&own, run, report) : train(&t, &own.listener);
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
    dc3_fine_tune_end(&t.probe);
    free(t.place), free(t.checkpoint), free(t.settings), free(t.order), free(t.batch), free(t.params),
        free(t.labels);
    free(t.views);
    return dc3_ranks_outcome(status);
}

dc3_status dc3_train(const dc3_train_options *given, dc3_train_report *report)
{
    return dc3_train_in_run(given, NULL, report);
}
