/* Kernels by vectors: for x86-64 in two tiers, AVX-512, and AVX2 with FMA. The files of this folder are
 * compiled once for each tier, those named _bf16 for AVX-512 only, and called only on processors that have
 * it. For arm64 they are compiled too, those named _bf16 aside, as the tier NEON. */
#ifndef DC3_KERNELS_VECTOR_VECTOR_H
#define DC3_KERNELS_VECTOR_VECTOR_H

#include "kernels/winograd.h"

#if defined(__AVX512F__)
#define VECTOR(name) dc3_avx512_##name
#elif defined(__aarch64__)
#define VECTOR(name) dc3_neon_##name
#else
#define VECTOR(name) dc3_avx2_##name
#endif

/* Replace the entries that a tier has. */
void dc3_avx512_kernels(dc3_kernels *table);
void dc3_avx2_kernels(dc3_kernels *table);
void dc3_neon_kernels(dc3_kernels *table);

enum { DC3_NORM_BLOCKS = 16 }; /* that the sums of group and layer norms are cut into */

void VECTOR(group_norm)(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, int64_t groups, const void *x,
                        const float *gamma, const float *beta, float eps, dc3_activation act, void *y);
void VECTOR(layer_norm)(dc3_dtype type, int64_t rows, int64_t c, const void *x, const float *gamma,
                        const float *beta, float eps, void *y);
size_t VECTOR(norm_gradient_scratch)(int64_t c);
void VECTOR(group_norm_gradient)(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, int64_t groups,
                                 const void *x, const float *gamma, const float *beta, float eps,
                                 dc3_activation act, const void *dy, void *dx, float *dgamma, float *dbeta,
                                 void *scratch);
void VECTOR(layer_norm_gradient)(dc3_dtype type, int64_t rows, int64_t c, const void *x, const float *gamma,
                                 float eps, const void *dy, void *dx, float *dgamma, float *dbeta,
                                 void *scratch);
void VECTOR(adaptive_norm)(dc3_dtype type, const dc3_adaptive_shape *shape, const void *x, const void *shift,
                           const void *scale, void *y);
void VECTOR(adaptive_norm_gradient)(dc3_dtype type, const dc3_adaptive_shape *shape, const void *x,
                                    const void *scale, const void *dy, void *dx, void *dshift, void *dscale,
                                    void *scratch);
void VECTOR(gated_add)(dc3_dtype type, const dc3_adaptive_shape *shape, const void *x, const void *branch,
                       const void *gate, void *y);
void VECTOR(gated_add_gradient)(dc3_dtype type, const dc3_adaptive_shape *shape, const void *branch,
                                const void *gate, const void *dy, void *dbranch, void *dgate);
void VECTOR(scale_channels)(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x,
                            const void *scale, void *y);
void VECTOR(scale_channels_gradient)(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x,
                                     const void *dy, void *dscale);
void VECTOR(geglu)(dc3_dtype type, int64_t rows, int64_t c, const void *x, void *y);
void VECTOR(geglu_gradient)(dc3_dtype type, int64_t rows, int64_t c, const void *x, const void *dy, void *dx);
void VECTOR(add_vector)(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x,
                        const void *vector, void *y);
void VECTOR(upsample2_gradient)(dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, const void *dy,
                                void *dx);
void VECTOR(activate)(dc3_dtype type, dc3_activation act, int64_t n, const void *x, void *y);
void VECTOR(add)(dc3_dtype type, int64_t n, const void *a, const void *b, void *y);
void VECTOR(cast)(dc3_dtype from_type, const void *from, dc3_dtype to_type, void *to, int64_t n);
void VECTOR(pool)(const dc3_pool_shape *shape, const void *x, void *y);
void VECTOR(pool_gradient)(const dc3_pool_shape *shape, const void *x, const void *y, const void *dy,
                           void *dx, void *scratch);
void VECTOR(sgd)(const dc3_sgd_step *step, int64_t n, const float *gradient, float *value, float *momentum);
void VECTOR(adamw)(const dc3_adamw_step *step, int64_t n, const float *gradient, float *value, float *m,
                   float *v);

size_t VECTOR(batch_norm_scratch)(const dc3_batch_norm_shape *shape);
void VECTOR(batch_norm_statistics)(const dc3_batch_norm_shape *shape, const void *x, float *mean,
                                   float *variance, void *scratch);
void VECTOR(batch_norm)(const dc3_batch_norm_shape *shape, const void *x, const float *scale,
                        const float *offset, const void *residual, void *y);
void VECTOR(batch_norm_sums)(const dc3_batch_norm_shape *shape, const void *dy, const void *x, const void *y,
                             const float *scale, const float *offset, const float *mean, void *dz, float *sum,
                             float *product, void *scratch);
void VECTOR(batch_norm_gradient)(const dc3_batch_norm_shape *shape, const void *dy, const void *x,
                                 const float *scale, const float *offset, const float *a, const float *b,
                                 const float *d, void *dx);
void VECTOR(add_rows)(dc3_dtype type, int64_t rows, int64_t c, const void *x, float *sums);
void VECTOR(activate_gradient)(dc3_dtype type, dc3_activation act, int64_t n, const void *x, const void *dy,
                               void *dx);

size_t VECTOR(attention_scratch_f32)(const dc3_attention_shape *shape, int threads);
void VECTOR(attention_f32)(const dc3_attention_shape *shape, const void *q, const void *k, const void *v,
                           void *y, float *lse, void *scratch);
size_t VECTOR(attention_gradient_scratch_f32)(const dc3_attention_shape *shape, int threads);
void VECTOR(attention_gradient_f32)(const dc3_attention_shape *shape, const dc3_attention_gradient *gradient,
                                    void *scratch);

extern const dc3_winograd dc3_avx512_winograd, dc3_avx2_winograd, dc3_neon_winograd;

/* For processors with AVX512-BF16. */
extern const dc3_winograd dc3_avx512_winograd_bf16;
/* y = x * scale + offset, with SiLU behind it or not; x and y bf16 [rows, c], scale and offset [c]. */
void dc3_avx512_scale_rows_bf16(int64_t rows, int64_t c, const uint16_t *x, const float *scale,
                                const float *offset, int with_silu, uint16_t *y);
size_t dc3_avx512_attention_scratch_bf16(const dc3_attention_shape *shape, int threads);
void dc3_avx512_attention_bf16(const dc3_attention_shape *shape, const void *q, const void *k, const void *v,
                               void *y, float *lse, void *scratch);
size_t dc3_avx512_attention_gradient_scratch_bf16(const dc3_attention_shape *shape, int threads);
void dc3_avx512_attention_gradient_bf16(const dc3_attention_shape *shape,
                                        const dc3_attention_gradient *gradient, void *scratch);

#endif
