/* Matrix products in bf16 over the tiles of AMX, and their gradients. */
#ifndef DC3_KERNELS_TILE_LINEAR_H
#define DC3_KERNELS_TILE_LINEAR_H

#include "kernels/winograd.h"

/* Operands as in dc3_dense, of type DC3_BF16. Sums are in f32; results do not depend on the number of
 * threads. Each thread's part of `scratch` is 64-byte aligned, and so is a packed weight. */
typedef struct dc3_tile_linear {
    /* Bytes of a weight [co, ci] in the form of a pass (not WEIGHT), and that form of it. */
    size_t (*packed_size)(int64_t ci, int64_t co, dc3_conv_pass pass);
    void (*pack)(int64_t ci, int64_t co, dc3_conv_pass pass, const uint16_t *w, void *packed);
    /* Bytes of scratch for as many threads as there are; 0: not for this shape. */
    size_t (*scratch)(const dc3_linear_shape *shape, dc3_conv_pass pass);
    void (*forward)(const dc3_linear_shape *shape, const void *x, const void *packed, const float *bias,
                    const void *residual, void *y, void *scratch);
    void (*data)(const dc3_linear_shape *shape, const void *dy, const void *packed, void *dx, void *scratch);
    void (*weight)(const dc3_linear_shape *shape, const void *x, const void *dy, float *dw, void *scratch);
} dc3_tile_linear;

/* By the processor's tiles, where dc3_cpu_has_amx, and in plain C. */
extern const dc3_tile_linear dc3_amx_linear, dc3_amx_plain_linear;

#endif
