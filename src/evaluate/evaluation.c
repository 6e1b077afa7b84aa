#include "evaluate/check_stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/call.h"
#include "base/listener.h"
#include "base/memory.h"
#include "base/text.h"
#include "learn/protocol.h"
#include "options/option_names.h"
#include "run_folder/images_place.h"
#include "run_folder/fingerprint.h"
#include "run_folder/stored_images.h"
#include "teacher/classes.h"
#include "teacher/seen_images.h"
#include "teacher/teacher_list.h"

/* Labels that no teacher gives are not of several. */
static dc3_status check_teachers(const dc3_evaluate_options *o)
{
    dc3_teacher_list list;
    if (!o->teacher || o->labels == DC3_LABELS_SOFT) return DC3_OK;
    dc3_status status = dc3_teacher_list_read(o->teacher, &list);
    if (status == DC3_OK && list.count > 1)
        status =
            dc3_fail_about("teacher", "%s: several teachers are for soft labels; with %s %s leave it out",
                           dc3_setting("teacher"), dc3_setting("labels"), dc3_label_kind_name(o->labels));
    dc3_teacher_list_free(&list);
    return status;
}

static dc3_status check_options(dc3_evaluation *e)
{
    const dc3_evaluate_options *o = e->options;
    if (!o->val) return dc3_fail_setting("val", "expected a dataset to test on, found none");
    if (o->batch < 0 || o->batch > 65536)
        return dc3_fail_setting("batch", "expected 1 to 65536, found %d", o->batch);
    if (!(o->lr >= 0 && o->lr <= 1e3))
        return dc3_fail_setting("lr", "expected more than 0 and at most 1000, found %g", o->lr);
    DC3_TRY(dc3_option_check("labels", (int)o->labels, 0));
    DC3_TRY(check_teachers(o));
    DC3_TRY(dc3_option_check("augment", (int)o->augment, 0));
    DC3_TRY(dc3_recipe_resolve(o, &e->recipe));
    e->labels = o->labels;
    e->plain = o->augment == DC3_AUGMENT_NONE;
    if (e->plain && e->labels == DC3_LABELS_STORED)
        return dc3_fail_about("augment", "%s none: stored labels are of the protocol's views",
                              dc3_setting("augment"));
    snprintf(e->score->labels, sizeof e->score->labels, "%s", dc3_label_kind_name(e->labels));
    snprintf(e->score->augment, sizeof e->score->augment, "%s", dc3_augment_kind_name(o->augment));
    DC3_TRY(dc3_compute_type(o->dtype, &e->dtype));
    snprintf(e->score->dtype, sizeof e->score->dtype, "%s", dc3_dtype_name(e->dtype));
    return DC3_OK;
}

static void note_unreadable(void *user, const char *key, const char *reason)
{
    dc3_condensed *set = user;
    if (!*set->unreadable) snprintf(set->unreadable, sizeof set->unreadable, "%.200s: %.300s", key, reason);
}

/* What the document of a run says: at how many pixels its images are to be seen, and whether its classes are
 * some of the dataset's. */
static void read_document(const json_t *document, dc3_condensed *set)
{
    const json_t *settings = json_object_get(document, "settings"),
                 *size = json_object_get(settings, "teacher_size");
    if (!size) size = json_object_get(json_object_get(settings, "own_teacher"), "size");
    set->has_teacher = size != NULL;
    if (!size) size = json_object_get(settings, "view_size");
    json_int_t pixels = json_integer_value(size);
    set->view_size = pixels >= 8 && pixels <= 1024 ? (int)pixels : 0;
    set->filtered =
        json_object_get(settings, "classes") != NULL || json_object_get(settings, "without_classes") != NULL;
}

