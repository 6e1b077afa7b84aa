/* Every fast kernel against the plain one, random shapes and odd sizes, and the same bytes for any thread
 * count. Run with DC3_KERNELS=avx2 and amx-emulated too. */
#include "support/random_tensors.h"
#include "support/skips.h"
#include <omp.h>
#include <pthread.h>
#include <stdio.h>
#include "kernels/backend.h"

static const dc3_dtype types[] = {DC3_F32, DC3_BF16};

static void expect_close(const char *what, uint64_t seed, dc3_dtype type, const void *fast, const void *plain,
                         int64_t n, double limit)
{
    double d = distance(type, fast, plain, n);
    if (d > limit)
        fail_msg("%s, case %d, %s: distance %g over %g", what, (int)seed, dc3_dtype_name(type), d, limit);
}

static void group_norm(void **state)
{
    (void)state;
    needs_fast_kernels();
    for (uint64_t seed = 0; seed < 60; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 1);
        dc3_dtype type = types[seed % 2];
        int64_t groups = between(&rng, 1, 8), c = groups * between(&rng, 1, 24), n = between(&rng, 1, 3);
        int64_t pixels = between(&rng, 1, 200), count = n * pixels * c;
        float offset = seed % 5 == 0 ? 100.0f : 0.0f; /* a mean far from zero */
        void *x = random_values(&rng, type, count, 1), *y = malloc((size_t)count * 4),
             *z = malloc((size_t)count * 4);
        float *gamma = random_values(&rng, DC3_F32, c, 1), *beta = random_values(&rng, DC3_F32, c, 1);
        if (type == DC3_F32)
            for (int64_t i = 0; i < count; i++) ((float *)x)[i] += offset;
        dc3_activation act = seed % 4 < 2 ? DC3_ACT_SILU : DC3_ACT_NONE;
        dc3_kernels_ref()->group_norm(type, n, pixels, c, groups, x, gamma, beta, 1e-5f, act, z);
        dc3_kernels_best()->group_norm(type, n, pixels, c, groups, x, gamma, beta, 1e-5f, act, y);
        /* One pixel and one channel a group: the variance is zero and amplifies rounding. */
        double limit = offset > 0 ? 2e-3 : tolerance(type) * (pixels * (c / groups) < 4 ? 50 : 1);
        expect_close("group norm", seed, type, y, z, count, limit);
        free(x), free(y), free(z), free(gamma), free(beta);
    }
}

static void layer_norm(void **state)
{
    (void)state;
    needs_fast_kernels();
    for (uint64_t seed = 0; seed < 40; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 2);
        dc3_dtype type = types[seed % 2];
        int64_t rows = between(&rng, 1, 20), c = between(&rng, 4, 400), count = rows * c;
        void *x = random_values(&rng, type, count, 3), *y = malloc((size_t)count * 4),
             *z = malloc((size_t)count * 4);
        float *gamma = random_values(&rng, DC3_F32, c, 1), *beta = random_values(&rng, DC3_F32, c, 1);
        dc3_kernels_ref()->layer_norm(type, rows, c, x, gamma, beta, 1e-5f, z);
        dc3_kernels_best()->layer_norm(type, rows, c, x, gamma, beta, 1e-5f, y);
        expect_close("layer norm", seed, type, y, z, count, tolerance(type));
        free(x), free(y), free(z), free(gamma), free(beta);
    }
}

/* q, k, v, dq, dk, dv are columns of wider rows; those between must stay as they are. */
typedef struct attention_case {
    dc3_attention_shape s;
    dc3_dtype type;
    float scale; /* of queries and keys; more than 1: nearly one-hot rows */
    void *q, *k, *v, *dy;
    int64_t count, count_q, count_k, count_v;
} attention_case;

