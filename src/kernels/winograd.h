/* 3x3 convolutions of stride 1 in f32 with a quarter of the products (Winograd's F(4x4, 3x3)): some three
 * times as fast as the direct sum where there are many pixels. */
#ifndef DC3_KERNELS_WINOGRAD_H
#define DC3_KERNELS_WINOGRAD_H

#include "kernels/dense.h"

typedef enum dc3_conv_pass { DC3_PASS_FORWARD, DC3_PASS_DATA, DC3_PASS_WEIGHT } dc3_conv_pass;

/* Operands as in dc3_dense, weights as a file holds them. Results do not depend on the number of threads. */
typedef struct dc3_winograd {
    /* Bytes of scratch that the pass needs, 64-byte aligned; 0: not for this shape (f32, no groups, channels
     * in whole vectors, no activation or ReLU), or not worth it. */
    size_t (*scratch)(const dc3_conv_shape *shape, dc3_conv_pass pass);
    void (*forward)(const dc3_conv_shape *shape, const float *x, const float *w, const float *bias,
                    const float *residual, float *y, void *scratch);
    void (*data)(const dc3_conv_shape *shape, const float *dy, const float *w, float *dx, void *scratch);
    void (*weight)(const dc3_conv_shape *shape, const float *x, const float *dy, float *dw, void *scratch);
} dc3_winograd;

#endif
