#include "views/crop.h"

#include <math.h>
#include <stdlib.h>
#include "views/resample.h"

dc3_box dc3_crop_draw(dc3_rng *rng, int width, int height, double low, double high)
{
    enum { TRIES = 10 };
    for (int i = 0; i < TRIES; i++) {
        double share = low + (high - low) * dc3_rng_uniform(rng);
        int side = (int)nearbyint(sqrt((double)width * height * share));
        if (side < 1 || side > width || side > height) continue;
        dc3_box box = {.side = side};
        box.top = (int)dc3_rng_below(rng, (uint64_t)height - (uint64_t)side + 1);
        box.left = (int)dc3_rng_below(rng, (uint64_t)width - (uint64_t)side + 1);
        return box;
    }
    int side = width < height ? width : height;
    return (dc3_box){(width - side) / 2, (height - side) / 2, side};
}

/* How the side of the square becomes that of the result. */
typedef struct axis {
    int size, width;
    dc3_tap *taps;   /* [size] */
    double *weights; /* [size, width] */
} axis;

/* Rows of the square, narrowed: to [side, size, 3]. */
static void narrow(const dc3_image *image, dc3_box box, const axis *a, float *to)
{
    for (int y = 0; y < box.side; y++) {
        const uint8_t *row = image->pixels + ((int64_t)(box.top + y) * image->width + box.left) * 3;
        for (int x = 0; x < a->size; x++)
            for (int c = 0; c < 3; c++) {
                const uint8_t *in = row + a->taps[x].first * 3 + c;
                double sum = 0;
                for (int k = 0; k < a->taps[x].used; k++) sum += a->weights[x * a->width + k] * in[3 * k];
                *to++ = (float)(sum / 255);
            }
    }
}

/* from [side, size, 3] to `size` rows. */
static void shorten(const axis *a, const float *from, float *to, int64_t stride)
{
    int64_t row = 3 * (int64_t)a->size;
    for (int y = 0; y < a->size; y++)
        for (int64_t x = 0; x < row; x++) {
            const float *in = from + a->taps[y].first * row + x;
            double sum = 0;
            for (int k = 0; k < a->taps[y].used; k++) sum += a->weights[y * a->width + k] * in[k * row];
            to[y * stride + x] = (float)sum;
        }
}

dc3_status dc3_crop_scale(const dc3_image *image, dc3_box box, int size, float *to, int64_t stride)
{
    axis a = {.size = size, .width = dc3_taps_width(box.side, size)};
    a.taps = malloc((size_t)size * sizeof *a.taps);
    a.weights = malloc((size_t)size * (size_t)a.width * sizeof *a.weights);
    float *rows = malloc((size_t)box.side * (size_t)size * 3 * sizeof *rows);
    int ready = a.taps && a.weights && rows;
    if (ready) {
        dc3_taps_fill(box.side, size, a.width, a.taps, a.weights);
        narrow(image, box, &a, rows);
        shorten(&a, rows, to, stride);
    }
    free(a.taps);
    free(a.weights);
    free(rows);
    return ready ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory for a crop of %d pixels", box.side);
}