static attention_case new_attention(uint64_t seed, int64_t purpose)
{
    static const int64_t dims[] = {1, 3, 8, 16, 40, 64, 80, 97, 160};
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, (uint64_t)purpose);
    attention_case a = {.type = types[seed % 2], .scale = seed % 5 == 0 ? 8 : 1};
    dc3_attention_shape *s = &a.s;
    *s = (dc3_attention_shape){.n = between(&rng, 1, 3),
                               .heads = between(&rng, 1, 3),
                               .dim = dims[between(&rng, 0, 8)],
                               .tokens_q = between(&rng, 1, seed % 7 == 0 ? 400 : 70),
                               .tokens_kv = between(&rng, 1, 150),
                               .causal = seed % 3 == 0};
    if (seed == 77) s->tokens_q = 1100; /* more than a unit of work has */
    if (s->causal) s->tokens_kv = s->tokens_q;
    s->n_kv = seed % 4 == 0 ? 1 : s->n;
    s->scale = 1 / sqrtf((float)s->dim);
    int64_t inner = s->heads * s->dim, extra = between(&rng, 0, 5);
    s->stride_q = inner + extra, s->stride_k = inner + 2 * extra, s->stride_v = inner + extra,
    s->stride_y = inner;
    a.count = s->n * s->tokens_q * inner;
    a.count_q = s->n * s->tokens_q * s->stride_q;
    a.count_k = s->n_kv * s->tokens_kv * s->stride_k;
    a.count_v = s->n_kv * s->tokens_kv * s->stride_v;
    a.q = random_values(&rng, a.type, a.count_q, a.scale);
    a.k = random_values(&rng, a.type, a.count_k, a.scale);
    a.v = random_values(&rng, a.type, a.count_v, 1);
    a.dy = random_values(&rng, a.type, a.count, 1);
    return a;
}

static void free_attention(attention_case *a)
{
    free(a->q), free(a->k), free(a->v), free(a->dy);
}

static void *scratch_of(size_t size)
{
    return aligned_alloc(64, (size + 63) / 64 * 64 + 64);
}

static void run_attention(const dc3_kernels *kernels, const attention_case *a, void *y, float *lse)
{
    void *scratch = scratch_of(kernels->attention_scratch(a->type, &a->s, omp_get_max_threads()));
    kernels->attention(a->type, &a->s, a->q, a->k, a->v, y, lse, scratch);
    free(scratch);
}

static void attention(void **state)
{
    (void)state;
    needs_fast_kernels();
    int bf16 = has_own_bf16("attention");
    for (uint64_t seed = 0; seed < 80; seed++) {
        if (types[seed % 2] == DC3_BF16 && !bf16) continue;
        attention_case a = new_attention(seed, 3);
        size_t size = (size_t)a.count * 4;
        int64_t rows = a.count / a.s.dim;
        void *y = malloc(size), *z = malloc(size), *again = malloc(size);
        float *lse = malloc(size), *plain = malloc(size);
        run_attention(dc3_kernels_ref(), &a, z, plain);
        run_attention(dc3_kernels_best(), &a, y, lse);
        expect_close("attention", seed, a.type, y, z, a.count, tolerance(a.type) * (a.scale > 1 ? 4 : 1));
        expect_close("attention's lse", seed, DC3_F32, lse, plain, rows, tolerance(DC3_F32));
        int threads = omp_get_max_threads();
        omp_set_num_threads(3);
        run_attention(dc3_kernels_best(), &a, again, NULL);
        omp_set_num_threads(threads);
        assert_memory_equal(y, again, (size_t)a.count * dc3_dtype_size(a.type));
        free_attention(&a);
        free(y), free(z), free(again), free(lse), free(plain);
    }
}

/* d: dq, dk, dv, zero before. */
static void run_attention_gradient(const dc3_kernels *kernels, const attention_case *a, const void *y,
                                   const float *lse, void **d)
{
    void *scratch = scratch_of(kernels->attention_gradient_scratch(a->type, &a->s, omp_get_max_threads()));
    dc3_attention_gradient g = {a->q, a->k, a->v, y, a->dy, lse, d[0], d[1], d[2]};
    kernels->attention_gradient(a->type, &a->s, &g, scratch);
    free(scratch);
}

/* Relative to the largest value: sums of products of bf16 cancel. */
static void expect_near(const char *what, uint64_t seed, dc3_dtype type, const void *fast, const void *plain,
                        int64_t n, double limit)
{
    double most = 0, error = 0;
    for (int64_t i = 0; i < n; i++) {
        double x = value_at(type, fast, i), y = value_at(type, plain, i);
        if (fabs(y) > most) most = fabs(y);
        if (!(fabs(x - y) <= error)) error = fabs(x - y);
    }
    if (!(error <= limit * (most + 1)))
        fail_msg("%s, case %d, %s: distance %g, largest value %g", what, (int)seed, dc3_dtype_name(type),
                 error, most);
}

