/* Stored soft labels for programs: views are made one by one, as students see them. */
#include <stdlib.h>
#include <string.h>
#include "api/image_set.h"
#include "base/call.h"
#include "base/file.h"
#include "base/options.h"
#include "labels/stored.h"

struct dc3_label_set {
    dc3_image_set *images;
    char *path;
    dc3_soft_labels labels;
    dc3_stored_drawing drawing;
    dc3_recipe recipe;
    dc3_augmenter *augmenter;
};

static dc3_status open_parts(const char *data, const char *file, dc3_label_set *set)
{
    DC3_TRY(dc3_image_set_open(data, &set->images));
    set->path = file ? strdup(file) : dc3_path_join(data, "soft_labels.safetensors");
    if (!set->path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    DC3_TRY(dc3_soft_labels_open(set->path, &set->labels));
    DC3_TRY(dc3_stored_check_images(&set->labels, set->path, set->images->dataset));
    DC3_TRY(dc3_stored_read_drawing(&set->labels, set->path, &set->drawing, &set->recipe));
    return dc3_augmenter_open(
        &(dc3_augment_options){.size = set->labels.size, .dtype = DC3_F32, .threads = 1}, &set->augmenter);
}

dc3_status dc3_label_set_open(const char *data, const char *file, dc3_label_set **out)
{
    DC3_TRY(dc3_place_need("set", out));
    *out = NULL;
    DC3_CALL_SCOPE(NULL);
    dc3_label_set *set = calloc(1, sizeof *set);
    if (!set) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = open_parts(data, file, set);
    if (status == DC3_OK)
        *out = set;
    else
        dc3_label_set_close(&set);
    return status;
}

void dc3_label_set_close(dc3_label_set **set)
{
    if (!set || !*set) return;
    dc3_augmenter_close(&(*set)->augmenter);
    dc3_soft_labels_free(&(*set)->labels);
    dc3_image_set_close(&(*set)->images);
    free((*set)->path);
    free(*set);
    *set = NULL;
}

dc3_label_set_info dc3_label_set_describe(const dc3_label_set *set)
{
    if (!set) return (dc3_label_set_info){0};
    const dc3_soft_labels *l = &set->labels;
    return (dc3_label_set_info){.images = l->n,
                                .classes = l->classes,
                                .views = l->views,
                                .top_k = l->top_k,
                                .bits = l->bits,
                                .size = l->size,
                                .batch = (int)set->drawing.batch,
                                .temperature = json_number_value(json_object_get(l->info, "temperature"))};
}

const dc3_image_set *dc3_label_set_images(const dc3_label_set *set)
{
    return set ? set->images : NULL;
}

/* Whether the view shows anything of its partner's. */
static int is_mixed(const dc3_view_params *params, int64_t image)
{
    return params->partner != image && params->x1 > params->x0 && params->y1 > params->y0;
}

/* The view and its partner's are a batch of two, of which the first is made; one that shows its own image
 * alone is a batch of one. */
static dc3_status make(dc3_label_set *set, int64_t view, const int64_t items[2], float *pixels)
{
    dc3_image own[2] = {{0}, {0}};
    dc3_loaded_image images[2];
    dc3_view_params params[2];
    int count = 1 + is_mixed(&set->labels.params[view * set->labels.n + items[0]], items[0]);
    dc3_status status = DC3_OK;
    for (int k = 0; status == DC3_OK && k < count; k++) {
        params[k] = dc3_stored_view(&set->labels, &set->drawing, &set->recipe, view, items[k]);
        params[k].partner = count - 1;
        status = dc3_dataset_read(set->images->dataset, items[k], 0, 0, DC3_FIT_CROP, &own[k]);
        if (status != DC3_OK)
            status = dc3_fail_in(status, "%s", dc3_dataset_key(set->images->dataset, items[k]));
        images[k] = (dc3_loaded_image){own[k].pixels, own[k].width, own[k].height, items[k]};
    }
    if (status == DC3_OK) status = dc3_augment_first(set->augmenter, count, 1, images, params, pixels);
    for (int k = 0; k < count; k++) dc3_image_free(&own[k]);
    return status;
}

dc3_status dc3_label_set_view(dc3_label_set *set, int64_t view, int64_t image, float *pixels, float *logits,
                              dc3_label_mix *mix)
{
    if (!set) return dc3_fail(DC3_ERR_ARGUMENT, "set: expected one that is open, found NULL");
    const dc3_soft_labels *l = &set->labels;
    if (view < 0 || view >= l->views || image < 0 || image >= l->n)
        return dc3_fail(DC3_ERR_ARGUMENT,
                        "view, image: expected numbers from 0 on below %lld and %lld, found %lld and %lld",
                        (long long)l->views, (long long)l->n, (long long)view, (long long)image);
    DC3_CALL_SCOPE(NULL);
    const dc3_view_params *params = &l->params[view * l->n + image];
    if (pixels) DC3_TRY(make(set, view, (const int64_t[]){image, params->partner}, pixels));
    if (logits) dc3_soft_labels_get(l, view, image, logits);
    if (mix) *mix = (dc3_label_mix){params->partner, dc3_view_lambda(params, l->size)};
    return DC3_OK;
}
