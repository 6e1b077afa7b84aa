/* Speed of the full-size Stable Diffusion 1.5 U-Net with 8 input channels: random weights, batch 3, 32x32
 * latents, 77 tokens. Prints FLOP/s and their ratio to the best convolution rate measured in the same run.
 * Usage: bench_unet [f32|bf16] [repeats] [threads] */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include "base/rng.h"
#include "nn/unet_2d_condition.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Every tensor that the network asks for, at random: a table that is filled from the shapes as they are
 * missed. */
static dc3_unet *random_unet(const dc3_unet_config *config)
{
    dc3_table *table = dc3_table_new("random weights");
    dc3_rng rng = dc3_rng_make(1, DC3_RNG_BENCH, 0);
    enum { MANY = 4 << 20 };
    float *noise = malloc(MANY * sizeof *noise);
    dc3_rng_normal(&rng, noise, MANY);
    for (;;) {
        dc3_unet *unet = NULL;
        dc3_table *copy = dc3_table_new("random weights");
        for (size_t i = 0; i < dc3_table_size(table); i++)
            dc3_table_add(copy, dc3_table_name(table, i), *dc3_table_at(table, i));
        if (dc3_unet_open(config, &copy, &unet) == DC3_OK) return unet;
        char name[256];
        long long d[4] = {1, 1, 1, 1};
        int n = 0;
        const char *text = strstr(dc3_error_text(), "tensor '");
        const char *shape = text ? strstr(text, "of shape [") : NULL;
        if (!shape || sscanf(text, "tensor '%255[^']'", name) != 1) {
            fprintf(stderr, "%s\n", dc3_error_text());
            exit(1);
        }
        n = sscanf(shape, "of shape [%lld, %lld, %lld, %lld", &d[0], &d[1], &d[2], &d[3]);
        int64_t dims[4] = {d[0], d[1], d[2], d[3]}, count = d[0] * d[1] * d[2] * d[3];
        float *values = malloc((size_t)count * sizeof *values), scale = n == 1 ? 0.02f : 0;
        double fan = (double)(d[1] * d[2] * d[3]);
        for (double s = 1; scale == 0 && s > 0; s /= 2)
            if (s * s * fan <= 1) scale = (float)s;
        for (int64_t i = 0; i < count; i++) values[i] = scale * noise[(i * 1 + count) % MANY];
        if (n == 1 && strstr(name, "weight"))
            for (int64_t i = 0; i < count; i++) values[i] += 1;
        dc3_table_add(table, name, dc3_view(values, DC3_F32, n, dims));
    }
}

/* The best rate over the network's 3x3 convolution shapes, in FLOP/s. */
static double best_convolution(dc3_ctx *ctx)
{
    static const int64_t shapes[][3] = {{320, 320, 32}, {640, 640, 16}, {1280, 1280, 8}, {640, 320, 32}};
    double best = 0;
    for (int i = 0; i < 4; i++) {
        int64_t ci = shapes[i][0], co = shapes[i][1], size = shapes[i][2];
        float *w = calloc((size_t)(ci * co * 9), sizeof *w);
        dc3_weight weight = {.part = {dc3_view(w, DC3_F32, 4, (int64_t[]){co, ci, 3, 3})}, .parts = 1};
        dc3_conv_options options = {
            .kernel = 3, .stride = 1, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1};
        dc3_scope scope = dc3_scope_open(ctx);
        dc3_tensor x = dc3_new(ctx, dc3_ctx_dtype(ctx), 4, (int64_t[]){3, size, size, ci});
        memset(x.data, 0, dc3_bytes(&x));
        for (int again = 0; again < 12; again++) {
            double start = now();
            dc3_drop(ctx, dc3_conv2d(ctx, x, &weight, NULL, &options, NULL));
            double rate = 2.0 * 3 * (double)(size * size * ci * co * 9) / (now() - start);
            if (rate > best) best = rate;
        }
        dc3_scope_close(ctx, scope);
        dc3_weight_release(&weight);
        free(w);
    }
    return best;
}

