/* Adaptive norms and gated residuals, fast and plain, against their definitions written down anew, over
 * random shapes: vectors are columns of wider matrices, whose other columns stay as they are. */
#include "support/random_tensors.h"
#include <omp.h>
#include "kernels/backend.h"
#include "ops/ops.h"

static const dc3_dtype types[] = {DC3_F32, DC3_BF16};

/* A random case: tokens [n, tokens, c] and a condition [n, stride] with two vectors from `first` and
 * `second`. */
typedef struct example {
    dc3_dtype type;
    dc3_adaptive_shape s;
    int64_t count, wide, first, second;
    void *x, *branch, *dy, *condition;
} example;

static example new_example(uint64_t seed)
{
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 90);
    example e = {.type = types[seed % 2]};
    e.s = (dc3_adaptive_shape){.n = between(&rng, 1, 4),
                               .tokens = between(&rng, 1, 70),
                               .c = between(&rng, 1, 150),
                               .eps = seed % 3 ? 1e-6f : 1e-5f};
    e.first = between(&rng, 0, 9), e.second = e.first + e.s.c + between(&rng, 0, 9);
    e.s.stride = e.second + e.s.c + between(&rng, 0, 9);
    e.count = e.s.n * e.s.tokens * e.s.c, e.wide = e.s.n * e.s.stride;
    e.x = random_values(&rng, e.type, e.count, 1), e.branch = random_values(&rng, e.type, e.count, 1);
    e.dy = random_values(&rng, e.type, e.count, 1), e.condition = random_values(&rng, e.type, e.wide, 1);
    for (int64_t i = 0; seed % 5 == 0 && e.type == DC3_F32 && i < e.count; i++)
        ((float *)e.x)[i] += 30; /* a mean far from zero */
    return e;
}

static void free_example(example *e)
{
    free(e->x), free(e->branch), free(e->dy), free(e->condition);
}

static void *vector(const example *e, void *condition, int64_t at)
{
    return (char *)condition + (size_t)at * dc3_dtype_size(e->type);
}

static void expect(const char *what, uint64_t seed, const example *e, const void *found, const double *values,
                   int64_t n, double limit)
{
    for (int64_t i = 0; i < n; i++) {
        double x = value_at(e->type, found, i), most = e->type == DC3_F32 ? limit : 1.6e-2;
        if (!(fabs(x - values[i]) <= most * (1 + fabs(values[i]))))
            fail_msg("%s, case %d, %s, element %d: expected %g, found %g", what, (int)seed,
                     dc3_dtype_name(e->type), (int)i, values[i], x);
    }
}

/* The normalised x and the rate of each token. */
static double *normalised(const example *e, double *rate)
{
    double *z = malloc((size_t)e->count * sizeof *z);
    for (int64_t r = 0; r < e->s.n * e->s.tokens; r++) {
        double mean = 0, variance = 0;
        for (int64_t j = 0; j < e->s.c; j++) mean += value_at(e->type, e->x, r * e->s.c + j) / (double)e->s.c;
        for (int64_t j = 0; j < e->s.c; j++)
            variance += pow(value_at(e->type, e->x, r * e->s.c + j) - mean, 2) / (double)e->s.c;
        rate[r] = 1 / sqrt(variance + e->s.eps);
        for (int64_t j = 0; j < e->s.c; j++)
            z[r * e->s.c + j] = (value_at(e->type, e->x, r * e->s.c + j) - mean) * rate[r];
    }
    return z;
}

/* With one channel z is 0, but the rate is large: a rounding error of the mean then counts a thousand times.
 */
static int is_ill(const example *e)
{
    return e->s.c < 4;
}

