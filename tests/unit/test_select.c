/* Selection: the factored similarity against gradients written out, all objectives and maximizers, budgets,
 * bins. */
#include "support/random_tensors.h"
#include <stdio.h>
#include "dc3/select.h"
#include "select/bins.h"
#include "select/kmeans.h"
#include "select/objective.h"
#include "select/pca.h"

static void budget_gives_exactly_the_total(void **state)
{
    (void)state;
    int64_t shares[4];
    dc3_budget(4, (int64_t[]){10, 10, 10, 10}, 8, shares);
    for (int i = 0; i < 4; i++) assert_int_equal(shares[i], 2);
    dc3_budget(3, (int64_t[]){5, 9, 9}, 10,
               shares); /* the remainder goes to the largest, ties to the lowest */
    assert_int_equal(shares[0], 3), assert_int_equal(shares[1], 4), assert_int_equal(shares[2], 3);
    dc3_budget(3, (int64_t[]){1, 9, 4}, 9, shares); /* a small bin passes the rest on */
    assert_int_equal(shares[0], 1), assert_int_equal(shares[1], 5), assert_int_equal(shares[2], 3);
    dc3_budget(3, (int64_t[]){0, 2, 1}, 9, shares); /* never more than there are */
    assert_int_equal(shares[0], 0), assert_int_equal(shares[1], 2), assert_int_equal(shares[2], 1);
    dc3_budget(3, (int64_t[]){3, 5, 4}, 1, shares); /* fewer than bins */
    assert_int_equal(shares[0] + shares[1] + shares[2], 1), assert_int_equal(shares[1], 1);
}

static void bins_take_turns(void **state)
{
    (void)state;
    int64_t order[4], turns[20], sizes[] = {3, 5, 1, 5},
                                 expected[] = {0, 1, 3, 2, 0, 1, 3, 0, 1, 3, 1, 3, 1, 3};
    assert_int_equal(dc3_turns(4, sizes, 0, 20, order, turns), 14); /* never more than there are */
    assert_memory_equal(turns, expected, sizeof expected);
    assert_int_equal(dc3_turns(4, sizes, 0, 6, order, turns), 6);
    assert_memory_equal(turns, expected, 6 * sizeof *expected);
}

/* s_ij from the gradient written out: d (x) (1, h). */
static void direct_similarity(int64_t m, int64_t d, int64_t c, const float *h, const float *z, int64_t label,
                              double *s)
{
    int64_t length = c * (d + 1);
    double *f = calloc((size_t)(m * length), sizeof *f);
    for (int64_t i = 0; i < m; i++) {
        double p[64], sum = 0, others = 0, most = -INFINITY;
        for (int64_t k = 0; k < c; k++) most = fmax(most, z[i * c + k]);
        for (int64_t k = 0; k < c; k++) sum += p[k] = exp(z[i * c + k] - most);
        for (int64_t k = 0; k < c; k++) p[k] /= sum, others += k == label ? 0 : p[k];
        p[label] = -others;
        for (int64_t k = 0; k < c; k++)
            for (int64_t j = 0; j <= d; j++)
                f[i * length + k * (d + 1) + j] = p[k] * (j ? h[i * d + j - 1] : 1);
    }
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < m; j++) {
            double ab = 0, aa = 0, bb = 0;
            for (int64_t k = 0; k < length; k++) {
                ab += f[i * length + k] * f[j * length + k];
                aa += f[i * length + k] * f[i * length + k];
                bb += f[j * length + k] * f[j * length + k];
            }
            s[i * m + j] = 0.5 + 0.5 * (aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0);
        }
    free(f);
}

/* Greedy over the whole matrix, from the definitions; log-determinant by Gaussian elimination of det(S +
 * [j]). */
static double log_det(int64_t m, const double *s, const int64_t *rows, int n)
{
    double a[16 * 16], result = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) a[i * 16 + j] = s[rows[i] * m + rows[j]] + (i == j ? 1e-6 : 0);
    for (int i = 0; i < n; i++) {
        result += log(a[i * 16 + i]);
        for (int k = i + 1; k < n; k++)
            for (int j = n; j-- > i;) a[k * 16 + j] -= a[k * 16 + i] / a[i * 16 + i] * a[i * 16 + j];
    }
    return result;
}

