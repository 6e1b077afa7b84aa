/* Speed of Stable Diffusion's VAE (84 M parameters, random weights): encoding and decoding one image of
 * 256x256 pixels. Usage: bench_vae [f32|bf16] [repeats] [threads] */
#include <omp.h>
#include "bench.h"
#include "nn/autoencoder_kl.h"

static dc3_status open_vae(const void *config, dc3_table **table, void *network)
{
    return dc3_vae_open(NULL, config, table, network);
}

/* Median seconds of encoding (or decoding); prints where the time goes. */
static double measure(dc3_ctx *ctx, dc3_vae *vae, int decode, int repeats)
{
    double seconds[64];
    for (int i = -1; i < repeats; i++) { /* the first call packs the weights */
        dc3_scope scope = dc3_scope_open(ctx);
        dc3_tensor x =
            random_tensor(ctx, 4, decode ? (int64_t[]){1, 32, 32, 4} : (int64_t[]){1, 256, 256, 3});
        dc3_ctx_profile_reset(ctx);
        double start = now();
        (decode ? dc3_vae_decode : dc3_vae_encode)(ctx, vae, x);
        if (i >= 0) seconds[i] = now() - start;
        dc3_scope_close(ctx, scope);
        must(dc3_ctx_status(ctx));
    }
    double middle = median(seconds, repeats), flops = print_profile(ctx);
    printf("%s: median %.3f s, %.1f GFLOP, %.1f GFLOP/s\n", decode ? "decode" : "encode", middle,
           flops * 1e-9, flops / middle * 1e-9);
    return middle;
}

int main(int argc, char **argv)
{
    static const int64_t shapes[][3] = {{128, 128, 256}, {256, 256, 128}, {512, 512, 64}, {512, 512, 32}};
    dc3_dtype dtype = argc > 1 && strcmp(argv[1], "bf16") == 0 ? DC3_BF16 : DC3_F32;
    int repeats = argc > 2 ? atoi(argv[2]) : 5, threads = argc > 3 ? atoi(argv[3]) : omp_get_max_threads();
    if (repeats < 1 || repeats > 64) repeats = 5;
    dc3_vae_config config = {.in_channels = 3,
                             .out_channels = 3,
                             .latent_channels = 4,
                             .groups = 32,
                             .layers = 2,
                             .levels = 4,
                             .channels = {128, 256, 512, 512},
                             .quant_conv = 1,
                             .post_quant_conv = 1,
                             .mid_attention = 1,
                             .scaling_factor = 0.18215f};
    dc3_ctx *ctx;
    dc3_vae *vae;
    must(dc3_ctx_open(NULL, dtype, threads, DC3_CTX_FAST, &ctx));
    open_random(open_vae, &config, &vae);
    printf("VAE: %.0f M parameters, %s, %d threads, 256x256 pixels\n", dc3_vae_parameters(vae) * 1e-6,
           dc3_dtype_name(dtype), threads);
    double ceiling = best_convolution(ctx, 1, shapes, 4);
    double both = measure(ctx, vae, 0, repeats) + measure(ctx, vae, 1, repeats);
    printf("both: %.3f s; best convolution %.1f GFLOP/s; temporaries %.0f MB\n", both, ceiling * 1e-9,
           (double)dc3_ctx_bytes(ctx) * 1e-6);
    dc3_vae_close(&vae);
    dc3_ctx_close(&ctx);
    return 0;
}
