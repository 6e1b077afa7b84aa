/* The steps of a training, saved every minute and continued to the bit: what is random about a step is drawn
 * by its number. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/listener.h"
#include "finetune/part.h"
#include "io/json.h"
#include "views/augment.h"

enum { SAVE_SECONDS = 60 };

/* A batch's memory. */
typedef struct rows {
    float *latents, *noise, *states;
    int *timesteps;
    int64_t *labels, *ids;
    int64_t *order, epoch; /* the readable images in the order of an epoch; -1: none yet */
} rows;

static dc3_status open_rows(const dc3_finetuning *t, rows *r)
{
    const dc3_encoded *e = &t->encoded;
    size_t n = (size_t)t->options.batch, each = (size_t)(e->h * e->w * e->c),
           text = (size_t)(e->tokens * e->channels);
    *r = (rows){.latents = malloc(n * each * sizeof(float)),
                .noise = malloc(n * each * sizeof(float)),
                .states = malloc((n * text + 1) * sizeof(float)),
                .timesteps = malloc(n * sizeof(int)),
                .labels = malloc(n * sizeof(int64_t)),
                .ids = malloc((n * (size_t)e->tokens + 1) * sizeof(int64_t)),
                .order = malloc((size_t)t->count * sizeof(int64_t)),
                .epoch = -1};
    if (r->latents && r->noise && r->states && r->timesteps && r->labels && r->ids && r->order) return DC3_OK;
    return dc3_fail(DC3_ERR_MEMORY, "out of memory for batches of %d images", t->options.batch);
}

static void close_rows(rows *r)
{
    free(r->latents), free(r->noise), free(r->states);
    free(r->timesteps), free(r->labels), free(r->ids), free(r->order);
}

/* Row `row` of all that the training sees as row i of the batch. */
static void take_row(const dc3_finetuning *t, rows *r, int64_t row, int64_t i)
{
    const dc3_finetune_options *o = &t->options;
    const dc3_encoded *e = &t->encoded;
    int64_t each = e->h * e->w * e->c, text = e->tokens * e->channels, place;
    if (row / t->count != r->epoch) {
        r->epoch = row / t->count;
        dc3_draw_order(o->seed, r->epoch, t->count, r->order);
    }
    int64_t item = t->readable[r->order[row % t->count]];
    dc3_noise_draw d =
        dc3_noise_draw_row(o->seed, row, t->noising.steps, o->dropout, each, r->noise + i * each);
    int64_t side = d.flip && e->sides > 1;
    memcpy(r->latents + i * each, e->latents + (item * e->sides + side) * each, (size_t)each * sizeof(float));
    r->timesteps[i] = d.timestep;
    if (t->net.classes) {
        r->labels[i] = d.drop ? t->net.classes : t->class_map[dc3_dataset_label(t->data, item)];
        return;
    }
    place = d.drop ? 0 : t->captions.of[item];
    if (e->ids)
        memcpy(r->ids + i * e->tokens, e->ids + place * e->tokens, (size_t)e->tokens * sizeof(int64_t));
    else
        memcpy(r->states + i * text, e->states + place * text, (size_t)text * sizeof(float));
}

/* The gradients of batch `a` of a step. */
static dc3_status add_batch(dc3_finetuning *t, rows *r, int a, double *loss)
{
    const dc3_finetune_options *o = &t->options;
    const dc3_encoded *e = &t->encoded;
    int64_t first = (t->done * o->accumulate + a) * o->batch;
    dc3_tuning_batch batch = {.n = o->batch,
                              .h = e->h,
                              .w = e->w,
                              .tokens = e->tokens,
                              .latents = r->latents,
                              .noise = r->noise,
                              .timesteps = r->timesteps};
    if (t->net.classes)
        batch.labels = r->labels;
    else if (e->ids)
        batch.ids = r->ids;
    else
        batch.states = r->states;
    for (int64_t i = 0; i < o->batch; i++) take_row(t, r, first + i, i);
    return dc3_tuner_add(&t->tuner, &batch, 1, loss);
}

/* The mean of several batches, each by itself, so that it is the same whichever ranks have which. */
static dc3_status add_batches(dc3_finetuning *t, rows *r, double *loss)
{
    double found, weight;
    DC3_TRY(dc3_replicas_begin(t->replicas));
    for (int a = 0; a < t->options.accumulate; a++) {
        if (!dc3_replicas_have(t->replicas, a)) continue;
        dc3_optimizer_zero_gradients(t->tuner.optimizer);
        DC3_TRY(add_batch(t, r, a, &found));
        DC3_TRY(dc3_replicas_add(t->replicas, a, 1, found));
    }
    return dc3_replicas_join(t->replicas, loss, &weight);
}

