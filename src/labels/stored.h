/* What stored soft labels say of their images, and of how their views were drawn. */
#ifndef DC3_LABELS_STORED_H
#define DC3_LABELS_STORED_H

#include "io/dataset.h"
#include "labels/soft_labels.h"
#include "learn/recipe.h"

/* DC3_ERR_FORMAT unless the labels in the file `path` are of these images. */
dc3_status dc3_stored_check_images(const dc3_soft_labels *labels, const char *path, const dc3_dataset *data);

/* The values with which the views were drawn; those of the recipe that are about views. */
typedef struct dc3_stored_drawing {
    uint64_t seed;
    int64_t batch; /* images that were mixed with each other */
    int factor;
    const json_t *views, *images; /* of the labels' info, the numbers with which they were drawn; NULL: their
                                     own */
} dc3_stored_drawing;
dc3_status dc3_stored_read_drawing(const dc3_soft_labels *labels, const char *path,
                                   dc3_stored_drawing *drawing, dc3_recipe *recipe);

/* How a view of an image is made: what is stored, and operations that follow from the seed. The partner is an
 * image's number. */
dc3_view_params dc3_stored_view(const dc3_soft_labels *labels, const dc3_stored_drawing *drawing,
                                const dc3_recipe *recipe, int64_t view, int64_t image);

#endif
