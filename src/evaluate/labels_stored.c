/* Stored labels: views and logits that dc3 label drew and asked for (labels/soft_labels.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "labels/stored.h"
#include "evaluate/label_sources.h"

typedef struct stored {
    dc3_label_source common;
    dc3_soft_labels labels;
    dc3_stored_drawing drawing;
    float *logits; /* [batch, classes] */
} stored;

static dc3_status start(dc3_label_source *source, const dc3_score *score)
{
    stored *s = (stored *)source;
    s->logits = malloc((size_t)score->batch * (size_t)source->classes * sizeof *s->logits);
    return s->logits ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* A partner is kept as an image's number; it is in the same batch. */
static dc3_status draw(dc3_label_source *source, const dc3_label_batch *batch)
{
    stored *s = (stored *)source;
    int64_t view = batch->epoch % source->views;
    for (int i = 0; i < batch->n; i++) {
        dc3_view_params *params = &batch->params[i];
        int64_t item = batch->images[i].item;
        *params = dc3_stored_view(&s->labels, &s->drawing, &source->recipe, view, item);
        int place = 0;
        while (place < batch->n && batch->images[place].item != params->partner) place++;
        if (place == batch->n)
            return dc3_fail(DC3_ERR_FORMAT, "stored labels: image %lld is mixed with one of another batch",
                            (long long)item);
        params->partner = place;
        dc3_soft_labels_get(&s->labels, view, item, s->logits + i * source->classes);
    }
    return DC3_OK;
}

static dc3_status logits(dc3_label_source *source, const dc3_label_batch *batch, const float **to)
{
    (void)batch;
    *to = ((stored *)source)->logits;
    return DC3_OK;
}

static void release(dc3_label_source *source)
{
    stored *s = (stored *)source;
    dc3_soft_labels_free(&s->labels);
    free(s->logits);
}

/* How the views were drawn. */
static dc3_status read_info(stored *s)
{
    dc3_label_source *common = &s->common;
    const json_t *info = s->labels.info;
    const char *teacher = json_string_value(json_object_get(info, "teacher"));
    DC3_TRY(dc3_stored_read_drawing(&s->labels, common->path, &s->drawing, &common->recipe));
    common->batch = s->drawing.batch;
    common->seed = s->drawing.seed;
    common->size = s->labels.size;
    common->factor = s->drawing.factor;
    common->views = s->labels.views;
    common->images = json_object_get(info, "stored");
    common->taught = json_object_get(info, "teacher_fingerprint");
    json_t *teachers = json_object_get(info, "teachers");
    if (json_array_size(teachers) > 1) {
        common->teachers = json_incref(teachers);
        teacher = json_string_value(json_object_get(json_array_get(teachers, 0), "arch"));
    }
    snprintf(common->teacher, sizeof common->teacher, "%s", teacher ? teacher : "");
    return DC3_OK;
}

static dc3_status open_file(stored *s)
{
    dc3_label_source *common = &s->common;
    const dc3_evaluate_options *o = common->options;
    common->path = o->stored ? strdup(o->stored) : dc3_path_join(o->data, "soft_labels.safetensors");
    if (!common->path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = dc3_soft_labels_open(common->path, &s->labels);
    if (status == DC3_ERR_IO && dc3_path_what(common->path) == DC3_PATH_MISSING)
        return dc3_fail(status,
                        "%s stored: expected soft labels in %s, found nothing there; dc3 label makes "
                        "them",
                        dc3_setting("labels"), common->path);
    DC3_TRY(status);
    DC3_TRY(dc3_stored_check_images(&s->labels, common->path, common->data));
    return read_info(s);
}

dc3_status dc3_labels_stored_open(const dc3_label_source *common, dc3_label_source **source)
{
    static const dc3_label_functions functions = {start, NULL, draw, logits, release};
    stored *s = calloc(1, sizeof *s);
    if (!s) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    s->common = *common;
    s->common.functions = &functions;
    s->common.setting = "labels_file";
    *source = &s->common;
    return open_file(s);
}