static void attention_gradient(void **state)
{
    (void)state;
    needs_fast_kernels();
    int bf16 = has_own_bf16("attention's gradient");
    static const char *const names[] = {"attention's dq", "attention's dk", "attention's dv"};
    for (uint64_t seed = 0; seed < 80; seed++) {
        if (types[seed % 2] == DC3_BF16 && !bf16) continue;
        attention_case a = new_attention(seed, 20);
        int64_t counts[] = {a.count_q, a.count_k, a.count_v};
        void *y = malloc((size_t)a.count * 4), *d[3][3];
        float *lse = malloc((size_t)a.count * 4);
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++) d[i][j] = calloc((size_t)counts[j], 4);
        run_attention(dc3_kernels_best(), &a, y, lse);
        run_attention_gradient(dc3_kernels_ref(), &a, y, lse, d[0]);
        run_attention_gradient(dc3_kernels_best(), &a, y, lse, d[1]);
        int threads = omp_get_max_threads();
        omp_set_num_threads(3);
        run_attention_gradient(dc3_kernels_best(), &a, y, lse, d[2]);
        omp_set_num_threads(threads);
        for (int j = 0; j < 3; j++) {
            expect_near(names[j], seed, a.type, d[1][j], d[0][j], counts[j],
                        tolerance(a.type) * (a.scale > 1 ? 4 : 1));
            assert_memory_equal(d[1][j], d[2][j], (size_t)counts[j] * dc3_dtype_size(a.type));
            for (int i = 0; i < 3; i++) free(d[i][j]);
        }
        free_attention(&a);
        free(y), free(lse);
    }
}

static void layer_norm_gradient(void **state)
{
    (void)state;
    needs_fast_kernels();
    for (uint64_t seed = 0; seed < 60; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 21);
        dc3_dtype type = types[seed % 2];
        int64_t rows = between(&rng, 1, 90), c = between(&rng, 4, 400), count = rows * c;
        void *x = random_values(&rng, type, count, 3), *dy = random_values(&rng, type, count, 1);
        float *gamma = random_values(&rng, DC3_F32, c, 1);
        void *dx[3];
        float *sums[3];
        for (int i = 0; i < 3; i++) {
            const dc3_kernels *k = i ? dc3_kernels_best() : dc3_kernels_ref();
            void *scratch = malloc(k->norm_gradient_scratch(c));
            dx[i] = calloc((size_t)count, 4), sums[i] = calloc((size_t)(2 * c), 4);
            sums[i][0] = 1; /* they accumulate */
            int threads = omp_get_max_threads();
            omp_set_num_threads(i == 2 ? 3 : threads);
            k->layer_norm_gradient(type, rows, c, x, gamma, 1e-5f, dy, dx[i], sums[i], sums[i] + c, scratch);
            omp_set_num_threads(threads);
            free(scratch);
        }
        expect_close("layer norm's gradient", seed, type, dx[1], dx[0], count, tolerance(type));
        expect_close("layer norm's sums", seed, DC3_F32, sums[1], sums[0], 2 * c, 1e-4);
        assert_memory_equal(dx[1], dx[2], (size_t)count * dc3_dtype_size(type));
        assert_memory_equal(sums[1], sums[2], (size_t)(2 * c) * 4);
        for (int i = 0; i < 3; i++) free(dx[i]), free(sums[i]);
        free(x), free(dy), free(gamma);
    }
}

