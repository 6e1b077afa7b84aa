/* The gradient of a matrix product with respect to its input, from the weight as oneDNN's forward product
 * reads it, so that a large weight that is not trained need not be there in a second form. */
#ifndef DC3_KERNELS_LINEAR_DATA_H
#define DC3_KERNELS_LINEAR_DATA_H

#include <stddef.h>
#include <stdint.h>

/* A weight [co, ci], co a multiple of 64 and ci of 32, in oneDNN's format BA16a64b2a of its transpose: blocks
 * of 64 outputs by 32 inputs, [co / 64][ci / 32][16 pairs of inputs][64 outputs][2]. */
typedef struct dc3_linear_data {
    /* Bytes of scratch for as many threads as there are; 64-byte aligned. */
    size_t (*scratch)(int64_t rows, int64_t ci, int64_t co);
    /* dx [rows, ci] = dy [rows, co] weight; all bf16, summed in f32. Results do not depend on the number of
     * threads. */
    void (*data)(int64_t rows, int64_t ci, int64_t co, const uint16_t *dy, const uint16_t *weight,
                 uint16_t *dx, void *scratch);
} dc3_linear_data;

/* For processors with AVX512-BF16. */
extern const dc3_linear_data dc3_avx512_linear_data_bf16;

#endif
