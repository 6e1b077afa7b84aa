/* Convolutions by a stride, and the gradients of their data, as several of stride 1 (conv.h) on one grid of
 * positions. A convolution reads stride^2 copies of the images, each of every stride-th row and column; the
 * gradient of the data writes stride^2 parts of dx, each of which sees its own part of the kernel's taps. */
#ifndef DC3_KERNELS_X86_AMX_CONV_STRIDED_H
#define DC3_KERNELS_X86_AMX_CONV_STRIDED_H

#include "kernels/tile_conv.h"
#include "kernels/x86/amx/tiles.h"

/* As in dc3_tile_conv, of passes FORWARD and DATA. */
size_t AMX(strided_packed_size)(const dc3_conv_shape *shape, dc3_conv_pass pass);
void AMX(strided_pack)(const dc3_conv_shape *shape, dc3_conv_pass pass, const uint16_t *w, void *packed);
size_t AMX(strided_scratch)(const dc3_conv_shape *shape, dc3_conv_pass pass);
void AMX(strided_forward)(const dc3_conv_shape *shape, const void *x, const void *packed, const float *bias,
                          const void *residual, void *y, void *scratch);
void AMX(strided_data)(const dc3_conv_shape *shape, const void *dy, const void *packed, void *dx,
                       void *scratch);

#endif
