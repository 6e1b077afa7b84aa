/* What the benchmarks share: a clock, networks with random weights, the best convolution rate, the table of
 * where the time goes. */
#ifndef DC3_BENCH_H
#define DC3_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include "base/rng.h"
#include "ops/ops.h"
#include "tensor/table.h"

static inline double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts. */
static inline double median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, compare_doubles);
    return x[n / 2];
}

/* Most bytes that the process had resident. */
static inline double peak_bytes(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (double)usage.ru_maxrss * 1024 : 0;
}

/* From here on they are counted anew. */
static inline void reset_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file) fputs("5", file), fclose(file);
}

static inline void must(dc3_status status)
{
    if (status == DC3_OK) return;
    fprintf(stderr, "%s\n", dc3_error_text());
    exit(1);
}

/* `count` standard normal numbers in compute type, in the current scope. */
static inline dc3_tensor random_tensor(dc3_ctx *ctx, int ndim, const int64_t *shape)
{
    dc3_tensor y = dc3_new(ctx, dc3_ctx_dtype(ctx), ndim, shape);
    dc3_rng rng = dc3_rng_make(2, DC3_RNG_BENCH, 0);
    float *noise = malloc((size_t)dc3_count(&y) * sizeof *noise);
    dc3_rng_normal(&rng, noise, (size_t)dc3_count(&y));
    must(dc3_convert(noise, DC3_F32, y.data, y.dtype, dc3_count(&y)));
    free(noise);
    return y;
}

/* Opens a network on `table`, as dc3_unet_open and its like do. */
typedef dc3_status open_network(const void *config, dc3_table **table, void *network);

/* Adds what `table` lacks to open the network, random values of `dtype` by the shapes as they are missed; the
 * network is opened on a copy that refers to the table, which owns the values. */
static inline void fill_random(dc3_table *table, dc3_dtype dtype, open_network *open, const void *config,
                               void *network)
{
    enum { MANY = 4 << 20, APART = 977 }; /* values that are drawn; between the first ones of two tensors */
    dc3_rng rng = dc3_rng_make(1, DC3_RNG_BENCH, 0);
    float *noise = malloc(MANY * sizeof *noise);
    dc3_rng_normal(&rng, noise, MANY);
    for (;;) {
        dc3_table *copy = dc3_table_new("random weights");
        for (size_t i = 0; i < dc3_table_size(table); i++)
            must(dc3_table_add(copy, dc3_table_name(table, i), *dc3_table_at(table, i)));
        if (open(config, &copy, network) == DC3_OK) break;
        char name[256];
        long long d[4] = {1, 1, 1, 1};
        const char *text = strstr(dc3_error_text(), "tensor '");
        const char *shape = text ? strstr(text, "of shape [") : NULL;
        if (!shape || sscanf(text, "tensor '%255[^']'", name) != 1) must(DC3_ERR_INTERNAL);
        int n = sscanf(shape, "of shape [%lld, %lld, %lld, %lld", &d[0], &d[1], &d[2], &d[3]);
        int64_t dims[4] = {d[0], d[1], d[2], d[3]}, count = d[0] * d[1] * d[2] * d[3],
                first = APART * (int64_t)dc3_table_size(table);
        float *values = malloc((size_t)count * sizeof *values), scale = n == 1 ? 0.02f : 1;
        while (n > 1 && (double)(scale * scale) * (double)(d[1] * d[2] * d[3]) > 1) scale /= 2;
        for (int64_t i = 0; i < count; i++) values[i] = scale * noise[(i + first) % MANY];
        if (n == 1 && strstr(name, "weight"))
            for (int64_t i = 0; i < count; i++) values[i] += 1;
        void *stored = values;
        if (dtype != DC3_F32) {
            stored = malloc((size_t)count * dc3_dtype_size(dtype));
            must(dc3_convert(values, DC3_F32, stored, dtype, count));
            free(values);
        }
        must(dc3_table_own(table, stored, free));
        must(dc3_table_add(table, name, dc3_view(stored, dtype, n, dims)));
    }
    free(noise);
}

/* A network whose every tensor is random, f32. */
static inline void open_random(open_network *open, const void *config, void *network)
{
    fill_random(dc3_table_new("random weights"), DC3_F32, open, config, network);
}

/* The best rate in FLOP/s over 3x3 convolutions of batch n: shapes [count] of input and output channels and
 * the side. */
static inline double best_convolution(dc3_ctx *ctx, int64_t n, const int64_t (*shapes)[3], int count)
{
    double best = 0;
    for (int i = 0; i < count; i++) {
        int64_t ci = shapes[i][0], co = shapes[i][1], size = shapes[i][2];
        float *w = calloc((size_t)(ci * co * 9), sizeof *w);
        dc3_weight weight = {.part = {dc3_view(w, DC3_F32, 4, (int64_t[]){co, ci, 3, 3})}, .parts = 1};
        dc3_conv_options options = {
            .kernel = 3, .stride = 1, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1};
        dc3_scope scope = dc3_scope_open(ctx);
        dc3_tensor x = dc3_new(ctx, dc3_ctx_dtype(ctx), 4, (int64_t[]){n, size, size, ci});
        memset(x.data, 0, dc3_bytes(&x));
        for (int again = 0; again < 12; again++) {
            double start = now();
            dc3_drop(ctx, dc3_conv2d(ctx, x, &weight, (dc3_tensor){0}, &options, NULL));
            double rate = 2.0 * (double)(n * size * size * ci * co * 9) / (now() - start);
            if (rate > best) best = rate;
        }
        dc3_scope_close(ctx, scope);
        dc3_weight_release(&weight);
        free(w);
    }
    return best;
}

/* The profile since the last reset; returns its FLOPs. */
static inline double print_profile(const dc3_ctx *ctx)
{
    dc3_profile p = dc3_ctx_profile(ctx);
    double flops = 0;
    for (int k = 0; k < DC3_OP_KINDS; k++) {
        flops += p.flops[k];
        printf("  %-12s %5ld calls %8.1f ms %8.1f GFLOP %8.1f GFLOP/s\n", dc3_op_kind_name((dc3_op_kind)k),
               p.calls[k], p.seconds[k] * 1e3, p.flops[k] * 1e-9,
               p.seconds[k] > 0 ? p.flops[k] / p.seconds[k] * 1e-9 : 0);
    }
    return flops;
}

#endif
