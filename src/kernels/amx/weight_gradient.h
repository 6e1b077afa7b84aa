/* Gradients of weights over tiles. Private to this folder. */
#ifndef DC3_KERNELS_AMX_WEIGHT_GRADIENT_H
#define DC3_KERNELS_AMX_WEIGHT_GRADIENT_H

#include "kernels/tile_conv.h"
#include "kernels/tile_linear.h"
#include "kernels/amx/tiles.h"

/* As `scratch` and `weight` of dc3_tile_conv and dc3_tile_linear. */
size_t AMX(conv_gradient_scratch)(const dc3_conv_shape *shape);
void AMX(conv_gradient)(const dc3_conv_shape *shape, const void *x, const void *dy, float *dw, void *scratch);
size_t AMX(linear_gradient_scratch)(const dc3_linear_shape *shape);
void AMX(linear_gradient)(const dc3_linear_shape *shape, const void *x, const void *dy, float *dw,
                          void *scratch);

#endif
