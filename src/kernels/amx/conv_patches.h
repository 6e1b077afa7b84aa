/* The gradient of the data of a convolution whose kernels do not overlap, as that which cuts images into
 * patches: a linear layer's, whose results are all values of a patch. */
#ifndef DC3_KERNELS_AMX_CONV_PATCHES_H
#define DC3_KERNELS_AMX_CONV_PATCHES_H

#include "kernels/tile_conv.h"
#include "kernels/amx/tiles.h"

static inline int is_patches(const dc3_conv_shape *s, dc3_conv_pass pass)
{
    return pass == DC3_PASS_DATA && s->stride >= s->kh && s->stride >= s->kw && s->kh * s->kw > 1 &&
           s->pad_top == 0 && s->pad_left == 0 && s->pad_bottom == 0 && s->pad_right == 0;
}

/* As in dc3_tile_conv, for such shapes. */
size_t AMX(patches_packed_size)(const dc3_conv_shape *shape);
void AMX(patches_pack)(const dc3_conv_shape *shape, const uint16_t *w, void *packed);
size_t AMX(patches_scratch)(const dc3_conv_shape *shape);
void AMX(patches_data)(const dc3_conv_shape *shape, const void *dy, const void *packed, void *dx,
                       void *scratch);

#endif
