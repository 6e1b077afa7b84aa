#include "views/resample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIXED = 22 }; /* bits behind the point of a weight, as in Pillow */

int dc3_taps_width(int in, int out)
{
    double reach = in > out ? (double)in / out : 1;
    return 2 * (int)ceil(reach) + 1;
}

/* The weights of the output whose middle is `centre`; inputs of weight zero at the ends are left out. */
static dc3_tap fill_one(int in, double reach, double centre, double *weights)
{
    int first = (int)(centre - reach + 0.5), end = (int)(centre + reach + 0.5);
    if (first < 0) first = 0;
    if (end > in) end = in;
    double sum = 0;
    for (int j = first; j < end; j++) {
        double w = 1 - fabs(j - centre + 0.5) / reach;
        weights[j - first] = w > 0 ? w : 0;
        sum += weights[j - first];
    }
    int lead = 0;
    while (lead < end - first - 1 && weights[lead] == 0) lead++;
    while (end - first > lead + 1 && weights[end - first - 1] == 0) end--;
    for (int j = lead; j < end - first; j++) weights[j - lead] = weights[j] / sum;
    return (dc3_tap){first + lead, end - first - lead};
}

void dc3_taps_fill(int in, int out, int width, dc3_tap *taps, double *weights)
{
    double scale = (double)in / out, reach = scale > 1 ? scale : 1;
    for (int i = 0; i < out; i++)
        taps[i] = fill_one(in, reach, (i + 0.5) * scale, weights + (size_t)i * (size_t)width);
}

/* Taps with weights as whole numbers of 2^-FIXED. */
typedef struct axis {
    int width;
    dc3_tap *taps;
    int32_t *weights;
} axis;

static void axis_close(axis *a)
{
    free(a->taps);
    free(a->weights);
    *a = (axis){0};
}

/* Of an axis that is brought from `in` to `out`: the outputs [first, first + n). */
static dc3_status axis_open(int in, int64_t out, int64_t first, int n, axis *a)
{
    double scale = (double)in / (double)out, reach = scale > 1 ? scale : 1;
    size_t width = 2 * (size_t)ceil(reach) + 1, count = (size_t)n * width;
    double *exact = calloc(count, sizeof *exact);
    *a = (axis){(int)width, malloc((size_t)n * sizeof *a->taps), malloc(count * sizeof *a->weights)};
    int failed = !exact || !a->taps || !a->weights;
    if (failed)
        axis_close(a);
    else {
        for (int i = 0; i < n; i++)
            a->taps[i] = fill_one(in, reach, ((double)(first + i) + 0.5) * scale, exact + (size_t)i * width);
        for (size_t i = 0; i < count; i++) a->weights[i] = (int32_t)(0.5 + exact[i] * (1 << FIXED));
    }
    free(exact);
    return failed ? dc3_fail(DC3_ERR_MEMORY, "out of memory") : DC3_OK;
}

