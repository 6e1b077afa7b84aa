/* Kernels of training, each against its definition written down anew: losses and their gradients, what batch
 * norm computes for each channel, norms and averages of parameters. */
#include "support/random_tensors.h"
#include <omp.h>
#include "kernels/backend.h"

enum { N = 5, C = 7, K = 3 };

/* -log softmax(z)_j of a row in double precision. */
static double surprise(const double *z, int64_t j, double t)
{
    double sum = 0;
    for (int64_t i = 0; i < C; i++) sum += exp((z[i] - z[j]) / t);
    return log(sum);
}

/* What the losses read; which of them. */
typedef struct loss {
    int kind, k; /* 0: cross-entropy, 1: distillation, 2: mean squared error, 3: cosine */
    int64_t labels[N * K];
    float weights[N * K], target[N * C], smoothing, temperature, share;
} loss;

static double length(const double *x)
{
    double sum = 0;
    for (int64_t j = 0; j < C; j++) sum += x[j] * x[j];
    return sqrt(sum);
}

/* 1 - cos of logits and target, into which the hard labels of row i are mixed. */
static double cosine(const loss *l, int64_t i, const double *z, double *target)
{
    double hard[C], dot = 0, size = length(target);
    for (int64_t j = 0; j < C; j++) {
        double own = 0;
        for (int64_t m = 0; m < l->k; m++)
            if (l->labels[i * l->k + m] == j) own += l->k > 1 ? (double)l->weights[i * l->k + m] : 1;
        hard[j] = own * (1 - (double)l->smoothing) + (1 - own) * (double)l->smoothing / (C - 1);
    }
    for (int64_t j = 0; j < C; j++) target[j] = target[j] / size + (double)l->share * hard[j] / length(hard);
    for (int64_t j = 0; j < C; j++) dot += z[j] * target[j];
    return 1 - dot / length(z) / length(target);
}

static double by_definition(const loss *l, const double *z)
{
    double sum = 0, smooth = l->smoothing;
    for (int64_t i = 0; i < N; i++) {
        const double *row = z + i * C;
        double target[C], all = 0;
        for (int64_t j = 0; j < C; j++) {
            target[j] = l->target[i * C + j];
            if (l->kind == 2) sum += (row[j] - target[j]) * (row[j] - target[j]) / C;
            if (l->kind == 0) all += surprise(row, j, 1) / C;
        }
        if (l->kind == 3) sum += cosine(l, i, row, target);
        for (int64_t j = 0; j < l->k && l->kind == 0; j++)
            sum += (1 - smooth) * (l->k > 1 ? (double)l->weights[i * l->k + j] : 1) *
                   surprise(row, l->labels[i * l->k + j], 1);
        if (l->kind == 0) sum += smooth * all;
        for (int64_t j = 0; j < C && l->kind == 1; j++) {
            double wanted = -surprise(target, j, l->temperature), found = -surprise(row, j, l->temperature);
            sum += exp(wanted) * (wanted - found);
        }
    }
    return sum / N;
}

static void run(const loss *l, const float *z, float *value, float *slope)
{
    const dc3_kernels *k = dc3_kernels_best();
    void *scratch = malloc(k->loss_scratch(C));
    if (l->kind == 0)
        k->cross_entropy(N, C, l->k, z, l->labels, l->k > 1 ? l->weights : NULL, l->smoothing, value, slope,
                         scratch);
    else if (l->kind == 1)
        k->distillation(N, C, z, l->target, l->temperature, value, slope, scratch);
    else if (l->kind == 2)
        k->mse(N * C, z, l->target, value, slope);
    else
        k->cosine(N, C, l->k, z, l->target, l->labels, l->k > 1 ? l->weights : NULL, l->smoothing, l->share,
                  value, slope, scratch);
    free(scratch);
}

