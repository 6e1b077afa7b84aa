#include "train/both_teachers.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/listener.h"
#include "base/text.h"
#include "dc3/text.h"
#include "learn/hold_out.h"
#include "run_folder/document.h"
#include "train/backbone.h"
#include "train/fine_tune.h"
#include "train/train_in_run.h"

const char dc3_both_teachers_key[] = "teacher_choice";

static const char kind_trained[] = "this or a linear probe", kind_tuned[] = "linear probe or fine-tuned",
                  epochs_key[] = "fine_tune_epochs", always_key[] = "both_teachers";
/* Of the candidates: `taken`, and the keys of their shares. */
static const char *const words[DC3_BOTH_COUNT] = {"probe", "fine-tuned", "trained"},
                         *const keys[DC3_BOTH_COUNT] = {"probe", "fine_tuned", "trained"};

/* What the run or the comparison in the folder was begun with; NULL: there is none, or it had no backbone for
 * a teacher. */
static json_t *begun_with(const char *folder)
{
    char *path;
    json_t *document = dc3_document_of(folder, &path);
    const json_t *settings = json_object_get(document, "settings"),
                 *own = settings ? json_object_get(settings, "own_teacher")
                                 : json_object_get(document, "teacher");
    json_t *begun = json_object_get(own, "kind") ? json_deep_copy(own) : NULL;
    json_decref(document);
    free(path);
    return begun;
}

static int beside_of(const json_t *own)
{
    const char *kind = json_string_value(json_object_get(own, "kind"));
    return (kind && strcmp(kind, kind_trained) == 0 ? DC3_BESIDE_TRAINED : 0) |
           (json_object_get(own, epochs_key) ? DC3_BESIDE_TUNED : 0);
}

int dc3_both_teachers_due(const dc3_condense_options *o, const char *folder, const dc3_dataset *data)
{
    json_t *begun = folder && !o->fresh ? begun_with(folder) : NULL;
    int same = begun && (!o->both_teachers || json_object_get(begun, always_key)), was = beside_of(begun);
    json_decref(begun);
    if (same) return was;
    int64_t n = dc3_dataset_size(data), classes = dc3_dataset_classes(data);
    int any = o->both_teachers, tunes = any || n >= classes * DC3_TUNED_EACH,
        trains = any || n >= classes * DC3_TRAINED_EACH;
    if (!any && n > DC3_BOTH_MOST) return 0;
    if (!dc3_hold_out_count(data, DC3_TUNED_SHARE, o->select.seed))
        tunes = 0; /* nothing could tell whether it helps */
    return (tunes ? DC3_BESIDE_TUNED : 0) | (trains ? DC3_BESIDE_TRAINED : 0);
}

dc3_both_plan dc3_both_teachers_plan(const dc3_train_options *probe, const dc3_train_options *trained,
                                     int beside, int always, int64_t images)
{
    return (dc3_both_plan){{*probe, dc3_backbone_tuned(probe, images), *trained}, beside, always};
}

json_t *dc3_both_teachers_settings(const dc3_both_plan *p)
{
    int trains = p->beside & DC3_BESIDE_TRAINED;
    json_t *settings = trains ? dc3_own_teacher_settings(&p->plans[DC3_BOTH_TRAINED]) : json_object();
    json_object_set_new(settings, "kind", json_string(trains ? kind_trained : kind_tuned));
    json_object_set_new(settings, "probe_size", json_integer(p->plans[DC3_BOTH_PROBE].size));
    if (p->beside & DC3_BESIDE_TUNED)
        json_object_set_new(settings, epochs_key, json_integer(p->plans[DC3_BOTH_TUNED].epochs));
    if (p->always) json_object_set_new(settings, always_key, json_true());
    return settings;
}

json_t *dc3_both_teachers_to_json(const dc3_both_result *r)
{
    json_t *choice = json_pack("{s:s}", "taken", words[r->taken]);
    for (int i = 0; i < DC3_BOTH_COUNT; i++) json_object_set_new(choice, keys[i], json_real(r->top1[i]));
    return choice;
}

/* What the folder's document says of an earlier call; 0: nothing. */
static int read_choice(const char *folder, dc3_both_result *r)
{
    char *path;
    json_t *document = dc3_document_of(folder, &path);
    const json_t *choice = json_object_get(document, dc3_both_teachers_key);
    const char *taken = json_string_value(json_object_get(choice, "taken"));
    int found = 0;
    for (int i = 0; taken && i < DC3_BOTH_COUNT; i++) {
        const json_t *top1 = json_object_get(choice, keys[i]);
        if (strcmp(taken, words[i]) == 0) r->taken = i, found = 1;
        r->top1[i] = top1 ? json_number_value(top1) : -1;
    }
    json_decref(document);
    free(path);
    return found;
}

