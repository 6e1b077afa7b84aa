/* Plain kernels that stand in files of their own. Private to this folder. */
#ifndef DC3_KERNELS_REF_REF_H
#define DC3_KERNELS_REF_REF_H

#include "kernels/backend.h"

void dc3_ref_group_norm(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, int64_t groups, const void *x,
                        const float *gamma, const float *beta, float eps, dc3_activation act, void *y);
void dc3_ref_layer_norm(dc3_dtype type, int64_t rows, int64_t c, const void *x, const float *gamma,
                        const float *beta, float eps, void *y);
size_t dc3_ref_norm_gradient_scratch(int64_t c);
void dc3_ref_group_norm_gradient(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, int64_t groups,
                                 const void *x, const float *gamma, const float *beta, float eps,
                                 dc3_activation act, const void *dy, void *dx, float *dgamma, float *dbeta,
                                 void *scratch);
void dc3_ref_layer_norm_gradient(dc3_dtype type, int64_t rows, int64_t c, const void *x, const float *gamma,
                                 float eps, const void *dy, void *dx, float *dgamma, float *dbeta,
                                 void *scratch);
size_t dc3_ref_attention_scratch(dc3_dtype type, const dc3_attention_shape *shape, int threads);
void dc3_ref_attention(dc3_dtype type, const dc3_attention_shape *shape, const void *q, const void *k,
                       const void *v, void *y, float *lse, void *scratch);
size_t dc3_ref_attention_gradient_scratch(dc3_dtype type, const dc3_attention_shape *shape, int threads);
void dc3_ref_attention_gradient(dc3_dtype type, const dc3_attention_shape *shape,
                                const dc3_attention_gradient *gradient, void *scratch);

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