static uint8_t rounded(int32_t sum)
{
    int32_t value = sum >> FIXED;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* from [height, from_width, 3] to [height, out, 3]. */
static void shrink_columns(const axis *a, const uint8_t *from, int from_width, int height, int out,
                           uint8_t *to)
{
    for (int y = 0; y < height; y++, from += (size_t)from_width * 3)
        for (int x = 0; x < out; x++, to += 3) {
            const int32_t *w = a->weights + (size_t)x * (size_t)a->width;
            const uint8_t *in = from + (size_t)a->taps[x].first * 3;
            int32_t sum[3] = {1 << (FIXED - 1), 1 << (FIXED - 1), 1 << (FIXED - 1)};
            for (int t = 0; t < a->taps[x].used; t++)
                for (int c = 0; c < 3; c++) sum[c] += w[t] * in[3 * t + c];
            for (int c = 0; c < 3; c++) to[c] = rounded(sum[c]);
        }
}

/* from [.., row] to [out, row], row in bytes; `sums` [row]. */
static void shrink_rows(const axis *a, const uint8_t *from, size_t row, int out, int32_t *sums, uint8_t *to)
{
    for (int y = 0; y < out; y++, to += row) {
        const int32_t *w = a->weights + (size_t)y * (size_t)a->width;
        for (size_t i = 0; i < row; i++) sums[i] = 1 << (FIXED - 1);
        for (int t = 0; t < a->taps[y].used; t++) {
            const uint8_t *in = from + (size_t)(a->taps[y].first + t) * row;
            for (size_t i = 0; i < row; i++) sums[i] += w[t] * in[i];
        }
        for (size_t i = 0; i < row; i++) to[i] = rounded(sums[i]);
    }
}

/* A part of what an image becomes when it is resized. */
typedef struct window {
    int64_t width, height; /* of the whole */
    int64_t left, top;
    int columns, rows;
} window;

/* from [.., row] to [rows, row], by way of the rows of `from` that they are made of, with fewer columns. */
static dc3_status shrink_part(const dc3_image *from, const axis *columns, const axis *rows, const window *w,
                              uint8_t *to)
{
    int first = rows->taps[0].first, end = rows->taps[w->rows - 1].first + rows->taps[w->rows - 1].used;
    size_t row = (size_t)w->columns * 3;
    uint8_t *narrow = malloc(row * (size_t)(end - first));
    int32_t *sums = malloc(row * sizeof *sums);
    int there = narrow && sums;
    if (there) {
        shrink_columns(columns, from->pixels + (size_t)first * (size_t)from->width * 3, from->width,
                       end - first, w->columns, narrow);
        for (int y = 0; y < w->rows; y++) rows->taps[y].first -= first;
        shrink_rows(rows, narrow, row, w->rows, sums, to);
    }
    free(narrow);
    free(sums);
    return there ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

static dc3_status resize_part(const dc3_image *from, const window *w, dc3_image *image)
{
    axis columns = {0}, rows = {0};
    *image = (dc3_image){w->columns, w->rows, malloc((size_t)w->columns * (size_t)w->rows * 3)};
    dc3_status status = image->pixels ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = axis_open(from->width, w->width, w->left, w->columns, &columns);
    if (status == DC3_OK) status = axis_open(from->height, w->height, w->top, w->rows, &rows);
    if (status == DC3_OK) status = shrink_part(from, &columns, &rows, w, image->pixels);
    if (status != DC3_OK) dc3_image_free(image);
    axis_close(&columns);
    axis_close(&rows);
    return status;
}

dc3_status dc3_resize_pillow(const dc3_image *from, int width, int height, dc3_image *image)
{
    window all = {width, height, 0, 0, width, height};
    return resize_part(from, &all, image);
}

/* Where a crop begins: as torchvision has it, at the even one of two places. */
static int64_t middle_of(int64_t length, int size)
{
    return length > size ? (int64_t)rint((double)(length - size) / 2) : 0;
}

dc3_status dc3_test_image(const dc3_image *from, int size, dc3_image *image)
{
    enum { MOST = 1 << 15 };
    int target = size / 7 * 8;
    *image = (dc3_image){0};
    if (size < 7 || size > MOST)
        return dc3_fail(DC3_ERR_ARGUMENT, "expected images for testing of 7 to %d pixels, found %d", MOST,
                        size);
    int wide = from->width > from->height, shorter = wide ? from->height : from->width;
    int64_t longer = (int64_t)target * (wide ? from->width : from->height) / shorter;
    int64_t width = wide ? longer : target, height = wide ? target : longer;
    dc3_image part;
    window middle = {width,
                     height,
                     middle_of(width, size),
                     middle_of(height, size),
                     width < size ? (int)width : size,
                     height < size ? (int)height : size};
    DC3_TRY(resize_part(from, &middle, &part));
    *image = (dc3_image){size, size, calloc((size_t)size * (size_t)size, 3)};
    if (image->pixels) dc3_image_paste(image, &part, (size - part.width) / 2, (size - part.height) / 2);
    dc3_image_free(&part);
    return image->pixels ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}
