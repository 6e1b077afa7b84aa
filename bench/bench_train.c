/* bench_train ARCH f32|bf16 [BATCH SIZE CLASSES]: images per second of a training step: forward, backward and
 * AdamW, on random images. */
#include "bench.h"
#include "learn/optimizer.h"
#include "nn/classifier.h"
#include "ops/tape.h"

enum { STEPS = 9, MOST_STEPS = 64 };

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: bench_train ARCH f32|bf16 [BATCH SIZE CLASSES]\n");
        return 2;
    }
    int64_t n = argc > 3 ? atoi(argv[3]) : 100, size = argc > 4 ? atoi(argv[4]) : 32,
            classes = argc > 5 ? atoi(argv[5]) : 10;
    dc3_dtype type = strcmp(argv[2], "bf16") == 0 ? DC3_BF16 : DC3_F32;
    dc3_ctx *ctx;
    dc3_tape *tape;
    dc3_classifier *net;
    dc3_optimizer *optimizer;
    size_t count;
    must(dc3_ctx_open(NULL, type, 2, DC3_CTX_FAST, &ctx));
    must(dc3_classifier_open_to_train(NULL, &(dc3_classifier_spec){argv[1], classes, size, 1}, NULL, &net));
    dc3_param *params = dc3_classifier_params(net, &count);
    must(dc3_tape_open(&tape));
    for (size_t i = 0; i < count; i++)
        if (params[i].gradient.data) must(dc3_tape_watch(tape, params[i].value, params[i].gradient));
    dc3_optimizer_options options = dc3_optimizer_defaults(DC3_ADAMW);
    must(dc3_optimizer_open(ctx, &options, params, count, &optimizer));
    int64_t *labels = calloc((size_t)n, sizeof *labels);
    for (int64_t i = 0; i < n; i++) labels[i] = i % classes;
    dc3_tensor x = random_tensor(ctx, 4, (int64_t[]){n, size, size, 3});
    double times[MOST_STEPS], update = 0;
    for (int step = 0; step < STEPS; step++) {
        if (step == 1) dc3_ctx_profile_reset(ctx), update = 0; /* the first makes primitives */
        double start = now();
        dc3_scope scope = dc3_scope_open(ctx);
        dc3_optimizer_zero_gradients(optimizer);
        dc3_tape_start(tape, ctx);
        dc3_tensor embedding, z = dc3_classifier_of(ctx, net, x, &embedding);
        must(dc3_tape_backward(tape, ctx, dc3_cross_entropy(ctx, z, 1, labels, NULL, 0), 1));
        double middle = now();
        must(dc3_optimizer_step(optimizer, 1e-3));
        dc3_scope_close(ctx, scope);
        times[step] = now() - start;
        update += now() - middle;
    }
    printf("%s, %s, batch %lld at %lld px, 2 threads, %d steps\n", argv[1], argv[2], (long long)n,
           (long long)size, STEPS - 1);
    double flops = print_profile(ctx) / (STEPS - 1), middle = median(times + 1, STEPS - 1);
    printf("  update %.1f ms a step\n", update / (STEPS - 1) * 1e3);
    printf("%s %s: median %.1f images/s, %.1f GFLOP/s; temporaries %.0f MB, peak memory %.0f MB\n", argv[1],
           argv[2], (double)n / middle, flops / middle * 1e-9, (double)dc3_ctx_bytes(ctx) * 1e-6,
           peak_bytes() * 1e-6);
    dc3_optimizer_close(&optimizer);
    dc3_tape_close(&tape);
    dc3_classifier_close(&net);
    dc3_ctx_close(&ctx);
    free(labels);
    return 0;
}