/* Keeps the result, and which file the teacher is, before that file takes its place. */
static dc3_status note_choice(const char *folder, const char *winner, const dc3_both_result *r)
{
    char *path;
    json_t *document = dc3_document_of(folder, &path);
    dc3_status status = DC3_OK;
    if (document) {
        json_object_set_new(document, dc3_both_teachers_key, dc3_both_teachers_to_json(r));
        dc3_own_teacher_describe(winner, document);
        status = dc3_json_write(folder, strrchr(path, '/') + 1, document, JSON_PRESERVE_ORDER);
    }
    json_decref(document);
    free(path);
    return status;
}

/* A choice in progress. */
typedef struct choice {
    const dc3_both_plan *plan;
    const dc3_listener *listener;
    char *run, *paths[DC3_BOTH_COUNT]; /* of the candidates; the last one is `out` */
    dc3_teacher_accuracy found[DC3_BOTH_COUNT];
    dc3_both_result *result;
} choice;

static dc3_status open_choice(const dc3_both_plan *plan, dc3_both_result *r, choice *c)
{
    const char *out = plan->plans[DC3_BOTH_PROBE].out;
    *c = (choice){.plan = plan, .listener = &plan->plans[DC3_BOTH_PROBE].listener, .result = r};
    c->run = g_path_get_dirname(out);
    c->paths[DC3_BOTH_PROBE] = dc3_path_join(c->run, DC3_PROBE_FILE);
    c->paths[DC3_BOTH_TUNED] = dc3_path_join(c->run, DC3_TUNED_FILE);
    c->paths[DC3_BOTH_TRAINED] = strdup(out);
    for (int i = 0; i < DC3_BOTH_COUNT; i++)
        if (!c->paths[i]) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    return DC3_OK;
}

static void close_choice(choice *c)
{
    for (int i = 0; i < DC3_BOTH_COUNT; i++) free(c->paths[i]);
    g_free(c->run);
}

/* Seconds, of which nothing is said; by one rank, as it is trained. */
static dc3_status measure_tuning(const dc3_train_options *plan, double *seconds)
{
    dc3_train_options own = *plan;
    dc3_train_report report;
    char *run = g_path_get_dirname(plan->out);
    own.dry_run = 1, own.out = NULL;
    own.listener = (dc3_listener){.cancel = plan->listener.cancel};
    dc3_status status = dc3_train_in_run(&own, run, &report);
    g_free(run);
    *seconds = report.estimate_seconds;
    return status;
}

static dc3_status say_tuning(const choice *c)
{
    const dc3_train_options *plan = &c->plan->plans[DC3_BOTH_TUNED];
    char text[DC3_ACCURACY_TEXT], time[DC3_NUMBER_TEXT];
    double seconds;
    DC3_TRY(measure_tuning(plan, &seconds));
    dc3_listener_say(
        c->listener,
        "note: the linear probe: %s; all layers of the backbone are trained too, %d epoch%s at %d px, "
        "which takes about %s (%s FILE: yours)",
        dc3_teacher_accuracy_text(&c->found[DC3_BOTH_PROBE], text), plan->epochs, dc3_s(plan->epochs),
        plan->size, dc3_duration_text(seconds, time), dc3_setting("teacher"));
    return DC3_OK;
}

/* A candidate into its file, unless that is there. */
static dc3_status make(choice *c, int which)
{
    dc3_train_options own = c->plan->plans[which];
    dc3_train_report report;
    int is_there = dc3_path_what(c->paths[which]) == DC3_PATH_FILE;
    own.out = c->paths[which];
    if (!is_there && which == DC3_BOTH_TUNED) DC3_TRY(say_tuning(c));
    if (!is_there) DC3_TRY(dc3_train_in_run(&own, c->run, &report));
    DC3_TRY(dc3_own_teacher_accuracy(c->paths[which], &c->found[which]));
    dc3_both_result *r = c->result;
    r->top1[which] = c->found[which].top1;
    if (which == DC3_BOTH_PROBE || r->top1[which] > r->accuracy.top1)
        r->taken = which, r->accuracy = c->found[which];
    return DC3_OK;
}

/* Whether another one is worth its time beside the best so far: not where nothing is known of that one. */
static int goes_on(const choice *c)
{
    double best = c->result->accuracy.top1;
    return best >= 0 && (c->plan->always || best < DC3_BOTH_ENOUGH);
}

static void say_candidates(const choice *c)
{
    const dc3_train_options *trained = &c->plan->plans[DC3_BOTH_TRAINED];
    int beside = c->plan->beside;
    char network[120] = "";
    if (beside & DC3_BESIDE_TRAINED)
        snprintf(network, sizeof network, ", and %s trained on these images alone, %d epoch%s at %d px",
                 trained->arch, trained->epochs, dc3_s(trained->epochs), trained->size);
    dc3_listener_say(
        c->listener,
        "the teacher is the best of %s: a linear probe on the backbone%s%s (%s none: trained on these "
        "images alone; %s FILE: yours)",
        beside == DC3_BESIDE_TUNED || beside == DC3_BESIDE_TRAINED ? "two" : "three",
        beside & DC3_BESIDE_TUNED ? ", that backbone fine-tuned" : "", network, dc3_setting("backbone"),
        dc3_setting("teacher"));
}