int main(int argc, char **argv)
{
    dc3_dtype dtype = argc > 1 && strcmp(argv[1], "bf16") == 0 ? DC3_BF16 : DC3_F32;
    int repeats = argc > 2 ? atoi(argv[2]) : 5, threads = argc > 3 ? atoi(argv[3]) : omp_get_max_threads();
    dc3_unet_config config = {.in_channels = 8,
                              .out_channels = 4,
                              .groups = 32,
                              .levels = 4,
                              .channels = {320, 640, 1280, 1280},
                              .down_attention = {1, 1, 1, 0},
                              .up_attention = {0, 1, 1, 1},
                              .heads = {8, 8, 8, 8},
                              .layers = {2, 2, 2, 2},
                              .transformer_layers = {1, 1, 1, 1},
                              .text_channels = 768,
                              .norm_eps = 1e-5f,
                              .flip_sin_to_cos = 1};
    dc3_ctx *ctx;
    dc3_unet_time *time_bias;
    if (dc3_ctx_open(dtype, threads, DC3_CTX_FAST, &ctx) != DC3_OK) {
        fprintf(stderr, "%s\n", dc3_error_text());
        return 1;
    }
    dc3_unet *unet = random_unet(&config);
    printf("U-Net: %.0f M parameters, %s, %d threads\n", dc3_unet_parameters(unet) * 1e-6,
           dc3_dtype_name(dtype), threads);
    dc3_tensor text = dc3_new(ctx, dtype, 3, (int64_t[]){3, 77, 768});
    dc3_tensor x = dc3_new(ctx, dtype, 4, (int64_t[]){3, 32, 32, 8});
    dc3_rng rng = dc3_rng_make(2, DC3_RNG_BENCH, 0);
    float *noise = malloc((size_t)dc3_count(&text) * sizeof *noise);
    dc3_rng_normal(&rng, noise, (size_t)dc3_count(&text));
    dc3_convert(noise, DC3_F32, text.data, dtype, dc3_count(&text));
    dc3_convert(noise, DC3_F32, x.data, dtype, dc3_count(&x));
    dc3_tensor *kv = calloc((size_t)dc3_unet_text_count(unet), sizeof *kv);
    if (dc3_unet_time_open(ctx, unet, 1, (float[]){500}, &time_bias) != DC3_OK) return 1;
    dc3_unet_text_of(ctx, unet, text, kv);
    dc3_drop(ctx, dc3_unet_of(ctx, unet, x, time_bias, 0, kv)); /* packs the weights */
    double ceiling = best_convolution(ctx), seconds[64], flops = 0;
    for (int i = 0; i < repeats && i < 64; i++) {
        dc3_ctx_profile_reset(ctx);
        double start = now();
        dc3_drop(ctx, dc3_unet_of(ctx, unet, x, time_bias, 0, kv));
        seconds[i] = now() - start;
    }
    double again = best_convolution(ctx);
    if (dc3_ctx_status(ctx) != DC3_OK) {
        fprintf(stderr, "%s\n", dc3_error_text());
        return 1;
    }
    if (again > ceiling) ceiling = again;
    /* the profile above holds the last forward and the ceiling's convolutions: take the forward's own again
     */
    dc3_ctx_profile_reset(ctx);
    dc3_drop(ctx, dc3_unet_of(ctx, unet, x, time_bias, 0, kv));
    dc3_profile p = dc3_ctx_profile(ctx);
    for (int k = 0; k < DC3_OP_KINDS; k++) {
        flops += p.flops[k];
        printf("  %-12s %5ld calls %8.1f ms %8.1f GFLOP %8.1f GFLOP/s\n", dc3_op_kind_name((dc3_op_kind)k),
               p.calls[k], p.seconds[k] * 1e3, p.flops[k] * 1e-9,
               p.seconds[k] > 0 ? p.flops[k] / p.seconds[k] * 1e-9 : 0);
    }
    qsort(seconds, (size_t)repeats, sizeof *seconds, compare);
    double median = seconds[repeats / 2];
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("forward: median %.3f s (best %.3f), %.1f GFLOP, %.1f GFLOP/s; best convolution %.1f GFLOP/s; "
           "ratio %.2f\n",
           median, seconds[0], flops * 1e-9, flops / median * 1e-9, ceiling * 1e-9, flops / median / ceiling);
    printf("temporaries %.0f MB\n", (double)dc3_ctx_bytes(ctx) * 1e-6);
    dc3_unet_time_close(&time_bias);
    dc3_unet_close(&unet);
    dc3_ctx_close(&ctx);
    free(noise);
    free(kv);
    return 0;
}
