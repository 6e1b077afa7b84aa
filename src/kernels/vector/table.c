#include "kernels/vector/vector.h"

/* Attention in bf16 is plain where the tier or the processor does not multiply bf16. */
#if defined(__AVX512F__)
#define HAS_BF16 dc3_cpu_has_bf16()
#else
#define HAS_BF16 0
#endif

static size_t attention_scratch(dc3_dtype type, const dc3_attention_shape *shape, int threads)
{
    if (type == DC3_F32) return VECTOR(attention_scratch_f32)(shape, threads);
    return HAS_BF16 ? dc3_avx512_attention_scratch_bf16(shape, threads)
                    : dc3_kernels_ref()->attention_scratch(type, shape, threads);
}

static void attention(dc3_dtype type, const dc3_attention_shape *shape, const void *q, const void *k,
                      const void *v, void *y, float *lse, void *scratch)
{
    if (type == DC3_F32)
        VECTOR(attention_f32)(shape, q, k, v, y, lse, scratch);
    else if (HAS_BF16)
        dc3_avx512_attention_bf16(shape, q, k, v, y, lse, scratch);
    else
        dc3_kernels_ref()->attention(type, shape, q, k, v, y, lse, scratch);
}

static size_t attention_gradient_scratch(dc3_dtype type, const dc3_attention_shape *shape, int threads)
{
    if (type == DC3_F32) return VECTOR(attention_gradient_scratch_f32)(shape, threads);
    return HAS_BF16 ? dc3_avx512_attention_gradient_scratch_bf16(shape, threads)
                    : dc3_kernels_ref()->attention_gradient_scratch(type, shape, threads);
}

static void attention_gradient(dc3_dtype type, const dc3_attention_shape *shape,
                               const dc3_attention_gradient *gradient, void *scratch)
{
    if (type == DC3_F32)
        VECTOR(attention_gradient_f32)(shape, gradient, scratch);
    else if (HAS_BF16)
        dc3_avx512_attention_gradient_bf16(shape, gradient, scratch);
    else
        dc3_kernels_ref()->attention_gradient(type, shape, gradient, scratch);
}

void VECTOR(kernels)(dc3_kernels *table)
{
#if defined(__AVX512F__)
    table->name = "AVX-512";
#elif defined(__aarch64__)
    table->name = "NEON";
#else
    table->name = "AVX2";
#endif
    table->group_norm = VECTOR(group_norm);
    table->layer_norm = VECTOR(layer_norm);
    table->norm_gradient_scratch = VECTOR(norm_gradient_scratch);
    table->group_norm_gradient = VECTOR(group_norm_gradient);
    table->layer_norm_gradient = VECTOR(layer_norm_gradient);
    table->adaptive_norm = VECTOR(adaptive_norm);
    table->adaptive_norm_gradient = VECTOR(adaptive_norm_gradient);
    table->gated_add = VECTOR(gated_add);
    table->gated_add_gradient = VECTOR(gated_add_gradient);
    table->scale_channels = VECTOR(scale_channels);
    table->scale_channels_gradient = VECTOR(scale_channels_gradient);
    table->attention_scratch = attention_scratch;
    table->attention = attention;
    table->attention_gradient_scratch = attention_gradient_scratch;
    table->attention_gradient = attention_gradient;
    table->geglu = VECTOR(geglu);
    table->geglu_gradient = VECTOR(geglu_gradient);
    table->activate = VECTOR(activate);
    table->activate_gradient = VECTOR(activate_gradient);
    table->add = VECTOR(add);
    table->add_vector = VECTOR(add_vector);
    table->add_rows = VECTOR(add_rows);
    table->upsample2_gradient = VECTOR(upsample2_gradient);
    table->batch_norm_scratch = VECTOR(batch_norm_scratch);
    table->batch_norm_statistics = VECTOR(batch_norm_statistics);
    table->batch_norm = VECTOR(batch_norm);
    table->batch_norm_sums = VECTOR(batch_norm_sums);
    table->batch_norm_gradient = VECTOR(batch_norm_gradient);
    table->cast = VECTOR(cast);
    table->pool = VECTOR(pool);
    table->pool_gradient = VECTOR(pool_gradient);
    table->sgd = VECTOR(sgd);
    table->adamw = VECTOR(adamw);
}