/* Which was taken, and why. */
static void say_choice(const choice *c)
{
    static const char *const names[DC3_BOTH_COUNT] = {"linear probe", "fine-tuned backbone",
                                                      "network trained on these images alone"},
                             *const is[DC3_BOTH_COUNT] = {"probe", "fine-tuned backbone", "network"};
    const dc3_both_result *r = c->result;
    GString *all = g_string_new(NULL);
    int made = 0;
    char text[DC3_ACCURACY_TEXT];
    for (int i = 0; i < DC3_BOTH_COUNT; i++)
        if (i == DC3_BOTH_PROBE || r->top1[i] >= 0)
            g_string_append_printf(all, "%sthe %s: %s", made++ ? "; " : "", names[i],
                                   dc3_teacher_accuracy_text(&c->found[i], text));
    if (made > 1)
        dc3_listener_say(c->listener, "%s: the %s is the teacher, also of soft labels", all->str,
                         is[r->taken]);
    else
        dc3_listener_say(c->listener,
                         "%s: it is the teacher, also of soft labels, and no network is trained (%s: one is)",
                         all->str, dc3_setting("both_teachers"));
    g_string_free(all, TRUE);
}

/* Removes the candidates that were not taken, and brings the one that was to its place; of an earlier call
 * too that did so in part. */
static dc3_status finish(const choice *c)
{
    const char *taken = c->paths[c->result->taken], *out = c->paths[DC3_BOTH_TRAINED];
    for (int i = 0; i < DC3_BOTH_TRAINED; i++)
        if (i != c->result->taken && unlink(c->paths[i]) != 0 && errno != ENOENT)
            return dc3_fail(DC3_ERR_IO, "%s: cannot be removed: %s", c->paths[i], strerror(errno));
    if (dc3_path_what(taken) != DC3_PATH_FILE || strcmp(taken, out) == 0 || rename(taken, out) == 0)
        return DC3_OK;
    return dc3_fail(DC3_ERR_IO, "%s: cannot be renamed: %s", taken, strerror(errno));
}

static dc3_status choose(choice *c)
{
    *c->result = (dc3_both_result){.top1 = {-1, -1, -1}, .accuracy = {.top1 = -1}};
    say_candidates(c);
    DC3_TRY(make(c, DC3_BOTH_PROBE));
    if (c->plan->beside & DC3_BESIDE_TUNED && goes_on(c)) DC3_TRY(make(c, DC3_BOTH_TUNED));
    if (c->plan->beside & DC3_BESIDE_TRAINED && goes_on(c)) DC3_TRY(make(c, DC3_BOTH_TRAINED));
    say_choice(c);
    return note_choice(c->run, c->paths[c->result->taken], c->result);
}

/* 1 if the folder's document says which was taken, and that one is there. */
static int is_decided(const choice *c)
{
    if (!read_choice(c->run, c->result)) return 0;
    const char *at = c->paths[c->result->taken];
    if (dc3_path_what(at) != DC3_PATH_FILE) at = c->paths[DC3_BOTH_TRAINED];
    return dc3_path_what(at) == DC3_PATH_FILE && !dc3_run_teacher_differs(c->run, at);
}

dc3_status dc3_both_teachers_train(const dc3_both_plan *plan, dc3_both_result *r)
{
    choice c;
    dc3_status status = open_choice(plan, r, &c);
    if (status == DC3_OK) status = dc3_own_teacher_check_file(c.paths[DC3_BOTH_TRAINED]);
    int decided = status == DC3_OK && is_decided(&c);
    if (status == DC3_OK && !decided) status = choose(&c);
    if (status == DC3_OK) status = finish(&c);
    if (decided && status == DC3_OK)
        status = dc3_own_teacher_accuracy(c.paths[DC3_BOTH_TRAINED], &r->accuracy);
    close_choice(&c);
    return status;
}

dc3_status dc3_both_teachers_measure(const dc3_both_plan *plan, int64_t images, int classes,
                                     dc3_teacher_cost *cost)
{
    dc3_teacher_cost trained = {0};
    double tuning = 0;
    DC3_TRY(dc3_own_teacher_measure(&plan->plans[DC3_BOTH_PROBE], images, classes, cost));
    if (plan->beside & DC3_BESIDE_TUNED) DC3_TRY(measure_tuning(&plan->plans[DC3_BOTH_TUNED], &tuning));
    if (plan->beside & DC3_BESIDE_TRAINED)
        DC3_TRY(dc3_own_teacher_measure(&plan->plans[DC3_BOTH_TRAINED], images, classes, &trained));
    cost->training += trained.training + tuning;
    cost->alone += trained.alone + tuning;
    if (trained.forward > cost->forward) cost->forward = trained.forward;
    return DC3_OK;
}