static void losses(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 60);
        loss l = {.kind = (int)(seed % 5 > 1 ? seed % 5 - 1 : 0),
                  .k = seed % 5 == 0 || seed % 20 == 4 ? 1 : K,
                  .smoothing = seed % 10 > 4 ? 0.1f : 0,
                  .temperature = 0.5f + (float)(seed % 7),
                  .share = seed % 20 > 9 ? 0.1f : 0};
        float *z = random_values(&rng, DC3_F32, N * C, 2), value, slope[N * C];
        double exact[N * C];
        dc3_rng_normal(&rng, l.target, N * C);
        for (int64_t i = 0; i < N * K; i++) l.labels[i] = between(&rng, 0, C - 1);
        for (int64_t i = 0; i < N; i++)
            l.weights[i * K] = 0.5f, l.weights[i * K + 1] = 0.3f, l.weights[i * K + 2] = 0.2f;
        for (int64_t i = 0; i < N * C; i++) exact[i] = z[i];
        run(&l, z, &value, slope);
        double expected = by_definition(&l, exact);
        if (!(fabs((double)value - expected) <= 1e-6 * (1 + fabs(expected))))
            fail_msg("loss, case %d: expected %g, found %g", (int)seed, expected, (double)value);
        for (int64_t i = 0; i < N * C; i++) {
            const double e = 1e-5;
            exact[i] += e;
            double more = by_definition(&l, exact);
            exact[i] -= 2 * e;
            double d = (more - by_definition(&l, exact)) / (2 * e);
            exact[i] += e;
            if (!(fabs((double)slope[i] - d) <= 1e-6))
                fail_msg("loss's gradient, case %d: by differences %g, found %g", (int)seed, d,
                         (double)slope[i]);
        }
        free(z);
    }
}

/* Logits far apart: no overflow, and a label of share nearly zero. */
static void loss_extremes(void **state)
{
    (void)state;
    loss l = {.k = 1, .labels = {0, 1, 0, 1, 2}};
    float z[N * C] = {0}, value, slope[N * C];
    for (int64_t i = 0; i < N; i++) z[i * C] = 3e4f;
    run(&l, z, &value, slope);
    assert_true(fabsf(value - 3e4f * 3 / N) < 1);
    for (int64_t i = 0; i < N * C; i++) assert_true(isfinite(slope[i]));
}

