#include "train/own_teacher.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "output/list_place.h"
#include "run_folder/document.h"
#include "run_folder/fingerprint.h"
#include "io/weights.h"
#include "train/backbone.h"
#include "teacher/classes.h"
#include "learn/hold_out.h"
#include "ranks/share.h"
#include "train/train_in_run.h"
#include "train/train_open.h"
#include "train/train_recipe.h"
#include "learn/trainer.h"
#include "base/listener.h"

enum { SMALL = 64, LARGE = 112, SEEN = 300000, LEAST = 8, MOST = 20 };
enum { FAST_SEEN = 40000, FAST_LEAST = 5, FAST_MOST = 20, FAST_LEAST_SIZE = 16 };

/* Images a step: of few images few, so that an epoch has 16 steps or more, but not below 32. */
static int batch_for(int64_t images, int usual)
{
    enum { STEPS = 16, LEAST_BATCH = 32 };
    int64_t batch = images / STEPS;
    return batch > usual ? usual : batch < LEAST_BATCH ? LEAST_BATCH : (int)batch;
}

/* Epochs that show it so many images. */
static int epochs_for(int64_t images, int64_t seen, int least, int most)
{
    int64_t epochs = (seen + images - 1) / images;
    return (int)(epochs < least ? least : epochs > most ? most : epochs);
}

/* By the fast recipe (train_recipe.h), whose network takes any size from 9 pixels on. */
static void plan_fast(dc3_train_options *o, int64_t images, int64_t trained)
{
    o->fast = 1;
    o->arch = dc3_train_fast_arch;
    o->epochs = epochs_for(images, FAST_SEEN, FAST_LEAST, FAST_MOST);
    o->batch = 0;
    o->batch = dc3_train_batch(o, trained);
}

/* Students of few images learn more from a network that was trained briefly: at one image per class from one
 * that has seen some 40,000 images, an eighth of the usual, from ten on from the usual (measured;
 * docs/recipes.md, Teachers). */
int dc3_own_teacher_epochs(int64_t images, int64_t ipc)
{
    const int64_t enough = 10;
    double share = ipc < enough ? pow((double)(ipc > 1 ? ipc : 1) / (double)enough, 0.9) : 1;
    return epochs_for(images, (int64_t)(SEEN * share), (int)fmax(1, round(LEAST * share)), MOST);
}

/* In the usual way. */
static void plan_usual(dc3_train_options *o, int64_t images, int64_t ipc)
{
    int usual = o->batch;
    o->progressive = !o->arch && o->size > SMALL;
    if (!o->arch) o->arch = o->size <= SMALL ? "convnet3" : "resnet18";
    o->epochs = dc3_own_teacher_epochs(images, o->size <= SMALL ? ipc : INT64_MAX);
    o->batch = batch_for(images, usual);
    o->lr = 0.1 * o->batch / usual;
}

dc3_train_options dc3_own_teacher(const dc3_condense_options *options, const char *out, int side, int64_t ipc,
                                  const dc3_dataset *dataset)
{
    const double tenth = 0.1;
    dc3_train_options o = dc3_train_defaults();
    int64_t n = dc3_dataset_size(dataset), held = dc3_hold_out_count(dataset, tenth, options->select.seed);
    int size = side < 8 ? 8 : (side < LARGE ? side : LARGE) / 8 * 8;
    o.data = options->data;
    o.choice = options->choice;
    o.out = out;
    o.size = options->teacher_size ? options->teacher_size : size;
    o.arch = options->arch;
    o.hold_out = held ? tenth : 0;
    if (o.arch && strcmp(o.arch, dc3_train_fast_arch) == 0 && o.size >= FAST_LEAST_SIZE)
        plan_fast(&o, n, n - held);
    else
        plan_usual(&o, n, ipc);
    if (options->teacher_epochs) o.epochs = options->teacher_epochs;
    if (o.epochs < 3) o.progressive = 0;
    if (options->replicas) o.replicas = options->replicas;
    o.dtype = options->dtype;
    o.seed = options->select.seed;
    o.threads = options->select.threads;
    o.strict = options->strict;
    o.listener = options->listener;
    return o;
}

void dc3_own_teacher_go_on(const dc3_condense_options *o, const char *folder, dc3_train_options *plan)
{
    char *path;
    json_t *document = dc3_document_of(folder, &path);
    const json_t *was = json_object_get(document, "teacher");
    dc3_train_options other = *plan;
    int epochs = (int)json_integer_value(json_object_get(was, "epochs"));
    other.epochs = epochs;
    json_t *is = dc3_own_teacher_settings(&other);
    int same = json_equal(was, is) && dc3_path_what(plan->out) == DC3_PATH_FILE;
    json_decref(is);
    if (same && epochs != plan->epochs && !o->teacher_epochs && !o->fresh) {
        dc3_listener_say(&o->listener,
                         "note: %s: the teacher that is there was trained for %d epoch%s, and all scores of "
                         "the folder are of it; in another folder it would be trained for %d",
                         folder, epochs, epochs == 1 ? "" : "s", plan->epochs);
        plan->epochs = epochs;
    }
    json_decref(document);
    free(path);
}

