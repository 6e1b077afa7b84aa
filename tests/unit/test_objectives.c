/* The parts of selection one by one, where a whole selection would hide them: the gains of each objective
 * with all its constants, the maximizers that are not exact, the reference program's gradient, ties, and how
 * bins are made. */
#include "support/random_tensors.h"
#include "select/bins.h"
#include "select/choose.h"
#include "select/kmeans.h"
#include "select/objective.h"
#include "select/pca.h"

enum { M = 24, D = 5, C = 4, LABEL = 2, PICKS = 6 };

/* Rows of one bin and their similarities, all at once. */
typedef struct rows {
    dc3_meter meter;
    dc3_similarity similarity;
    float h[M * D], z[M * C];
    int64_t numbers[M];
    double s[M * M];
} rows;

/* With `twice` row 7 is row 3 once more, which makes the log-determinant as small as its ridge lets it. */
static void open_rows(uint64_t seed, dc3_gradient gradient, int twice, rows *r)
{
    double scratch[M * M];
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 80);
    memset(r, 0, sizeof *r);
    dc3_rng_normal(&rng, r->h, M * D), dc3_rng_normal(&rng, r->z, M * C);
    if (twice) memcpy(r->h + 7 * D, r->h + 3 * D, D * sizeof *r->h);
    if (twice) memcpy(r->z + 7 * C, r->z + 3 * C, C * sizeof *r->z);
    for (int64_t i = 0; i < M; i++) r->numbers[i] = i;
    assert_int_equal(
        dc3_similarity_open(&r->meter, M, r->numbers, D, C, r->h, r->z, LABEL, gradient, &r->similarity),
        DC3_OK);
    dc3_similarity_block(&r->similarity, 0, M, r->s, scratch);
}

static void close_rows(rows *r)
{
    dc3_similarity_close(&r->similarity);
    assert_int_equal(r->meter.held, 0);
}

/* log det(S + 1e-6 I) of the chosen rows and `last`. */
static double log_det(const double *s, const int64_t *chosen, int count, int64_t last)
{
    double a[PICKS + 1][PICKS + 1], sum = 0;
    int64_t at[PICKS + 1];
    int n = count + (last >= 0);
    for (int i = 0; i < n; i++) at[i] = i < count ? chosen[i] : last;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) a[i][j] = s[at[i] * M + at[j]] + (i == j ? 1e-6 : 0);
    for (int i = 0; i < n; i++) {
        sum += log(a[i][i]);
        for (int k = i + 1; k < n; k++)
            for (int j = n - 1; j >= i; j--) a[k][j] -= a[k][i] / a[i][i] * a[i][j];
    }
    return sum;
}

/* gain(j | chosen) by the formulas of docs/method.md, lambda 0.7. */
static double gain_of(dc3_objective objective, const double *s, const int64_t *chosen, int count, int64_t j)
{
    double sum = 0;
    if (objective == DC3_LOG_DETERMINANT) return log_det(s, chosen, count, j) - log_det(s, chosen, count, -1);
    for (int64_t i = 0; i < M; i++) {
        double covered = 0;
        for (int k = 0; k < count; k++) covered = fmax(covered, s[i * M + chosen[k]]);
        sum += objective == DC3_GRAPH_CUT ? 0.7 * s[i * M + j] : fmax(0, s[i * M + j] - covered);
    }
    for (int k = 0; k < count && objective == DC3_GRAPH_CUT; k++) sum -= 2 * s[chosen[k] * M + j];
    return sum;
}

static void gains(void **state)
{
    (void)state;
    static const int64_t chosen[PICKS] = {3, 11, 0, 23, 16, 5};
    static rows r;
    dc3_set_function f;
    open_rows(1, DC3_GRADIENT_PLAIN, 1, &r);
    for (int objective = 0; objective < 3; objective++) {
        assert_int_equal(dc3_set_function_open((dc3_objective)objective, &r.similarity, 0.7, PICKS, &f),
                         DC3_OK);
        for (int count = 0; count < PICKS; count++) {
            for (int64_t j = 0; j < M; j++) {
                int taken = 0;
                for (int k = 0; k < count; k++) taken |= chosen[k] == j;
                double found = f.gain(&f, j),
                       expected = gain_of((dc3_objective)objective, r.s, chosen, count, j);
                if (!taken && !(fabs(found - expected) < 1e-8 * (1 + fabs(expected))))
                    fail_msg("%s, row %d behind %d: gain %.12g, expected %.12g",
                             dc3_objective_names[objective], (int)j, count, found, expected);
            }
            f.add(&f, chosen[count]);
            f.size++;
        }
        dc3_set_function_close(&f);
    }
    close_rows(&r);
}

/* Approximate lazy greedy: bounds are the gains of when they were last looked at; the row of the largest one
 * is taken if its gain now is within beta of its bound, or still the largest. */