static void check_norm(const example *e, uint64_t seed, const dc3_kernels *k)
{
    double *rate = malloc((size_t)(e->s.n * e->s.tokens) * sizeof *rate), *z = normalised(e, rate);
    double *wanted = malloc((size_t)e->count * sizeof *wanted), *d = calloc((size_t)e->wide, sizeof *d);
    void *y = malloc((size_t)e->count * 4), *dx = malloc((size_t)e->count * 4),
         *dc = calloc((size_t)e->wide, 4), *scratch = malloc(k->adaptive_norm_scratch(&e->s));
    k->adaptive_norm(e->type, &e->s, e->x, vector(e, e->condition, e->first),
                     vector(e, e->condition, e->second), y);
    k->adaptive_norm_gradient(e->type, &e->s, e->x, vector(e, e->condition, e->second), e->dy, dx,
                              vector(e, dc, e->first), vector(e, dc, e->second), scratch);
    for (int64_t i = 0; i < e->count; i++) {
        int64_t row = i / e->s.c / e->s.tokens * e->s.stride, j = i % e->s.c;
        double dy = value_at(e->type, e->dy, i);
        wanted[i] = z[i] * (1 + value_at(e->type, e->condition, row + e->second + j)) +
                    value_at(e->type, e->condition, row + e->first + j);
        d[row + e->first + j] += dy, d[row + e->second + j] += dy * z[i];
    }
    if (!is_ill(e)) expect("adaptive norm", seed, e, y, wanted, e->count, 1e-4);
    if (!is_ill(e)) expect("its condition's gradient", seed, e, dc, d, e->wide, 3e-4);
    for (int64_t r = 0; r < e->s.n * e->s.tokens; r++) {
        double sum = 0, product = 0;
        for (int pass = 0; pass < 2; pass++)
            for (int64_t j = 0, i = r * e->s.c; j < e->s.c; j++, i++) {
                double g =
                    value_at(e->type, e->dy, i) *
                    (1 + value_at(e->type, e->condition, r / e->s.tokens * e->s.stride + e->second + j));
                wanted[i] = rate[r] * (g - sum / (double)e->s.c - z[i] * product / (double)e->s.c);
                if (pass == 0) sum += g, product += g * z[i];
            }
    }
    if (!is_ill(e)) expect("its gradient", seed, e, dx, wanted, e->count, 3e-4);
    free(rate), free(z), free(wanted), free(d), free(y), free(dx), free(dc), free(scratch);
}

static void check_gate(const example *e, uint64_t seed, const dc3_kernels *k)
{
    double *wanted = malloc((size_t)e->count * sizeof *wanted), *d = calloc((size_t)e->wide, sizeof *d);
    double *branch = malloc((size_t)e->count * sizeof *branch);
    void *y = malloc((size_t)e->count * 4), *dbranch = malloc((size_t)e->count * 4),
         *dc = calloc((size_t)e->wide, 4), *gate = vector(e, e->condition, e->first);
    k->gated_add(e->type, &e->s, e->x, e->branch, gate, y);
    k->gated_add_gradient(e->type, &e->s, e->branch, gate, e->dy, dbranch, vector(e, dc, e->first));
    for (int64_t i = 0; i < e->count; i++) {
        int64_t at = i / e->s.c / e->s.tokens * e->s.stride + e->first + i % e->s.c;
        double g = value_at(e->type, e->condition, at);
        wanted[i] = value_at(e->type, e->x, i) + g * value_at(e->type, e->branch, i);
        branch[i] = g * value_at(e->type, e->dy, i);
        d[at] += value_at(e->type, e->branch, i) * value_at(e->type, e->dy, i);
    }
    expect("gated residual", seed, e, y, wanted, e->count, 1e-6);
    expect("its branch's gradient", seed, e, dbranch, branch, e->count, 1e-6);
    expect("its gate's gradient", seed, e, dc, d, e->wide, 1e-5);
    free(wanted), free(d), free(branch), free(y), free(dbranch), free(dc);
}

static void definitions(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        example e = new_example(seed);
        for (int fast = 0; fast < 2; fast++) {
            const dc3_kernels *k = fast ? dc3_kernels_best() : dc3_kernels_ref();
            check_norm(&e, seed, k);
            check_gate(&e, seed, k);
        }
        free_example(&e);
    }
}