static void elementwise(void **state)
{
    (void)state;
    needs_fast_kernels();
    for (uint64_t seed = 0; seed < 40; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 4);
        dc3_dtype type = types[seed % 2];
        int64_t rows = between(&rng, 1, 9), c = between(&rng, 1, 300), n = rows * c;
        void *x = random_values(&rng, type, 2 * n, 4), *y = malloc((size_t)n * 4), *z = malloc((size_t)n * 4);
        const dc3_kernels *fast = dc3_kernels_best(), *plain = dc3_kernels_ref();
        fast->geglu(type, rows, c, x, y), plain->geglu(type, rows, c, x, z);
        expect_close("geglu", seed, type, y, z, n, tolerance(type));
        for (int act = DC3_ACT_NONE; act < DC3_ACTS; act++) {
            fast->activate(type, (dc3_activation)act, n, x, y),
                plain->activate(type, (dc3_activation)act, n, x, z);
            expect_close("activation", seed * 10 + (uint64_t)act, type, y, z, n, tolerance(type));
        }
        const char *b = (const char *)x + (size_t)n * dc3_dtype_size(type);
        fast->add(type, n, x, b, y), plain->add(type, n, x, b, z);
        expect_close("add", seed, type, y, z, n, 0);
        dc3_dtype other = type == DC3_F32 ? DC3_BF16 : DC3_F32;
        fast->cast(type, x, other, y, n), plain->cast(type, x, other, z, n);
        expect_close("cast", seed, other, y, z, n, 0);
        free(x), free(y), free(z);
    }
}

/* A float's bits in, exp's extremes: no NaN for finite input. */
static void activation_extremes(void **state)
{
    (void)state;
    needs_fast_kernels();
    float x[] = {0.0f, -0.0f, 1e30f, -1e30f, 88.7f, -88.7f, 1e-30f, 3e4f, -3e4f}, y[9], z[9];
    for (int act = DC3_ACT_RELU; act < DC3_ACTS; act++) {
        dc3_kernels_best()->activate(DC3_F32, (dc3_activation)act, 9, x, y);
        dc3_kernels_ref()->activate(DC3_F32, (dc3_activation)act, 9, x, z);
        expect_close("activation of extremes", (uint64_t)act, DC3_F32, y, z, 9, 1e-5);
    }
}

static void group_norm_threads(void **state)
{
    (void)state;
    dc3_rng rng = dc3_rng_make(9, DC3_RNG_TEST, 5);
    int64_t c = 96, pixels = 501;
    float *x = random_values(&rng, DC3_F32, pixels * c, 1), *gamma = random_values(&rng, DC3_F32, c, 1);
    float *one = malloc((size_t)(pixels * c) * 4), *three = malloc((size_t)(pixels * c) * 4);
    int threads = omp_get_max_threads();
    omp_set_num_threads(1);
    dc3_kernels_best()->group_norm(DC3_F32, 1, pixels, c, 8, x, gamma, gamma, 1e-5f, DC3_ACT_SILU, one);
    omp_set_num_threads(3);
    dc3_kernels_best()->group_norm(DC3_F32, 1, pixels, c, 8, x, gamma, gamma, 1e-5f, DC3_ACT_SILU, three);
    omp_set_num_threads(threads);
    assert_memory_equal(one, three, (size_t)(pixels * c) * 4);
    free(x), free(gamma), free(one), free(three);
}

