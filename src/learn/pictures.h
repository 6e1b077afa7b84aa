/* The pictures of a labelled dataset as bytes: held in memory where they fit, otherwise decoded batch by
 * batch; the interface and the pixels are the same either way. A picture is named by its number in the
 * dataset. */
#ifndef DC3_LEARN_PICTURES_H
#define DC3_LEARN_PICTURES_H

#include "io/dataset.h"

typedef struct dc3_pictures dc3_pictures;

typedef enum dc3_pictures_how {
    DC3_PICTURES_FIT,  /* [size, size, 3], as `fit` says */
    DC3_PICTURES_TEST, /* [size, size, 3] by dc3_test_picture */
    DC3_PICTURES_OWN   /* each at its own size; `size` is not read */
} dc3_pictures_how;

typedef struct dc3_pictures_options {
    dc3_pictures_how how;
    int size; /* pixels of a side, 1 to 32768; of test pictures 7 or more */
    dc3_fit fit;
    int threads;      /* that decode, 1 or more; the result does not depend on it */
    size_t max_bytes; /* of pictures held in memory; 0: a third of dc3_memory_limit, since
                         pictures to train on and to test on are held at a time */
    void *user;       /* of the calls, which come from the calling thread and may be NULL */
    /* A picture that cannot be read; once for each. */
    void (*skipped)(void *user, const char *key, const char *reason);
    void (*progress)(void *user, int64_t done, int64_t total); /* of the reading at the start */
} dc3_pictures_options;

/* Reads the dataset, which must stay open as long as the pictures. Where they take more than max_bytes,
 * nothing is held. DC3_ERR_FORMAT where none can be read, DC3_ERR_ARGUMENT for a size out of range,
 * DC3_ERR_CANCELLED. */
dc3_status dc3_pictures_open(const dc3_dataset *dataset, const dc3_pictures_options *options,
                             dc3_pictures **pictures);
/* Accepts NULL; nulls. */
void dc3_pictures_close(dc3_pictures **pictures);

/* All of the dataset, also those that cannot be read: numbers are 0..count-1. */
int64_t dc3_pictures_count(const dc3_pictures *pictures);
int dc3_pictures_label(const dc3_pictures *pictures, int64_t item);
/* 1 if they are held in memory. */
int dc3_pictures_held(const dc3_pictures *pictures);
/* Bytes that all of them take, held or not; of pictures at their own size that are not held 0. */
size_t dc3_pictures_bytes(const dc3_pictures *pictures);

/* Pixels [height, width, 3], owned by the pictures. */
typedef struct dc3_picture {
    const uint8_t *pixels;
    int width, height;
    int64_t item;
} dc3_picture;

/* Those of the n items that can be read, in the given order, into batch [n]; their number, 0 to n, in *count.
 * They stay valid until the next call, or if all are held until the end. Decodes in parallel where they are
 * not held. DC3_ERR_ARGUMENT where a batch alone is more than max_bytes; DC3_ERR_CANCELLED. */
dc3_status dc3_pictures_batch(dc3_pictures *pictures, int64_t n, const int64_t *items, dc3_picture *batch,
                              int64_t *count);

#endif
