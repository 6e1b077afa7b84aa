/* The selections of dc3 besides the paper's: each against a plain implementation from its definition on
 * random rows; the mixture of two normal distributions; that each prefix is the selection of fewer images. */
#include "support/choices.h"
#include <stdio.h>
#include "select/bins.h"
#include "select/certainty.h"
#include "select/selections.h"
#include "select/two_gaussians.h"

enum { MOST = 160, CLASSES = 5 };

/* Random rows of class 2 in groups, and all of them as candidates. */
typedef struct rows {
    int64_t m, d;
    float *x, *z;
    int64_t numbers[MOST];
    dc3_select_options options;
    dc3_meter meter;
    dc3_candidates from;
} rows;

static void make_rows(uint64_t seed, rows *r)
{
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 60);
    *r = (rows){.m = between(&rng, 12, MOST), .d = between(&rng, 2, 20)};
    r->x = random_values(&rng, DC3_F32, r->m * r->d, 1);
    r->z = random_values(&rng, DC3_F32, r->m * CLASSES, 2);
    for (int64_t i = 0; i < r->m; i++) {
        r->numbers[i] = r->m - 1 - i; /* not in the order of memory */
        r->z[i * CLASSES + 2] += 2;   /* most rows are right */
        r->x[i * r->d + i % 2] += 4 * (float)(i % 3);
    }
    r->options = dc3_select_defaults();
    r->options.seed = seed;
    r->options.bins = 1 + (int)(seed % 6);
    r->from = (dc3_candidates){.meter = &r->meter,
                               .options = &r->options,
                               .m = r->m,
                               .d = r->d,
                               .c = CLASSES,
                               .rows = r->numbers,
                               .embeddings = r->x,
                               .logits = r->z,
                               .label = 2};
}

static void free_rows(rows *r)
{
    assert_int_equal(r->meter.held, 0);
    free(r->x), free(r->z);
}

static double probability(const rows *r, int64_t i, int64_t k)
{
    const float *z = r->z + r->numbers[i] * CLASSES;
    double sum = 0;
    for (int c = 0; c < CLASSES; c++) sum += exp((double)z[c]);
    return exp((double)z[k]) / sum;
}

static double entropy(const rows *r, int64_t i)
{
    double h = 0;
    for (int k = 0; k < CLASSES; k++) h -= probability(r, i, k) * log(probability(r, i, k));
    return h;
}

static int right(const rows *r, int64_t i)
{
    for (int k = 0; k < CLASSES; k++)
        if (probability(r, i, k) > probability(r, i, 2)) return 0;
    return 1;
}

static void certainty_as_defined(void **state)
{
    (void)state;
    rows r;
    make_rows(1, &r);
    for (int64_t i = 0; i < r.m; i++) {
        const float *z = r.z + r.numbers[i] * CLASSES;
        double p = probability(&r, i, 2);
        assert_true(fabs(dc3_entropy(CLASSES, z) - entropy(&r, i)) < 1e-12);
        assert_true(fabs(dc3_log_odds(CLASSES, z, 2) - log(p / (1 - p))) < 1e-9);
        assert_int_equal(dc3_is_correct(CLASSES, z, 2), right(&r, i));
    }
    free_rows(&r);
    /* A teacher that is all but certain still tells rows apart; nothing overflows. */
    const float sure[] = {-900, 950, -900}, surer[] = {-900, 960, -900}, one[] = {3};
    assert_true(dc3_log_odds(3, surer, 1) > dc3_log_odds(3, sure, 1));
    assert_true(dc3_entropy(3, sure) == 0 && dc3_entropy(1, one) == 0);
    assert_true(dc3_log_odds(1, one, 0) == INFINITY && dc3_is_correct(1, one, 0));
    const float even[] = {7, 7, 7, 7};
    assert_true(fabs(dc3_entropy(4, even) - log(4)) < 1e-12);
    assert_int_equal(dc3_is_correct(4, even, 3), 1);
}

/* The unpicked row of the largest probability among those that are right or not; `sign` -1: of the smallest.
 */
static int64_t surest(const rows *r, int wanted, double sign, const int64_t *picks, int64_t count)
{
    int64_t best = -1;
    for (int64_t i = 0; i < r->m; i++)
        if (right(r, i) == wanted && !holds(picks, count, i) &&
            (best < 0 || sign * probability(r, i, 2) > sign * probability(r, best, 2)))
            best = i;
    return best;
}

