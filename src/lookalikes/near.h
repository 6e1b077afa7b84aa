/* Rows that are nearly the same as another: near-duplicates among images, by their embeddings. */
#ifndef DC3_LOOKALIKES_NEAR_H
#define DC3_LOOKALIKES_NEAR_H

#include <stdint.h>
#include "base/status.h"

/* Of the n rows x[rows[i]] [d], rows NULL: x [n, d]: first[i] is the first row j < i with first[j] = j and
 *     <x_i, x_j> >= least |x_i| |x_j|,
 * where there is one, else i; f32's rounding counts for it, so that equal rows are near at 1, too. So a row
 * stands for itself or for one before it that does, to which it is near: the leader algorithm (Hartigan 1975,
 * chapter 3), in n^2 d operations and memory for n (d + 256) values. A row of zeros, or one that is not
 * finite, is near to none. least: 0 to 1. cosines [n], unless NULL: of row i and row first[i], 1 where it is
 * itself. DC3_ERR_MEMORY, DC3_ERR_CANCELLED. */
dc3_status dc3_near_rows(int64_t n, int64_t d, const float *x, const int64_t *rows, double least,
                         int64_t *first, double *cosines);

/* A row, and how near it is. */
typedef struct dc3_near_row {
    int64_t row; /* -1: none */
    double cosine;
} dc3_near_row;

/* Of the rows x[rows[i]] [d], i < n, of classes labels[i]: nearest[i] is the k of another class with the
 * greatest cosine, if that is `least` or more; of equal ones the lowest k. n^2 d / 2 products of two, memory
 * for three blocks of 512 rows. Zeros and what is not finite as above. DC3_ERR_MEMORY, DC3_ERR_CANCELLED. */
dc3_status dc3_near_others(int64_t n, int64_t d, const float *x, const int64_t *rows, const int *labels,
                           double least, dc3_near_row *nearest);

#endif
