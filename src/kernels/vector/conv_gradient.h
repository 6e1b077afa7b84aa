/* The weight gradient of a convolution in bf16, for processors with AVX512-BF16: faster than oneDNN's for the
 * channel counts that it takes. */
#ifndef DC3_KERNELS_VECTOR_CONV_GRADIENT_H
#define DC3_KERNELS_VECTOR_CONV_GRADIENT_H

#include "kernels/dense.h"

/* Bytes of scratch that it needs, 64-byte aligned; 0: not for this shape (bf16, no groups, ci a multiple of
 * 32, co of 8, images in pairs or many). */
size_t dc3_avx512_conv_weight_gradient_scratch(const dc3_conv_shape *shape);
/* dw [co, ci, kh, kw] += from x [n, h, w, ci] and dy [n, oh, ow, co]. */
void dc3_avx512_conv_weight_gradient(const dc3_conv_shape *shape, const void *x, const void *dy, float *dw,
                                     void *scratch);

#endif