static void confident_then_hard(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        rows r;
        int64_t picks[MOST];
        make_rows(seed, &r);
        run(&r.from, dc3_choose_confident_then_hard, r.m, picks);
        for (int64_t k = 0; k < r.m; k++) {
            int64_t best = surest(&r, 1, k < 10 ? 1 : -1, picks, k);
            if (best < 0) best = surest(&r, 0, 1, picks, k);
            if (picks[k] != best)
                fail_msg("case %d: pick %d is %d, not %d", (int)seed, (int)k, (int)picks[k], (int)best);
        }
        free_rows(&r);
    }
}

static double normal(double x, double mean, double variance)
{
    return exp(-(x - mean) * (x - mean) / (2 * variance)) / sqrt(2 * acos(-1) * variance);
}

/* One round of expectation and maximisation from the definition. */
static void plain_round(int64_t n, const double *x, dc3_two_gaussians *g)
{
    dc3_two_gaussians next = {0};
    double part[MOST][2];
    for (int64_t i = 0; i < n; i++) {
        double a = g->weight[0] * normal(x[i], g->mean[0], g->variance[0]),
               b = g->weight[1] * normal(x[i], g->mean[1], g->variance[1]);
        part[i][0] = a / (a + b), part[i][1] = b / (a + b);
    }
    for (int k = 0; k < 2; k++) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++) sum += part[i][k];
        for (int64_t i = 0; i < n; i++) next.mean[k] += part[i][k] * x[i] / sum;
        for (int64_t i = 0; i < n; i++) next.variance[k] += part[i][k] * pow(x[i] - next.mean[k], 2) / sum;
        next.variance[k] += 1e-6;
        next.weight[k] = sum / (double)n;
    }
    *g = next;
}

static double likelihood(int64_t n, const double *x, const dc3_two_gaussians *g)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += log(g->weight[0] * normal(x[i], g->mean[0], g->variance[0]) +
                   g->weight[1] * normal(x[i], g->mean[1], g->variance[1]));
    return sum / (double)n;
}

/* The best split by squares of all, whose two parts the fit starts from. */
static dc3_two_gaussians plain_fit(int64_t n, const double *x)
{
    dc3_two_gaussians best = {0};
    double least = INFINITY;
    for (int64_t s = 1; s < n; s++) {
        dc3_two_gaussians g = {{(double)s / (double)n, 1 - (double)s / (double)n}, {0}, {0}};
        double squares = 0, size[2] = {(double)s, (double)(n - s)};
        for (int64_t i = 0; i < n; i++) g.mean[i >= s] += x[i] / size[i >= s];
        for (int64_t i = 0; i < n; i++) {
            squares += pow(x[i] - g.mean[i >= s], 2);
            g.variance[i >= s] += pow(x[i] - g.mean[i >= s], 2) / size[i >= s];
        }
        g.variance[0] += 1e-6, g.variance[1] += 1e-6;
        if (squares < least - 1e-12) least = squares, best = g;
    }
    double before = -INFINITY;
    for (int round = 0; round < 100; round++) {
        double now = likelihood(n, x, &best);
        plain_round(n, x, &best);
        if (fabs(now - before) < 1e-3) break;
        before = now;
    }
    return best;
}

/* The root of the quadratic equation of the two densities that lies between the means; INFINITY: none. */
static double plain_meet(const dc3_two_gaussians *g)
{
    double v = g->variance[0], w = g->variance[1], a = 1 / (2 * w) - 1 / (2 * v),
           b = g->mean[0] / v - g->mean[1] / w,
           c = g->mean[1] * g->mean[1] / (2 * w) - g->mean[0] * g->mean[0] / (2 * v) +
               log(g->weight[0] * sqrt(w) / (g->weight[1] * sqrt(v))),
           root = sqrt(b * b - 4 * a * c);
    for (int sign = -1; sign <= 1; sign += 2) {
        double x = (-b + sign * root) / (2 * a);
        if (x > g->mean[0] && x < g->mean[1]) return x;
    }
    return INFINITY;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void two_gaussians_as_defined(void **state)
{
    (void)state;
    int met = 0;
    for (uint64_t seed = 0; seed < 60; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 61);
        int64_t n = between(&rng, 5, MOST);
        double x[MOST], parts[2 * MOST];
        float *noise = random_values(&rng, DC3_F32, n, 1);
        for (int64_t i = 0; i < n; i++) x[i] = i % 3 ? 1 + 0.3 * noise[i] : 3 + 0.7 * noise[i];
        qsort(x, (size_t)n, sizeof *x, by_value);
        dc3_two_gaussians found, plain = plain_fit(n, x);
        assert_int_equal(dc3_fit_two_gaussians(n, x, parts, &found), 1);
        for (int k = 0; k < 2; k++) {
            assert_true(fabs(found.mean[k] - plain.mean[k]) < 1e-9);
            assert_true(fabs(found.variance[k] - plain.variance[k]) < 1e-9);
            assert_true(fabs(found.weight[k] - plain.weight[k]) < 1e-9);
        }
        double meet = dc3_gaussians_meet(&found), expected = plain_meet(&found);
        assert_true(isinf(meet) ? isinf(expected) : fabs(meet - expected) < 1e-6);
        met += !isinf(meet);
        if (n > 100) { /* of which the sample itself came */
            assert_true(fabs(found.mean[0] - 1) < 0.3 && fabs(found.mean[1] - 3) < 1);
            assert_true(meet > 1 && meet < 3);
        }
        free(noise);
    }
    assert_true(met > 40);
    double same[6] = {2, 2, 2, 2, 2, 2}, parts[12];
    dc3_two_gaussians found;
    assert_int_equal(dc3_fit_two_gaussians(6, same, parts, &found), 0);
    /* One hides the other: they do not meet between their means. */
    found = (dc3_two_gaussians){{0.99, 0.01}, {1, 1.1}, {1, 1}};
    assert_true(isinf(dc3_gaussians_meet(&found)));
}

