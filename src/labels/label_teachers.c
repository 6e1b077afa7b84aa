#include "labels/label_teachers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/listener.h"
#include "options/option_names.h"
#include "run_folder/fingerprint.h"
#include "teacher/outputs.h"
#include "train/own_teacher.h"

dc3_status dc3_label_teachers_find(const dc3_label_options *o, dc3_label_teachers *t)
{
    char *own = o->teacher ? NULL : dc3_own_teacher_find(o->run);
    if (!o->teacher && !own)
        return dc3_fail_setting(
            "teacher", "expected a classifier's file, found none, and no teacher.safetensors in %s", o->run);
    if (o->teacher) return dc3_teacher_list_read(o->teacher, &t->list);
    t->list.paths[t->list.count++] = own;
    return DC3_OK;
}

/* One of them; its classes. */
static dc3_status open_one(const dc3_label_options *o, int k, int side, const json_t *names,
                           dc3_label_teachers *t)
{
    dc3_teacher *one = &t->of[k];
    const char *path = t->list.paths[k];
    int size = t->list.count == 1 ? o->size : 0; /* several see views at their own */
    DC3_TRY(dc3_teacher_open(path, o->arch, size, side, o->threads, one));
    dc3_teacher_outputs outputs = {path, o->teacher_classes, o->run, names, &o->listener};
    DC3_TRY(dc3_teacher_choose_outputs(&outputs, one->net, &one->classes));
    return dc3_teacher_check_classes(one->info, path, (int64_t)json_array_size(names), o->run);
}

/* The size of the views, and at which each teacher sees them. */
static dc3_status find_sizes(const dc3_label_options *o, dc3_label_teachers *t)
{
    t->nets.count = t->list.count;
    t->size = t->of[0].size;
    for (int k = 0; k < t->list.count; k++) t->nets.nets[k] = t->of[k].net;
    if (t->list.count == 1) return DC3_OK;
    if (o->size && (o->size < DC3_TEACHER_LEAST_SIZE || o->size > DC3_TEACHER_MOST_SIZE))
        return dc3_fail_setting("teacher_size", "expected %d to %d pixels, found %d", DC3_TEACHER_LEAST_SIZE,
                                DC3_TEACHER_MOST_SIZE, o->size);
    if (o->size) t->size = o->size;
    for (int k = 0; k < t->list.count; k++)
        t->nets.sizes[k] = t->of[k].size = dc3_teacher_sees(t->of[k].info, t->size);
    return DC3_OK;
}

dc3_status dc3_label_teachers_open(const dc3_label_options *o, int side, const json_t *names,
                                   dc3_label_teachers *t)
{
    for (int k = 0; k < t->list.count; k++) DC3_TRY(open_one(o, k, side, names, t));
    return find_sizes(o, t);
}

void dc3_label_teachers_close(dc3_label_teachers *t)
{
    for (int k = 0; k < t->list.count; k++) dc3_teacher_close(&t->of[k]);
    dc3_teacher_list_free(&t->list);
}

dc3_status dc3_label_teachers_check(dc3_label_teachers *t, const dc3_teacher_check *check,
                                    const dc3_teacher_sample *sample)
{
    char text[DC3_ACCURACY_TEXT];
    dc3_mean_answers mean = {0};
    dc3_teacher_sample all = *sample;
    int several = t->list.count > 1;
    dc3_status status = DC3_OK;
    if (several) all.mean = &mean;
    for (int k = 0; status == DC3_OK && k < t->list.count; k++) {
        dc3_teacher_check one = *check;
        one.path = t->list.paths[k], one.several = several;
        status = dc3_teacher_check_all(&t->of[k], &one, NULL, &all);
    }
    dc3_teacher_accuracy accuracy = dc3_mean_answers_accuracy(&mean, sample->on);
    if (status == DC3_OK && several)
        dc3_listener_say(check->listener, "the teachers' averaged logits: %s",
                         dc3_teacher_accuracy_text(&accuracy, text));
    dc3_mean_answers_free(&mean);
    return status;
}

void dc3_label_teachers_describe(const dc3_label_teachers *t, json_t *info)
{
    char text[DC3_ENSEMBLE_MOST * 32] = "";
    json_t *all = json_array();
    for (int k = 0; k < t->list.count; k++) {
        const dc3_teacher *one = &t->of[k];
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s", k ? ", " : "", one->info->arch);
        json_array_append_new(all, json_pack("{s:s, s:o, s:i}", "arch", one->info->arch, "fingerprint",
                                             dc3_fingerprint(t->list.paths[k]), "size", one->size));
    }
    json_object_set_new(info, "teacher", json_string(text));
    json_object_set_new(info, "teacher_fingerprint", dc3_teacher_list_fingerprint(&t->list));
    if (t->list.count > 1) json_object_set(info, "teachers", all);
    json_decref(all);
}

dc3_status dc3_label_teachers_measure(dc3_label_teachers *t, const dc3_listener *listener, double *seconds)
{
    double each[DC3_ENSEMBLE_MOST];
    *seconds = 0;
    for (int k = 0; k < t->list.count; k++) {
        DC3_TRY(dc3_teacher_measure(&t->of[k], &each[k]));
        *seconds += each[k];
    }
    for (int k = 0; k < t->list.count; k++) {
        char sees[60] = "";
        const dc3_teacher *one = &t->of[k];
        if (one->size != t->size) snprintf(sees, sizeof sees, ", which it sees at %d", one->size);
        dc3_listener_say(listener, "teacher %s: %.1f M parameters, views of %d px%s", one->info->arch,
                         one->info->parameters * 1e-6, t->size, sees);
        dc3_report_names(listener, t->list.paths[k], one->net);
    }
    for (int k = 1; k < t->list.count; k++) dc3_ctx_close(&t->of[k].ctx); /* labelling has the first one's */
    return DC3_OK;
}

static dc3_status run(const void *network, dc3_ctx *ctx, int n, float *views, float *const values[2])
{
    const dc3_label_teachers *t = network;
    int64_t logits = n * t->of[0].info->classes;
    size_t room = dc3_ensemble_room(&t->nets, n, t->size, DC3_F32);
    char *memory = malloc(room + (size_t)t->list.count * (size_t)logits * sizeof(float));
    float *each = memory ? (float *)(void *)(memory + room) : NULL;
    if (!each) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_ctx_clear(ctx);
    dc3_classifier_normalise((int64_t)n * t->size * t->size, views);
    dc3_status status = dc3_ensemble_logits(&t->nets, ctx, n, t->size, views, room ? memory : NULL, each);
    if (status == DC3_OK) dc3_ensemble_mean(&t->nets, logits, each, values[0]);
    free(memory);
    return status;
}

dc3_look dc3_label_teachers_look(const dc3_label_teachers *t)
{
    dc3_ctx *ctx = t->of[0].ctx;
    return (dc3_look){.ctx = ctx,
                      .rows = DC3_TEACHER_BATCH,
                      .pixels = (int64_t)t->size * t->size * 3,
                      .widths = {t->of[0].info->classes, 0},
                      .bytes = dc3_ensemble_bytes(&t->nets, ctx, DC3_TEACHER_BATCH, t->size),
                      .network = t,
                      .run = run};
}