static void approximate(dc3_objective objective, const double *s, double beta, int64_t *picks)
{
    double bounds[M];
    int taken[M] = {0};
    for (int64_t j = 0; j < M; j++) bounds[j] = gain_of(objective, s, NULL, 0, j);
    for (int count = 0; count < PICKS; count++)
        for (int64_t best, again;;) {
            best = again = -1;
            for (int64_t j = 0; j < M; j++)
                if (!taken[j] && (best < 0 || bounds[j] > bounds[best])) best = j;
            double old = bounds[best];
            bounds[best] = gain_of(objective, s, picks, count, best);
            for (int64_t j = 0; j < M; j++)
                if (!taken[j] && (again < 0 || bounds[j] > bounds[again])) again = j;
            if (again != best && bounds[best] < beta * old) continue;
            taken[picks[count] = best] = 1;
            break;
        }
}

static void maximize(const rows *r, dc3_objective objective, dc3_maximizer maximizer, double parameter,
                     uint64_t seed, int count, int64_t *picks)
{
    dc3_set_function f;
    double gained[PICKS];
    dc3_select_options o = dc3_select_defaults();
    o.objective = objective, o.maximizer = maximizer, o.seed = seed;
    if (maximizer == DC3_APPROXIMATE_LAZY_GREEDY) o.beta = parameter;
    if (maximizer == DC3_STOCHASTIC_GREEDY) o.epsilon = parameter;
    assert_int_equal(dc3_set_function_open(objective, &r->similarity, 0.7, count, &f), DC3_OK);
    assert_int_equal(dc3_maximize(&o, &f, count, 0, NULL, picks, gained), DC3_OK);
    for (int i = 0; i < count && i < PICKS; i++) {
        double expected = gain_of(objective, r->s, picks, i, picks[i]);
        if (!(fabs(gained[i] - expected) < 1e-8 * (1 + fabs(expected))))
            fail_msg("pick %d: gain %.12g, expected %.12g", i, gained[i], expected);
    }
    dc3_set_function_close(&f);
}

static void approximate_lazy(void **state)
{
    (void)state;
    static rows r;
    int other = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        open_rows(seed, DC3_GRADIENT_PLAIN, 0, &r);
        for (int objective = 0; objective < 2; objective++)
            for (int b = 0; b < 3; b++) {
                static const double betas[] = {0.9, 0.6, 1};
                int64_t picks[PICKS], expected[PICKS], naive[PICKS];
                approximate((dc3_objective)objective, r.s, betas[b], expected);
                maximize(&r, (dc3_objective)objective, DC3_APPROXIMATE_LAZY_GREEDY, betas[b], 0, PICKS,
                         picks);
                maximize(&r, (dc3_objective)objective, DC3_NAIVE_GREEDY, 0, 0, PICKS, naive);
                for (int i = 0; i < PICKS; i++) assert_int_equal(picks[i], expected[i]);
                int same = memcmp(picks, naive, sizeof picks) == 0;
                other += !same;
                if (betas[b] == 1) assert_true(same); /* nothing is approximate then */
            }
        close_rows(&r);
    }
    assert_true(other > 20); /* beta matters in these cases */
}

/* Stochastic greedy looks at m / picks * ln(1 / epsilon) random rows, and takes the best: among 24 rows the
 * best of L has rank 25 / (L + 1) on average, where the best of all has rank 1. 400 draws, whose mean
 * deviates by less than 0.35. */
static void stochastic(void **state)
{
    (void)state;
    static const struct {
        double epsilon;
        int looked; /* ceil(24 ln(1 / epsilon)) */
    } cases[] = {{0.9, 3}, {0.8, 6}, {0.6, 13}, {0.3, 24}};
    static rows r;
    open_rows(5, DC3_GRADIENT_PLAIN, 0, &r);
    for (int c = 0; c < 4; c++) {
        double sum = 0;
        for (uint64_t seed = 0; seed < 400; seed++) {
            int64_t pick;
            int rank = 1;
            maximize(&r, DC3_GRAPH_CUT, DC3_STOCHASTIC_GREEDY, cases[c].epsilon, seed, 1, &pick);
            for (int64_t j = 0; j < M; j++)
                rank += gain_of(DC3_GRAPH_CUT, r.s, NULL, 0, j) >
                        gain_of(DC3_GRAPH_CUT, r.s, NULL, 0, pick) + 1e-9;
            sum += rank;
        }
        double mean = sum / 400, expected = 25.0 / (cases[c].looked + 1);
        if (!(fabs(mean - expected) < 1))
            fail_msg("epsilon %g: rank %g, expected %g", cases[c].epsilon, mean, expected);
    }
    close_rows(&r);
}

/* The loss of the reference program: the cross-entropy of a softmax that is taken for logits. */
static double double_softmax_loss(const double *z)
{
    double p[C], sum = 0, again = 0;
    for (int k = 0; k < C; k++) sum += p[k] = exp(z[k]);
    for (int k = 0; k < C; k++) again += exp(p[k] /= sum);
    return log(again) - p[LABEL];
}

