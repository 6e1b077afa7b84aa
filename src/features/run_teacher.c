#include "features/run_teacher.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/listener.h"
#include "features/run_backbone.h"
#include "run_folder/document.h"
#include "run_folder/fingerprint.h"
#include "train/backbone.h"
#include "train/both_teachers.h"
#include "teacher/check.h"
#include "teacher/classes.h"
#include "teacher/outputs.h"

/* What a run that is complete says of the same file, unless it was taken for want of a better one; else top1
 * below 0. Of other data that run is refused, or nothing of it is made anew. */
static dc3_teacher_accuracy said_of(const dc3_run *run)
{
    const dc3_condense_options *o = run->options;
    dc3_teacher_accuracy said = {.top1 = -1};
    char *path = NULL;
    int asks = !o->out || o->fresh || run->trains || o->teacher_classes;
    json_t *document = asks ? NULL : dc3_document_of(o->out, &path);
    const json_t *teacher = json_object_get(document, "teacher"),
                 *was = json_object_get(json_object_get(document, "settings"), "teacher_fingerprint");
    json_t *is = was ? dc3_fingerprint(run->teacher_path) : NULL;
    if (json_is_true(json_object_get(document, "complete")) && json_equal(was, is) &&
        !json_object_get(teacher, "any_teacher"))
        said = dc3_teacher_accuracy_of_json(json_object_get(teacher, "accuracy"));
    json_decref(is);
    json_decref(document);
    free(path);
    return said;
}

/* What is known of the teacher, which it is not asked then; NULL: nothing. */
static const dc3_teacher_accuracy *known_of(const dc3_run *run, dc3_teacher_accuracy *known)
{
    const dc3_condense_options *o = run->options;
    *known = (dc3_teacher_accuracy){.top1 = o->teacher_top1, .images = o->teacher_images};
    snprintf(known->on, sizeof known->on, "%s", o->teacher_on ? o->teacher_on : "images");
    if (run->probes) *known = run->teacher.training;
    if (known->top1 < 0) *known = said_of(run);
    return known->top1 >= 0 ? known : NULL;
}

dc3_status dc3_run_open_teacher(dc3_run *run)
{
    const dc3_condense_options *o = run->options;
    dc3_teacher *t = &run->teacher;
    DC3_TRY(dc3_teacher_open(run->teacher_path, o->arch, o->teacher_size, run->usual, o->select.threads, t));
    dc3_dtype dtype;
    DC3_TRY(dc3_compute_type(o->dtype, &dtype));
    DC3_TRY(dc3_teacher_compute_in(t, dtype));
    json_t *names = dc3_class_names(run->dataset);
    dc3_teacher_outputs outputs = {run->teacher_path, o->teacher_classes, o->data, names, &o->listener};
    dc3_status status = dc3_teacher_choose_outputs(&outputs, t->net, &t->classes);
    if (status == DC3_OK) dc3_report_teacher(&o->listener, t);
    if (status == DC3_OK && !run->trains && o->teacher_top1 < 0)
        dc3_teacher_note_size(&o->listener, t, run->teacher_path, o->data, run->usual);
    dc3_teacher_check check = {.path = run->teacher_path,
                               .data = o->data,
                               .names = names,
                               .own = run->trains,
                               .any = o->any_teacher,
                               .listener = &o->listener};
    dc3_teacher_sample sample = {.dataset = run->dataset, .on = "training images", .fit = run->fit};
    dc3_teacher_accuracy known;
    if (status == DC3_OK) status = dc3_teacher_check_all(t, &check, known_of(run, &known), &sample);
    json_decref(names);
    return status;
}

dc3_run_decided dc3_run_decide(const dc3_run *run)
{
    return (dc3_run_decided){.probes = run->probes, .has_teacher = run->teacher.net != NULL};
}

dc3_status dc3_run_take_decided(dc3_run *run, const dc3_run_decided *decided)
{
    run->probes = decided->probes;
    return decided->has_teacher && !run->teacher.net ? dc3_run_open_teacher(run) : DC3_OK;
}

/* Of a network, and of a probe. */
static dc3_train_options trained_plan(const dc3_run *run)
{
    int side = run->full < run->usual ? run->full : run->usual;
    return dc3_own_teacher(run->options, run->teacher_path, side, dc3_run_mean_ipc(run), run->dataset);
}

static dc3_train_options probe_plan(const dc3_run *run)
{
    dc3_train_options plan = trained_plan(run);
    dc3_backbone_plan(&plan, run->backbone_path, run->backbone.size, run->options->cache);
    return plan;
}

static dc3_train_options plan_of(const dc3_run *run)
{
    int probes = run->both ? run->both == DC3_BESIDE_TUNED : run->probes;
    return probes ? probe_plan(run) : trained_plan(run);
}

