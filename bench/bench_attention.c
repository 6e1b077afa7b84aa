/* Speed of attention on the shapes of the Stable Diffusion U-Net at 32x32 latents, batch 3.
 * Usage: bench_attention [repeats] */
#include <omp.h>
#include "bench.h"

static void *values(dc3_rng *rng, dc3_dtype type, int64_t count)
{
    float *x = aligned_alloc(64, (size_t)(count + 16) / 16 * 64);
    void *y = aligned_alloc(64, (size_t)(count + 16) / 16 * 64);
    dc3_rng_normal(rng, x, (size_t)count);
    dc3_convert(x, DC3_F32, y, type, count);
    free(x);
    return y;
}

static void measure(dc3_dtype type, int64_t queries, int64_t keys, int64_t dim, int repeats)
{
    dc3_rng rng = dc3_rng_make(1, DC3_RNG_BENCH, 0);
    int64_t n = 3, heads = 8, row = 3 * heads * dim;
    dc3_attention_shape s = {.n = n,
                             .n_kv = n,
                             .heads = heads,
                             .dim = dim,
                             .tokens_q = queries,
                             .tokens_kv = keys,
                             .stride_q = row,
                             .stride_k = row,
                             .stride_v = row,
                             .stride_y = heads * dim,
                             .scale = 0.15f};
    void *q = values(&rng, type, n * queries * row), *kv = values(&rng, type, n * keys * row),
         *y = values(&rng, type, n * queries * heads * dim);
    size_t half = (size_t)(heads * dim) * dc3_dtype_size(type);
    const dc3_kernels *k = dc3_kernels_best();
    void *scratch = aligned_alloc(64, (k->attention_scratch(type, &s, omp_get_max_threads()) + 63) / 64 * 64);
    double seconds[99];
    k->attention(type, &s, q, (char *)kv + half, (char *)kv + 2 * half, y, NULL, scratch);
    for (int i = 0; i < repeats; i++) {
        double start = now();
        k->attention(type, &s, q, (char *)kv + half, (char *)kv + 2 * half, y, NULL, scratch);
        seconds[i] = now() - start;
    }
    double middle = median(seconds, repeats);
    double flops = 4.0 * (double)(n * heads * queries * keys * dim);
    printf("  %-4s %5lld queries %5lld keys, %3lld channels a head: %7.3f ms, %6.1f GFLOP/s\n",
           dc3_dtype_name(type), (long long)queries, (long long)keys, (long long)dim, 1e3 * middle,
           1e-9 * flops / middle);
    free(q), free(kv), free(y), free(scratch);
}

int main(int argc, char **argv)
{
    int repeats = argc > 1 ? atoi(argv[1]) : 21;
    repeats = repeats < 1 ? 1 : repeats > 99 ? 99 : repeats;
    printf("attention: 8 heads, batch 3, %d threads, median of %d\n", omp_get_max_threads(), repeats);
    for (int t = 0; t < (dc3_cpu_has_bf16() ? 2 : 1); t++) {
        dc3_dtype type = t ? DC3_BF16 : DC3_F32;
        measure(type, 1024, 1024, 40, repeats);
        measure(type, 256, 256, 80, repeats);
        measure(type, 64, 64, 160, repeats);
        measure(type, 1024, 77, 40, repeats);
    }
    return 0;
}