json_t *dc3_own_teacher_settings(const dc3_train_options *o)
{
    if (o->backbone) return json_pack("{s:s, s:i}", "kind", "linear probe", "size", o->size);
    json_t *settings =
        json_pack("{s:s, s:i, s:i, s:i, s:b, s:f}", "arch", o->arch, "size", o->size, "epochs", o->epochs,
                  "batch", o->batch, "progressive", o->progressive, "hold_out", o->hold_out);
    if (o->fast) json_object_set_new(settings, "fast", json_true());
    if (o->replicas > 1) json_object_set_new(settings, "replicas", json_integer(o->replicas));
    return settings;
}

dc3_status dc3_own_teacher_check(const dc3_condense_options *o, int trains)
{
    enum { MOST_EPOCHS = 100000, LEAST_SIZE = 16, MOST_SIZE = 1024 };
    if (trains && o->teacher_size && (o->teacher_size < LEAST_SIZE || o->teacher_size > MOST_SIZE))
        return dc3_fail_setting("teacher_size", "expected %d to %d pixels, found %d", LEAST_SIZE, MOST_SIZE,
                                o->teacher_size);
    if (trains && o->teacher_classes)
        return dc3_fail_about("teacher_classes",
                              "%s is for a teacher's file, and none is given; give one (%s)",
                              dc3_setting("teacher_classes"), dc3_setting("teacher"));
    if (o->teacher_epochs < 0 || o->teacher_epochs > MOST_EPOCHS)
        return dc3_fail_setting("teacher_epochs", "expected 1 to %d, found %d", MOST_EPOCHS,
                                o->teacher_epochs);
    if (o->replicas < 0 || o->replicas > 1) DC3_TRY(dc3_train_check_replicas(o->replicas));
    const char *without = o->teacher_epochs ? "teacher_epochs" : o->replicas > 1 ? "replicas" : NULL;
    if (!without || trains) return DC3_OK;
    return dc3_fail_about(without, "%s is for a teacher that is trained here, and none is; leave it out",
                          dc3_setting(without));
}

dc3_status dc3_own_teacher_accuracy(const char *path, dc3_teacher_accuracy *accuracy)
{
    dc3_table *table;
    DC3_TRY(dc3_weights_open(path, &table));
    *accuracy = dc3_teacher_accuracy_of(table);
    dc3_table_close(&table);
    return DC3_OK;
}

static const char file_key[] = "teacher_file";

/* Keeps in the folder's document which file was written, so that another one is noticed. */
static dc3_status note_file(const char *folder, const char *teacher)
{
    char *path;
    json_t *document = dc3_document_of(folder, &path);
    dc3_status status = DC3_OK;
    if (document) {
        dc3_own_teacher_describe(teacher, document);
        const char *slash = strrchr(path, '/');
        status = dc3_json_write(folder, slash + 1, document, JSON_PRESERVE_ORDER);
    }
    json_decref(document);
    free(path);
    return status;
}

void dc3_own_teacher_describe(const char *teacher, json_t *document)
{
    json_object_set_new(document, file_key, dc3_fingerprint(teacher));
}

json_t *dc3_run_teacher_fingerprint(const char *folder)
{
    char *path;
    json_t *document = dc3_document_of(folder, &path), *was = json_object_get(document, file_key);
    if (!was) was = json_object_get(json_object_get(document, "settings"), "teacher_fingerprint");
    json_incref(was);
    json_decref(document);
    free(path);
    return was;
}

int dc3_run_teacher_differs(const char *folder, const char *teacher)
{
    json_t *was = dc3_run_teacher_fingerprint(folder), *is = was ? dc3_fingerprint(teacher) : NULL;
    int differs = was && !json_equal(was, is);
    json_decref(is);
    json_decref(was);
    return differs;
}

void dc3_run_teachers_warn(const char *folder, const dc3_teacher_list *teachers, const dc3_listener *listener)
{
    for (int k = 0; k < teachers->count; k++)
        if (!dc3_run_teacher_differs(folder, teachers->paths[k])) return;
    if (teachers->count == 1)
        dc3_listener_say(listener, "warning: %s is not the teacher with which the images of %s were chosen",
                         teachers->paths[0], folder);
    else
        dc3_listener_say(
            listener, "warning: none of the %d teachers is the one with which the images of %s were chosen",
            teachers->count, folder);
}