/* The same bytes for any number of threads; what is not wanted is not written. */
static void threads_and_parts(void **state)
{
    (void)state;
    const dc3_kernels *k = dc3_kernels_best();
    int most = omp_get_max_threads();
    for (uint64_t seed = 100; seed < 110; seed++) {
        example e = new_example(seed);
        void *dx[3], *dc[3], *scratch = malloc(k->adaptive_norm_scratch(&e.s));
        for (int i = 0; i < 3; i++) {
            dx[i] = calloc((size_t)e.count, 4), dc[i] = calloc((size_t)e.wide, 4);
            omp_set_num_threads(i == 1 ? 1 : 3);
            k->adaptive_norm_gradient(e.type, &e.s, e.x, vector(&e, e.condition, e.second), e.dy,
                                      i < 2 ? dx[i] : NULL, vector(&e, dc[i], e.first),
                                      vector(&e, dc[i], e.second), scratch);
        }
        assert_memory_equal(dx[0], dx[1], (size_t)e.count * dc3_dtype_size(e.type));
        for (int i = 1; i < 3; i++)
            assert_memory_equal(dc[0], dc[i], (size_t)e.wide * dc3_dtype_size(e.type));
        k->adaptive_norm_gradient(e.type, &e.s, e.x, vector(&e, e.condition, e.second), e.dy, dx[2], NULL,
                                  NULL, scratch);
        assert_memory_equal(dx[0], dx[2], (size_t)e.count * dc3_dtype_size(e.type));
        for (int i = 0; i < 3; i++) free(dx[i]), free(dc[i]);
        free(scratch);
        free_example(&e);
    }
    omp_set_num_threads(most);
}

static void expect_refusal(dc3_ctx *ctx, dc3_tensor y, const char *words)
{
    assert_null(y.data);
    assert_int_equal(dc3_ctx_status(ctx), DC3_ERR_ARGUMENT);
    if (!strstr(dc3_error_text(), words)) fail_msg("no '%s' in: %s", words, dc3_error_text());
    dc3_ctx_clear(ctx);
}

/* Tensors and columns that do not fit, each operation in its own words. */
static void refused(void **state)
{
    (void)state;
    dc3_ctx *ctx;
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 1, DC3_CTX_FAST, &ctx), DC3_OK);
    dc3_tensor x = dc3_new(ctx, DC3_F32, 3, (int64_t[]){2, 3, 4}),
               condition = dc3_new(ctx, DC3_F32, 2, (int64_t[]){2, 8}),
               longer = dc3_new(ctx, DC3_F32, 3, (int64_t[]){2, 4, 4}),
               half = dc3_new(ctx, DC3_BF16, 3, (int64_t[]){2, 3, 4}),
               flat = dc3_new(ctx, DC3_F32, 2, (int64_t[]){6, 4});
    assert_non_null(dc3_adaptive_norm(ctx, x, condition, 4, 0, 1e-6f).data);
    assert_non_null(dc3_gated_add(ctx, x, x, condition, 4).data);
    expect_refusal(ctx, dc3_adaptive_norm(ctx, x, condition, 0, 5, 1e-6f), "norm: columns from 0 and 5 on");
    expect_refusal(ctx, dc3_adaptive_norm(ctx, x, condition, -1, 4, 1e-6f), "norm: columns from -1 and 4 on");
    expect_refusal(ctx, dc3_adaptive_norm(ctx, half, condition, 0, 4, 1e-6f), "2 rows of 4 channels of bf16");
    expect_refusal(ctx, dc3_adaptive_norm(ctx, flat, condition, 0, 4, 1e-6f), "norm: tokens of 2 dimensions");
    expect_refusal(ctx, dc3_gated_add(ctx, x, x, condition, 5), "gated sum: columns from 5");
    expect_refusal(ctx, dc3_gated_add(ctx, x, x, condition, -1), "gated sum: columns from -1");
    expect_refusal(ctx, dc3_gated_add(ctx, x, longer, condition, 0),
                   "a branch of 2x4x4 of f32 for tokens of 2x3x4");
    expect_refusal(ctx, dc3_gated_add(ctx, x, half, condition, 0), "a branch of 2x3x4 of bf16");
    dc3_ctx_close(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(definitions), cmocka_unit_test(threads_and_parts),
                                       cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
