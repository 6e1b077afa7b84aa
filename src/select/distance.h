/* Squared Euclidean distances of rows, in the processor's vectors. */
#ifndef DC3_SELECT_DISTANCE_H
#define DC3_SELECT_DISTANCE_H

#include <stdint.h>

/* A function compiled for each kind of vectors; the loader takes the processor's. */
/* ThreadSanitizer is not ready when the loader asks. */
#if defined(DC3_TSAN) || !defined(__x86_64__)
#define DC3_FOR_EACH_PROCESSOR
#else
#define DC3_FOR_EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#endif

/* |x - c|^2. Inlined, so that it takes the vectors of the function around it. */
static inline __attribute__((always_inline)) double dc3_distance(int64_t d, const float *x, const double *c)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t j = 0; j < d; j++) sum += (x[j] - c[j]) * (x[j] - c[j]);
    return sum;
}

#endif