static dc3_status open_condensed(const dc3_evaluation *e)
{
    dc3_condensed *set = e->set;
    const char *data = e->options->data;
    dc3_images_place place;
    dc3_status status = dc3_images_place_find(data, &place);
    const dc3_data_choice *choice = &e->options->choice;
    if (status == DC3_OK && place.is_run) {
        read_document(place.document, set);
        set->stored = dc3_fingerprint_folder(place.folder);
        status = dc3_choice_refuse(choice, data);
    }
    if (status == DC3_OK && place.is_run) status = dc3_images_place_need_classes(&place, "students");
    if (status == DC3_OK) status = dc3_dataset_open_given(place.folder, choice, NULL, NULL, &set->data);
    if (status == DC3_OK) set->filtered |= dc3_dataset_filtered(set->data);
    if (status == DC3_OK && place.is_run && !e->tests->dataset)
        dc3_stored_images_note(data, set->data, &e->options->listener);
    dc3_images_place_free(&place);
    return status;
}

/* Which images to test on, by the first student. */
static dc3_status open_tests(const dc3_evaluation *e)
{
    const dc3_evaluate_options *o = e->options;
    if (e->tests->dataset) return dc3_same_classes(e->data, e->set->names, e->tests->dataset);
    dc3_note_one_class(&o->listener, e->data);
    DC3_TRY(dc3_open_val(&(dc3_test_place){o->val, o->val_split}, e->data, e->set->names, e->set->filtered,
                         &o->listener, &e->tests->dataset));
    dc3_warn_origin(&o->listener, o->data, e->tests->dataset);
    return DC3_OK;
}

static dc3_status open_set(dc3_evaluation *e)
{
    const dc3_evaluate_options *o = e->options;
    if (!(e->set = calloc(1, sizeof *e->set))) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_condensed *set = e->set;
    dc3_images_options options = {
        .how = DC3_IMAGES_OWN, .threads = o->threads, .user = set, .skipped = note_unreadable};
    set->users = 1;
    DC3_TRY(open_condensed(e));
    e->data = set->data;
    set->names = dc3_run_class_names(o->data, set->data);
    dc3_report_notes(&o->listener, e->data);
    DC3_TRY(open_tests(e));
    DC3_TRY(dc3_images_open(set->data, &options, &set->images));
    return *set->unreadable ? dc3_fail(DC3_ERR_FORMAT, "%s", set->unreadable) : DC3_OK;
}

static dc3_status open_images(dc3_evaluation *e)
{
    if (e->set) {
        e->data = e->set->data;
        DC3_TRY(open_tests(e));
    } else
        DC3_TRY(open_set(e));
    e->images = e->set->images;
    e->n = dc3_images_count(e->images);
    e->score->images = e->n;
    e->score->classes = dc3_dataset_classes(e->data);
    return DC3_OK;
}

/* The size of the views: as is asked for; else as the labels' teacher saw images in its training; else as the
 * run says, so that students with other labels, or of a set that a search made smaller, are the same; else
 * that of the images. Tells once where
 * students could differ. */
static dc3_status find_size(const dc3_evaluation *e, int *size)
{
    const dc3_label_source *source = e->source;
    int usual = e->set->view_size, own;
    if (e->options->size) return dc3_view_size(e->data, e->options->size, size);
    DC3_TRY(dc3_view_size(e->data, 0, &own));
    if (!usual) usual = own;
    DC3_TRY(dc3_view_size(e->data, source->size ? source->size : usual, size));
    if (e->tests->told) return DC3_OK;
    e->tests->told = 1;
    const char *setting = dc3_setting("size");
    if (*size != usual)
        dc3_listener_say(&e->options->listener,
                         "note: students see %d px, as the labels' teacher did in its training; with hard "
                         "labels they would see %d px (%s sets it)",
                         *size, usual, setting);
    else if (*size != own)
        dc3_listener_say(
            &e->options->listener,
            "note: students see %d px, as %s, whatever the labels; the images have %d px (%s sets it)", *size,
            e->set->has_teacher ? "the run's teacher does" : "the search for a budget's size did", own,
            setting);
    return DC3_OK;
}

