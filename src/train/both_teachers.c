#include "train/both_teachers.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/listener.h"
#include "run_folder/document.h"
#include "train/train_in_run.h"

const char dc3_both_teachers_key[] = "teacher_choice";

static const char kind[] = "this or a linear probe";

/* 1 or 0: the run in the folder was begun with both, or with a teacher of its own that is one; -1: there is
 * none. */
static int begun_with(const char *folder)
{
    char *path;
    json_t *document = dc3_document_of(folder, &path);
    const json_t *own = json_object_get(json_object_get(document, "settings"), "own_teacher");
    const char *is = json_string_value(json_object_get(own, "kind"));
    int both = own ? is && strcmp(is, kind) == 0 : -1;
    json_decref(document);
    free(path);
    return both;
}

int dc3_both_teachers_due(const dc3_condense_options *o, const dc3_dataset *data)
{
    int begun = o->out && !o->fresh ? begun_with(o->out) : -1;
    if (begun >= 0 && !o->both_teachers) return begun;
    int64_t n = dc3_dataset_size(data), classes = dc3_dataset_classes(data);
    return o->both_teachers || (n >= classes * DC3_BOTH_EACH && n <= DC3_BOTH_MOST);
}

json_t *dc3_both_teachers_settings(const dc3_both_plan *plan)
{
    json_t *settings = dc3_own_teacher_settings(&plan->trained);
    json_object_set_new(settings, "kind", json_string(kind));
    json_object_set_new(settings, "probe_size", json_integer(plan->probe.size));
    if (plan->always) json_object_set_new(settings, "both_teachers", json_true());
    return settings;
}

json_t *dc3_both_teachers_to_json(const dc3_both_result *r)
{
    return json_pack("{s:s, s:f, s:f}", "taken", r->took_probe ? "probe" : "trained", "probe", r->probe,
                     "trained", r->trained);
}

/* What the folder's document says of an earlier call; 0: nothing. */
static int read_choice(const char *folder, dc3_both_result *r)
{
    char *path;
    json_t *document = dc3_document_of(folder, &path);
    const json_t *choice = json_object_get(document, dc3_both_teachers_key);
    const char *taken = json_string_value(json_object_get(choice, "taken"));
    if (taken) {
        r->took_probe = strcmp(taken, "probe") == 0;
        r->probe = json_number_value(json_object_get(choice, "probe"));
        r->trained = json_number_value(json_object_get(choice, "trained"));
    }
    json_decref(document);
    free(path);
    return taken != NULL;
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

/* One of the two into its file, unless that is there. */
static dc3_status make(const dc3_train_options *plan, const char *run, const char *path,
                       dc3_teacher_accuracy *accuracy)
{
    dc3_train_options own = *plan;
    dc3_train_report report;
    own.out = path;
    if (dc3_path_what(path) != DC3_PATH_FILE) DC3_TRY(dc3_train_in_run(&own, run, &report));
    return dc3_own_teacher_accuracy(path, accuracy);
}

/* Whether the network is worth its time beside such a probe. */
static int is_worth(const dc3_both_plan *plan, const dc3_teacher_accuracy *probe)
{
    const dc3_listener *listener = &plan->trained.listener;
    char text[DC3_ACCURACY_TEXT];
    if (plan->always || (probe->top1 >= 0 && probe->top1 < DC3_BOTH_ENOUGH)) return 1;
    dc3_listener_say(
        listener,
        "the linear probe: %s: it is the teacher, also of soft labels, and no network is trained "
        "(%s: one is)",
        dc3_teacher_accuracy_text(probe, text), dc3_setting("both_teachers"));
    return 0;
}

static void say_choice(const dc3_both_plan *plan, const dc3_teacher_accuracy *probe,
                       const dc3_teacher_accuracy *trained, int took_probe)
{
    char text[2][DC3_ACCURACY_TEXT];
    dc3_listener_say(&plan->trained.listener,
                     "the linear probe: %s; the network trained on these images alone: %s: the %s is the "
                     "teacher, also of soft labels",
                     dc3_teacher_accuracy_text(probe, text[0]), dc3_teacher_accuracy_text(trained, text[1]),
                     took_probe ? "probe" : "network");
}

static dc3_status choose(const dc3_both_plan *plan, const char *run, const char *probe_path,
                         dc3_both_result *r)
{
    const char *out = plan->trained.out;
    dc3_teacher_accuracy probe, trained = {.top1 = -1};
    dc3_listener_say(
        &plan->trained.listener,
        "the teacher is the better of two: a linear probe on the backbone, and %s trained on these "
        "images alone, %d epochs at %d px (%s none: the second; %s FILE: yours)",
        plan->trained.arch, plan->trained.epochs, plan->trained.size, dc3_setting("backbone"),
        dc3_setting("teacher"));
    DC3_TRY(make(&plan->probe, run, probe_path, &probe));
    if (is_worth(plan, &probe)) {
        DC3_TRY(make(&plan->trained, run, out, &trained));
        r->took_probe = probe.top1 >= trained.top1;
        say_choice(plan, &probe, &trained, r->took_probe);
    } else
        r->took_probe = 1;
    r->probe = probe.top1, r->trained = trained.top1;
    r->accuracy = r->took_probe ? probe : trained;
    DC3_TRY(note_choice(run, r->took_probe ? probe_path : out, r));
    if (r->took_probe ? rename(probe_path, out) == 0 : unlink(probe_path) == 0) return DC3_OK;
    return dc3_fail(DC3_ERR_IO, "%s: cannot be %s: %s", probe_path, r->took_probe ? "renamed" : "removed",
                    strerror(errno));
}

dc3_status dc3_both_teachers_train(const dc3_both_plan *plan, dc3_both_result *r)
{
    const char *out = plan->trained.out;
    char *run = g_path_get_dirname(out), *probe = dc3_path_join(run, DC3_PROBE_FILE);
    *r = (dc3_both_result){.probe = -1, .trained = -1, .accuracy = {.top1 = -1}};
    dc3_status status = probe ? dc3_own_teacher_check_file(out) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    int decided = status == DC3_OK && dc3_path_what(out) == DC3_PATH_FILE &&
                  dc3_path_what(probe) != DC3_PATH_FILE && read_choice(run, r);
    if (status == DC3_OK)
        status = decided ? dc3_own_teacher_accuracy(out, &r->accuracy) : choose(plan, run, probe, r);
    g_free(run);
    free(probe);
    return status;
}

dc3_status dc3_both_teachers_measure(const dc3_both_plan *plan, int64_t images, int classes,
                                     dc3_teacher_cost *cost)
{
    dc3_teacher_cost probe;
    DC3_TRY(dc3_own_teacher_measure(&plan->probe, images, classes, &probe));
    DC3_TRY(dc3_own_teacher_measure(&plan->trained, images, classes, cost));
    cost->training += probe.training;
    return DC3_OK;
}
