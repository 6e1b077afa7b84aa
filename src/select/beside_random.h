/* How well chosen rows stand for their classes, beside as many that are drawn at random. */
#ifndef DC3_SELECT_BESIDE_RANDOM_H
#define DC3_SELECT_BESIDE_RANDOM_H

#include <stdint.h>
#include "base/status.h"

/* All rows, grouped by class. */
typedef struct dc3_class_rows {
    const float *features; /* [n, d] */
    int64_t n, d;
    const int32_t *labels; /* [n], 0 to classes - 1, equal ones after each other */
    const char *chosen;    /* [n], 1 of a row that is */
    int64_t classes;
    uint64_t seed;
    int threads;
} dc3_class_rows;

/* Mean Euclidean distance of rows to the nearest chosen one of their class; of five random choices of as many
 * rows of each class mean and standard deviation (n - 1). NaN where nothing is chosen. At most 300 rows of a
 * class are looked at, of many classes fewer (30,000 in all, 30 each at least), evenly spaced, and all that
 * are chosen or drawn. */
typedef struct dc3_beside_random {
    double distance, random_distance, random_deviation;
    int64_t looked; /* rows */
} dc3_beside_random;

dc3_status dc3_coverage_beside_random(const dc3_class_rows *rows, dc3_beside_random *result);

#endif
