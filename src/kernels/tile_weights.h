/* Weights in the form that the kernels over tiles read. */
#ifndef DC3_KERNELS_TILE_WEIGHTS_H
#define DC3_KERNELS_TILE_WEIGHTS_H

#include "kernels/tile_conv.h"
#include "kernels/tile_linear.h"

/* Bytes of a weight in bf16. */
size_t dc3_tile_weight_size(const dc3_weight *weight);
/* The weight's present version in the form of a pass (not WEIGHT); it stays the weight's. plain: room for the
 * weight in bf16, which is spent if it has to be packed; NULL: made if need be. */
dc3_status dc3_tile_linear_weight(dc3_weight *weight, const dc3_tile_linear *own, dc3_conv_pass pass,
                                  void *plain, const void **packed);
/* The same for convolutions of this shape. */
dc3_status dc3_tile_conv_weight(dc3_weight *weight, const dc3_tile_conv *own, const dc3_conv_shape *shape,
                                dc3_conv_pass pass, void *plain, const void **packed);

#endif
