/* What the convolutions by Winograd's minimal filtering (Lavin and Gray 2016, "Fast algorithms for
 * convolutional neural networks") of a 3x3 kernel share: tiles of OUT x OUT outputs from IN x IN inputs, IN *
 * IN places in all. A file defines OUT before it includes this one. */
#ifndef DC3_KERNELS_VECTOR_WINOGRAD_TILES_H
#define DC3_KERNELS_VECTOR_WINOGRAD_TILES_H

#include "kernels/vector/lanes.h"
#include "kernels/vector/vector.h"

enum {
    IN = OUT + 2,
    PLACES = IN * IN,
    WIDE = 2 * LANES, /* channels that are taken at a time */
};

/* A convolution as it is computed: of the inputs, or of the gradient of the outputs. */
typedef struct job {
    int64_t n, h, w, oh, ow, c, k; /* x [n, h, w, c], y [n, oh, ow, k] */
    int64_t top, left;             /* padding */
    int64_t down, across, tiles;   /* tiles of an image, and of all */
    int64_t block;                 /* tiles that are worked on together */
} job;

static job job_of(const dc3_conv_shape *s, int data_gradient)
{
    int64_t oh = dc3_conv_out_height(s), ow = dc3_conv_out_width(s);
    job j = data_gradient
                ? (job){s->n, oh, ow, s->h, s->w, s->co, s->ci, 2 - s->pad_top, 2 - s->pad_left, 0, 0, 0, 0}
                : (job){s->n, s->h, s->w, oh, ow, s->ci, s->co, s->pad_top, s->pad_left, 0, 0, 0, 0};
    j.down = (j.oh + OUT - 1) / OUT, j.across = (j.ow + OUT - 1) / OUT;
    j.tiles = j.n * j.down * j.across;
    return j;
}

static int takes_shape(const dc3_conv_shape *s)
{
    if (s->groups > 1 || s->kh != 3 || s->kw != 3 || s->stride != 1 || s->ci % WIDE || s->co % WIDE) return 0;
    if (s->pad_top > 2 || s->pad_left > 2 || s->pad_bottom > 2 || s->pad_right > 2) return 0;
    return s->n > 0 && (s->act == DC3_ACT_NONE || s->act == DC3_ACT_RELU);
}

static int64_t up(int64_t n, int64_t unit)
{
    return (n + unit - 1) / unit * unit;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Tiles of a block of a convolution: `most` at most, in whole `rows`, and the same number for each thread. */
static void choose_block(job *j, int64_t most, int64_t rows, int threads)
{
    int64_t blocks = up((j->tiles + most - 1) / most, threads);
    j->block = up((j->tiles + blocks - 1) / blocks, rows);
}

/* The image and the first row and column of tile `t`. */
typedef struct place {
    int64_t n, y, x;
} place;

static place place_of(const job *j, int64_t t)
{
    return (place){t / (j->down * j->across), t / j->across % j->down * OUT, t % j->across * OUT};
}

/* Pixels [size x size] of image n of [., h, w, c] from row y, column x on, each `c` values of `bytes`;
 * outside of the image: zeros. */
DC3_INLINE void find_pixels(int size, const void *data, int64_t h, int64_t w, int64_t c, int64_t bytes,
                            int64_t n, int64_t y, int64_t x, const void *zeros, const void **pixels)
{
    for (int r = 0; r < size; r++)
        for (int q = 0; q < size; q++) {
            int64_t row = y + r, column = x + q;
            int inside = row >= 0 && row < h && column >= 0 && column < w;
            pixels[r * size + q] =
                inside ? (const char *)data + ((n * h + row) * w + column) * c * bytes : zeros;
        }
}

/* What follows the convolution. */
typedef struct epilogue {
    const float *bias;
    const void *residual;
    int relu, relu_last;
} epilogue;

/* ReLU; of NaN it is NaN, as the second operand wins then. */
DC3_INLINE vec positive(vec x)
{
    return v_max(v_zero(), x);
}

#endif