/* Its similarities, from numeric gradients of that loss. */
static void double_softmax(void **state)
{
    (void)state;
    static rows r;
    static double f[M][C * (D + 1)];
    open_rows(9, DC3_GRADIENT_DOUBLE_SOFTMAX, 0, &r);
    for (int i = 0; i < M; i++)
        for (int k = 0; k < C; k++) {
            double z[C], step = 1e-5;
            for (int q = 0; q < C; q++) z[q] = r.z[i * C + q];
            z[k] += step;
            double above = double_softmax_loss(z);
            z[k] -= 2 * step;
            double slope = (above - double_softmax_loss(z)) / (2 * step);
            for (int j = 0; j <= D; j++) f[i][k * (D + 1) + j] = slope * (j ? r.h[i * D + j - 1] : 1);
        }
    for (int i = 0; i < M; i++)
        for (int j = 0; j < M; j++) {
            double ab = 0, aa = 0, bb = 0;
            for (int k = 0; k < C * (D + 1); k++)
                ab += f[i][k] * f[j][k], aa += f[i][k] * f[i][k], bb += f[j][k] * f[j][k];
            double expected = 0.5 + 0.5 * ab / sqrt(aa * bb);
            if (!(fabs(r.s[i * M + j] - expected) < 1e-6))
                fail_msg("rows %d, %d: %.9g, expected %.9g", i, j, r.s[i * M + j], expected);
        }
    close_rows(&r);
}

/* What ties goes to the lowest row, whatever chooses. */
static void ties(void **state)
{
    (void)state;
    static const int64_t numbers[] = {0, 1, 2, 3, 4, 5};
    static const struct {
        const char *name;
        dc3_chooser *chooser;
        int m, count;
        float x[6];
        int64_t picks[3];
    } cases[] = {
        {"k-center", dc3_choose_k_center, 5, 3, {0, -1, 1, -1, 1}, {0, 1, 2}},
        {"k-center's start", dc3_choose_k_center, 4, 1, {-1, 1, -1, 1}, {0}},
        {"herding", dc3_choose_herding, 4, 2, {-1, 1, -1, 1}, {0, 1}},
        {"kmeans", dc3_choose_nearest_to_centres, 4, 1, {3, 5, 3, 5}, {0}},
        {"graph-cut", dc3_choose_graph_cut, 6, 3, {1, 1, -1, 1, -1, -1}, {0, 2, 1}},
    };
    for (int i = 0; i < 5; i++) {
        dc3_meter meter = {0};
        dc3_select_options o = dc3_select_defaults();
        dc3_candidates from = {.meter = &meter,
                               .options = &o,
                               .m = cases[i].m,
                               .d = 1,
                               .rows = numbers,
                               .embeddings = cases[i].x};
        int64_t picks[3];
        assert_int_equal(cases[i].chooser(&from, cases[i].count, picks), DC3_OK);
        for (int k = 0; k < cases[i].count; k++)
            if (picks[k] != cases[i].picks[k])
                fail_msg("%s: pick %d is %d, expected %d", cases[i].name, k, (int)picks[k],
                         (int)cases[i].picks[k]);
    }
}

/* A point that is as near to two centres belongs to the first of them: 40 points at 0, 40 at 2, one at 1. */
static void kmeans_ties(void **state)
{
    (void)state;
    float x[81];
    int clusters[81], first = 0;
    double inertia;
    for (int i = 0; i < 81; i++) x[i] = i == 80 ? 1 : (float)(i / 40 * 2);
    for (uint64_t seed = 0; seed < 20; seed++) {
        dc3_meter meter = {0};
        assert_int_equal(dc3_kmeans(&meter, 81, 1, x, 2, 1, seed, 0, clusters, &inertia), DC3_OK);
        assert_true(clusters[0] != clusters[40]);
        first += clusters[80] == 0;
    }
    assert_int_equal(first, 20);
}

/* Bins are the clusters of 4 starts on 50 principal components. */
static void bins(void **state)
{
    (void)state;
    enum { N = 120, WIDE = 70, K = 10 };
    dc3_rng rng = dc3_rng_make(2, DC3_RNG_TEST, 81);
    float *x = random_values(&rng, DC3_F32, N * WIDE, 1), *scores = malloc(N * 50 * sizeof *scores);
    int found[N], expected[N], three[N];
    int64_t seed = -1;
    dc3_meter meter = {0};
    double best = 0, less = 0;
    assert_int_equal(dc3_pca(&meter, N, WIDE, x, 50, scores, NULL), DC3_OK);
    do { /* a seed whose fourth start is the best, so that their number shows */
        seed++;
        assert_int_equal(dc3_kmeans(&meter, N, 50, scores, K, 4, (uint64_t)seed, 1, expected, &best), DC3_OK);
        assert_int_equal(dc3_kmeans(&meter, N, 50, scores, K, 3, (uint64_t)seed, 1, three, &less), DC3_OK);
    } while (best == less && seed < 40);
    assert_true(best < less);
    assert_int_equal(
        dc3_bins(&meter, N, WIDE, x, dc3_select_defaults().components, K, (uint64_t)seed, 1, found), DC3_OK);
    assert_memory_equal(found, expected, sizeof found);
    assert_int_equal(meter.held, 0);
    free(x), free(scores);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gains),      cmocka_unit_test(approximate_lazy),
        cmocka_unit_test(stochastic), cmocka_unit_test(double_softmax),
        cmocka_unit_test(ties),       cmocka_unit_test(kmeans_ties),
        cmocka_unit_test(bins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
