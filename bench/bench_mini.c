/* Speed of dc3-mini's networks (random weights) at 64x64 pixels, a batch at a time: the autoencoder's two
 * halves and the U-Net, medians and best in milliseconds an image.
 * Usage: bench_mini [f32|bf16] [repeats] [threads] [batch] */
#include <omp.h>
#include "bench.h"
#include "nn/autoencoder_kl.h"

enum { MOST_REPEATS = 999, SIDE = 64, LATENTS = 16 };

static dc3_status open_vae(const void *config, dc3_table **table, void *network)
{
    return dc3_vae_open(NULL, config, table, network);
}

static void measure(dc3_ctx *ctx, dc3_vae *vae, int decode, int64_t batch, int repeats)
{
    static double seconds[MOST_REPEATS];
    dc3_scope whole = dc3_scope_open(ctx);
    dc3_tensor x = random_tensor(
        ctx, 4, decode ? (int64_t[]){batch, LATENTS, LATENTS, 4} : (int64_t[]){batch, SIDE, SIDE, 3});
    for (int i = -1; i < repeats; i++) { /* the first call packs the weights */
        dc3_scope scope = dc3_scope_open(ctx);
        if (i < 0) dc3_ctx_profile_reset(ctx);
        double start = now();
        (decode ? dc3_vae_decode : dc3_vae_encode)(ctx, vae, x);
        if (i >= 0) seconds[i] = now() - start;
        dc3_scope_close(ctx, scope);
        must(dc3_ctx_status(ctx));
    }
    dc3_profile p = dc3_ctx_profile(ctx);
    double flops = 0, middle = median(seconds, repeats);
    for (int k = 0; k < DC3_OP_KINDS; k++) flops += p.flops[k] / (double)(repeats + 1);
    printf("%s, batch %2d: median %.3f, best %.3f ms an image, %.3f GFLOP, %.0f GFLOP/s:",
           decode ? "decode" : "encode", (int)batch, 1e3 * middle / (double)batch,
           1e3 * seconds[0] / (double)batch, flops * 1e-9 / (double)batch, flops * 1e-9 / middle);
    for (int k = 0; k < DC3_OP_KINDS; k++)
        printf(" %s %.3f", dc3_op_kind_name((dc3_op_kind)k),
               1e3 * p.seconds[k] / (double)(repeats + 1) / (double)batch);
    printf("\n");
    dc3_scope_close(ctx, whole);
}

int main(int argc, char **argv)
{
    static const int64_t batches[] = {1, 2, 4, 8, 16};
    dc3_dtype dtype = argc > 1 && strcmp(argv[1], "f32") == 0 ? DC3_F32 : DC3_BF16;
    int repeats = argc > 2 ? atoi(argv[2]) : 51, threads = argc > 3 ? atoi(argv[3]) : 1;
    int64_t only = argc > 4 ? atoll(argv[4]) : 0;
    if (repeats < 1 || repeats > MOST_REPEATS) repeats = 51;
    dc3_vae_config config = {.in_channels = 3,
                             .out_channels = 3,
                             .latent_channels = 4,
                             .groups = 8,
                             .layers = 1,
                             .levels = 3,
                             .channels = {32, 64, 96},
                             .quant_conv = 1,
                             .post_quant_conv = 1,
                             .mid_attention = 1,
                             .scaling_factor = 0.9485f};
    dc3_ctx *ctx;
    dc3_vae *vae;
    must(dc3_ctx_open(NULL, dtype, threads, DC3_CTX_FAST, &ctx));
    open_random(open_vae, &config, &vae);
    printf("dc3-mini, %s, %d threads, %dx%d pixels\n", dc3_dtype_name(dtype), threads, SIDE, SIDE);
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        if (only && batches[i] != only) continue;
        measure(ctx, vae, 0, batches[i], repeats);
        measure(ctx, vae, 1, batches[i], repeats);
    }
    dc3_vae_close(&vae);
    dc3_ctx_close(&ctx);
    return 0;
}
