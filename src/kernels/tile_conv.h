/* Convolutions in bf16 over the tiles of AMX, and their gradients. */
#ifndef DC3_KERNELS_TILE_CONV_H
#define DC3_KERNELS_TILE_CONV_H

#include "kernels/winograd.h"

/* Operands as in dc3_dense, of type DC3_BF16; sums in f32; results do not depend on the number of threads.
 * Scratch and packed weights are 64-byte aligned. */
typedef struct dc3_tile_conv {
    /* Bytes of a weight [co, ci, kh, kw] in the form of a pass (not WEIGHT), and that form of it. */
    size_t (*packed_size)(const dc3_conv_shape *shape, dc3_conv_pass pass);
    void (*pack)(const dc3_conv_shape *shape, dc3_conv_pass pass, const uint16_t *w, void *packed);
    /* Bytes of scratch for as many threads as there are; 0: not for this shape. */
    size_t (*scratch)(const dc3_conv_shape *shape, dc3_conv_pass pass);
    void (*forward)(const dc3_conv_shape *shape, const void *x, const void *packed, const float *bias,
                    const void *residual, void *y, void *scratch);
    /* With shape->residual dx +=; not of patches, whose kernels do not overlap. */
    void (*data)(const dc3_conv_shape *shape, const void *dy, const void *packed, void *dx, void *scratch);
    void (*weight)(const dc3_conv_shape *shape, const void *x, const void *dy, float *dw, void *scratch);
} dc3_tile_conv;

/* By the processor's tiles, where dc3_cpu_has_amx, and in plain C. */
extern const dc3_tile_conv dc3_amx_conv, dc3_amx_plain_conv;

#endif