/* What the views are like; after the source of labels is known. */
static dc3_status resolve(dc3_evaluation *e)
{
    const dc3_evaluate_options *o = e->options;
    dc3_label_source *source = e->source;
    dc3_score *s = e->score;
    DC3_TRY(find_size(e, &s->size));
    s->factor = source->views      ? source->factor
                : e->plain         ? 0
                : e->recipe.factor ? e->recipe.factor
                                   : dc3_protocol_factor(s->size);
    if (!source->views) dc3_recipe_take_factor(s->factor, &e->recipe);
    source->recipe = e->recipe;
    int64_t batch = source->views ? source->batch : o->batch;
    dc3_recipe_kind kind = dc3_recipe_named(o->recipe);
    s->batch = !batch ? dc3_recipe_batch(kind, e->n, s->classes) : batch < e->n ? (int)batch : (int)e->n;
    DC3_TRY(dc3_recipe_given_epochs(o, &e->recipe, e->n, &s->epochs));
    s->temperature = source->temperature;
    snprintf(s->teacher, sizeof s->teacher, "%s", source->teacher);
    s->teachers = (int)json_array_size(source->teachers);
    snprintf(s->recipe, sizeof s->recipe, "%s", dc3_recipe_kind_name(kind));
    dc3_recipe_text(s->recipe, &e->recipe, e->labels == DC3_LABELS_HARD, e->plain, s->training,
                    sizeof s->training);
    int64_t last = e->n % s->batch, each = e->n / s->batch + (last > 1 || (last && e->n == 1));
    s->steps = each * s->epochs;
    return DC3_OK;
}

static dc3_status open_student(dc3_evaluation *e)
{
    const dc3_evaluate_options *o = e->options;
    dc3_score *s = e->score;
    dc3_optimizer_options adamw = dc3_optimizer_defaults(DC3_ADAMW);
    adamw.decay_rule = DC3_DECAY_WEIGHTS;
    adamw.weight_decay = e->recipe.weight_decay;
    dc3_classifier_spec spec = {.arch = o->arch         ? o->arch
                                        : s->size <= 64 ? "convnet3"
                                                        : "resnet18",
                                .classes = s->classes,
                                .size = s->size,
                                .seed = o->seed};
    DC3_TRY(dc3_trainer_open(&spec, NULL, e->dtype, o->threads, &adamw, &e->student));
    if (e->recipe.ema > 0) DC3_TRY(dc3_trainer_average(&e->student, e->recipe.ema));
    snprintf(s->arch, sizeof s->arch, "%s", e->student.info->arch);
    s->lr = o->lr > 0 ? o->lr : dc3_protocol_lr(s->arch);
    dc3_augment_options augment = {.size = s->size, .dtype = e->dtype, .normalise = 1, .threads = o->threads};
    return dc3_augmenter_open(&augment, &e->augmenter);
}

dc3_status dc3_evaluation_reopen(dc3_evaluation *e)
{
    dc3_trainer_close(&e->student);
    dc3_augmenter_close(&e->augmenter);
    return open_student(e);
}

static dc3_status open_memory(dc3_evaluation *e)
{
    const dc3_score *s = e->score;
    size_t batch = (size_t)s->batch, pixels = (size_t)s->size * (size_t)s->size * 3;
    e->order = malloc((size_t)e->n * sizeof *e->order);
    e->batch = malloc(batch * sizeof *e->batch);
    e->params = malloc(batch * sizeof *e->params);
    e->views = malloc(batch * pixels * dc3_dtype_size(e->dtype));
    e->by_class = calloc(2 * (size_t)s->classes, sizeof *e->by_class);
    if (e->order && e->batch && e->params && e->views && e->by_class) return DC3_OK;
    return dc3_fail(DC3_ERR_MEMORY, "out of memory for a batch of %zu views of %d pixels", batch, s->size);
}

dc3_status dc3_evaluation_look(dc3_evaluation *e)
{
    e->threads = e->options->threads;
    e->measured = dc3_seconds_now();
    DC3_TRY(check_options(e));
    DC3_TRY(open_images(e));
    DC3_TRY(
        dc3_label_source_open(e->labels, e->options, &e->recipe, e->data, e->dtype, e->plain, &e->source));
    DC3_TRY(dc3_stored_check(e));
    e->recipe = e->source->recipe;
    DC3_TRY(resolve(e));
    DC3_TRY(dc3_label_source_start(e->source, e->score));
    e->score->teacher_top1 = -1;
    return DC3_OK;
}