static void direct_greedy(dc3_objective objective, int64_t m, const double *s, int count, int64_t *picks)
{
    for (int n = 0; n < count; n++) {
        double best_gain = -INFINITY;
        for (int64_t j = 0; j < m; j++) {
            double gain = 0;
            int taken = 0;
            for (int k = 0; k < n; k++) taken |= picks[k] == j;
            if (taken) continue;
            if (objective == DC3_LOG_DETERMINANT) {
                int64_t rows[16];
                memcpy(rows, picks, (size_t)n * sizeof *rows);
                rows[n] = j;
                gain = log_det(m, s, rows, n + 1) - log_det(m, s, rows, n);
            } else
                for (int64_t i = 0; i < m; i++) {
                    double covered = 0;
                    for (int k = 0; k < n; k++) covered = fmax(covered, s[i * m + picks[k]]);
                    gain += objective == DC3_GRAPH_CUT ? s[i * m + j] : fmax(0, s[i * m + j] - covered);
                }
            if (objective == DC3_GRAPH_CUT)
                for (int k = 0; k < n; k++) gain -= 2 * s[picks[k] * m + j];
            if (gain > best_gain) best_gain = gain, picks[n] = j;
        }
    }
}

static void same_rows_as_direct(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 20);
        int64_t m = between(&rng, 8, 90), d = between(&rng, 1, 20), c = between(&rng, 2, 12),
                label = between(&rng, 0, c - 1);
        int count = (int)between(&rng, 1, 8);
        float *h = random_values(&rng, DC3_F32, m * d, 1), *z = random_values(&rng, DC3_F32, m * c, 2);
        /* A confident teacher: probabilities of the others down to 1e-17. */
        if (seed % 3 == 0)
            for (int64_t i = 0; i < m; i++) z[i * c + label] += 40;
        int64_t labels[90], bins[90] = {0}, picks[16];
        for (int64_t i = 0; i < m; i++) labels[i] = label;
        double *s = malloc((size_t)(m * m) * sizeof *s);
        direct_similarity(m, d, c, h, z, label, s);
        for (int objective = 0; objective < 3; objective++) {
            direct_greedy((dc3_objective)objective, m, s, count, picks);
            for (int maximizer = 0; maximizer < 2; maximizer++) {
                dc3_select_options o = dc3_select_defaults();
                dc3_selection selection;
                o.ipc = count, o.objective = (dc3_objective)objective, o.maximizer = (dc3_maximizer)maximizer;
                if (dc3_select_rows(&o, m, d, c, h, z, labels, bins, &selection) != DC3_OK)
                    fail_msg("%s", dc3_error_text());
                assert_int_equal(selection.count, count);
                for (int i = 0; i < count; i++)
                    if (selection.rows[i] != picks[i])
                        fail_msg("case %d, %s, %s: pick %d is %d, should be %d", (int)seed,
                                 dc3_objective_names[objective], dc3_maximizer_names[maximizer], i,
                                 (int)selection.rows[i], (int)picks[i]);
                dc3_selection_free(&selection);
            }
        }
        free(h), free(z), free(s);
    }
}