static void say_probe(const dc3_train_options *plan)
{
    dc3_listener_say(&plan->listener,
                     "a linear probe on the backbone is the teacher, also of soft labels (%s FILE: yours; %s "
                     "none: one is trained on these images alone)",
                     dc3_setting("teacher"), dc3_setting("backbone"));
}

static void say_training(const dc3_train_options *plan)
{
    dc3_listener_say(
        &plan->listener,
        "a teacher is trained first: %s at %d px, %d epoch%s in batches of %d%s (%s, %s, %s: another "
        "one; %s FILE: yours; %s none: images are compared without one)",
        plan->arch, plan->size, plan->epochs, plan->epochs == 1 ? "" : "s", plan->batch,
        plan->fast ? " by the fast recipe" : "", dc3_setting("teacher_arch"), dc3_setting("teacher_size"),
        dc3_setting("teacher_epochs"), dc3_setting("teacher"), dc3_setting("teacher"));
}

void dc3_own_teacher_note(const dc3_train_options *plan, const dc3_dataset *dataset)
{
    if (plan->backbone || plan->hold_out > 0 || dc3_path_what(plan->out) == DC3_PATH_FILE) return;
    dc3_listener_say(&plan->listener,
                     "note: %s: %s to hold any out for tests: all are trained on, and the teacher's accuracy "
                     "on others is not known",
                     plan->data, dc3_hold_out_obstacle(dataset));
}

/* ---- the training ---- */

const char dc3_own_teacher_stage[] = "own teacher";

/* What follows from the number of images to store, which rank 0 decides. */
typedef struct lengths {
    int epochs, progressive;
} lengths;

dc3_status dc3_own_teacher_serve(const dc3_train_options *plan, const void *known)
{
    dc3_train_report report;
    dc3_train_options own = *plan;
    lengths l;
    memcpy(&l, known, sizeof l);
    own.epochs = l.epochs, own.progressive = l.progressive;
    char *run = g_path_get_dirname(plan->out);
    dc3_status status = dc3_train_in_run(&own, run, &report);
    g_free(run);
    return status;
}

/* By all ranks where there are replicas to share. */
static dc3_status train_network(const dc3_train_options *plan, const char *run, dc3_train_report *report)
{
    dc3_share *share = NULL;
    const lengths l = {plan->epochs, plan->progressive};
    dc3_status status =
        plan->replicas > 1 ? dc3_share_open(dc3_own_teacher_stage, &l, sizeof l, &share) : DC3_OK;
    if (status == DC3_OK) status = dc3_train_in_run(plan, run, report);
    if (status == DC3_OK) status = dc3_share_wait(share);
    dc3_share_close(&share);
    return status;
}

/* Trains it and says how it went. rows: embeddings of its backbone, or NULL. */
static dc3_status train(const dc3_train_options *plan, const char *run, const dc3_probe_rows *rows,
                        dc3_teacher_accuracy *accuracy)
{
    dc3_train_report report;
    char text[DC3_ACCURACY_TEXT];
    if (plan->backbone)
        say_probe(plan);
    else
        say_training(plan);
    DC3_TRY(rows ? dc3_probe_train_rows(plan, run, rows, &report) : train_network(plan, run, &report));
    DC3_TRY(note_file(run, plan->out));
    DC3_TRY(dc3_own_teacher_accuracy(plan->out, accuracy));
    dc3_listener_say(&plan->listener, "teacher trained in %.0f s, loss %.3f, %s", report.seconds, report.loss,
                     dc3_teacher_accuracy_text(accuracy, text));
    return DC3_OK;
}

dc3_status dc3_own_teacher_check_file(const char *path)
{
    if (dc3_path_what(path) != DC3_PATH_FILE) {
        if (!dc3_path_is_link(path)) return DC3_OK;
        return dc3_fail(DC3_ERR_ARGUMENT, "%s: expected a file, found a symbolic link to nothing", path);
    }
    static const char *const others[] = {DC3_PROBE_FILE, DC3_TUNED_FILE};
    char *run = g_path_get_dirname(path);
    int undecided = 0; /* which of them it will be */
    for (int i = 0; i < 2; i++) undecided |= dc3_folder_holds(run, others[i]);
    int differs = !undecided && dc3_run_teacher_differs(run, path);
    g_free(run);
    if (!differs) return DC3_OK;
    return dc3_fail(
        DC3_ERR_ARGUMENT,
        "%s: is not the teacher that was trained here, but another file; put that back, remove it, "
        "so that it is trained again, or use another folder",
        path);
}