/* Several teachers, for people. */
static void tell_teachers(dc3_evaluation *e)
{
    char *text = e->score->teachers_text;
    size_t used = 0, k, size = sizeof e->score->teachers_text;
    json_t *one;
    *text = 0;
    json_array_foreach(e->source->teachers, k, one)
    {
        const char *file = json_string_value(json_object_get(one, "file")),
                   *arch = json_string_value(json_object_get(one, "arch"));
        const json_t *top1 = json_object_get(one, "top1");
        char right[32] = "", line[200];
        if (top1) snprintf(right, sizeof right, " (top-1 %.2f %%)", 100 * json_number_value(top1));
        int room = file ? dc3_text_room(file, 100) : 0, length = file ? (int)strlen(file) : 0;
        snprintf(line, sizeof line, "%s%.*s%s%s%s%s", k ? "; " : "", room, file ? file : "",
                 room < length ? ".." : "", file ? ", " : "", arch ? arch : "", right);
        if (used + strlen(line) + 6 > size) {
            snprintf(text + used, size - used, "; ..");
            return;
        }
        used += (size_t)snprintf(text + used, size - used, "%s", line);
    }
}

dc3_status dc3_evaluation_open(dc3_evaluation *e)
{
    if (e->options->dry_run) {
        DC3_TRY(open_student(e));
        return open_memory(e);
    }
    DC3_TRY(dc3_tests_open(e->tests, e->score->size, e->options->threads));
    if (e->source->functions->accuracy)
        DC3_TRY(e->source->functions->accuracy(e->source, e->tests, &e->score->teacher_top1));
    tell_teachers(e);
    DC3_TRY(open_student(e));
    return open_memory(e);
}

void dc3_condensed_release(dc3_condensed **set, const dc3_listener *listener)
{
    dc3_condensed *s = *set;
    *set = NULL;
    if (!s || --s->users) return;
    dc3_images_close(&s->images);
    dc3_dataset_say_reading(s->data, listener);
    dc3_dataset_close(&s->data);
    json_decref(s->names);
    free(s);
}

void dc3_evaluation_set_threads(dc3_evaluation *e, int threads)
{
    e->threads = threads;
    dc3_ctx_set_threads(e->student.ctx, threads);
    if (e->source->ctx) dc3_ctx_set_threads(e->source->ctx, threads);
    dc3_augmenter_set_threads(e->augmenter, threads);
}

double dc3_evaluation_bytes(const dc3_evaluation *e)
{
    /* Values, gradients, two moments and packed forms; values and packed forms. */
    const double student = 24, teacher = 8;
    size_t temporaries = dc3_ctx_bytes(e->student.ctx) + (e->source->ctx ? dc3_ctx_bytes(e->source->ctx) : 0);
    return (double)(temporaries + e->source->room) + student * e->student.info->parameters +
           teacher * e->source->parameters;
}

int dc3_same_for_threads(dc3_dtype dtype)
{
    dc3_ctx *ctx;
    DC3_CALL_SCOPE(NULL);
    if (dc3_ctx_open(NULL, dtype, 1, DC3_CTX_FAST, &ctx) != DC3_OK) return 0;
    int same = dc3_ctx_team_is_free(ctx);
    dc3_ctx_close(&ctx);
    return same;
}

int dc3_students_at_once(int threads, int64_t count, double bytes)
{
    double room = bytes > 0 ? (double)dc3_memory_limit() / 2 / bytes : threads;
    int64_t side = threads < count ? threads : count;
    if (room < (double)side) side = (int64_t)room;
    return side > 1 ? (int)side : 1;
}

void dc3_evaluation_close(dc3_evaluation *e)
{
    dc3_trainer_close(&e->student);
    dc3_label_source_close(&e->source);
    dc3_augmenter_close(&e->augmenter);
    dc3_condensed_release(&e->set, &e->options->listener);
    dc3_saved_student_close(&e->saved);
    json_decref(e->settings);
    free(e->order);
    free(e->batch);
    free(e->params);
    free(e->views);
    free(e->by_class);
}
