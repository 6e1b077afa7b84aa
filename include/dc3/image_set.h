/* The images of a dataset in memory, one by one; and the views of them that soft labels are stored of. */
#ifndef DC3_IMAGE_SET_H
#define DC3_IMAGE_SET_H

#include <stdint.h>
#include "dc3/export.h"
#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A dataset that is listed: a folder that dc3_condense or dc3_generate made, whose images these are, or any
 * other that dc3 reads. Classes are numbered in the order of their names' bytes, images by class and then by
 * key. Any threads may use it at once. */
typedef struct dc3_image_set dc3_image_set;

/* Decodes nothing. DC3_ERR_IO or DC3_ERR_FORMAT where there is no dataset, DC3_ERR_FORMAT where the folder
 * says that it is not complete; *set is NULL then. */
DC3_API dc3_status dc3_image_set_open(const char *data, dc3_image_set **set);
/* Accepts NULL and a pointer to NULL; nulls the pointer. */
DC3_API void dc3_image_set_close(dc3_image_set **set);

/* Of NULL 0. */
DC3_API int64_t dc3_image_set_count(const dc3_image_set *set);
DC3_API int dc3_image_set_classes(const dc3_image_set *set);
/* The set's own texts, as the file system has their bytes; NULL for a number that is none. The key of an
 * image is its path below the dataset's folder, or "shard.tar/member". */
DC3_API const char *dc3_image_set_class_name(const dc3_image_set *set, int label);
DC3_API const char *dc3_image_set_key(const dc3_image_set *set, int64_t image);
/* The class of an image, from 0 on; -1 for a number that is none. */
DC3_API int dc3_image_set_label(const dc3_image_set *set, int64_t image);

/* Decodes an image at its own size: *pixels [height, width, 3], 8 bits each of red, green and blue (sRGB),
 * which the caller frees; NULL on failure. DC3_ERR_ARGUMENT for a number that is none, DC3_ERR_IO,
 * DC3_ERR_FORMAT. */
DC3_API dc3_status dc3_image_set_read(const dc3_image_set *set, int64_t image, int *height, int *width,
                                      uint8_t **pixels);

/* The soft labels that dc3_label stored of a set of images. One call at a time may use it. Views of images
 * that are PNG, JPEG, WebP or Netpbm may be made in a process that was forked after other calls of the
 * library, too: no thread is needed for them. Other images need libvips, and there DC3_ERR_UNSUPPORTED comes
 * back where it was started before the fork. */
typedef struct dc3_label_set dc3_label_set;

/* data: as dc3_image_set_open; file: of the labels, NULL: DATA/soft_labels.safetensors. DC3_ERR_FORMAT where
 * the labels are of other images. */
DC3_API dc3_status dc3_label_set_open(const char *data, const char *file, dc3_label_set **set);
/* Accepts NULL and a pointer to NULL; nulls the pointer. */
DC3_API void dc3_label_set_close(dc3_label_set **set);

typedef struct dc3_label_set_info {
    int64_t images, classes;
    int64_t views;      /* of each image */
    int64_t top_k;      /* logits that are stored of a view; 0: all */
    int bits;           /* of a stored logit */
    int size;           /* of a view's side, pixels */
    int batch;          /* images that were mixed with each other */
    double temperature; /* at which top_k preserves the probabilities */
} dc3_label_set_info;

/* All zero for NULL. */
DC3_API dc3_label_set_info dc3_label_set_describe(const dc3_label_set *set);
/* The images that they are of, the labels' own; NULL for NULL. */
DC3_API const dc3_image_set *dc3_label_set_images(const dc3_label_set *set);

/* A view that shows two images. */
typedef struct dc3_label_mix {
    int64_t partner; /* the image that its box shows; the view's own where it is not mixed */
    double share;    /* of the view that shows its own image, 0 to 1 */
} dc3_label_mix;

/* View number `view` of image number `image`, as dc3_evaluate shows it to students: pixels [size, size, 3] in
 * [0, 1], not normalised, and the teacher's logits [classes] of it; memory of the caller, each of the three
 * may be NULL. DC3_ERR_ARGUMENT for numbers that are none, and as dc3_image_set_read. */
DC3_API dc3_status dc3_label_set_view(dc3_label_set *set, int64_t view, int64_t image, float *pixels,
                                      float *logits, dc3_label_mix *mix);

#ifdef __cplusplus
}
#endif
#endif