static dc3_both_plan both_plan(const dc3_run *run)
{
    dc3_train_options probe = probe_plan(run), trained = trained_plan(run);
    return dc3_both_teachers_plan(&probe, &trained, run->both, run->options->both_teachers,
                                  dc3_dataset_size(run->dataset));
}

json_t *dc3_run_teacher_plan(const dc3_run *run)
{
    dc3_train_options plan = plan_of(run);
    dc3_both_plan both;
    if (!run->both) return dc3_own_teacher_settings(&plan);
    both = both_plan(run);
    return dc3_both_teachers_settings(&both);
}

json_t *dc3_run_teacher_choice(const dc3_run *run)
{
    const dc3_condense_report *r = run->report;
    const dc3_both_result result = {.taken = run->taken,
                                    .top1 = {r->probe_top1, r->tuned_top1, r->trained_top1}};
    return run->both && run->teacher.net ? dc3_both_teachers_to_json(&result) : NULL;
}

static void teacher_progress(void *user, const char *stage, int64_t done, int64_t total)
{
    dc3_run_progress(user, stage, done, total);
}

static void teacher_message(void *user, const char *text)
{
    dc3_run_say(user, "%s", text);
}

static dc3_listener listener_of(dc3_run *run)
{
    return (dc3_listener){.user = run, .progress = teacher_progress, .message = teacher_message};
}

/* Of several, the best. */
static dc3_status train_both(dc3_run *run, dc3_teacher_accuracy *accuracy)
{
    dc3_both_plan plan = both_plan(run);
    dc3_both_result result;
    for (int i = 0; i < DC3_BOTH_COUNT; i++) plan.plans[i].listener = listener_of(run);
    DC3_TRY(dc3_both_teachers_train(&plan, &result));
    run->taken = result.taken, run->probes = result.taken == DC3_BOTH_PROBE;
    run->report->probe_top1 = result.top1[DC3_BOTH_PROBE];
    run->report->tuned_top1 = result.top1[DC3_BOTH_TUNED];
    run->report->trained_top1 = result.top1[DC3_BOTH_TRAINED];
    *accuracy = result.accuracy;
    return DC3_OK;
}

/* rows: of embeddings that are known, or NULL. */
static dc3_status train_one(dc3_run *run, const dc3_probe_rows *rows, dc3_teacher_accuracy *accuracy)
{
    dc3_train_options plan = plan_of(run);
    plan.listener = listener_of(run);
    dc3_own_teacher_note(&plan, run->dataset);
    DC3_TRY(dc3_own_teacher_train(&plan, rows, accuracy));
    if (run->probes) run->report->probe_top1 = accuracy->top1;
    return DC3_OK;
}

static dc3_status train(dc3_run *run, const dc3_probe_rows *rows)
{
    dc3_run_begin_stage(run, 3, "teacher");
    dc3_teacher_accuracy accuracy = {.top1 = -1};
    dc3_status status = run->both ? train_both(run, &accuracy) : train_one(run, rows, &accuracy);
    if (status == DC3_OK) status = dc3_run_open_teacher(run);
    if (accuracy.top1 >= 0) run->teacher.accuracy = accuracy;
    dc3_run_end_stage(run);
    return status;
}

dc3_status dc3_run_train_teacher(dc3_run *run)
{
    return train(run, NULL);
}

dc3_status dc3_run_serve_teacher(void *user, const void *known, size_t bytes)
{
    dc3_train_options plan = plan_of(user);
    (void)bytes;
    return dc3_own_teacher_serve(&plan, known);
}

int dc3_run_probes_features(const dc3_run *run)
{
    return run->probes && run->encodes;
}

dc3_status dc3_run_probe(dc3_run *run)
{
    const dc3_probe_rows rows = {&run->backbone, run->dataset, run->n, run->items, run->features};
    if (!run->teacher.net) DC3_TRY(train(run, &rows));
    return dc3_run_answer(run);
}

int dc3_run_teacher_size(const dc3_run *run)
{
    return plan_of(run).size;
}

int dc3_run_view_size(const dc3_run *run)
{
    enum { USUAL = 224, UNIT = 8 };
    if (run->trains) return dc3_run_teacher_size(run);
    if (run->teacher.net) return run->teacher.size;
    return run->full < USUAL ? run->full / UNIT * UNIT : USUAL;
}

dc3_status dc3_run_measure_teacher(const dc3_run *run, dc3_teacher_cost *cost)
{
    int64_t images = run->report->images;
    int classes = dc3_dataset_classes(run->dataset);
    dc3_train_options plan = plan_of(run);
    if (!run->both) return dc3_own_teacher_measure(&plan, images, classes, cost);
    dc3_both_plan both = both_plan(run);
    return dc3_both_teachers_measure(&both, images, classes, cost);
}