static double unit(const rows *r, int64_t i, int64_t j)
{
    const float *x = r->x + r->numbers[i] * r->d;
    double square = 0;
    for (int64_t k = 0; k < r->d; k++) square += (double)x[k] * x[k];
    return (float)(x[j] / sqrt(square));
}

/* How near the row is to the middle of its pattern. */
static double centrality(const rows *r, const int *of, int64_t i)
{
    double product = 0;
    for (int64_t a = 0; a < r->m; a++)
        for (int64_t j = 0; of[a] == of[i] && j < r->d; j++) product += unit(r, i, j) * unit(r, a, j);
    return product;
}

/* Where the row stands at the margin of its pattern: by kind 0, 1, 2, and within it by *value, ascending. */
static int marginality(const rows *r, const int *of, int64_t i, double *value)
{
    double h[MOST];
    int64_t n = 0;
    for (int64_t a = 0; a < r->m; a++)
        if (of[a] == of[i]) h[n++] = entropy(r, a);
    qsort(h, (size_t)n, sizeof *h, by_value);
    *value = -entropy(r, i);
    if (n < 10) return 1;
    int64_t part = n / 10 > 10 ? n / 10 : 10;
    dc3_two_gaussians g = plain_fit(part, h + n - part);
    if (entropy(r, i) < g.mean[0]) return 1;
    *value = entropy(r, i);
    return entropy(r, i) <= plain_meet(&g) ? 0 : 2;
}

/* The row that a pattern gives next. */
static int64_t plain_take(const rows *r, const int *of, int pattern, int margin, const int64_t *picks,
                          int64_t k)
{
    int64_t best = -1;
    int best_kind = 0;
    double best_value = 0;
    for (int64_t i = 0; i < r->m; i++) {
        double value = 0;
        int kind = 0;
        if (of[i] != pattern || holds(picks, k, i)) continue;
        if (margin)
            kind = marginality(r, of, i, &value);
        else
            value = -centrality(r, of, i);
        if (best < 0 || kind < best_kind || (kind == best_kind && value < best_value - 1e-9))
            best = i, best_kind = kind, best_value = value;
    }
    return best;
}

static void patterns_are_balanced(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 24; seed++) {
        rows r;
        int of[MOST], patterns;
        int64_t picks[MOST], size[8] = {0}, given[8] = {0};
        make_rows(seed, &r);
        patterns = r.options.bins;
        float *units = malloc((size_t)(r.m * r.d) * sizeof *units);
        for (int64_t i = 0; i < r.m; i++)
            for (int64_t j = 0; j < r.d; j++) units[i * r.d + j] = (float)unit(&r, i, j);
        assert_int_equal(dc3_bins(&r.meter, r.m, r.d, units, 50, patterns, seed, 2, of), DC3_OK);
        for (int64_t i = 0; i < r.m; i++) size[of[i]]++;
        int64_t count = r.m < 40 ? r.m : 40;
        run(&r.from, dc3_choose_balanced_patterns, count, picks);
        for (int64_t k = 0; k < count; k++) {
            int due = -1;
            for (int b = 0; b < patterns; b++)
                if (given[b] < size[b] && (due < 0 || (double)size[b] / (double)(2 * given[b] + 1) >
                                                          (double)size[due] / (double)(2 * given[due] + 1)))
                    due = b;
            int64_t best = plain_take(&r, of, due, given[due]++ % 2 == 1, picks, k);
            if (picks[k] != best)
                fail_msg("case %d: pick %d is %d, not %d", (int)seed, (int)k, (int)picks[k], (int)best);
        }
        free(units);
        free_rows(&r);
    }
}

