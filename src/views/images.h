/* The images of a labelled dataset as bytes: held in memory where they fit, otherwise decoded batch by
 * batch; the interface and the pixels are the same either way. An image is named by its number in the
 * dataset, or where a part of it is chosen by its place there. */
#ifndef DC3_LEARN_IMAGES_H
#define DC3_LEARN_IMAGES_H

#include "io/dataset.h"

typedef struct dc3_images dc3_images;

typedef enum dc3_images_how {
    DC3_IMAGES_FIT,  /* [size, size, 3], as `fit` says */
    DC3_IMAGES_TEST, /* [size, size, 3] by dc3_test_image */
    DC3_IMAGES_OWN   /* each at its own size; `size` is not read */
} dc3_images_how;

typedef struct dc3_images_options {
    dc3_images_how how;
    int size; /* pixels of a side, 1 to 32768; of test images 7 or more */
    dc3_fit fit;
    const int64_t *items; /* [count] numbers in the dataset, ascending, which must stay; NULL: all of it */
    int64_t count;
    int threads;      /* that decode, 1 or more; the result does not depend on it */
    size_t max_bytes; /* of images held in memory; 0: a third of dc3_memory_limit, since
                         images to train on and to test on are held at a time */
    void *user;       /* of the calls, which come from the calling thread and may be NULL */
    /* An image that cannot be read; once for each. */
    void (*skipped)(void *user, const char *key, const char *reason);
    void (*progress)(void *user, int64_t done, int64_t total); /* of the reading at the start */
} dc3_images_options;

/* Reads the dataset, which must stay open as long as the images. Where they take more than max_bytes,
 * nothing is held. DC3_ERR_FORMAT where none can be read, DC3_ERR_ARGUMENT for a size out of range,
 * DC3_ERR_CANCELLED. */
dc3_status dc3_images_open(const dc3_dataset *dataset, const dc3_images_options *options,
                           dc3_images **images);
/* Accepts NULL; nulls. */
void dc3_images_close(dc3_images **images);

/* All that were chosen, also those that cannot be read: they are named 0..count-1. */
int64_t dc3_images_count(const dc3_images *images);
int dc3_images_label(const dc3_images *images, int64_t item);
/* 1 if they are held in memory. */
int dc3_images_held(const dc3_images *images);
/* Bytes that all of them take, held or not; of images at their own size that are not held 0. */
size_t dc3_images_bytes(const dc3_images *images);

/* Pixels [height, width, 3], owned by the images. */
typedef struct dc3_loaded_image {
    const uint8_t *pixels;
    int width, height;
    int64_t item;
} dc3_loaded_image;

/* Those of the n items that can be read, in the given order, into batch [n]; their number, 0 to n, in *count.
 * They stay valid until the next call, or if all are held until the end. Decodes in parallel where they are
 * not held. DC3_ERR_ARGUMENT where a batch alone is more than max_bytes; DC3_ERR_CANCELLED. */
dc3_status dc3_images_batch(dc3_images *images, int64_t n, const int64_t *items, dc3_loaded_image *batch,
                            int64_t *count);
/* One of them, by any thread: its pixels are held, or decoded into *own, which the caller frees in any case
 * (dc3_image_free). Fails with "KEY: reason" for one that cannot be read. */
dc3_status dc3_images_one(const dc3_images *images, int64_t item, dc3_image *own, dc3_loaded_image *image);

#endif
