#include "labels/stored.h"

#include <stdlib.h>
#include "base/text.h"
#include <string.h>
#include "views/rand_augment.h"

dc3_status dc3_stored_check_images(const dc3_soft_labels *labels, const char *path, const dc3_dataset *data)
{
    int64_t n = dc3_dataset_size(data), classes = dc3_dataset_classes(data);
    json_t *files = json_object_get(labels->info, "files");
    if (labels->n != n || labels->classes != classes)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: expected labels of %lld image%s in %lld class%s, found %lld in %lld", path,
                        (long long)n, dc3_s(n), (long long)classes, dc3_es(classes), (long long)labels->n,
                        (long long)labels->classes);
    for (int64_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_array_get(files, (size_t)i));
        if (!name || strcmp(name, dc3_dataset_key(data, i)) != 0)
            return dc3_fail(DC3_ERR_FORMAT,
                            "%s: image %lld is '%.100s', expected '%.100s'; give dc3 label again", path,
                            (long long)i, name ? name : "", dc3_dataset_key(data, i));
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

dc3_status dc3_stored_read_drawing(const dc3_soft_labels *labels, const char *path,
                                   dc3_stored_drawing *drawing, dc3_recipe *recipe)
{
    const json_t *info = labels->info;
    const char *seed = json_string_value(json_object_get(info, "seed"));
    drawing->batch = json_integer_value(json_object_get(info, "batch"));
    if (!seed || drawing->batch < 1)
        return dc3_fail(DC3_ERR_FORMAT, "%s: expected the seed and the batch that the views were drawn with",
                        path);
    drawing->seed = strtoull(seed, NULL, 10);
    drawing->factor = (int)json_integer_value(json_object_get(info, "factor"));
    drawing->views = json_object_get(info, "views_drawn");
    drawing->images = json_object_get(info, "images_drawn");
    if ((drawing->views && json_array_size(drawing->views) != (size_t)labels->views) ||
        (drawing->images && json_array_size(drawing->images) != (size_t)labels->n))
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: expected views_drawn of %lld views and images_drawn of %lld images", path,
                        (long long)labels->views, (long long)labels->n);
    return read_recipe(info, path, recipe);
}

static int64_t number_of(const json_t *drawn, int64_t i)
{
    return drawn ? json_integer_value(json_array_get(drawn, (size_t)i)) : i;
}

dc3_view_params dc3_stored_view(const dc3_soft_labels *labels, const dc3_stored_drawing *drawing,
                                const dc3_recipe *recipe, int64_t view, int64_t image)
{
    dc3_view_params params = labels->params[view * labels->n + image];
    if (recipe->rand_ops)
        dc3_draw_rand_augment(drawing->seed, number_of(drawing->views, view),
                              number_of(drawing->images, image), recipe->rand_ops, recipe->rand_strength,
                              &params);
    return params;
}