/* Clusters far apart, of sizes in a known order: the same rows as the method kmeans, the largest first. */
static void largest_clusters_first(void **state)
{
    (void)state;
    enum { K = 5 };
    for (uint64_t seed = 0; seed < 20; seed++) {
        rows r;
        int64_t picks[K], plain[K], size[K] = {0}, cluster[MOST];
        make_rows(seed, &r);
        for (int64_t i = 0; i < r.m; i++) { /* by row number: 0 is in every second one */
            int64_t n = r.numbers[i];
            cluster[i] = n % 2 ? 0 : 1 + n / 2 % (K - 1);
            r.x[n * r.d] += 60 * (float)cluster[i];
            size[cluster[i]]++;
        }
        run(&r.from, dc3_choose_nearest_to_centres, K, plain);
        run(&r.from, dc3_choose_largest_clusters, K, picks);
        for (int k = 0; k < K; k++) assert_true(holds(plain, K, picks[k]));
        for (int k = 1; k < K; k++) assert_true(size[cluster[picks[k]]] <= size[cluster[picks[k - 1]]]);
        assert_int_equal(cluster[picks[0]], 0);
        free_rows(&r);
    }
}

static dc3_status choose(int which, dc3_select_options *o, int64_t n, int64_t d, const float *x,
                         const float *z, const int64_t *labels, dc3_selection *selection)
{
    dc3_chooser *chooser = dc3_selection_ways[which].chooser;
    o->nested = which == DC3_SELECTION_NESTED;
    if (o->nested) return dc3_select_rows(o, n, d, CLASSES, x, z, labels, NULL, selection);
    return dc3_select_by(o, chooser, n, d, CLASSES, x, z, labels, selection);
}

/* Exactly ipc of each class for any number of threads, of classes too small and rows that are equal; of the
 * nested ones the first images of a class are those of fewer a class. */
static void nested_for_any_threads(void **state)
{
    (void)state;
    enum { N = 240, D = 6 };
    dc3_rng rng = dc3_rng_make(9, DC3_RNG_TEST, 62);
    float *x = random_values(&rng, DC3_F32, N * D, 1), *z = random_values(&rng, DC3_F32, N * CLASSES, 2);
    int64_t labels[N];
    for (int i = 0; i < N; i++) labels[i] = i < 7 ? 4 : i % 4;                   /* class 4 is small */
    for (int i = 30; i < 120; i++) memcpy(x + i * D, x + 29 * D, D * sizeof *x); /* many equal rows */
    memset(x + 150 * D, 0, 9 * D * sizeof *x);
    for (int which = DC3_SELECTION_BPS; dc3_selection_names[which]; which++) {
        dc3_selection full;
        dc3_select_options o = dc3_select_defaults();
        o.seed = 4, o.ipc = 20;
        assert_int_equal(choose(which, &o, N, D, x, z, labels, &full), DC3_OK);
        for (int ipc = 1; ipc <= 20; ipc++) {
            dc3_selection part;
            o.ipc = ipc, o.threads = 1 + ipc % 3;
            assert_int_equal(choose(which, &o, N, D, x, z, labels, &part), DC3_OK);
            assert_int_equal(part.count, CLASSES * ipc);
            assert_int_equal(part.repeated, ipc > 7 ? ipc - 7 : 0);
            for (int64_t i = 0; i < part.count; i++) {
                int64_t place = i % ipc, first = i - place;
                assert_int_equal(labels[part.rows[i]], i / ipc);
                if (place < 7 || labels[part.rows[i]] != 4)
                    assert_false(holds(part.rows + first, place, part.rows[i]));
                if (which != DC3_SELECTION_KMEANS || ipc == 20)
                    assert_int_equal(part.rows[i], full.rows[i / ipc * 20 + place]);
            }
            dc3_selection_free(&part);
        }
        dc3_selection_free(&full);
    }
    free(x), free(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certainty_as_defined),     cmocka_unit_test(confident_then_hard),
        cmocka_unit_test(two_gaussians_as_defined), cmocka_unit_test(patterns_are_balanced),
        cmocka_unit_test(largest_clusters_first),   cmocka_unit_test(nested_for_any_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
