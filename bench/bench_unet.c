/* Speed of the full-size Stable Diffusion 1.5 U-Net with 8 input channels: random weights, batch 3, 32x32
 * latents, 77 tokens. Prints FLOP/s and their ratio to the best convolution rate measured in the same run.
 * Usage: bench_unet [f32|bf16] [repeats] [threads] */
#include <omp.h>
#include "bench.h"
#include "sd15.h"

static dc3_status open_unet(const void *config, dc3_table **table, void *network)
{
    return dc3_unet_open(NULL, config, table, network);
}

int main(int argc, char **argv)
{
    dc3_dtype dtype = argc > 1 && strcmp(argv[1], "bf16") == 0 ? DC3_BF16 : DC3_F32;
    int repeats = argc > 2 ? atoi(argv[2]) : 5, threads = argc > 3 ? atoi(argv[3]) : omp_get_max_threads();
    dc3_unet_config config = sd15_unet(8);
    static const int64_t shapes[][3] = {{320, 320, 32}, {640, 640, 16}, {1280, 1280, 8}, {640, 320, 32}};
    dc3_ctx *ctx;
    dc3_unet *unet;
    dc3_unet_time *time_bias;
    if (repeats < 1 || repeats > 64) repeats = 5;
    must(dc3_ctx_open(NULL, dtype, threads, DC3_CTX_FAST, &ctx));
    open_random(open_unet, &config, &unet);
    printf("U-Net: %.0f M parameters, %s, %d threads\n", dc3_unet_parameters(unet) * 1e-6,
           dc3_dtype_name(dtype), threads);
    dc3_tensor text = random_tensor(ctx, 3, (int64_t[]){3, 77, 768});
    dc3_tensor x = random_tensor(ctx, 4, (int64_t[]){3, 32, 32, 8});
    dc3_tensor *kv = calloc((size_t)dc3_unet_text_count(unet), sizeof *kv);
    must(dc3_unet_time_open(ctx, unet, 1, (float[]){500}, &time_bias));
    dc3_unet_text_of(ctx, unet, text, kv);
    dc3_drop(ctx, dc3_unet_of(ctx, unet, x, time_bias, 0, kv)); /* packs the weights */
    double ceiling = best_convolution(ctx, 3, shapes, 4), seconds[64];
    for (int i = 0; i < repeats; i++) {
        dc3_ctx_profile_reset(ctx);
        double start = now();
        dc3_drop(ctx, dc3_unet_of(ctx, unet, x, time_bias, 0, kv));
        seconds[i] = now() - start;
    }
    must(dc3_ctx_status(ctx));
    double flops = print_profile(ctx), again = best_convolution(ctx, 3, shapes, 4);
    if (again > ceiling) ceiling = again;
    double middle = median(seconds, repeats);
    printf("forward: median %.3f s (best %.3f), %.1f GFLOP, %.1f GFLOP/s; best convolution %.1f GFLOP/s; "
           "ratio %.2f\n",
           middle, seconds[0], flops * 1e-9, flops / middle * 1e-9, ceiling * 1e-9, flops / middle / ceiling);
    printf("temporaries %.0f MB\n", (double)dc3_ctx_bytes(ctx) * 1e-6);
    dc3_unet_time_close(&time_bias);
    dc3_unet_close(&unet);
    dc3_ctx_close(&ctx);
    free(kv);
    return 0;
}
