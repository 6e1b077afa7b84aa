/* Rows of a view of an image: rows of the crop are blended first, over the few columns that are needed, then
 * the columns of each: bytes in, floats out, nothing between them but one row. */
#ifndef DC3_VIEWS_VIEW_ROWS_H
#define DC3_VIEWS_VIEW_ROWS_H

#include "views/augment.h"
#include "views/resample.h"

/* How an axis of the crop becomes one of the view. */
typedef struct dc3_view_axis {
    int width; /* room for an output's weights */
    dc3_tap *taps;
    float *weights; /* [size, width] */
} dc3_view_axis;

/* One thread's memory. */
typedef struct dc3_view_rows {
    size_t size;
    unsigned char *memory;
    int side; /* of the view */
    dc3_view_axis columns, rows;
    double *exact;   /* weights on their way to an axis */
    uint8_t *row;    /* [w, 3] a row of the crop that does not lie in one piece */
    float *line;     /* [w, 3] rows of the crop, blended */
    float *finished; /* [side, 3] a row of the view */
} dc3_view_rows;

/* Room for crops of at most width x height pixels and views of `size` pixels; zeros before the first time. */
dc3_status dc3_view_rows_reserve(dc3_view_rows *rows, int size, int width, int height);
void dc3_view_rows_free(dc3_view_rows *rows);
/* The view's crop and size, for which there is room. */
void dc3_view_rows_begin(dc3_view_rows *rows, int size, const dc3_view_params *params);
/* Columns x0..x1-1 of its row y, [x1 - x0, 3] in rows->finished: bytes times scale [3], plus shift [3]. */
const float *dc3_view_row(const dc3_view_rows *rows, const dc3_loaded_image *image,
                          const dc3_view_params *params, dc3_padding padding, int y, int x0, int x1,
                          const float *scale, const float *shift);

#endif
