/* Stored labels: views and logits that dc3 label drew and asked for (labels/soft_labels.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "learn/rand_augment.h"
#include "labels/soft_labels.h"
#include "evaluate/label_sources.h"

typedef struct stored {
    dc3_label_source common;
    dc3_soft_labels labels;
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
        *params = s->labels.params[view * source->n + item];
        int place = 0;
        while (place < batch->n && batch->images[place].item != params->partner) place++;
        if (place == batch->n)
            return dc3_fail(DC3_ERR_FORMAT, "stored labels: image %lld is mixed with one of another batch",
                            (long long)item);
        params->partner = place;
        if (source->recipe.rand_ops)
            dc3_draw_rand_augment(source->seed, view, item, source->recipe.rand_ops,
                                  source->recipe.rand_strength, params);
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

/* Stored labels name the images: they must be these. */
static dc3_status check_images(const stored *s)
{
    const dc3_label_source *common = &s->common;
    const char *path = common->path;
    json_t *files = json_object_get(s->labels.info, "files");
    if (s->labels.n != common->n || s->labels.classes != common->classes)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: expected labels of %lld images in %lld classes, found %lld in %lld", path,
                        (long long)common->n, (long long)common->classes, (long long)s->labels.n,
                        (long long)s->labels.classes);
    for (int64_t i = 0; i < common->n; i++) {
        const char *name = json_string_value(json_array_get(files, (size_t)i));
        if (!name || strcmp(name, dc3_dataset_key(common->data, i)) != 0)
            return dc3_fail(DC3_ERR_FORMAT,
                            "%s: image %lld is '%.100s', expected '%.100s'; give dc3 label again", path,
                            (long long)i, name ? name : "", dc3_dataset_key(common->data, i));
    }
    return DC3_OK;
}

/* A whole number of the file's info, `usual` where it does not say, as files of earlier versions do not. */
static int read_whole(const json_t *info, const char *key, int usual)
{
    const json_t *value = json_object_get(info, key);
    return json_is_integer(value) ? (int)json_integer_value(value) : usual;
}

/* What of the recipe was settled with the views. */
static dc3_status read_recipe(const json_t *info, const char *path, dc3_recipe *recipe)
{
    recipe->crop = json_number_value(json_object_get(info, "crop"));
    recipe->cutmix = read_whole(info, "cutmix", 1);
    recipe->rand_ops = read_whole(info, "rand_ops", 0);
    recipe->rand_strength = read_whole(info, "rand_strength", 0);
    if (recipe->crop >= 0 && recipe->crop <= 1 && recipe->rand_ops >= 0 && recipe->rand_ops <= DC3_VIEW_OPS &&
        recipe->rand_strength >= 0 && recipe->rand_strength <= DC3_RAND_STRENGTH)
        return DC3_OK;
    return dc3_fail(
        DC3_ERR_FORMAT,
        "%s: expected a crop of 0 to 1 and 0 to %d operations of strength 0 to %d, found %g, %d and %d", path,
        DC3_VIEW_OPS, DC3_RAND_STRENGTH, recipe->crop, recipe->rand_ops, recipe->rand_strength);
}

/* How the views were drawn. */
static dc3_status read_info(stored *s)
{
    dc3_label_source *common = &s->common;
    const json_t *info = s->labels.info;
    const char *seed = json_string_value(json_object_get(info, "seed")),
               *teacher = json_string_value(json_object_get(info, "teacher"));
    common->batch = json_integer_value(json_object_get(info, "batch"));
    if (!seed || common->batch < 1)
        return dc3_fail(DC3_ERR_FORMAT, "%s: expected the seed and the batch that the views were drawn with",
                        common->path);
    DC3_TRY(read_recipe(info, common->path, &common->recipe));
    common->seed = strtoull(seed, NULL, 10);
    common->size = s->labels.size;
    common->factor = (int)json_integer_value(json_object_get(info, "factor"));
    common->views = s->labels.views;
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
    DC3_TRY(check_images(s));
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
