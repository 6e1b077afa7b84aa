/* Which kernels this processor runs. */
#include "kernels/backend.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include "kernels/x86/avx512.h"

static int has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

int dc3_cpu_has_bf16(void)
{
    unsigned a, b, c, d;
    return has_avx512() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 5 & 1);
}

static size_t attention_scratch(dc3_dtype type, const dc3_attention_shape *shape, int threads)
{
    if (type == DC3_F32) return dc3_avx512_attention_scratch_f32(shape, threads);
    return dc3_cpu_has_bf16() ? dc3_avx512_attention_scratch_bf16(shape, threads)
                              : dc3_kernels_ref()->attention_scratch(type, shape, threads);
}

static void attention(dc3_dtype type, const dc3_attention_shape *shape, const void *q, const void *k,
                      const void *v, void *y, float *lse, void *scratch)
{
    if (type == DC3_F32)
        dc3_avx512_attention_f32(shape, q, k, v, y, lse, scratch);
    else if (dc3_cpu_has_bf16())
        dc3_avx512_attention_bf16(shape, q, k, v, y, lse, scratch);
    else
        dc3_kernels_ref()->attention(type, shape, q, k, v, y, lse, scratch);
}

static size_t attention_gradient_scratch(dc3_dtype type, const dc3_attention_shape *shape, int threads)
{
    if (type == DC3_F32) return dc3_avx512_attention_gradient_scratch_f32(shape, threads);
    return dc3_cpu_has_bf16() ? dc3_avx512_attention_gradient_scratch_bf16(shape, threads)
                              : dc3_kernels_ref()->attention_gradient_scratch(type, shape, threads);
}

static void attention_gradient(dc3_dtype type, const dc3_attention_shape *shape,
                               const dc3_attention_gradient *gradient, void *scratch)
{
    if (type == DC3_F32)
        dc3_avx512_attention_gradient_f32(shape, gradient, scratch);
    else if (dc3_cpu_has_bf16())
        dc3_avx512_attention_gradient_bf16(shape, gradient, scratch);
    else
        dc3_kernels_ref()->attention_gradient(type, shape, gradient, scratch);
}

const dc3_kernels *dc3_kernels_best(void)
{
    static dc3_kernels table;
    if (!has_avx512()) return dc3_kernels_ref();
    dc3_kernels fast = *dc3_kernels_ref();
    fast.name = "AVX-512";
    fast.group_norm = dc3_avx512_group_norm;
    fast.layer_norm = dc3_avx512_layer_norm;
    fast.attention_scratch = attention_scratch;
    fast.attention = attention;
    fast.attention_gradient_scratch = attention_gradient_scratch;
    fast.attention_gradient = attention_gradient;
    fast.norm_gradient_scratch = dc3_avx512_norm_gradient_scratch;
    fast.group_norm_gradient = dc3_avx512_group_norm_gradient;
    fast.layer_norm_gradient = dc3_avx512_layer_norm_gradient;
    fast.geglu = dc3_avx512_geglu;
    fast.geglu_gradient = dc3_avx512_geglu_gradient;
    fast.add_vector = dc3_avx512_add_vector;
    fast.upsample2_gradient = dc3_avx512_upsample2_gradient;
    fast.activate = dc3_avx512_activate;
    fast.add = dc3_avx512_add;
    fast.cast = dc3_avx512_cast;
    fast.batch_norm_scratch = dc3_avx512_batch_norm_scratch;
    fast.batch_norm_statistics = dc3_avx512_batch_norm_statistics;
    fast.batch_norm = dc3_avx512_batch_norm;
    fast.batch_norm_sums = dc3_avx512_batch_norm_sums;
    fast.batch_norm_gradient = dc3_avx512_batch_norm_gradient;
    fast.add_rows = dc3_avx512_add_rows;
    fast.activate_gradient = dc3_avx512_activate_gradient;
    fast.sgd = dc3_avx512_sgd;
    fast.adamw = dc3_avx512_adamw;
    table = fast;
    return &table;
}

#else

int dc3_cpu_has_bf16(void)
{
    return 0;
}

const dc3_kernels *dc3_kernels_best(void)
{
    return dc3_kernels_ref();
}

#endif