dc3_status dc3_own_teacher_train(const dc3_train_options *plan, const dc3_probe_rows *rows,
                                 dc3_teacher_accuracy *accuracy)
{
    DC3_TRY(dc3_own_teacher_check_file(plan->out));
    if (dc3_path_what(plan->out) == DC3_PATH_FILE) return dc3_own_teacher_accuracy(plan->out, accuracy);
    char *run = g_path_get_dirname(plan->out);
    dc3_status status = train(plan, run, rows, accuracy);
    g_free(run);
    return status;
}

/* Of a probe: what the regression takes, and the backbone's embeddings of the images. */
static dc3_status measure_probe(const dc3_train_options *o, int64_t images, int classes,
                                dc3_teacher_cost *cost)
{
    dc3_teacher backbone;
    dc3_status status = dc3_backbone_open(o->backbone, o->size, o->size, o->threads, &backbone);
    if (status == DC3_OK) status = dc3_teacher_measure(&backbone, &cost->forward);
    if (status == DC3_OK)
        status = dc3_probe_measure(images, backbone.info->embedding, classes, o->threads, &cost->regression);
    cost->training = cost->alone = cost->regression + (double)images * cost->forward;
    dc3_teacher_close(&backbone);
    return status;
}

dc3_status dc3_own_teacher_measure(const dc3_train_options *o, int64_t images, int classes,
                                   dc3_teacher_cost *cost)
{
    const double progressive = (0.25 + 0.5625 + 1) / 3; /* views of a half, 3/4 and all of the size */
    const double forward = 1.0 / 3;                     /* of a step's time, which a test takes of an image */
    dc3_trainer trainer;
    dc3_dtype dtype;
    double step = 0;
    *cost = (dc3_teacher_cost){0};
    if (o->backbone) return measure_probe(o, images, classes, cost);
    DC3_TRY(dc3_train_check_parts(o, (int64_t)((double)images * (1 - o->hold_out))));
    DC3_TRY(dc3_compute_type(o->dtype, &dtype));
    dc3_train_recipe recipe;
    dc3_train_recipe_of(o, o->size, &recipe);
    dc3_classifier_spec spec = {.arch = recipe.arch, .classes = classes, .size = o->size};
    dc3_status status = dc3_trainer_open(&spec, NULL, dtype, o->threads, &recipe.optimizer, &trainer);
    if (status == DC3_OK) status = dc3_trainer_measure(&trainer, o->batch, o->size, &step);
    dc3_trainer_close(&trainer);
    double trained = (double)images * (1 - o->hold_out), tested = (double)images * o->hold_out;
    cost->forward = step / o->batch * forward;
    double share = dc3_train_share(o->replicas), epochs = step / o->batch * o->epochs;
    if (o->progressive) trained *= progressive;
    cost->training = epochs * (share * trained + tested * forward);
    cost->alone = epochs * (trained + tested * forward);
    return status;
}

char *dc3_own_teacher_find(const char *folder)
{
    char *path = dc3_path_join(folder, "teacher.safetensors");
    if (path && dc3_path_what(path) == DC3_PATH_FILE) return path;
    free(path);
    return NULL;
}

/* 1 if `teacher` is the file `own`. */
static dc3_status is_file(const char *own, const char *teacher, int *same)
{
    char *real = dc3_path_real(own), *given = dc3_path_real(teacher);
    *same = real && given && strcmp(real, given) == 0;
    dc3_status status = real && given ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(real);
    free(given);
    return status;
}

dc3_status dc3_own_teacher_check_kept(const dc3_condense_options *o)
{
    dc3_teacher_list list;
    int same = 0;
    if (!o->fresh || !o->teacher || strcmp(o->teacher, "none") == 0) return DC3_OK;
    char *own = dc3_path_join(o->out, "teacher.safetensors");
    dc3_status status =
        own ? dc3_teacher_list_read(o->teacher, &list) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int k = 0; status == DC3_OK && !same && k < list.count; k++) {
        status = is_file(own, list.paths[k], &same);
        if (status == DC3_OK && same)
            status = dc3_fail_setting("teacher",
                                      "expected a file that %s does not remove, found %s; copy it elsewhere",
                                      dc3_setting("fresh"), list.paths[k]);
    }
    if (own) dc3_teacher_list_free(&list);
    free(own);
    return status;
}

dc3_status dc3_list_place_apart(const dc3_condense_options *o, char **place)
{
    dc3_teacher_list teachers = {0};
    dc3_status status = o->teacher ? dc3_teacher_list_read(o->teacher, &teachers) : DC3_OK;
    if (status == DC3_OK) status = dc3_list_place(o, teachers.paths, teachers.count, place);
    dc3_teacher_list_free(&teachers);
    return status;
}
