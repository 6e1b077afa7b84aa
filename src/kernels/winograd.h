/* 3x3 convolutions of stride 1 by Winograd's minimal filtering: in f32 with a quarter of the products (F(4x4,
 * 3x3)), in bf16 with four ninths (F(2x2, 3x3)). */
#ifndef DC3_KERNELS_WINOGRAD_H
#define DC3_KERNELS_WINOGRAD_H

#include "kernels/dense.h"

typedef enum dc3_conv_pass { DC3_PASS_FORWARD, DC3_PASS_DATA, DC3_PASS_WEIGHT } dc3_conv_pass;

/* Operands as in dc3_dense, weights as a file holds them. Results do not depend on the number of threads. */
typedef struct dc3_winograd {
    /* Bytes of scratch that the pass needs, 64-byte aligned; 0: not for this shape (it takes those of its
     * type, without groups, channels in whole vectors, no activation or ReLU). */
    size_t (*scratch)(const dc3_conv_shape *shape, dc3_conv_pass pass);
    /* Bytes of the kernels as a pass (not WEIGHT) reads them, whatever the images' sizes, 64-byte aligned;
     * and those of w [co, ci, 3, 3]. */
    size_t (*packed_size)(const dc3_conv_shape *shape, dc3_conv_pass pass);
    void (*pack)(const dc3_conv_shape *shape, dc3_conv_pass pass, const float *w, void *packed);
    void (*forward)(const dc3_conv_shape *shape, const void *x, const void *packed, const float *bias,
                    const void *residual, void *y, void *scratch);
    void (*data)(const dc3_conv_shape *shape, const void *dy, const void *packed, void *dx, void *scratch);
    void (*weight)(const dc3_conv_shape *shape, const void *x, const void *dy, float *dw, void *scratch);
} dc3_winograd;

#endif