/* All four kernels of batch norm on one random shape; then the same bytes for another number of threads. */
static void batch_norm(void **state)
{
    (void)state;
    needs_fast_kernels();
    const dc3_kernels *fast = dc3_kernels_best(), *plain = dc3_kernels_ref();
    for (uint64_t seed = 0; seed < 80; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 17);
        dc3_batch_norm_shape s = {types[seed % 2],      between(&rng, 1, 4),
                                  between(&rng, 2, 11), between(&rng, 2, 11),
                                  between(&rng, 1, 80), seed % 3 ? DC3_ACT_RELU : DC3_ACT_NONE,
                                  (int)(seed % 4 == 1)};
        int64_t c = s.c, count = s.n * s.h * s.w * c;
        int with = seed % 4 >= 2; /* a residual, and the gate by y */
        void *x = random_values(&rng, s.type, count, 1), *more = random_values(&rng, s.type, count, 1);
        void *dy = random_values(&rng, s.type, count, 1);
        void *y[2] = {malloc((size_t)count * 4), malloc((size_t)count * 4)};
        void *dz[2] = {malloc((size_t)count * 4), malloc((size_t)count * 4)};
        float *v = random_values(&rng, DC3_F32, 6 * c, 1), *r[2];
        void *scratch = malloc(fast->batch_norm_scratch(&s));
        int64_t stored = s.pool ? s.n * (s.h / 2) * (s.w / 2) * c : count;
        for (int i = 0; i < 2; i++) {
            const dc3_kernels *k = i ? plain : fast;
            r[i] = calloc((size_t)(5 * c), sizeof **r);
            k->batch_norm_statistics(&s, x, r[i], r[i] + c, scratch);
            k->batch_norm(&s, x, v, v + c, with ? more : NULL, y[i]);
            k->add_rows(s.type, s.n * s.h * s.w, c, x, r[i] + 4 * c);
        }
        for (int i = 0; i < 2; i++) /* the gate by y reads the same y on both sides */
            (i ? plain : fast)
                ->batch_norm_sums(&s, dy, x, with ? y[1] : NULL, v, v + c, v + 2 * c, with ? dz[i] : NULL,
                                  r[i] + 2 * c, r[i] + 3 * c, scratch);
        expect_close("batch norm", seed, s.type, y[0], y[1], stored, tolerance(s.type));
        expect_close("batch norm's statistics and sums", seed, DC3_F32, r[0], r[1], 5 * c, 1e-3);
        if (with) expect_close("batch norm's gate", seed, s.type, dz[0], dz[1], count, 0);
        fast->batch_norm_gradient(&s, dy, x, v, v + c, v + 3 * c, v + 4 * c, v + 5 * c, dz[0]);
        plain->batch_norm_gradient(&s, dy, x, v, v + c, v + 3 * c, v + 4 * c, v + 5 * c, dz[1]);
        expect_close("batch norm's gradient", seed, s.type, dz[0], dz[1], count, tolerance(s.type));
        float *again = calloc((size_t)(2 * c), sizeof *again);
        omp_set_num_threads(3);
        fast->batch_norm_statistics(&s, x, again, again + c, scratch);
        omp_set_num_threads(2);
        assert_memory_equal(again, r[0], (size_t)(2 * c) * sizeof *again);
        for (int i = 0; i < 2; i++) free(y[i]), free(dz[i]), free(r[i]);
        free(x), free(more), free(dy), free(v), free(scratch), free(again);
    }
}

static void activation_gradients(void **state)
{
    (void)state;
    needs_fast_kernels();
    for (uint64_t seed = 0; seed < 20; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 18);
        dc3_dtype type = types[seed % 2];
        int64_t n = between(&rng, 1, 5000);
        void *x = random_values(&rng, type, n, 3), *dy = random_values(&rng, type, n, 1),
             *a = malloc((size_t)n * 4), *b = malloc((size_t)n * 4);
        for (int act = DC3_ACT_NONE; act < DC3_ACTS; act++) {
            dc3_kernels_best()->activate_gradient(type, (dc3_activation)act, n, x, dy, a);
            dc3_kernels_ref()->activate_gradient(type, (dc3_activation)act, n, x, dy, b);
            expect_close("activation's gradient", seed, type, a, b, n, tolerance(type));
        }
        free(x), free(dy), free(a), free(b);
    }
}

static void group_norm_gradient(void **state)
{
    (void)state;
    needs_fast_kernels();
    for (uint64_t seed = 0; seed < 80; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 22);
        dc3_dtype type = types[seed % 2];
        int64_t groups = between(&rng, 1, 8), c = groups * between(&rng, 1, 24), n = between(&rng, 1, 3);
        int64_t pixels = between(&rng, 4, 200), count = n * pixels * c;
        dc3_activation act = seed % 4 < 2 ? DC3_ACT_SILU : DC3_ACT_NONE;
        void *x = random_values(&rng, type, count, 1), *dy = random_values(&rng, type, count, 1);
        float *gamma = random_values(&rng, DC3_F32, 2 * c, 1);
        float offset = seed % 5 == 0 ? 100 : 0; /* a mean far from zero */
        void *dx[3];
        float *sums[3];
        for (int64_t i = 0; type == DC3_F32 && i < count; i++) ((float *)x)[i] += offset;
        for (int i = 0; i < 3; i++) {
            const dc3_kernels *k = i ? dc3_kernels_best() : dc3_kernels_ref();
            void *scratch = malloc(k->norm_gradient_scratch(c));
            dx[i] = calloc((size_t)count, 4), sums[i] = calloc((size_t)(2 * c), 4);
            sums[i][0] = 1; /* they accumulate */
            int threads = omp_get_max_threads();
            omp_set_num_threads(i == 2 ? 3 : threads);
            k->group_norm_gradient(type, n, pixels, c, groups, x, gamma, gamma + c, 1e-5f, act, dy, dx[i],
                                   sums[i], sums[i] + c, scratch);
            omp_set_num_threads(threads);
            free(scratch);
        }
        double limit = offset > 0 && type == DC3_F32 ? 2e-3 : tolerance(type);
        expect_close("group norm's gradient", seed, type, dx[1], dx[0], count, limit);
        expect_close("group norm's sums", seed, DC3_F32, sums[1], sums[0], 2 * c, offset > 0 ? 2e-3 : 1e-4);
        assert_memory_equal(dx[1], dx[2], (size_t)count * dc3_dtype_size(type));
        assert_memory_equal(sums[1], sums[2], (size_t)(2 * c) * 4);
        for (int i = 0; i < 3; i++) free(dx[i]), free(sums[i]);
        free(x), free(dy), free(gamma);
    }
}

