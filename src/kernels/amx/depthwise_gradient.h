/* The weight gradient of a depthwise convolution in bf16, by vectors. */
#ifndef DC3_KERNELS_AMX_DEPTHWISE_GRADIENT_H
#define DC3_KERNELS_AMX_DEPTHWISE_GRADIENT_H

#include "kernels/tile_conv.h"
#include "kernels/amx/tiles.h"

/* As in dc3_tile_conv; 0: not for this shape, which has groups but other ones, or more than 7 columns. */
size_t AMX(depthwise_gradient_scratch)(const dc3_conv_shape *shape);
void AMX(depthwise_gradient)(const dc3_conv_shape *shape, const void *x, const void *dy, float *dw,
                             void *scratch);

#endif
