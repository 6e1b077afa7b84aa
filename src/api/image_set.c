/* The public set of images: a dataset, of a run the images that it stored, or those that were generated. */
#include "api/image_set.h"

#include <stdlib.h>
#include "base/call.h"
#include "base/options.h"
#include "run_folder/images_place.h"

dc3_status dc3_image_set_open(const char *data, dc3_image_set **out)
{
    DC3_TRY(dc3_place_need("set", out));
    *out = NULL;
    if (!data) return dc3_fail(DC3_ERR_ARGUMENT, "data: expected a dataset, found NULL");
    DC3_CALL_SCOPE(NULL);
    dc3_images_place place = {0};
    dc3_image_set *set = calloc(1, sizeof *set);
    dc3_status status = set ? dc3_images_place_find(data, &place) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_dataset_open(place.folder, &set->dataset);
    dc3_images_place_free(&place);
    if (status == DC3_OK)
        *out = set;
    else
        free(set);
    return status;
}

void dc3_image_set_close(dc3_image_set **set)
{
    if (!set || !*set) return;
    dc3_dataset_close(&(*set)->dataset);
    free(*set);
    *set = NULL;
}

int64_t dc3_image_set_count(const dc3_image_set *set)
{
    return set ? dc3_dataset_size(set->dataset) : 0;
}

int dc3_image_set_classes(const dc3_image_set *set)
{
    return set ? dc3_dataset_classes(set->dataset) : 0;
}

const char *dc3_image_set_class_name(const dc3_image_set *set, int label)
{
    int has = label >= 0 && label < dc3_image_set_classes(set);
    return has ? dc3_dataset_class_name(set->dataset, label) : NULL;
}

const char *dc3_image_set_key(const dc3_image_set *set, int64_t image)
{
    int has = image >= 0 && image < dc3_image_set_count(set);
    return has ? dc3_dataset_key(set->dataset, image) : NULL;
}

int dc3_image_set_label(const dc3_image_set *set, int64_t image)
{
    int has = image >= 0 && image < dc3_image_set_count(set);
    return has ? dc3_dataset_label(set->dataset, image) : -1;
}

dc3_status dc3_image_set_read(const dc3_image_set *set, int64_t image, int *height, int *width,
                              uint8_t **pixels)
{
    dc3_image own;
    DC3_TRY(dc3_place_need("pixels", pixels));
    *pixels = NULL;
    if (!height || !width) return dc3_fail(DC3_ERR_ARGUMENT, "height, width: expected places, found NULL");
    const char *key = dc3_image_set_key(set, image);
    if (!key)
        return dc3_fail(DC3_ERR_ARGUMENT, "image: expected a number from 0 on below %lld, found %lld",
                        (long long)dc3_image_set_count(set), (long long)image);
    DC3_CALL_SCOPE(NULL);
    dc3_status status = dc3_dataset_read(set->dataset, image, 0, 0, DC3_FIT_CROP, &own);
    if (status != DC3_OK) return dc3_fail_in(status, "%s", key);
    *height = own.height, *width = own.width, *pixels = own.pixels;
    return DC3_OK;
}