static void elementwise_gradients(void **state)
{
    (void)state;
    needs_fast_kernels();
    const dc3_kernels *fast = dc3_kernels_best(), *plain = dc3_kernels_ref();
    for (uint64_t seed = 0; seed < 40; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 23);
        dc3_dtype type = types[seed % 2];
        int64_t n = between(&rng, 1, 3), h = between(&rng, 1, 5), w = between(&rng, 1, 5),
                c = between(&rng, 1, 150), rows = n * h * w, count = rows * c;
        void *x = random_values(&rng, type, 4 * count, 3), *dy = random_values(&rng, type, 4 * count, 1),
             *a = malloc((size_t)count * 16), *b = malloc((size_t)count * 16);
        fast->geglu_gradient(type, rows, c, x, dy, a), plain->geglu_gradient(type, rows, c, x, dy, b);
        expect_close("geglu's gradient", seed, type, a, b, 2 * count, tolerance(type));
        fast->add_vector(type, n, h * w, c, x, dy, a), plain->add_vector(type, n, h * w, c, x, dy, b);
        expect_close("adding a vector", seed, type, a, b, count, 0);
        fast->upsample2_gradient(type, n, h, w, c, dy, a), plain->upsample2_gradient(type, n, h, w, c, dy, b);
        expect_close("upsampling's gradient", seed, type, a, b, count, tolerance(type));
        free(x), free(dy), free(a), free(b);
    }
}

/* Channels side by side, and back. */
static void concat_and_split(void **state)
{
    (void)state;
    const dc3_kernels *k = dc3_kernels_best();
    for (uint64_t seed = 0; seed < 20; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 25);
        dc3_dtype type = types[seed % 2];
        int64_t rows = between(&rng, 1, 40), ca = between(&rng, 1, 150), cb = between(&rng, 1, 150);
        int64_t c = ca + cb;
        void *a = random_values(&rng, type, rows * ca, 1), *b = random_values(&rng, type, rows * cb, 1),
             *y = malloc((size_t)(rows * c) * 4), *again = malloc((size_t)(rows * c) * 4);
        k->concat(type, rows, ca, cb, a, b, y);
        for (int64_t i = 0; i < rows * c; i++)
            assert_true(value_at(type, y, i) == (i % c < ca ? value_at(type, a, i / c * ca + i % c)
                                                            : value_at(type, b, i / c * cb + i % c - ca)));
        k->split(type, rows, ca, cb, y, NULL, again);
        assert_memory_equal(again, b, (size_t)(rows * cb) * dc3_dtype_size(type));
        k->split(type, rows, ca, cb, y, again, NULL);
        assert_memory_equal(again, a, (size_t)(rows * ca) * dc3_dtype_size(type));
        free(a), free(b), free(y), free(again);
    }
}

/* Against sums in double precision. */
static void scatter_rows(void **state)
{
    (void)state;
    enum { ROWS = 50, C = 130, TABLE = 7 };
    dc3_rng rng = dc3_rng_make(1, DC3_RNG_TEST, 24);
    float *x = random_values(&rng, DC3_F32, ROWS * C, 1), *found = calloc(TABLE * C, sizeof *found);
    double expected[TABLE * C] = {0};
    int64_t ids[ROWS];
    for (int64_t r = 0; r < ROWS; r++) {
        ids[r] = between(&rng, 0, TABLE - 1);
        for (int64_t j = 0; j < C; j++) expected[ids[r] * C + j] += (double)x[r * C + j];
    }
    dc3_kernels_best()->scatter_rows(DC3_F32, ROWS, C, ids, x, found);
    for (int64_t i = 0; i < TABLE * C; i++) assert_true(fabs((double)found[i] - expected[i]) < 1e-5);
    free(x), free(found);
}