static dc3_status take_step(dc3_finetuning *t, rows *r, double *loss)
{
    const dc3_finetune_options *o = &t->options;
    double norm, lr = o->lr * dc3_schedule_factor(&t->schedule, t->done, o->steps);
    DC3_TRY(t->replicas ? add_batches(t, r, loss) : add_batch(t, r, 0, loss));
    return dc3_tuner_step(&t->tuner, lr, &norm);
}

/* ---- checkpoints ---- */

static dc3_training parts_of(const dc3_finetuning *t)
{
    return (dc3_training){t->net.params, t->net.count, t->tuner.optimizer, t->tuner.ema};
}

/* How many parts of the training are done after so many steps. */
static int64_t parts_done(const dc3_finetuning *t, int64_t steps)
{
    return steps * DC3_FINETUNE_PARTS / t->options.steps;
}

static dc3_status save(dc3_finetuning *t)
{
    dc3_training parts = parts_of(t);
    json_t *means = json_array();
    for (int64_t i = 0; i < parts_done(t, t->done); i++) json_array_append_new(means, json_real(t->means[i]));
    json_t *counters =
        json_pack("{s:I, s:I, s:f, s:I, s:o, s:s, s:f}", "step", (json_int_t)t->done, "sampled",
                  (json_int_t)t->sampled, "loss", t->loss, "losses", (json_int_t)t->losses, "means", means,
                  "settings", t->settings, "seconds", t->before + dc3_seconds_now() - t->start);
    char *text = counters ? json_dumps(counters, JSON_COMPACT) : NULL;
    json_decref(counters);
    dc3_status status =
        text ? dc3_checkpoint_save(t->checkpoint, &parts, text) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(text);
    if (status == DC3_OK) t->saved_step = t->done;
    t->saved = dc3_seconds_now();
    return status;
}

/* A training may go on with another rate, warm-up and limit of the gradients: a way out of one that diverged.
 * 1 if there is no other difference; list: of those or, if there are, of the others. */
static int may_go_on(json_t *was, json_t *now, char *list, size_t size)
{
    static const char *const free_keys[] = {"lr", "warm_up", "clip"};
    json_t *before = json_copy(was);
    for (size_t i = 0; i < sizeof free_keys / sizeof *free_keys; i++)
        json_object_set(before, free_keys[i], json_object_get(now, free_keys[i]));
    int may = before && json_equal(before, now);
    dc3_json_all_differences(may ? was : before, now, ",", list, size);
    json_decref(before);
    return may;
}

static dc3_status check_settings(const dc3_finetuning *t, const json_t *counters)
{
    char list[600];
    const char *settings = json_string_value(json_object_get(counters, "settings"));
    json_t *was = settings ? json_loads(settings, 0, NULL) : NULL, *now = json_loads(t->settings, 0, NULL);
    int may = may_go_on(was, now, list, sizeof list);
    json_decref(was);
    json_decref(now);
    if (may && *list)
        dc3_listener_say(&t->options.listener, "note: the rest is trained otherwise than what is done: %s",
                         list);
    if (may) return DC3_OK;
    return dc3_fail(
        DC3_ERR_ARGUMENT,
        "%s: a training with other settings was interrupted here (%s); give the same, or %s to start over",
        t->checkpoint, list, dc3_setting("fresh"));
}

static void take_counters(dc3_finetuning *t, const json_t *counters)
{
    const json_t *means = json_object_get(counters, "means");
    t->done = t->saved_step = json_integer_value(json_object_get(counters, "step"));
    t->sampled = json_integer_value(json_object_get(counters, "sampled"));
    t->loss = json_number_value(json_object_get(counters, "loss"));
    t->losses = json_integer_value(json_object_get(counters, "losses"));
    t->before = json_number_value(json_object_get(counters, "seconds"));
    for (size_t i = 0; i < json_array_size(means) && i < DC3_FINETUNE_PARTS; i++)
        t->means[i] = json_number_value(json_array_get(means, i));
    dc3_listener_say(&t->options.listener, "resuming after step %lld of %d", (long long)t->done,
                     t->options.steps);
}

static dc3_status resume(dc3_finetuning *t)
{
    dc3_training parts = parts_of(t);
    char *text = NULL;
    if (t->options.fresh) return t->helps ? DC3_OK : dc3_finetune_clear(t);
    if (dc3_path_what(t->checkpoint) != DC3_PATH_FILE) return DC3_OK;
    DC3_TRY(dc3_checkpoint_counters(t->checkpoint, &text));
    json_t *counters = json_loads(text, 0, NULL);
    free(text);
    dc3_status status = check_settings(t, counters);
    if (status == DC3_OK) status = dc3_checkpoint_load(t->checkpoint, &parts, NULL);
    if (status == DC3_OK) take_counters(t, counters);
    json_decref(counters);
    return status;
}

