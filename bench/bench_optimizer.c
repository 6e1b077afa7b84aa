/* What a training step does to the parameters of a ResNet-18 (62 tensors, 11.7 million values): bytes moved,
 * time and rate, with memcpy of as much memory beside it. Usage: bench_optimizer [THREADS [REPEATS]] */
#include <omp.h>
#include <unistd.h>
#include "bench.h"
#include "learn/checkpoint.h"
#include "learn/clip.h"

enum { MOST_PARAMS = 64, MOST_REPEATS = 101 };

static dc3_param params[MOST_PARAMS];
static size_t param_count;
static double values;

static void add_param(const char *name, int ndim, const int64_t *shape)
{
    dc3_param *p = &params[param_count++];
    *p = (dc3_param){.name = name, .value = dc3_view(NULL, DC3_F32, ndim, shape)};
    int64_t n = dc3_count(&p->value);
    dc3_rng rng = dc3_rng_make(1, DC3_RNG_BENCH, param_count);
    p->value.data = malloc((size_t)n * sizeof(float));
    p->gradient = p->value;
    float *gradient = p->gradient.data = malloc((size_t)n * sizeof *gradient);
    dc3_rng_normal(&rng, p->value.data, (size_t)n);
    dc3_rng_normal(&rng, gradient, (size_t)n);
    for (int64_t i = 0; i < n; i++) gradient[i] *= 1e-3f;
    values += (double)n;
}

/* A convolution and its batch norm. */
static void add_conv(int64_t ci, int64_t co, int64_t kernel)
{
    static char names[MOST_PARAMS][32];
    static int used;
    const char *kinds[] = {"conv.weight", "norm.weight", "norm.bias"};
    for (int i = 0; i < 3; i++) {
        snprintf(names[used], sizeof *names, "%d.%s", used, kinds[i]);
        add_param(names[used++], i ? 1 : 4, (int64_t[]){co, ci, kernel, kernel});
    }
}

static void add_resnet18(void)
{
    add_conv(3, 64, 7);
    for (int64_t stage = 0, c = 64; stage < 4; stage++, c *= 2) {
        int64_t ci = stage ? c / 2 : c;
        add_conv(ci, c, 3), add_conv(c, c, 3), add_conv(c, c, 3), add_conv(c, c, 3);
        if (stage) add_conv(ci, c, 1);
    }
    add_param("fc.weight", 2, (int64_t[]){1000, 512});
    add_param("fc.bias", 1, (int64_t[]){1000});
}

/* `touched`: f32 arrays read plus arrays written. The rate is the best one's. */
static void report(const char *name, double touched, double *seconds, int repeats)
{
    double bytes = 4 * values * touched, middle = median(seconds, repeats), best = seconds[0];
    printf("%-24s %6.1f MB %8.2f ms, best %8.2f ms, %6.2f GB/s\n", name, bytes * 1e-6, middle * 1e3,
           best * 1e3, bytes / best * 1e-9);
}

#define TIME(NAME, TOUCHED, ...)                                                                             \
    do {                                                                                                     \
        double seconds[MOST_REPEATS];                                                                        \
        for (int again = 0; again < repeats; again++) {                                                      \
            double start = now();                                                                            \
            __VA_ARGS__;                                                                                     \
            seconds[again] = now() - start;                                                                  \
        }                                                                                                    \
        report(NAME, TOUCHED, seconds, repeats);                                                             \
    } while (0)

static void copy_all(float *to, const float *from, int threads)
{
#pragma omp parallel for num_threads(threads)
    for (int i = 0; i < threads; i++) {
        size_t n = (size_t)values, first = n * (size_t)i / (size_t)threads,
               last = n * (size_t)(i + 1) / (size_t)threads;
        memcpy(to + first, from + first, (last - first) * sizeof *to);
    }
}

static void bench_method(dc3_ctx *ctx, const char *name, const dc3_optimizer_options *options, double touched,
                         int repeats)
{
    dc3_optimizer *optimizer;
    must(dc3_optimizer_open(ctx, options, params, param_count, &optimizer));
    TIME(name, touched, must(dc3_optimizer_step(optimizer, 1e-4)));
    dc3_optimizer_close(&optimizer);
}

static void bench_checkpoint(dc3_ctx *ctx, dc3_ema *ema, int repeats)
{
    char path[] = "/tmp/dc3-bench-XXXXXX";
    close(mkstemp(path));
    dc3_optimizer_options options = dc3_optimizer_defaults(DC3_ADAMW);
    dc3_training training = {params, param_count, NULL, ema};
    must(dc3_optimizer_open(ctx, &options, params, param_count, &training.optimizer));
    TIME("checkpoint written", 4, must(dc3_checkpoint_save(path, &training, NULL)));
    TIME("checkpoint read", 8, must(dc3_checkpoint_load(path, &training, NULL)));
    dc3_optimizer_close(&training.optimizer);
    remove(path);
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : omp_get_num_procs(), repeats = argc > 2 ? atoi(argv[2]) : 21;
    dc3_ctx *ctx, *plain;
    dc3_ema *ema;
    if (repeats < 1 || repeats > MOST_REPEATS) repeats = 21;
    must(dc3_ctx_open(NULL, DC3_F32, threads, DC3_CTX_PLAIN, &plain));
    must(dc3_ctx_open(NULL, DC3_F32, threads, DC3_CTX_FAST, &ctx));
    add_resnet18();
    printf("optimizers: %zu tensors, %.2f million values, %d threads, kernels %s, median of %d\n",
           param_count, values * 1e-6, threads, dc3_ctx_kernels(ctx)->name, repeats);
    float *from = calloc((size_t)values, sizeof *from), *to = malloc((size_t)values * sizeof *to);
    copy_all(to, from, threads), copy_all(from, to, threads);
    TIME("memcpy", 2, copy_all(to, from, threads));
    dc3_optimizer_options sgd = dc3_optimizer_defaults(DC3_SGD), adamw = dc3_optimizer_defaults(DC3_ADAMW);
    sgd.momentum = 0.9, sgd.nesterov = 1, sgd.weight_decay = 5e-4;
    bench_method(ctx, "AdamW", &adamw, 7, repeats);
    bench_method(plain, "AdamW, plain C", &adamw, 7, repeats);
    bench_method(ctx, "SGD, Nesterov", &sgd, 5, repeats);
    bench_method(plain, "SGD, Nesterov, plain C", &sgd, 5, repeats);
    TIME("norm of the gradients", 1, dc3_gradient_norm(ctx, params, param_count));
    TIME("clipping", 3,
         dc3_clip_gradients(ctx, params, param_count, 0.9 * dc3_gradient_norm(ctx, params, param_count)));
    must(dc3_ema_open(ctx, &(dc3_ema_options){.decay = 0.999}, params, param_count, &ema));
    TIME("moving average", 3, must(dc3_ema_update(ema)));
    bench_checkpoint(ctx, ema, repeats < 5 ? repeats : 5);
    dc3_ema_close(&ema);
    for (size_t i = 0; i < param_count; i++) free(params[i].value.data), free(params[i].gradient.data);
    free(from), free(to);
    dc3_ctx_close(&ctx), dc3_ctx_close(&plain);
    return 0;
}
