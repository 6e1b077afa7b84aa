/* Soft labels: a teacher's logits of each batch of views. It runs in its own context, which keeps no tape. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "evaluate/label_sources.h"
#include "teacher/own_teacher.h"
#include "teacher/teacher.h"

typedef struct soft {
    dc3_label_source common;
    dc3_classifier *teacher;
    dc3_ctx *ctx;
    float *logits; /* [batch, classes] */
} soft;

static dc3_status start(dc3_label_source *source, const dc3_score *score)
{
    soft *s = (soft *)source;
    const dc3_classifier_info *info = dc3_classifier_describe(s->teacher);
    if (info->size && info->size != score->size)
        return dc3_fail_setting("size", "the teacher, a %s, takes %lld pixels only, found %d", info->arch,
                                (long long)info->size, score->size);
    source->size = score->size;
    source->factor = score->factor;
    s->logits = malloc((size_t)score->batch * (size_t)source->classes * sizeof *s->logits);
    return s->logits ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

static dc3_status accuracy(dc3_label_source *source, dc3_tests *tests, double *top1)
{
    soft *s = (soft *)source;
    return dc3_tests_score_teacher(tests, s->ctx, s->teacher, source->path, top1);
}

static dc3_status target(dc3_label_source *source, const dc3_label_batch *batch, dc3_target *to)
{
    soft *s = (soft *)source;
    dc3_scope scope = dc3_scope_open(s->ctx);
    dc3_tensor embedding, x = dc3_view((void *)(uintptr_t)batch->views, source->dtype, 4,
                                       (int64_t[]){batch->n, source->size, source->size, 3});
    dc3_tensor z = dc3_cast(
        s->ctx, dc3_classifier_of(s->ctx, s->teacher, dc3_on_device(s->ctx, x), &embedding), DC3_F32);
    dc3_download(s->ctx, z, s->logits);
    dc3_status status = dc3_ctx_status(s->ctx);
    dc3_scope_close(s->ctx, scope);
    dc3_ctx_clear(s->ctx);
    *to = (dc3_target){.logits = s->logits, .temperature = (float)source->temperature};
    return status;
}

static void release(dc3_label_source *source)
{
    soft *s = (soft *)source;
    dc3_classifier_close(&s->teacher);
    dc3_ctx_close(&s->ctx);
    free(s->logits);
}

static dc3_status open_teacher(soft *s)
{
    dc3_label_source *common = &s->common;
    const dc3_evaluate_options *o = common->options;
    dc3_table *table = NULL;
    common->path = o->teacher ? strdup(o->teacher) : dc3_own_teacher_find(o->data);
    if (!common->path)
        return dc3_fail_about("labels",
                              "%s soft: expected %s and a classifier's file, found none, and no "
                              "teacher.safetensors in %s",
                              dc3_setting("labels"), dc3_setting("teacher"), o->data);
    DC3_TRY(dc3_teacher_weights(common->path, &table));
    DC3_TRY(dc3_classifier_open(NULL, NULL, &table, &s->teacher));
    const dc3_classifier_info *info = dc3_classifier_describe(s->teacher);
    DC3_TRY(dc3_teacher_check_classes(info, o->teacher ? o->teacher : "teacher.safetensors", common->classes,
                                      o->data));
    snprintf(common->teacher, sizeof common->teacher, "%s", info->arch);
    common->size = (int)info->trained;
    return dc3_ctx_open(NULL, common->dtype, o->threads, DC3_CTX_FAST, &s->ctx);
}

dc3_status dc3_labels_soft_open(const dc3_label_source *common, dc3_label_source **source)
{
    static const dc3_label_functions functions = {start, accuracy, dc3_labels_draw, target, release};
    soft *s = calloc(1, sizeof *s);
    if (!s) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    s->common = *common;
    s->common.functions = &functions;
    s->common.setting = "teacher";
    *source = &s->common;
    return open_teacher(s);
}
