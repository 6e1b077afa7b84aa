/* Plain kernels that stand in files of their own. Private to this folder. */
#ifndef DC3_KERNELS_REF_REF_H
#define DC3_KERNELS_REF_REF_H

#include "kernels/backend.h"

size_t dc3_ref_batch_norm_scratch(const dc3_batch_norm_shape *shape);
void dc3_ref_batch_norm_statistics(const dc3_batch_norm_shape *shape, const void *x, float *mean,
                                   float *variance, void *scratch);
void dc3_ref_batch_norm(const dc3_batch_norm_shape *shape, const void *x, const float *scale,
                        const float *offset, const void *residual, void *y);
void dc3_ref_batch_norm_sums(const dc3_batch_norm_shape *shape, const void *dy, const void *x, const void *y,
                             const float *scale, const float *offset, const float *mean, void *dz, float *sum,
                             float *product, void *scratch);
void dc3_ref_batch_norm_gradient(const dc3_batch_norm_shape *shape, const void *dy, const void *x,
                                 const float *scale, const float *offset, const float *a, const float *b,
                                 const float *d, void *dx);

#endif
