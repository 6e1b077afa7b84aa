/* Soft labels: a teacher's logits of each batch of views. It runs in its own context, which keeps no tape. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "evaluate/label_sources.h"
#include "teacher/check.h"
#include "teacher/classes.h"
#include "teacher/outputs.h"
#include "teacher/own_teacher.h"
#include "teacher/teacher.h"

typedef struct soft {
    dc3_label_source common;
    dc3_classifier *teacher;
    float *logits; /* [batch, classes] */
    json_t *names; /* of the classes */
    dc3_teacher_check check;
} soft;

static dc3_status start(dc3_label_source *source, const dc3_score *score)
{
    soft *s = (soft *)source;
    const dc3_classifier_info *info = dc3_classifier_describe(s->teacher);
    if (info->size && info->size != score->size)
        return dc3_fail_setting("size", "the teacher, %s %s, takes %lld pixels only, found %d",
                                dc3_text_article(info->arch), info->arch, (long long)info->size, score->size);
    source->size = score->size;
    source->factor = score->factor;
    s->logits = malloc((size_t)score->batch * (size_t)source->classes * sizeof *s->logits);
    return s->logits ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

static dc3_status accuracy(dc3_label_source *source, dc3_tests *tests, double *top1)
{
    soft *s = (soft *)source;
    dc3_teacher_accuracy found = {.images = dc3_images_count(tests->images) - tests->unreadable,
                                  .on = "test images"};
    DC3_TRY(dc3_tests_score_teacher(tests, source->ctx, s->teacher, source->path, top1));
    found.top1 = *top1;
    s->check.data = source->options->val;
    DC3_TRY(dc3_teacher_check_accuracy(&s->check, &found, dc3_largest_share(tests->dataset)));
    source->doubted = s->check.doubted;
    return DC3_OK;
}

static dc3_status logits(dc3_label_source *source, const dc3_label_batch *batch, const float **to)
{
    soft *s = (soft *)source;
    dc3_ctx *ctx = source->ctx;
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor embedding, x = dc3_view((void *)(uintptr_t)batch->views, source->dtype, 4,
                                       (int64_t[]){batch->n, source->size, source->size, 3});
    dc3_tensor z =
        dc3_cast(ctx, dc3_classifier_of(ctx, s->teacher, dc3_on_device(ctx, x), &embedding), DC3_F32);
    dc3_download(ctx, z, s->logits);
    dc3_status status = dc3_ctx_status(ctx);
    dc3_scope_close(ctx, scope);
    dc3_ctx_clear(ctx);
    *to = s->logits;
    return status;
}

static void release(dc3_label_source *source)
{
    soft *s = (soft *)source;
    dc3_classifier_close(&s->teacher);
    dc3_ctx_close(&source->ctx);
    free(s->logits);
    json_decref(s->names);
}

/* Their number, and their names where the teacher's file has some. */
static dc3_status check_classes(soft *s, json_t **known)
{
    const dc3_label_source *common = &s->common;
    const dc3_evaluate_options *o = common->options;
    const char *path = o->teacher ? o->teacher : "teacher.safetensors";
    s->names = dc3_run_class_names(o->data, common->data);
    s->check = (dc3_teacher_check){.path = path,
                                   .data = o->data,
                                   .names = s->names,
                                   .own = !o->teacher,
                                   .any = o->any_teacher,
                                   .listener = &o->listener};
    dc3_teacher_outputs outputs = {path, o->teacher_classes, o->data, s->names, &o->listener};
    DC3_TRY(dc3_teacher_choose_outputs(&outputs, s->teacher, known));
    DC3_TRY(dc3_teacher_check_classes(dc3_classifier_describe(s->teacher), path, common->classes, o->data));
    return dc3_teacher_check_names(&s->check, *known);
}

static dc3_status open_teacher(soft *s)
{
    dc3_label_source *common = &s->common;
    const dc3_evaluate_options *o = common->options;
    common->path = o->teacher ? strdup(o->teacher) : dc3_own_teacher_find(o->data);
    if (!common->path)
        return dc3_fail_about("labels",
                              "%s soft: expected %s and a classifier's file, found none, and no "
                              "teacher.safetensors in %s",
                              dc3_setting("labels"), dc3_setting("teacher"), o->data);
    dc3_run_teacher_warn(o->data, common->path, &o->listener);
    json_t *known = NULL;
    dc3_teacher_accuracy training;
    dc3_status status = dc3_teacher_read(common->path, NULL, &s->teacher, &known, &training);
    if (status == DC3_OK) status = check_classes(s, &known);
    json_decref(known);
    DC3_TRY(status);
    const dc3_classifier_info *info = dc3_classifier_describe(s->teacher);
    snprintf(common->teacher, sizeof common->teacher, "%s", info->arch);
    common->size = (int)info->trained;
    common->parameters = info->parameters;
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
    return open_teacher(s);
}
