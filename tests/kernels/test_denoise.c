/* Kernels of denoising against their definitions, in sizes for one thread and for several; rows of tensors.
 */
#include "support/random_tensors.h"
#include <omp.h>
#include "ops/denoise.h"

enum { LARGE = 20011 }; /* beyond what one thread does alone */
static const int64_t sizes[] = {1, 12, LARGE};

static void ranges(void **state)
{
    (void)state;
    const dc3_kernels *k = dc3_kernels_best();
    for (int s = 0; s < 3; s++) {
        dc3_rng rng = dc3_rng_make((uint64_t)s, DC3_RNG_TEST, 80);
        int64_t n = sizes[s];
        float *x = random_values(&rng, DC3_F32, n, 2), *y = malloc((size_t)n * sizeof *y);
        k->affine(n, 1.5f, -0.25f, x, y);
        for (int64_t i = 0; i < n; i++) assert_true(fabs(y[i] - (1.5 * x[i] - 0.25)) < 1e-6);
        k->affine(n, 2, -1, x, x);
        for (int64_t i = 0; i < n; i++) assert_true(fabs(y[i] - (0.75 * x[i] + 0.5)) < 1e-6);
        y[0] = NAN, memcpy(x, y, (size_t)n * sizeof *x);
        k->clamp(n, -0.5f, 1, x);
        assert_true(x[0] == -0.5f);
        for (int64_t i = 1; i < n; i++) assert_true(x[i] == fminf(fmaxf(y[i], -0.5f), 1));
        free(x);
        free(y);
    }
}

static void guided(void **state)
{
    (void)state;
    const dc3_kernels *k = dc3_kernels_best();
    for (int s = 0; s < 3; s++)
        for (int kinds = 1; kinds <= DC3_GUIDED_KINDS; kinds++) {
            dc3_rng rng = dc3_rng_make((uint64_t)(10 * s + kinds), DC3_RNG_TEST, 81);
            dc3_guided_shape shape = {kinds, sizes[s], {4, -2.5f, -0.5f}, 0.18f};
            int64_t n = shape.n;
            float *rows = random_values(&rng, DC3_F32, kinds * n, 1);
            float *condition = random_values(&rng, DC3_F32, kinds * n, 1);
            float *y = malloc((size_t)n * sizeof *y);
            k->guided(&shape, rows, condition, y);
            for (int64_t i = 0; i < n; i++) {
                double sum = 0;
                for (int j = 0; j < kinds; j++)
                    sum += (double)shape.weight[j] *
                           (rows[j * n + i] - (double)shape.share * condition[j * n + i]);
                assert_true(fabs(sum - y[i]) < 1e-5);
            }
            free(rows), free(condition), free(y);
        }
}

/* The weighted sum of a step's terms. */
static double sum_of(const double *weight, const double *terms)
{
    double sum = 0;
    for (int k = 0; k < DC3_TERMS; k++) sum += weight[k] * terms[k];
    return sum;
}

/* A step with every term, and one without noise, bound and memories. */
static void sampler_step(void **state)
{
    (void)state;
    enum { MOST = DC3_SAMPLER_MEMORIES };
    const dc3_kernels *k = dc3_kernels_best();
    dc3_sampler_step steps[] = {{{0.9, -0.3, 1.2}, 0.8, {1, 0.2, -0.9, 0.4}, MOST, {0}, {{0}}},
                                {{1, -2, 1}, 0, {1, 0, -1, 2}, 0, {1, 0, -0.5}, {{0}}}};
    for (int j = 0; j < DC3_TERMS; j++) {
        steps[0].next[j] = 0.1 * (j + 1) - 0.3;
        for (int m = 0; m < MOST; m++) steps[0].keep[m][j] = 0.07 * (j - 2 * m) + 0.2;
    }
    for (int s = 0; s < 6; s++) {
        dc3_rng rng = dc3_rng_make((uint64_t)s, DC3_RNG_TEST, 82);
        const dc3_sampler_step *step = &steps[s % 2];
        int64_t n = sizes[s / 2];
        float *old = random_values(&rng, DC3_F32, (3 + MOST) * n, 1);
        float *x = malloc((size_t)((1 + MOST) * n) * sizeof *x), *memory = x + n;
        float *y = old + n, *noise = s % 2 ? NULL : y + n, *before = old + 3 * n;
        memcpy(x, old, (size_t)n * sizeof *x), memcpy(memory, before, (size_t)(MOST * n) * sizeof *x);
        k->sampler_step(step, n, y, noise, x, memory);
        for (int64_t i = 0; i < n; i++) {
            double estimate = (step->estimate[0] * old[i] + step->estimate[1] * y[i]) / step->estimate[2];
            double slope = (step->slope[0] * old[i] + step->slope[1] * y[i] + step->slope[2] * estimate) /
                           step->slope[3];
            if (step->bound > 0) estimate = fmin(fmax(estimate, -step->bound), step->bound);
            double terms[DC3_TERMS] = {old[i], estimate, slope, noise ? noise[i] : 0};
            for (int m = 0; m < MOST; m++) terms[DC3_TERM_MEMORY + m] = before[m * n + i];
            assert_true(fabs(sum_of(step->next, terms) - x[i]) < 1e-5);
            for (int m = 0; m < step->memories; m++)
                assert_true(fabs(sum_of(step->keep[m], terms) - memory[m * n + i]) < 1e-5);
        }
        free(old), free(x);
    }
}

static void rows(void **state)
{
    (void)state;
    dc3_ctx *ctx;
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 2, DC3_CTX_FAST, &ctx), DC3_OK);
    for (int t = 0; t < 2; t++) {
        dc3_dtype type = t ? DC3_BF16 : DC3_F32;
        size_t row = 6 * dc3_dtype_size(type);
        const int wanted[] = {2, -1, 0, 2, 1};
        unsigned char values[3 * 6 * sizeof(float)], found[5 * 6 * sizeof(float)],
            zeros[6 * sizeof(float)] = {0};
        for (size_t i = 0; i < sizeof values; i++) values[i] = (unsigned char)(17 * i + 1);
        dc3_scope scope = dc3_scope_open(ctx);
        dc3_tensor x = dc3_upload(ctx, type, 3, (int64_t[]){3, 2, 3}, values);
        dc3_tensor y = dc3_take_rows(ctx, x, 5, wanted);
        assert_int_equal(dc3_ctx_status(ctx), DC3_OK);
        assert_int_equal(y.shape[0], 5);
        assert_int_equal(dc3_count(&y), 30);
        dc3_download(ctx, y, found);
        for (int i = 0; i < 5; i++)
            assert_memory_equal(found + (size_t)i * row,
                                wanted[i] < 0 ? zeros : values + (size_t)wanted[i] * row, row);
        dc3_tensor one = dc3_tensor_rows(y, 3, 1);
        assert_int_equal(dc3_count(&one), 6);
        dc3_download(ctx, one, found);
        assert_memory_equal(found, values + 2 * row, row);
        dc3_scope_close(ctx, scope);
    }
    dc3_ctx_close(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ranges), cmocka_unit_test(guided),
                                       cmocka_unit_test(sampler_step), cmocka_unit_test(rows)};
    omp_set_num_threads(2);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
