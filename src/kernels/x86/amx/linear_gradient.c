/* The gradient of a linear layer's weight, which is a convolution's whose images are one pixel. */
#include "kernels/x86/amx/weight_gradient.h"

static dc3_conv_shape pixels(const dc3_linear_shape *s)
{
    return (dc3_conv_shape){.n = s->rows,
                            .h = 1,
                            .w = 1,
                            .ci = s->ci,
                            .co = s->co,
                            .kh = 1,
                            .kw = 1,
                            .stride = 1,
                            .type = s->type};
}

size_t AMX(linear_gradient_scratch)(const dc3_linear_shape *s)
{
    dc3_conv_shape shape = pixels(s);
    return AMX(conv_gradient_scratch)(&shape);
}

void AMX(linear_gradient)(const dc3_linear_shape *s, const void *x, const void *dy, float *dw, void *scratch)
{
    dc3_conv_shape shape = pixels(s);
    AMX(conv_gradient)(&shape, x, dy, dw, scratch);
}
