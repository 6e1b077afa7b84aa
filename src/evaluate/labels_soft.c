/* Soft labels: a teacher's logits of each batch of views, or the averaged ones of several. They run in a
 * context of their own, which keeps no tape. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "evaluate/label_sources.h"
#include "run_folder/fingerprint.h"
#include "teacher/check.h"
#include "teacher/classes.h"
#include "teacher/outputs.h"
#include "train/own_teacher.h"
#include "teacher/teacher.h"
#include "teacher/teacher_list.h"

typedef struct soft {
    dc3_label_source common;
    dc3_teacher_list list;
    dc3_ensemble nets;
    float *logits; /* [teachers, batch, classes] */
    void *room;    /* of views at another size (learn/ensemble.h) */
    json_t *names; /* of the classes */
    dc3_teacher_check check[DC3_ENSEMBLE_MOST];
} soft;

/* A single one sees views as they are, several at their own sizes. */
static dc3_status find_sizes(soft *s, const dc3_score *score)
{
    const dc3_classifier_info *info = dc3_classifier_describe(s->nets.nets[0]);
    if (s->nets.count == 1 && info->size && info->size != score->size)
        return dc3_fail_setting("size", "the teacher, %s %s, takes %lld pixels only, found %d",
                                dc3_text_article(info->arch), info->arch, (long long)info->size, score->size);
    for (int k = 0; s->nets.count > 1 && k < s->nets.count; k++) {
        s->nets.sizes[k] = dc3_teacher_sees(dc3_classifier_describe(s->nets.nets[k]), score->size);
        json_object_set_new(json_array_get(s->common.teachers, (size_t)k), "size",
                            json_integer(s->nets.sizes[k]));
    }
    return DC3_OK;
}

static dc3_status start(dc3_label_source *source, const dc3_score *score)
{
    soft *s = (soft *)source;
    DC3_TRY(find_sizes(s, score));
    size_t room = dc3_ensemble_room(&s->nets, score->batch, score->size, source->dtype);
    source->size = score->size;
    source->factor = score->factor;
    source->room = room;
    s->logits =
        malloc((size_t)s->nets.count * (size_t)score->batch * (size_t)source->classes * sizeof *s->logits);
    if (room) s->room = malloc(room);
    return s->logits && (s->room || !room) ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

static dc3_status accuracy(dc3_label_source *source, dc3_tests *tests, double *top1)
{
    soft *s = (soft *)source;
    double each[DC3_ENSEMBLE_MOST];
    dc3_teacher_accuracy found = {.images = dc3_images_count(tests->images) - tests->unreadable,
                                  .on = "test images"};
    DC3_TRY(dc3_tests_score_teachers(tests, source->ctx, &s->nets, source->path, each, top1));
    for (int k = 0; k < s->nets.count; k++) {
        found.top1 = each[k];
        s->check[k].data = source->options->val;
        DC3_TRY(dc3_teacher_check_accuracy(&s->check[k], &found, dc3_largest_share(tests->dataset)));
        source->doubted |= s->check[k].doubted;
        json_object_set_new(json_array_get(source->teachers, (size_t)k), "top1", json_real(each[k]));
    }
    return DC3_OK;
}

static dc3_status logits(dc3_label_source *source, const dc3_label_batch *batch, const float **to)
{
    soft *s = (soft *)source;
    DC3_TRY(
        dc3_ensemble_logits(&s->nets, source->ctx, batch->n, source->size, batch->views, s->room, s->logits));
    dc3_ensemble_mean(&s->nets, batch->n * source->classes, s->logits, s->logits);
    *to = s->logits;
    return DC3_OK;
}

static void release(dc3_label_source *source)
{
    soft *s = (soft *)source;
    for (int k = 0; k < s->nets.count; k++) dc3_classifier_close(&s->nets.nets[k]);
    dc3_ctx_close(&source->ctx);
    dc3_teacher_list_free(&s->list);
    free(s->logits);
    free(s->room);
    json_decref(s->names);
}

/* Their number, and their names where the teacher's file has some. */
static dc3_status check_classes(soft *s, int k, json_t **known)
{
    const dc3_label_source *common = &s->common;
    const dc3_evaluate_options *o = common->options;
    const char *path = o->teacher ? s->list.paths[k] : "teacher.safetensors";
    dc3_classifier *net = s->nets.nets[k];
    s->check[k] = (dc3_teacher_check){.path = path,
                                      .data = o->data,
                                      .names = s->names,
                                      .own = !o->teacher,
                                      .any = o->any_teacher,
                                      .listener = &o->listener};
    dc3_teacher_outputs outputs = {path, o->teacher_classes, o->data, s->names, &o->listener};
    DC3_TRY(dc3_teacher_choose_outputs(&outputs, net, known));
    DC3_TRY(dc3_teacher_check_classes(dc3_classifier_describe(net), path, common->classes, o->data));
    return dc3_teacher_check_names(&s->check[k], *known);
}

static dc3_status open_teacher(soft *s, int k)
{
    dc3_label_source *common = &s->common;
    const char *path = s->list.paths[k];
    json_t *known = NULL;
    dc3_teacher_accuracy training;
    dc3_status status = dc3_teacher_read(path, NULL, &s->nets.nets[k], &known, &training);
    s->nets.count = k + 1;
    if (status == DC3_OK) status = check_classes(s, k, &known);
    json_decref(known);
    DC3_TRY(status);
    const dc3_classifier_info *info = dc3_classifier_describe(s->nets.nets[k]);
    common->parameters += info->parameters;
    if (k == 0) snprintf(common->teacher, sizeof common->teacher, "%s", info->arch);
    if (k == 0) common->size = (int)info->trained;
    if (s->list.count > 1)
        json_array_append_new(common->teachers,
                              json_pack("{s:o, s:s, s:o}", "file", dc3_json_text(path), "arch", info->arch,
                                        "fingerprint", dc3_fingerprint(path)));
    return DC3_OK;
}

static dc3_status open_teachers(soft *s)
{
    dc3_label_source *common = &s->common;
    const dc3_evaluate_options *o = common->options;
    common->path = o->teacher ? strdup(o->teacher) : dc3_own_teacher_find(o->data);
    if (!common->path)
        return dc3_fail_about("labels",
                              "%s soft: expected %s and a classifier's file, found none, and no "
                              "teacher.safetensors in %s",
                              dc3_setting("labels"), dc3_setting("teacher"), o->data);
    DC3_TRY(dc3_teacher_list_read(common->path, &s->list));
    dc3_run_teachers_warn(o->data, &s->list, &o->listener);
    s->names = dc3_run_class_names(o->data, common->data);
    if (s->list.count > 1) common->teachers = json_array();
    for (int k = 0; k < s->list.count; k++) DC3_TRY(open_teacher(s, k));
    return dc3_ctx_open(NULL, common->dtype, o->threads, DC3_CTX_FAST, &common->ctx);
}

dc3_status dc3_labels_soft_open(const dc3_label_source *common, dc3_label_source **source)
{
    static const dc3_label_functions functions = {start, accuracy, dc3_labels_draw, logits, release};
    soft *s = calloc(1, sizeof *s);
    if (!s) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    s->common = *common;
    s->common.functions = &functions;
    s->common.setting = "teacher";
    *source = &s->common;
    return open_teachers(s);
}
