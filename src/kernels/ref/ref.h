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
void dc3_ref_adaptive_norm(dc3_dtype type, const dc3_adaptive_shape *shape, const void *x, const void *shift,
                           const void *scale, void *y);
size_t dc3_ref_adaptive_norm_scratch(const dc3_adaptive_shape *shape);
void dc3_ref_adaptive_norm_gradient(dc3_dtype type, const dc3_adaptive_shape *shape, const void *x,
                                    const void *scale, const void *dy, void *dx, void *dshift, void *dscale,
                                    void *scratch);
void dc3_ref_gated_add(dc3_dtype type, const dc3_adaptive_shape *shape, const void *x, const void *branch,
                       const void *gate, void *y);
void dc3_ref_gated_add_gradient(dc3_dtype type, const dc3_adaptive_shape *shape, const void *branch,
                                const void *gate, const void *dy, void *dbranch, void *dgate);
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

void dc3_ref_copy(size_t bytes, const void *from, void *to);
void dc3_ref_fill(size_t bytes, int value, void *to);
void dc3_ref_swap(size_t bytes, void *a, void *b);
void dc3_ref_copy_rows(int64_t rows, size_t bytes, const void *from, size_t from_stride, void *to,
                       size_t to_stride);
void dc3_ref_to_planar(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x, void *y);
void dc3_ref_from_planar(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x, void *y);
void dc3_ref_pool(const dc3_pool_shape *shape, const void *x, void *y);
size_t dc3_ref_pool_gradient_scratch(const dc3_pool_shape *shape, int threads);
void dc3_ref_pool_gradient(const dc3_pool_shape *shape, const void *x, const void *y, const void *dy,
                           void *dx, void *scratch);
void dc3_ref_global_pool(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x, void *y);
void dc3_ref_global_pool_gradient(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *dy,
                                  void *dx);
void dc3_ref_adaptive_pool(dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, int64_t size,
                           const void *x, void *y);
void dc3_ref_adaptive_pool_gradient(dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, int64_t size,
                                    const void *dy, void *dx);
void dc3_ref_scale_channels(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x,
                            const void *scale, void *y);
void dc3_ref_scale_channels_gradient(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x,
                                     const void *dy, void *dscale);
void dc3_ref_dropout(const dc3_dropout_shape *shape, const void *x, void *y);
void dc3_ref_embedding(const dc3_embedding_shape *shape, const int64_t *ids, const void *table,
                       const void *position, void *y);
void dc3_ref_class_token(dc3_dtype type, int64_t n, int64_t t, int64_t c, const void *x, const float *token,
                         const float *position, void *y);
void dc3_ref_patch_merge(dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, const void *x, void *y);
void dc3_ref_patch_merge_gradient(dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, const void *dy,
                                  void *dx);
void dc3_ref_position_bias(int64_t heads, int64_t side, const float *x, float *y);
void dc3_ref_position_bias_gradient(int64_t heads, int64_t side, const float *y, const float *dy, float *dx);
size_t dc3_ref_window_attention_scratch(const dc3_window_shape *shape, int threads);
void dc3_ref_window_attention(const dc3_window_shape *shape, const void *qkv, const float *position,
                              const float *bias, const float *scale, void *y, void *scratch);
size_t dc3_ref_window_attention_gradient_scratch(const dc3_window_shape *shape, int threads);
void dc3_ref_window_attention_gradient(const dc3_window_shape *shape, const dc3_window_gradient *gradient,
                                       void *scratch);
size_t dc3_ref_loss_scratch(int64_t c);
void dc3_ref_cross_entropy(int64_t n, int64_t c, int64_t k, const float *z, const int64_t *labels,
                           const float *weights, float smoothing, float *loss, float *slope, void *scratch);
void dc3_ref_distillation(int64_t n, int64_t c, const float *z, const float *target, float temperature,
                          float *loss, float *slope, void *scratch);
void dc3_ref_cosine(int64_t n, int64_t c, int64_t k, const float *z, const float *target,
                    const int64_t *labels, const float *weights, float smoothing, float share, float *loss,
                    float *slope, void *scratch);
void dc3_ref_mse(int64_t n, const float *x, const float *target, float *loss, float *slope);
void dc3_ref_multiply(int64_t n, const float *x, const float *factor, float *y);
void dc3_ref_scale(int64_t n, float rate, float *x);
void dc3_ref_sum_squares(int64_t n, const float *x, double *sum);
void dc3_ref_affine(int64_t n, float scale, float offset, const float *x, float *y);
void dc3_ref_clamp(int64_t n, float low, float high, float *x);
void dc3_ref_guided(const dc3_guided_shape *shape, const float *rows, const float *condition, float *y);
void dc3_ref_sampler_step(const dc3_sampler_step *step, int64_t n, const float *y, const float *noise,
                          float *x, float *memory);
void dc3_ref_blend(int64_t n, float rate, const float *value, float *average);
void dc3_ref_sgd(const dc3_sgd_step *step, int64_t n, const float *gradient, float *value, float *momentum);
void dc3_ref_adamw(const dc3_adamw_step *step, int64_t n, const float *gradient, float *value, float *m,
                   float *v);
void dc3_ref_batch_norm_vectors(int64_t c, float eps, const float *gamma, const float *beta,
                                const float *mean, const float *variance, float *vectors);
void dc3_ref_batch_norm_running(int64_t c, int64_t count, float momentum, const float *mean,
                                const float *variance, float *running_mean, float *running_variance);
void dc3_ref_batch_norm_coefficients(int64_t c, int64_t count, const float *gamma, const float *vectors,
                                     const float *sums, float *coefficients, float *dgamma, float *dbeta);

#endif