/* ---- the loop ---- */

static void count_loss(dc3_finetuning *t, double loss)
{
    int64_t part = parts_done(t, t->done), next = parts_done(t, t->done + 1);
    t->loss += loss, t->losses++;
    t->done++;
    if (next == part) return;
    for (; part < next; part++) t->means[part] = t->loss / (double)t->losses;
    t->loss = 0, t->losses = 0;
}

/* The mean of the last part that is done; of all steps before the first one is. */
static double recent_loss(const dc3_finetuning *t)
{
    int64_t parts = parts_done(t, t->done);
    if (parts) return t->means[parts - 1];
    return t->losses ? t->loss / (double)t->losses : 0;
}

/* A loss or gradient that is no number: where, and what is left. */
static dc3_status diverged(const dc3_finetuning *t, const char *what)
{
    char left[600] = "nothing was saved yet";
    double lr = t->options.lr * dc3_schedule_factor(&t->schedule, t->done, t->options.steps);
    if (t->saved_step >= 0)
        snprintf(left, sizeof left, "%.500s has what stood after step %lld", t->checkpoint,
                 (long long)t->saved_step);
    return dc3_fail(DC3_ERR_FORMAT, "%s at step %lld (learning rate %g); a smaller %s may help; %s", what,
                    (long long)t->done + 1, lr, dc3_setting("lr"), left);
}

/* After a failure, whose text stays: what is done is saved, unless a step ended half way or numbers are
 * not finite. */
static dc3_status leave(dc3_finetuning *t, dc3_status status)
{
    dc3_failure failure;
    dc3_failure_note(&failure);
    if (t->helps) return status;
    if (strstr(failure.text, "not finite")) return diverged(t, failure.text);
    if (t->done <= t->saved_step || t->done == 0 || dc3_optimizer_steps(t->tuner.optimizer) != t->done)
        return status;
    dc3_status saved = save(t);
    return saved != DC3_OK && status == DC3_ERR_CANCELLED ? saved : dc3_failure_give(&failure, status);
}

/* Whether a grid of samples belongs to the steps that are done. */
static int is_due(const dc3_finetuning *t)
{
    const dc3_finetune_options *o = &t->options;
    if (t->done == o->steps) return o->sample_every >= 0;
    return o->sample_every > 0 && t->done > 0 && t->done % o->sample_every == 0;
}

static dc3_status run(dc3_finetuning *t, rows *r)
{
    const dc3_finetune_options *o = &t->options;
    double loss;
    if (!t->helps && is_due(t) && t->sampled != t->done) DC3_TRY(dc3_finetune_sample(t));
    while (t->done < o->steps) {
        DC3_TRY(dc3_check_cancel());
        DC3_TRY(take_step(t, r, &loss));
        count_loss(t, loss);
        if (t->helps) continue;
        dc3_finetune_progress(t, "training", t->done, o->steps);
        int last = t->done == o->steps, due = is_due(t);
        /* Before the checkpoint of the step, so that one that goes on from there has it. */
        if (o->keep_every && t->done % o->keep_every == 0 && !last) DC3_TRY(dc3_finetune_keep(t));
        if (last || dc3_seconds_now() - t->saved > SAVE_SECONDS) DC3_TRY(save(t));
        if (due) DC3_TRY(dc3_finetune_sample(t));
        if (due || last)
            dc3_listener_say(&o->listener, "step %lld of %d: loss %.4f", (long long)t->done, o->steps,
                             recent_loss(t));
    }
    return DC3_OK;
}

dc3_status dc3_finetune_loop(dc3_finetuning *t)
{
    rows r = {0};
    t->saved_step = -1;
    DC3_TRY(resume(t));
    DC3_TRY(dc3_replicas_agree(t->net.params, t->net.count, t->done));
    if (t->options.accumulate > 1)
        DC3_TRY(dc3_replicas_open(t->net.params, t->net.count, t->options.accumulate, &t->replicas));
    int64_t first = t->done;
    double start = t->saved = dc3_seconds_now();
    dc3_status status = open_rows(t, &r);
    if (status == DC3_OK) status = run(t, &r);
    if (status != DC3_OK) status = leave(t, status);
    close_rows(&r);
    t->report->loss = recent_loss(t);
    double seconds = dc3_seconds_now() - start;
    double images = (double)(t->done - first) * t->options.batch * t->options.accumulate;
    t->report->images_second = seconds > 0 ? images / seconds : 0;
    t->report->peak_bytes = dc3_finetune_peak();
    return status;
}
