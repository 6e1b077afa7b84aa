/* The gradient of a linear layer's weight, which is a convolution's whose images are one pixel. */
#include "kernels/amx/weight_gradient.h"

size_t AMX(linear_gradient_scratch)(const dc3_linear_shape *s)
{
    dc3_conv_shape shape = dc3_linear_as_conv(s);
    return AMX(conv_gradient_scratch)(&shape);
}

void AMX(linear_gradient)(const dc3_linear_shape *s, const void *x, const void *dy, float *dw, void *scratch)
{
    dc3_conv_shape shape = dc3_linear_as_conv(s);
    AMX(conv_gradient)(&shape, x, dy, dw, scratch);
}
