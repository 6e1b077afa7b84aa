/* AVX-512 kernels; the files of this folder are compiled for such processors and called only on them. */
#ifndef DC3_KERNELS_X86_AVX512_H
#define DC3_KERNELS_X86_AVX512_H

#include "kernels/backend.h"

enum { DC3_NORM_BLOCKS = 16 }; /* that the sums of group and layer norms are cut into */

void dc3_avx512_group_norm(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, int64_t groups,
                           const void *x, const float *gamma, const float *beta, float eps,
                           dc3_activation act, void *y);
void dc3_avx512_layer_norm(dc3_dtype type, int64_t rows, int64_t c, const void *x, const float *gamma,
                           const float *beta, float eps, void *y);
size_t dc3_avx512_norm_gradient_scratch(int64_t c);
void dc3_avx512_group_norm_gradient(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, int64_t groups,
                                    const void *x, const float *gamma, const float *beta, float eps,
                                    dc3_activation act, const void *dy, void *dx, float *dgamma, float *dbeta,
                                    void *scratch);
void dc3_avx512_layer_norm_gradient(dc3_dtype type, int64_t rows, int64_t c, const void *x,
                                    const float *gamma, float eps, const void *dy, void *dx, float *dgamma,
                                    float *dbeta, void *scratch);
void dc3_avx512_geglu(dc3_dtype type, int64_t rows, int64_t c, const void *x, void *y);
void dc3_avx512_geglu_gradient(dc3_dtype type, int64_t rows, int64_t c, const void *x, const void *dy,
                               void *dx);
void dc3_avx512_add_vector(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x,
                           const void *vector, void *y);
void dc3_avx512_upsample2_gradient(dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, const void *dy,
                                   void *dx);
void dc3_avx512_activate(dc3_dtype type, dc3_activation act, int64_t n, const void *x, void *y);
void dc3_avx512_add(dc3_dtype type, int64_t n, const void *a, const void *b, void *y);
void dc3_avx512_cast(dc3_dtype from_type, const void *from, dc3_dtype to_type, void *to, int64_t n);
void dc3_avx512_sgd(const dc3_sgd_step *step, int64_t n, const float *gradient, float *value,
                    float *momentum);
void dc3_avx512_adamw(const dc3_adamw_step *step, int64_t n, const float *gradient, float *value, float *m,
                      float *v);

size_t dc3_avx512_batch_norm_scratch(const dc3_batch_norm_shape *shape);
void dc3_avx512_batch_norm_statistics(const dc3_batch_norm_shape *shape, const void *x, float *mean,
                                      float *variance, void *scratch);
void dc3_avx512_batch_norm(const dc3_batch_norm_shape *shape, const void *x, const float *scale,
                           const float *offset, const void *residual, void *y);
void dc3_avx512_batch_norm_sums(const dc3_batch_norm_shape *shape, const void *dy, const void *x,
                                const void *y, const float *scale, const float *offset, const float *mean,
                                void *dz, float *sum, float *product, void *scratch);
void dc3_avx512_batch_norm_gradient(const dc3_batch_norm_shape *shape, const void *dy, const void *x,
                                    const float *scale, const float *offset, const float *a, const float *b,
                                    const float *d, void *dx);
void dc3_avx512_add_rows(dc3_dtype type, int64_t rows, int64_t c, const void *x, float *sums);
void dc3_avx512_activate_gradient(dc3_dtype type, dc3_activation act, int64_t n, const void *x,
                                  const void *dy, void *dx);

/* f32, and bf16 for processors with AVX512-BF16. */
size_t dc3_avx512_attention_scratch_f32(const dc3_attention_shape *shape, int threads);
void dc3_avx512_attention_f32(const dc3_attention_shape *shape, const void *q, const void *k, const void *v,
                              void *y, float *lse, void *scratch);
size_t dc3_avx512_attention_scratch_bf16(const dc3_attention_shape *shape, int threads);
void dc3_avx512_attention_bf16(const dc3_attention_shape *shape, const void *q, const void *k, const void *v,
                               void *y, float *lse, void *scratch);
size_t dc3_avx512_attention_gradient_scratch_f32(const dc3_attention_shape *shape, int threads);
void dc3_avx512_attention_gradient_f32(const dc3_attention_shape *shape,
                                       const dc3_attention_gradient *gradient, void *scratch);
size_t dc3_avx512_attention_gradient_scratch_bf16(const dc3_attention_shape *shape, int threads);
void dc3_avx512_attention_gradient_bf16(const dc3_attention_shape *shape,
                                        const dc3_attention_gradient *gradient, void *scratch);

#endif
