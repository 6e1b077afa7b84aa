#include "kernels/x86/x86.h"

/* Attention in bf16 is plain where the tier or the processor does not multiply bf16. */
#if defined(__AVX512F__)
#define HAS_BF16 dc3_cpu_has_bf16()
#else
#define HAS_BF16 0
#endif

static size_t attention_scratch(dc3_dtype type, const dc3_attention_shape *shape, int threads)
{
    if (type == DC3_F32) return X86(attention_scratch_f32)(shape, threads);
    return HAS_BF16 ? dc3_avx512_attention_scratch_bf16(shape, threads)
                    : dc3_kernels_ref()->attention_scratch(type, shape, threads);
}

static void attention(dc3_dtype type, const dc3_attention_shape *shape, const void *q, const void *k,
                      const void *v, void *y, float *lse, void *scratch)
{
    if (type == DC3_F32)
        X86(attention_f32)(shape, q, k, v, y, lse, scratch);
    else if (HAS_BF16)
        dc3_avx512_attention_bf16(shape, q, k, v, y, lse, scratch);
    else
        dc3_kernels_ref()->attention(type, shape, q, k, v, y, lse, scratch);
}

static size_t attention_gradient_scratch(dc3_dtype type, const dc3_attention_shape *shape, int threads)
{
    if (type == DC3_F32) return X86(attention_gradient_scratch_f32)(shape, threads);
    return HAS_BF16 ? dc3_avx512_attention_gradient_scratch_bf16(shape, threads)
                    : dc3_kernels_ref()->attention_gradient_scratch(type, shape, threads);
}

static void attention_gradient(dc3_dtype type, const dc3_attention_shape *shape,
                               const dc3_attention_gradient *gradient, void *scratch)
{
    if (type == DC3_F32)
        X86(attention_gradient_f32)(shape, gradient, scratch);
    else if (HAS_BF16)
        dc3_avx512_attention_gradient_bf16(shape, gradient, scratch);
    else
        dc3_kernels_ref()->attention_gradient(type, shape, gradient, scratch);
}

void X86(kernels)(dc3_kernels *table)
{
#if defined(__AVX512F__)
    table->name = "AVX-512";
#elif defined(__aarch64__)
    table->name = "NEON";
#else
    table->name = "AVX2";
#endif
    table->group_norm = X86(group_norm);
    table->layer_norm = X86(layer_norm);
    table->norm_gradient_scratch = X86(norm_gradient_scratch);
    table->group_norm_gradient = X86(group_norm_gradient);
    table->layer_norm_gradient = X86(layer_norm_gradient);
    table->adaptive_norm = X86(adaptive_norm);
    table->adaptive_norm_gradient = X86(adaptive_norm_gradient);
    table->gated_add = X86(gated_add);
    table->gated_add_gradient = X86(gated_add_gradient);
    table->scale_channels = X86(scale_channels);
    table->scale_channels_gradient = X86(scale_channels_gradient);
    table->attention_scratch = attention_scratch;
    table->attention = attention;
    table->attention_gradient_scratch = attention_gradient_scratch;
    table->attention_gradient = attention_gradient;
    table->geglu = X86(geglu);
    table->geglu_gradient = X86(geglu_gradient);
    table->activate = X86(activate);
    table->activate_gradient = X86(activate_gradient);
    table->add = X86(add);
    table->add_vector = X86(add_vector);
    table->add_rows = X86(add_rows);
    table->upsample2_gradient = X86(upsample2_gradient);
    table->batch_norm_scratch = X86(batch_norm_scratch);
    table->batch_norm_statistics = X86(batch_norm_statistics);
    table->batch_norm = X86(batch_norm);
    table->batch_norm_sums = X86(batch_norm_sums);
    table->batch_norm_gradient = X86(batch_norm_gradient);
    table->cast = X86(cast);
    table->pool = X86(pool);
    table->pool_gradient = X86(pool_gradient);
    table->sgd = X86(sgd);
    table->adamw = X86(adamw);
}
