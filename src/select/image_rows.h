/* Features of a dataset's images that somebody else made, a row of a file for each. */
#ifndef DC3_SELECT_IMAGE_ROWS_H
#define DC3_SELECT_IMAGE_ROWS_H

#include "io/dataset.h"
#include "tensor/table.h"

/* Values of a row, at most. */
enum { DC3_IMAGE_ROWS_WIDTH = 1 << 17 };

typedef struct dc3_image_rows {
    const char *path;         /* must live as long */
    uint64_t listing;         /* of the dataset's images in their order, with their classes */
    int64_t d;                /* values of a row */
    int64_t *row_of;          /* [images], -1: it has none, and cannot be read */
    int64_t images;           /* that have one */
    int64_t others;           /* rows of images that are not in the dataset */
    uint64_t fingerprint;     /* of the images' rows, and of whose they are */
    dc3_table *table;         /* NULL: `values` is that of other rows (dc3_image_rows_again) */
    const dc3_tensor *values; /* [rows, d] */
    float *row;               /* of dc3_image_rows_get */
    float *made;              /* of dc3_image_rows_floats */
} dc3_image_rows;

/* Opens the file `path` (dc3_rows_open_embeddings). Whose a row is its list of paths says (row_paths.h),
 * which are the images' keys, or begin with the dataset's folder; rows of others are passed over. Without a
 * list there is a row for each image in the dataset's order, by class and then by name, and labels that the
 * file has are the classes' numbers. DC3_ERR_FORMAT in one sentence where rows and images do not match, or a
 * value of an image's row is no number from -1e15 to 1e15, whose squares can be summed in f32. An image
 * without a row is read: only one that cannot be may have none. */
dc3_status dc3_image_rows_open(const char *path, const dc3_dataset *dataset, dc3_image_rows **rows);
/* The same file for a dataset that may be the one that it was opened for, opened again: without reading it
 * where it is, and where `opened` is not NULL; `opened` must live as long then. */
dc3_status dc3_image_rows_again(const dc3_image_rows *opened, const char *path, const dc3_dataset *dataset,
                                dc3_image_rows **rows);
/* The row [d] of an image that has one, until the next call; of one thread at a time. */
const float *dc3_image_rows_get(const dc3_image_rows *rows, int64_t item);
/* All rows of the file at once, as they stand there: [rows, d], as long as `rows` is open. */
dc3_status dc3_image_rows_floats(dc3_image_rows *rows, const float **values);
/* Accepts NULL; nulls. */
void dc3_image_rows_close(dc3_image_rows **rows);

#endif
