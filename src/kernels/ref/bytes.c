/* Bytes that are moved, and layouts that only move them. */
#include <string.h>
#include "kernels/ref/ref.h"

enum { BLOCK = 1 << 16 }; /* bytes that one thread takes at a time; less is not worth a second thread */

static size_t block_at(size_t bytes, int64_t from)
{
    return bytes - (size_t)from < BLOCK ? bytes - (size_t)from : BLOCK;
}

void dc3_ref_copy(size_t bytes, const void *from, void *to)
{
#pragma omp parallel for if (bytes > BLOCK)
    for (int64_t at = 0; at < (int64_t)bytes; at += BLOCK)
        memcpy((char *)to + at, (const char *)from + at, block_at(bytes, at));
}

void dc3_ref_fill(size_t bytes, int value, void *to)
{
#pragma omp parallel for if (bytes > BLOCK)
    for (int64_t at = 0; at < (int64_t)bytes; at += BLOCK)
        memset((char *)to + at, value, block_at(bytes, at));
}

void dc3_ref_swap(size_t bytes, void *a, void *b)
{
    enum { SMALL = 1 << 13 }; /* of a stack */
#pragma omp parallel for if (bytes > SMALL)
    for (int64_t at = 0; at < (int64_t)bytes; at += SMALL) {
        char aside[SMALL];
        size_t size = bytes - (size_t)at < SMALL ? bytes - (size_t)at : SMALL;
        memcpy(aside, (char *)a + at, size);
        memcpy((char *)a + at, (char *)b + at, size);
        memcpy((char *)b + at, aside, size);
    }
}

void dc3_ref_copy_rows(int64_t rows, size_t bytes, const void *from, size_t from_stride, void *to,
                       size_t to_stride)
{
#pragma omp parallel for if ((size_t)rows * bytes > BLOCK)
    for (int64_t r = 0; r < rows; r++)
        memcpy((char *)to + (size_t)r * to_stride, (const char *)from + (size_t)r * from_stride, bytes);
}

/* to [columns, rows] = from [rows, columns] of elements of `size` bytes, so many images of it. */
static inline void turn(size_t size, int64_t n, int64_t rows, int64_t columns, const char *from, char *to)
{
    int64_t count = rows * columns;
#pragma omp parallel for if ((size_t)(n * count) * size > BLOCK)
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < columns; j++)
            for (int64_t r = 0; r < rows; r++)
                memcpy(to + (size_t)(i * count + j * rows + r) * size,
                       from + (size_t)(i * count + r * columns + j) * size, size);
}

/* A size that the compiler knows is a load and a store. */
static void turn_images(dc3_dtype type, int64_t n, int64_t rows, int64_t columns, const void *x, void *y)
{
    size_t size = dc3_dtype_size(type);
    if (size == 2)
        turn(2, n, rows, columns, x, y);
    else if (size == 4)
        turn(4, n, rows, columns, x, y);
    else
        turn(size, n, rows, columns, x, y);
}

void dc3_ref_to_planar(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x, void *y)
{
    turn_images(type, n, pixels, c, x, y);
}

void dc3_ref_from_planar(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x, void *y)
{
    turn_images(type, n, c, pixels, x, y);
}

/* Between x [n, h, w, c] and y [n, (h + 1) / 2, (w + 1) / 2, 4 c], whose pixels of c values are `row` bytes;
 * back: from y to x. */
static void merge(int64_t n, int64_t h, int64_t w, size_t row, char *x, char *y, int back)
{
    int64_t oh = (h + 1) / 2, ow = (w + 1) / 2;
#pragma omp parallel for
    for (int64_t out = 0; out < n * oh * ow; out++)
        for (int64_t k = 0; k < 4; k++) {
            int64_t top = out / ow % oh * 2 + k % 2, left = out % ow * 2 + k / 2;
            char *merged = y + (size_t)(out * 4 + k) * row;
            char *pixel = x + (size_t)((out / (oh * ow) * h + top) * w + left) * row;
            if (top >= h || left >= w) {
                if (!back) memset(merged, 0, row);
            } else
                memcpy(back ? pixel : merged, back ? merged : pixel, row);
        }
}

void dc3_ref_patch_merge(dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, const void *x, void *y)
{
    merge(n, h, w, (size_t)c * dc3_dtype_size(type), (char *)x, y, 0);
}

void dc3_ref_patch_merge_gradient(dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, const void *dy,
                                  void *dx)
{
    merge(n, h, w, (size_t)c * dc3_dtype_size(type), dx, (char *)dy, 1);
}
