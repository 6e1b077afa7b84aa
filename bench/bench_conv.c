/* bench_conv [f32|bf16 [BATCH]]: rates of 3x3 convolutions of stride 1 and of their gradients, of the shapes
 * of a ResNet-18 at 32 px, products counted as the direct sum has them. DC3_KERNELS=plain takes oneDNN's in
 * all. */
#include "bench.h"
#include "kernels/dense.h"

enum { ROUNDS = 7 };

static double rate(dc3_dense *d, int pass, const dc3_conv_shape *s, const void *x, dc3_weight *w,
                   const void *dy, void *to, float *dw)
{
    double times[ROUNDS], flops = 2.0 * (double)(s->n * s->h * s->w * s->ci * s->co * 9);
    for (int i = -1; i < ROUNDS; i++) { /* the first makes primitives */
        double start = now();
        if (pass == 0) must(d->conv2d(d->self, s, x, w, NULL, NULL, to));
        if (pass == 1) must(d->conv2d_backward_data(d->self, s, dy, w, to));
        if (pass == 2) must(d->conv2d_backward_weight(d->self, s, x, dy, dw));
        w->version++; /* as in training: each step packs it anew */
        if (i >= 0) times[i] = now() - start;
    }
    return flops / median(times, ROUNDS) * 1e-9;
}

int main(int argc, char **argv)
{
    static const int64_t shapes[][2] = {{64, 32}, {128, 16}, {256, 8}, {512, 4}, {128, 32}};
    dc3_dtype type = argc > 1 && strcmp(argv[1], "f32") == 0 ? DC3_F32 : DC3_BF16;
    int64_t n = argc > 2 ? atoi(argv[2]) : 100;
    dc3_dense d;
    dc3_ctx *ctx;
    must(dc3_dense_onednn(&d));
    must(dc3_ctx_open(NULL, type, 2, DC3_CTX_FAST, &ctx));
    printf("%s, batch %lld, GFLOP/s: forward, data gradient, weight gradient\n",
           type == DC3_F32 ? "f32" : "bf16", (long long)n);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        int64_t c = shapes[i][0], side = shapes[i][1];
        dc3_conv_shape s = {.n = n,
                            .h = side,
                            .w = side,
                            .ci = c,
                            .co = c,
                            .kh = 3,
                            .kw = 3,
                            .stride = 1,
                            .pad_top = 1,
                            .pad_left = 1,
                            .pad_bottom = 1,
                            .pad_right = 1,
                            .type = type};
        dc3_tensor x = random_tensor(ctx, 4, (int64_t[]){n, side, side, c}),
                   dy = random_tensor(ctx, 4, (int64_t[]){n, side, side, c}),
                   y = random_tensor(ctx, 4, (int64_t[]){n, side, side, c});
        float *w = malloc((size_t)(c * c * 9) * sizeof *w), *dw = calloc((size_t)(c * c * 9), sizeof *dw);
        for (int64_t k = 0; k < c * c * 9; k++) w[k] = (float)(k % 17 - 8) * 0.01f;
        dc3_weight weight = {.parts = 1, .part = {dc3_view(w, DC3_F32, 4, (int64_t[]){c, c, 3, 3})}};
        printf("%4lld channels, %2lldx%-2lld", (long long)c, (long long)side, (long long)side);
        for (int pass = 0; pass < 3; pass++)
            printf(" %7.0f", rate(&d, pass, &s, x.data, &weight, dy.data, y.data, dw));
        printf("\n");
        dc3_weight_release(&weight);
        free(w), free(dw);
    }
    dc3_ctx_close(&ctx);
    d.close(d.self);
    return 0;
}