/* Any number of threads, all maximizers: exactly ipc different rows of each class, and the same rows. */
static void exactly_ipc_for_any_threads(void **state)
{
    (void)state;
    enum { N = 230, D = 12 };
    dc3_rng rng = dc3_rng_make(3, DC3_RNG_TEST, 21);
    float *x = random_values(&rng, DC3_F32, N * D, 1);
    int64_t labels[N];
    for (int i = 0; i < N; i++) labels[i] = i < 9 ? 7 : i % 4; /* class 7 is small */
    for (int maximizer = 0; maximizer < 4; maximizer++)
        for (int ipc = 1; ipc <= 13; ipc += 4) {
            dc3_selection one, three;
            dc3_select_options o = dc3_select_defaults();
            o.ipc = ipc, o.maximizer = (dc3_maximizer)maximizer, o.threads = 1, o.seed = 5;
            assert_int_equal(dc3_select_rows(&o, N, D, 0, x, NULL, labels, NULL, &one), DC3_OK);
            o.threads = 3;
            assert_int_equal(dc3_select_rows(&o, N, D, 0, x, NULL, labels, NULL, &three), DC3_OK);
            assert_int_equal(one.count, 5 * ipc);
            assert_memory_equal(one.rows, three.rows, (size_t)one.count * sizeof *one.rows);
            assert_int_equal(one.repeated, ipc > 9 ? ipc - 9 : 0);
            for (int64_t i = 0; i < one.count; i++) {
                int64_t label = labels[one.rows[i]], wanted = i / ipc == 4 ? 7 : i / ipc;
                assert_int_equal(label, wanted);
                for (int64_t k = i / ipc * ipc; label != 7 && k < i; k++)
                    assert_int_not_equal(one.rows[k], one.rows[i]);
            }
            dc3_selection_free(&one);
            dc3_selection_free(&three);
        }
    dc3_select_options o = dc3_select_defaults();
    dc3_selection none;
    o.strict = 1;
    assert_int_equal(dc3_select_rows(&o, N, D, 0, x, NULL, labels, NULL, &none), DC3_ERR_ARGUMENT);
    assert_string_equal(dc3_error_text(), "class 7 has 9 rows, fewer than ipc 10");
    x[5] = NAN;
    assert_int_equal(dc3_select_rows(&o, N, D, 0, x, NULL, labels, NULL, &none), DC3_ERR_FORMAT);
    o.ipc = 0;
    assert_int_equal(dc3_select_rows(&o, N, D, 0, x, NULL, labels, NULL, &none), DC3_ERR_OPTION);
    free(x);
}

static int64_t count_in(int64_t n, const int64_t *rows, int64_t row)
{
    int64_t found = 0;
    for (int64_t i = 0; i < n; i++) found += rows[i] == row;
    return found;
}

/* A nested selection of a multiple of the bins is the usual one by turns, with the same gains, but in the bin
 * of the class's best row, which is the first. Each smaller one is its beginning, by every objective and
 * every maximizer that can. Also with bins of the caller. */
static void nested_is_the_beginning_of_a_larger_one(void **state)
{
    (void)state;
    enum { N = 200, D = 8, BINS = 4, MOST = 3 * BINS };
    dc3_rng rng = dc3_rng_make(6, DC3_RNG_TEST, 25);
    float *x = random_values(&rng, DC3_F32, N * D, 1);
    int64_t labels[N], given[N], own[N];
    for (int i = 0; i < N; i++) labels[i] = i % 2, given[i] = i % 7 ? i % 3 : 9;
    for (int how = 0; how < 3 * 4; how++) {
        const int64_t *bins = how % 2 ? given : NULL;
        dc3_selection usual, full, part, one;
        dc3_select_options o = dc3_select_defaults();
        o.objective = (dc3_objective)(how % 3), o.maximizer = (dc3_maximizer)(how / 3);
        o.ipc = MOST, o.bins = BINS, o.nested = 0;
        assert_int_equal(dc3_select_rows(&o, N, D, 0, x, NULL, labels, bins, &usual), DC3_OK);
        o.nested = 1;
        if (o.maximizer == DC3_STOCHASTIC_GREEDY) {
            assert_int_equal(dc3_select_rows(&o, N, D, 0, x, NULL, labels, bins, &full), DC3_ERR_OPTION);
            dc3_selection_free(&usual);
            continue;
        }
        assert_int_equal(dc3_select_rows(&o, N, D, 0, x, NULL, labels, bins, &full), DC3_OK);
        assert_int_equal(dc3_select_bins(&o, N, D, x, labels, own), DC3_OK);
        o.ipc = 1, o.nested = 0;
        assert_int_equal(dc3_select_rows(&o, N, D, 0, x, NULL, labels, NULL, &one), DC3_OK);
        o.nested = 1;
        const int64_t *of = bins ? bins : own;
        for (int64_t i = 0; i < full.count; i++) {
            int64_t at = i / MOST * MOST, best = one.rows[i / MOST];
            if (at == i) assert_int_equal(full.rows[i], best);
            assert_int_equal(count_in(MOST, full.rows + at, full.rows[i]), 1);
            if (of[full.rows[i]] == of[best]) continue;
            while (usual.rows[at] != full.rows[i] && at < i / MOST * MOST + MOST - 1) at++;
            assert_int_equal(usual.rows[at], full.rows[i]);
            assert_true(usual.gains[at] == full.gains[i]);
        }
        for (o.ipc = 1; o.ipc < MOST; o.ipc++) {
            assert_int_equal(dc3_select_rows(&o, N, D, 0, x, NULL, labels, bins, &part), DC3_OK);
            for (int64_t k = 0; k < 2; k++)
                assert_memory_equal(part.rows + k * o.ipc, full.rows + k * MOST,
                                    (size_t)o.ipc * sizeof *part.rows);
            dc3_selection_free(&part);
        }
        dc3_selection_free(&usual);
        dc3_selection_free(&full);
        dc3_selection_free(&one);
    }
    free(x);
}

