#include "learn/resample.h"

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

static dc3_status axis_open(int in, int out, axis *a)
{
    size_t width = (size_t)dc3_taps_width(in, out), count = (size_t)out * width;
    double *exact = calloc(count, sizeof *exact);
    *a = (axis){(int)width, malloc((size_t)out * sizeof *a->taps), malloc(count * sizeof *a->weights)};
    int failed = !exact || !a->taps || !a->weights;
    if (failed)
        axis_close(a);
    else {
        dc3_taps_fill(in, out, a->width, a->taps, exact);
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

dc3_status dc3_resize_pillow(const dc3_image *from, int width, int height, dc3_image *image)
{
    size_t row = (size_t)width * 3;
    axis columns = {0}, rows = {0};
    *image = (dc3_image){width, height, malloc(row * (size_t)height)};
    uint8_t *narrow = malloc(row * (size_t)from->height);
    int32_t *sums = malloc(row * sizeof *sums);
    dc3_status status = image->pixels && narrow && sums ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = axis_open(from->width, width, &columns);
    if (status == DC3_OK) status = axis_open(from->height, height, &rows);
    if (status == DC3_OK) {
        shrink_columns(&columns, from->pixels, from->width, from->height, width, narrow);
        shrink_rows(&rows, narrow, row, height, sums, image->pixels);
    } else
        dc3_image_free(image);
    axis_close(&columns);
    axis_close(&rows);
    free(narrow);
    free(sums);
    return status;
}

/* The middle of `from`, or `from` in the middle of zeros; where the sides' difference is odd, as torchvision
 * has it: a crop starts at the even one of the two places, the larger margin of zeros stands behind. */
static dc3_status centre(const dc3_image *from, int size, dc3_image *image)
{
    *image = (dc3_image){size, size, calloc((size_t)size * (size_t)size, 3)};
    if (!image->pixels) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    int left = from->width > size ? (int)rint((from->width - size) / 2.0) : -((size - from->width) / 2);
    int top = from->height > size ? (int)rint((from->height - size) / 2.0) : -((size - from->height) / 2);
    int to_x = left < 0 ? -left : 0, from_x = left < 0 ? 0 : left;
    int count = from->width < size ? from->width : size;
    for (int y = 0; y < size; y++) {
        int row = y + top;
        if (row < 0 || row >= from->height) continue;
        memcpy(image->pixels + ((size_t)y * (size_t)size + (size_t)to_x) * 3,
               from->pixels + ((size_t)row * (size_t)from->width + (size_t)from_x) * 3, (size_t)count * 3);
    }
    return DC3_OK;
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
    if (longer * target > DC3_IMAGE_LIMIT)
        return dc3_fail(DC3_ERR_FORMAT, "%d x %d pixels are too long to be brought to a shorter side of %d",
                        from->width, from->height, target);
    dc3_image whole;
    DC3_TRY(dc3_resize_pillow(from, wide ? (int)longer : target, wide ? target : (int)longer, &whole));
    dc3_status status = centre(&whole, size, image);
    dc3_image_free(&whole);
    return status;
}