/* ReLU of NaN is NaN, at every place in a vector, and of what has none there stays free of it. */
static void batch_norm_of_nan(void **state)
{
    (void)state;
    enum { C = 37, ROWS = 4 };
    float x[ROWS * C], y[ROWS * C], one[C], zero[C] = {0};
    for (int j = 0; j < C; j++) one[j] = 1;
    for (int pool = 0; pool < 2; pool++)
        for (int hole = 0; hole < C; hole++) {
            dc3_batch_norm_shape s = {DC3_F32, 1, 2, 2, C, DC3_ACT_RELU, pool};
            for (int i = 0; i < ROWS * C; i++) x[i] = i % 2 ? -1.0f : 2.0f;
            x[hole] = NAN;
            dc3_kernels_best()->batch_norm(&s, x, one, zero, NULL, y);
            for (int i = 0; i < (pool ? C : ROWS * C); i++) assert_int_equal(i == hole, isnan(y[i]) != 0);
        }
}

/* The tier that the processor and DC3_KERNELS ask for. */
static void chosen(void **state)
{
    (void)state;
    const char *most = getenv("DC3_KERNELS"), *expected = "plain C";
#if defined(__x86_64__)
    int plain = most && strcmp(most, "plain") == 0, avx2 = most && strcmp(most, "avx2") == 0;
    if (!plain && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) expected = "AVX2";
    if (!plain && !avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        expected = "AVX-512";
    if (!plain && !avx2 && !(most && strcmp(most, "avx512") == 0) && dc3_cpu_has_amx()) expected = "AMX";
#endif
    if (dc3_cpu_has_neon() && !(most && strcmp(most, "plain") == 0)) expected = "NEON";
    if (most && strcmp(most, "amx-emulated") == 0) expected = "AMX emulated";
    assert_string_equal(dc3_kernels_best()->name, expected);
}

/* A table stays as it was given, whatever other calls ask for. */
static void tables_stay(void **state)
{
    (void)state;
    const char *most = getenv("DC3_KERNELS");
    char *old = most ? strdup(most) : NULL;
    const dc3_kernels *first = dc3_kernels_best();
    dc3_kernels before = *first;
    static const char *const tiers[] = {"plain", "neon", "avx2", "avx512", "amx-emulated", "amx"};
    for (int i = 0; i < 6; i++) {
        setenv("DC3_KERNELS", tiers[i], 1);
        dc3_kernels_best();
        assert_memory_equal(first, &before, sizeof before);
    }
    if (old)
        setenv("DC3_KERNELS", old, 1);
    else
        unsetenv("DC3_KERNELS");
    assert_ptr_equal(dc3_kernels_best(), first);
    free(old);
}

/* What the threads of the next test wait for, and what each of them found. */
enum { THREADS = 8 };
static pthread_barrier_t start;

static void *ask(void *found)
{
    pthread_barrier_wait(&start);
    for (int i = 0; i < 1000; i++) {
        const dc3_kernels *table = dc3_kernels_best();
        float x[] = {1, 2, 3}, y[3] = {0};
        table->add(DC3_F32, 3, x, x, y);
        if (y[0] != 2 || y[1] != 4 || y[2] != 6) return NULL;
        *(const dc3_kernels **)found = table;
    }
    return found;
}

/* Threads that ask for the table at once, first of all, and use it while others ask. Runs first. */
static void tables_of_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    const dc3_kernels *found[THREADS] = {NULL};
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, ask, &found[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_non_null(result);
        assert_ptr_equal(found[i], dc3_kernels_best());
    }
    pthread_barrier_destroy(&start);
}