/* The basis diagonalises the covariance: projections are uncorrelated, their variances fall, and nothing is
 * left of data that lie in k dimensions. Both shapes: more rows than columns and fewer. */
static void pca_of_known_subspace(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 6; seed++) {
        enum { K = 3 };
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 22);
        int64_t n = seed % 2 ? 15 : 80, d = 30;
        float *code = random_values(&rng, DC3_F32, n * K, 1), *mix = random_values(&rng, DC3_F32, K * d, 1);
        float *x = calloc((size_t)(n * d), sizeof *x), *scores = malloc((size_t)n * K * 4),
              *basis = malloc(K * (size_t)d * 4);
        for (int64_t i = 0; i < n * d; i++) {
            x[i] = 4;
            for (int k = 0; k < K; k++) x[i] += code[i / d * K + k] * (float)(k + 1) * mix[k * d + i % d];
        }
        dc3_meter meter = {0};
        assert_int_equal(dc3_pca(&meter, n, d, x, K, scores, basis), DC3_OK);
        assert_int_equal(meter.held, 0);
        double mean[30] = {0}, left = 0, all = 0, variance[K] = {0}, cross = 0;
        for (int64_t i = 0; i < n * d; i++) mean[i % d] += x[i] / (double)n;
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j < d; j++) {
                double value = x[i * d + j] - mean[j], back = 0;
                for (int k = 0; k < K; k++) back += scores[i * K + k] * basis[k * d + j];
                left += (value - back) * (value - back);
                all += value * value;
            }
            for (int k = 0; k < K; k++) variance[k] += scores[i * K + k] * scores[i * K + k];
            cross += scores[i * K] * scores[i * K + 1];
        }
        assert_true(left < 1e-8 * all);
        assert_true(variance[0] >= variance[1] && variance[1] >= variance[2]);
        assert_true(fabs(cross) < 1e-4 * variance[0]);
        free(code), free(mix), free(x), free(scores), free(basis);
    }
    assert_int_equal(dc3_pca_components(10, 100, 50), 9);
    assert_int_equal(dc3_pca_components(1, 100, 50), 1);
    assert_int_equal(dc3_pca_components(100, 20, 50), 20);
}

