#include "train/train_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/listener.h"
#include "base/lock.h"
#include "io/json.h"
#include "learn/checkpoint.h"
#include "options/option_names.h"
#include "run_folder/fingerprint.h"

dc3_status dc3_train_describe(dc3_train_state *t)
{
    const dc3_train_options *o = t->options;
    json_t *s = json_pack(
        "{s:I, s:s, s:i, s:i, s:i, s:f, s:f, s:f, s:s, s:s, s:i}", "images", (json_int_t)t->n, "arch",
        t->report->arch, "size", t->report->size, "epochs", o->epochs, "batch", t->size_of_batch, "lr",
        t->recipe.lr, "weight_decay", o->weight_decay, "smoothing", o->smoothing, "optimizer",
        dc3_optimizer_kind_name(o->optimizer), "dtype", dc3_dtype_name(t->dtype), "threads", o->threads);
    if (s) json_object_set_new(s, "data", dc3_json_text(o->data));
    if (s) DC3_TRY(dc3_choice_add(&o->choice, s));
    if (s) json_object_set_new(s, "init", o->init ? dc3_json_text(o->init) : json_null());
    if (s && o->progressive) json_object_set_new(s, "progressive", json_true());
    if (s && t->parts.held_count) json_object_set_new(s, "hold_out", json_real(t->share));
    if (s && t->recipe.clip > 0) json_object_set_new(s, "clip", json_real(t->recipe.clip));
    if (s && o->fast) json_object_set_new(s, "fast", json_true());
    if (s && o->replicas > 1) json_object_set_new(s, "replicas", json_integer(o->replicas));
    if (s && o->fine_tune) {
        json_object_set_new(s, "backbone", dc3_json_text(o->backbone));
        json_object_set_new(s, "backbone_fingerprint", dc3_fingerprint(o->backbone));
    }
    if (s) json_object_set_new(s, "seed", json_integer((json_int_t)o->seed));
    free(t->settings);
    t->settings = s ? json_dumps(s, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(s);
    if (!t->settings) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    return DC3_OK;
}

static dc3_training parts_of(const dc3_train_state *t)
{
    return (dc3_training){t->trainer.params, t->trainer.count, t->trainer.optimizer, t->slow};
}

dc3_status dc3_train_save(dc3_train_state *t)
{
    dc3_training parts = parts_of(t);
    double start = dc3_seconds_now();
    json_t *counters =
        json_pack("{s:I, s:f, s:f, s:f, s:i, s:s, s:f}", "step", (json_int_t)t->done, "loss", t->loss,
                  "epoch_loss", t->report->loss, "best", t->report->best_top1, "best_epoch",
                  t->report->best_epoch, "settings", t->settings, "seconds", t->before + start - t->start);
    char *text = counters ? json_dumps(counters, JSON_COMPACT) : NULL;
    json_decref(counters);
    dc3_status status =
        text ? dc3_checkpoint_save(t->checkpoint, &parts, text) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(text);
    if (status == DC3_OK) dc3_file_hold(t->checkpoint, &t->held);
    t->saved = dc3_seconds_now();
    t->saving = t->saved - start;
    return status;
}

/* The settings that differ; some are only there where they are given. */
static void list_differences(const char *old_text, const char *new_text, char *list, size_t size)
{
    json_t *was = old_text ? json_loads(old_text, 0, NULL) : NULL, *now = json_loads(new_text, 0, NULL);
    dc3_json_all_differences(was, now, ",", list, size);
    json_decref(was);
    json_decref(now);
}

/* The checkpoint's counters, if it is of this training. */
static dc3_status read_counters(const dc3_train_state *t, json_t **counters)
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

dc3_status dc3_train_resume(dc3_train_state *t)
{
    dc3_training parts = parts_of(t);
    json_t *counters = NULL;
    if (t->options->fresh || dc3_path_what(t->checkpoint) != DC3_PATH_FILE) return DC3_OK;
    dc3_status status = read_counters(t, &counters);
    if (status == DC3_OK) status = dc3_checkpoint_load(t->checkpoint, &parts, NULL);
    if (status == DC3_OK) {
        t->done = json_integer_value(json_object_get(counters, "step"));
        t->loss = json_number_value(json_object_get(counters, "loss"));
        t->report->loss = json_number_value(json_object_get(counters, "epoch_loss"));
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