/* Bits of f32 whose rounding to bf16 is a case of its own, of the first NaN up to all bits set. */
static const uint32_t special_bits[] = {
    0x00000000, 0x80000000, 0x00000001, 0x00007fff, 0x00008000, 0x00008001, 0x00018000, 0x807fffff,
    0x00800000, 0x3f800000, 0x3f807fff, 0x3f808000, 0x3f808001, 0x3f818000, 0xbf818000, 0x7f7f7fff,
    0x7f7f8000, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7f800001, 0xff807fff,
    0x7f808000, 0x7fff7fff, 0x7fff8000, 0xffff8000, 0x7fffffff, 0xffffffff, 0xffff7fff, 0xff800001};
enum { SPECIAL = sizeof special_bits / sizeof *special_bits };

/* 1 if the bf16 is that of the plain conversion, any NaN for a NaN. */
static int is_rounded(uint16_t found, float value)
{
    uint16_t expected = dc3_to_bf16(value);
    return isnan(value) ? isnan(dc3_from_bf16(found)) && isnan(dc3_from_bf16(expected)) : found == expected;
}

/* Every place of a vector and of what is left behind whole ones. */
static void casts_of_special_values(void **state)
{
    (void)state;
    const dc3_kernels *tables[] = {dc3_kernels_ref(), dc3_kernels_best()};
    float x[3 * SPECIAL];
    uint16_t y[3 * SPECIAL];
    for (size_t t = 0; t < 2; t++)
        for (int64_t turn = 0; turn < SPECIAL; turn++) {
            int64_t n = 2 * SPECIAL + turn;
            for (int64_t i = 0; i < n; i++) memcpy(x + i, &special_bits[(i + turn) % SPECIAL], 4);
            tables[t]->cast(DC3_F32, x, DC3_BF16, y, n);
            for (int64_t i = 0; i < n; i++)
                if (!is_rounded(y[i], x[i]))
                    fail_msg("%s: 0x%08x becomes 0x%04x", tables[t]->name,
                             (unsigned)special_bits[(i + turn) % SPECIAL], (unsigned)y[i]);
        }
}

/* Parameters are f32 also where values are bf16: one that is a NaN of all bits shows in each of its values.
 */
static void nan_parameters(void **state)
{
    enum { C = 37, ROWS = 3 };
    (void)state;
    const dc3_kernels *tables[] = {dc3_kernels_ref(), dc3_kernels_best()};
    const dc3_batch_norm_shape shape = {DC3_BF16, ROWS, 1, 1, C, DC3_ACT_NONE, 0};
    dc3_rng rng = dc3_rng_make(1, DC3_RNG_TEST, 9);
    uint16_t *x = random_values(&rng, DC3_BF16, ROWS * C, 1), y[3 * ROWS * C];
    float ones[C], nan;
    for (int64_t i = 0; i < C; i++) ones[i] = 1;
    memset(&nan, 0xff, sizeof nan);
    for (size_t t = 0; t < 2; t++)
        for (int64_t at = 0; at < C; at++) {
            float beta[C] = {0};
            beta[at] = nan;
            tables[t]->layer_norm(DC3_BF16, ROWS, C, x, ones, beta, 1e-5f, y);
            tables[t]->group_norm(DC3_BF16, 1, ROWS, C, 1, x, ones, beta, 1e-5f, DC3_ACT_NONE, y + ROWS * C);
            tables[t]->batch_norm(&shape, x, ones, beta, NULL, y + 2 * ROWS * C);
            for (int64_t i = 0; i < 3 * ROWS * C; i++)
                assert_int_equal(isnan(dc3_from_bf16(y[i])) != 0, i % C == at);
        }
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_of_threads),
        cmocka_unit_test(tables_stay),
        cmocka_unit_test(group_norm),
        cmocka_unit_test(layer_norm),
        cmocka_unit_test(attention),
        cmocka_unit_test(elementwise),
        cmocka_unit_test(activation_extremes),
        cmocka_unit_test(group_norm_threads),
        cmocka_unit_test(batch_norm),
        cmocka_unit_test(activation_gradients),
        cmocka_unit_test(attention_gradient),
        cmocka_unit_test(layer_norm_gradient),
        cmocka_unit_test(group_norm_gradient),
        cmocka_unit_test(elementwise_gradients),
        cmocka_unit_test(concat_and_split),
        cmocka_unit_test(scatter_rows),
        cmocka_unit_test(batch_norm_of_nan),
        cmocka_unit_test(chosen),
        cmocka_unit_test(casts_of_special_values),
        cmocka_unit_test(nan_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