static void kmeans_finds_clusters(void **state)
{
    (void)state;
    enum { N = 300, D = 5, K = 6 };
    dc3_rng rng = dc3_rng_make(1, DC3_RNG_TEST, 23);
    float *x = random_values(&rng, DC3_F32, N * D, 0.1f);
    int clusters[N];
    double inertia, expected = 0;
    for (int i = 0; i < N; i++) x[i * D + i % K % D] += (float)(10 * (i % K + 1));
    for (int k = 0; k < K; k++) { /* the inertia of the true clusters */
        double mean[D] = {0};
        for (int i = k; i < N; i += K)
            for (int j = 0; j < D; j++) mean[j] += x[i * D + j] / (double)(N / K);
        for (int i = k; i < N; i += K)
            for (int j = 0; j < D; j++) expected += (x[i * D + j] - mean[j]) * (x[i * D + j] - mean[j]);
    }
    dc3_meter meter = {0};
    assert_int_equal(dc3_kmeans(&meter, N, D, x, K, 4, 7, 0, clusters, &inertia), DC3_OK);
    assert_true(fabs(inertia - expected) < 1e-6 * expected);
    for (int i = K; i < N; i++) assert_int_equal(clusters[i], clusters[i % K]);
    /* Equal points, and as many clusters as points. */
    float same[8] = {1, 1, 1, 1, 1, 1, 1, 1}, line[4] = {0, 1, 2, 3};
    assert_int_equal(dc3_kmeans(&meter, 8, 1, same, 3, 1, 0, 0, clusters, &inertia), DC3_OK);
    assert_true(inertia == 0);
    assert_int_equal(dc3_kmeans(&meter, 4, 1, line, 4, 2, 0, 0, clusters, &inertia), DC3_OK);
    assert_true(inertia == 0);
    assert_int_equal(dc3_kmeans(&meter, 4, 1, line, 5, 2, 0, 0, clusters, &inertia), DC3_ERR_ARGUMENT);
    assert_int_equal(meter.held, 0);
    free(x);
}

/* Sums of the similarities by both ways, against their rows added up; equal rows have equal sums. */
static void sums_of_similarities(void **state)
{
    (void)state;
    dc3_rng rng = dc3_rng_make(7, DC3_RNG_TEST, 24);
    int64_t sizes[][3] = {{1, 3, 2}, {5, 60, 40}, {150, 3, 4}, {150, 9, 0}, {400, 33, 10}, {70, 200, 0}};
    for (size_t t = 0; t < sizeof sizes / sizeof *sizes; t++) {
        int64_t m = sizes[t][0], d = sizes[t][1], c = sizes[t][2];
        float *h = random_values(&rng, DC3_F32, m * d, 1),
              *z = c ? random_values(&rng, DC3_F32, m * c, 2) : NULL;
        int64_t *rows = malloc((size_t)m * sizeof *rows);
        for (int64_t i = 0; i < m; i++) rows[i] = i;
        if (m > 9) rows[m - 2] = 3, rows[7] = 3; /* the same row in three places */
        if (!c) memset(h, 0, (size_t)d * sizeof *h);
        dc3_meter meter = {0};
        dc3_similarity s;
        assert_int_equal(dc3_similarity_open(&meter, m, rows, d, c, h, z, 1, DC3_GRADIENT_PLAIN, &s), DC3_OK);
        double *block = calloc((size_t)(2 * DC3_SIMILARITY_BLOCK * m), sizeof *block),
               *sums = calloc((size_t)m, sizeof *sums);
        assert_int_equal(dc3_similarity_sums(&s, block, sums), DC3_OK);
        for (int64_t i = 0; i < m; i++) {
            double sum = 0;
            dc3_similarity_block(&s, i, 1, block, block + m);
            for (int64_t j = 0; j < m; j++) sum += block[j];
            assert_true(fabs(sum - sums[i]) < 1e-12 * (double)m);
        }
        if (m > 9) assert_true(sums[3] == sums[7] && sums[3] == sums[m - 2]);
        dc3_similarity_close(&s);
        assert_int_equal(meter.held, 0);
        free(h), free(z), free(rows), free(block), free(sums);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bins_take_turns),
        cmocka_unit_test(nested_is_the_beginning_of_a_larger_one),
        cmocka_unit_test(budget_gives_exactly_the_total),
        cmocka_unit_test(same_rows_as_direct),
        cmocka_unit_test(exactly_ipc_for_any_threads),
        cmocka_unit_test(pca_of_known_subspace),
        cmocka_unit_test(kmeans_finds_clusters),
        cmocka_unit_test(sums_of_similarities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