/* a g + b x + d is the gradient of batch norm. */
static void batch_norm_coefficients(void **state)
{
    (void)state;
    enum { CHANNELS = 9, COUNT = 50 };
    const dc3_kernels *k = dc3_kernels_best();
    dc3_rng rng = dc3_rng_make(1, DC3_RNG_TEST, 61);
    float *p = random_values(&rng, DC3_F32, 8 * CHANNELS, 1), vectors[4 * CHANNELS],
          coefficients[3 * CHANNELS];
    const float *gamma = p, *beta = p + CHANNELS, *sums = p + 2 * CHANNELS, *eps = &(float){1e-3f};
    float *mean = vectors + 2 * CHANNELS, *variance = vectors + 3 * CHANNELS; /* as backend.h allows */
    float running[2 * CHANNELS], old[2 * CHANNELS], dgamma[CHANNELS], dbeta[CHANNELS];
    double m[CHANNELS], v[CHANNELS];
    for (int j = 0; j < CHANNELS; j++) {
        m[j] = mean[j] = p[4 * CHANNELS + j];
        v[j] = variance[j] = fabsf(p[5 * CHANNELS + j]) + 0.1f;
        old[j] = running[j] = p[6 * CHANNELS + j], old[CHANNELS + j] = running[CHANNELS + j] = 1;
        dgamma[j] = dbeta[j] = 1; /* they accumulate */
    }
    k->batch_norm_running(CHANNELS, COUNT, 0.25f, mean, variance, running, running + CHANNELS);
    k->batch_norm_vectors(CHANNELS, *eps, gamma, beta, mean, variance, vectors);
    k->batch_norm_coefficients(CHANNELS, COUNT, gamma, vectors, sums, coefficients, dgamma, dbeta);
    for (int j = 0; j < CHANNELS; j++) {
        double rate = 1 / sqrt(v[j] + (double)*eps), x = 0.7 * j - 2, g = 1.5 - 0.4 * j,
               xhat = (x - m[j]) * rate;
        double sum = sums[j], product = sums[CHANNELS + j];
        assert_true(fabs((double)running[j] - (0.75 * old[j] + 0.25 * m[j])) < 1e-6);
        assert_true(fabs((double)running[CHANNELS + j] - (0.75 + 0.25 * v[j] * COUNT / (COUNT - 1))) < 1e-6);
        assert_true(fabs((double)vectors[j] - m[j]) < 1e-6 &&
                    fabs((double)vectors[CHANNELS + j] - rate) < 1e-5);
        double z = x * (double)vectors[2 * CHANNELS + j] + (double)vectors[3 * CHANNELS + j];
        assert_true(fabs(z - (xhat * (double)gamma[j] + (double)beta[j])) < 1e-5);
        assert_true(fabs((double)dgamma[j] - 1 - product * rate) < 1e-5 &&
                    fabs((double)dbeta[j] - 1 - sum) < 1e-6);
        double expected = (double)gamma[j] * rate * (g - sum / COUNT - xhat * product * rate / COUNT);
        double found = (double)coefficients[j] * g + (double)coefficients[CHANNELS + j] * x +
                       (double)coefficients[2 * CHANNELS + j];
        assert_true(fabs(found - expected) < 1e-5 * (1 + fabs(expected)));
    }
    k->batch_norm_running(CHANNELS, 1, 1, m[0] > 0 ? p : beta, gamma, running, running + CHANNELS);
    for (int j = 0; j < CHANNELS; j++)
        assert_true(running[CHANNELS + j] == gamma[j]); /* one value: as it is */
    k->batch_norm_coefficients(CHANNELS, COUNT, gamma, vectors, sums, coefficients, NULL, NULL);
    k->batch_norm_coefficients(CHANNELS, 0, gamma, vectors, sums, coefficients, dgamma, dbeta);
    for (int j = 0; j < CHANNELS; j++) { /* of statistics that do not depend on x */
        double rate = 1 / sqrt(v[j] + (double)*eps);
        assert_true(fabs((double)coefficients[j] - (double)gamma[j] * rate) < 1e-5);
        assert_true(coefficients[CHANNELS + j] == 0 && coefficients[2 * CHANNELS + j] == 0);
        assert_true(fabs((double)dgamma[j] - 1 - 2 * (double)sums[CHANNELS + j] * rate) < 2e-5 &&
                    fabs((double)dbeta[j] - 1 - 2 * (double)sums[j]) < 2e-6);
    }
    free(p);
}

static void parameters(void **state)
{
    (void)state;
    static const int64_t sizes[] = {0, 1, 7, 63, 64, 65, 8191, 8192, 8193, 100003};
    const dc3_kernels *k = dc3_kernels_best();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int64_t n = sizes[i];
        dc3_rng rng = dc3_rng_make(i, DC3_RNG_TEST, 62);
        float *x = random_values(&rng, DC3_F32, n, 1), *y = random_values(&rng, DC3_F32, n, 1),
              *a = malloc((size_t)(n + 1) * sizeof *a), factor = -1.5f;
        double sum[] = {3, 3}, exact = 3;
        for (int64_t j = 0; j < n; j++) exact += (double)x[j] * (double)x[j];
        for (int run = 0; run < 2; run++) {
            omp_set_num_threads(run ? 3 : 1);
            k->sum_squares(n, x, &sum[run]);
        }
        assert_true(sum[0] == sum[1] && fabs(sum[0] - exact) < 1e-9 * exact);
        k->multiply(n, x, &factor, a);
        for (int64_t j = 0; j < n; j++) assert_true(a[j] == x[j] * -1.5f);
        k->scale(n, 0.25f, a);
        for (int64_t j = 0; j < n; j++) assert_true(a[j] == x[j] * -0.375f);
        memcpy(a, x, (size_t)n * sizeof *a);
        k->blend(n, 0.25f, y, a);
        for (int64_t j = 0; j < n; j++) assert_true(fabs((double)a[j] - (0.75 * x[j] + 0.25 * y[j])) < 1e-6);
        free(x), free(y), free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(losses), cmocka_unit_test(loss_extremes),
                                       cmocka_unit_test(batch_norm_coefficients),
                                       cmocka_unit_test(parameters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
