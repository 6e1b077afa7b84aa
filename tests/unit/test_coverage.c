/* The coverage of a choice against its definitions, over all pairs at once, and against what the gains of
 * src/select's objectives add up to. */
#include "support/random_tensors.h"
#include <stdio.h>
#include "base/rng.h"
#include "select/beside_random.h"
#include "select/coverage.h"
#include "select/objective.h"

enum { CLASSES = 3, D = 7, MOST = 130 };

/* Rows of a class, and which are chosen. */
typedef struct class_rows {
    int64_t n, chosen, picks[8];
    float x[MOST * D];
} class_rows;

static void make(class_rows *c, int64_t n, int64_t chosen, uint64_t item)
{
    dc3_rng rng = dc3_rng_make(3, DC3_RNG_TEST, item);
    c->n = n, c->chosen = chosen;
    dc3_rng_normal(&rng, c->x, (size_t)(n * D));
    for (int64_t i = 0; i < n; i++) c->x[i * D] += 1;
    for (int64_t j = 0; j < D; j++) c->x[2 * D + j] = 0; /* a row without a direction */
    for (int64_t k = 0; k < chosen; k++) c->picks[k] = (k * 37 + 2) % n;
}

static double cosine(const float *a, const float *b)
{
    double ab = 0, aa = 0, bb = 0;
    for (int j = 0; j < D; j++)
        ab += (double)a[j] * b[j], aa += (double)a[j] * a[j], bb += (double)b[j] * b[j];
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

static double apart(const float *a, const float *b)
{
    double sum = 0;
    for (int j = 0; j < D; j++) sum += ((double)a[j] - b[j]) * ((double)a[j] - b[j]);
    return sqrt(sum);
}

/* Adds the plain values of a class; the distances go to `all` from *count on. */
static void plain(const class_rows *c, double *all, int64_t *count, double *facility, double *cut)
{
    for (int64_t i = 0; i < c->n; i++) {
        double near = INFINITY, best = 0;
        for (int64_t k = 0; k < c->chosen; k++) {
            const float *a = c->x + i * D, *b = c->x + c->picks[k] * D;
            double s = 0.5 + 0.5 * cosine(a, b);
            near = fmin(near, apart(a, b));
            best = fmax(best, s);
            *cut += s;
        }
        all[(*count)++] = near;
        *facility += best;
    }
    for (int64_t k = 0; k < c->chosen; k++)
        for (int64_t l = 0; l < c->chosen; l++)
            if (k != l) *cut -= 0.5 + 0.5 * cosine(c->x + c->picks[k] * D, c->x + c->picks[l] * D);
}

static dc3_coverage *cover(const class_rows *c, int64_t step)
{
    dc3_coverage *to;
    assert_int_equal(dc3_coverage_open(D, &to), DC3_OK);
    for (int64_t k = 0; k < c->chosen; k++)
        assert_int_equal(dc3_coverage_choose(to, c->x + c->picks[k] * D), DC3_OK);
    for (int64_t first = 0, count; first < c->n; first += count) {
        count = step < c->n - first ? step : c->n - first;
        assert_int_equal(dc3_coverage_add(to, count, c->x + first * D), DC3_OK);
    }
    dc3_coverage_rest(to);
    return to;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void check(const class_rows *classes, int count)
{
    static double all[CLASSES * MOST];
    dc3_coverage *covers[CLASSES], *again[CLASSES];
    dc3_coverage_values v, w;
    int64_t n = 0, chosen = 0;
    double facility = 0, cut = 0, sum = 0;
    for (int k = 0; k < count; k++) {
        covers[k] = cover(&classes[k], 1);
        again[k] = cover(&classes[k], 17);
        if (classes[k].chosen) plain(&classes[k], all, &n, &facility, &cut);
        chosen += classes[k].chosen;
    }
    assert_int_equal(dc3_coverage_get(covers, count, &v), DC3_OK);
    assert_int_equal(dc3_coverage_get(again, count, &w), DC3_OK);
    assert_true(v.mean == w.mean && v.p95 == w.p95 && v.graph_cut == w.graph_cut);
    for (int64_t i = 0; i < n; i++) sum += all[i];
    qsort(all, (size_t)n, sizeof *all, by_size);
    double at = 0.95 * (double)(n - 1), p95 = all[(int64_t)at];
    if (at > floor(at)) p95 += (at - floor(at)) * (all[(int64_t)at + 1] - p95);
    assert_int_equal(v.rows, n);
    assert_int_equal(v.chosen, chosen);
    assert_true(fabs(v.mean - sum / (double)n) < 1e-12 * v.mean);
    assert_true(fabs(v.p95 - p95) < 1e-6 * p95); /* distances are kept in f32 */
    assert_true(fabs(v.facility_location - facility) < 1e-12 * facility);
    assert_true(fabs(v.graph_cut - cut) < 1e-12 * fabs(cut));
    for (int k = 0; k < count; k++) dc3_coverage_close(&covers[k]), dc3_coverage_close(&again[k]);
}

static void definitions(void **state)
{
    (void)state;
    static class_rows classes[CLASSES];
    make(&classes[0], MOST, 5, 0);
    make(&classes[1], 31, 1, 1);
    make(&classes[2], 9, 0, 2); /* nothing is chosen: it is left out */
    for (int k = 0; k < 2; k++) check(&classes[k], 1);
    check(classes, CLASSES);

    dc3_coverage *none = cover(&classes[2], 1);
    dc3_coverage_values v;
    assert_int_equal(dc3_coverage_get(&none, 1, &v), DC3_OK);
    assert_true(v.rows == 0 && isnan(v.mean) && isnan(v.p95) && isnan(v.graph_cut));
    dc3_coverage_close(&none);
}

/* F(S) as the sum of the gains of its rows. */
static double sum_of_gains(dc3_objective objective, const class_rows *c)
{
    int64_t rows[MOST];
    dc3_meter meter = {0};
    dc3_similarity s;
    dc3_set_function f;
    double sum = 0;
    for (int64_t i = 0; i < c->n; i++) rows[i] = i;
    assert_int_equal(dc3_similarity_open(&meter, c->n, rows, D, 0, c->x, NULL, 0, DC3_GRADIENT_PLAIN, &s),
                     DC3_OK);
    assert_int_equal(dc3_set_function_open(objective, &s, 1, c->chosen, &f), DC3_OK);
    for (int64_t k = 0; k < c->chosen; k++) {
        sum += f.gain(&f, c->picks[k]);
        f.add(&f, c->picks[k]);
    }
    dc3_set_function_close(&f);
    dc3_similarity_close(&s);
    return sum;
}

static void objectives(void **state)
{
    (void)state;
    static class_rows c;
    dc3_coverage_values v;
    make(&c, MOST, 5, 7);
    dc3_coverage *to = cover(&c, 2);
    assert_int_equal(dc3_coverage_get(&to, 1, &v), DC3_OK);
    double cut = sum_of_gains(DC3_GRAPH_CUT, &c), facility = sum_of_gains(DC3_FACILITY_LOCATION, &c);
    print_message("graph cut %.12g and %.12g, facility location %.12g and %.12g\n", v.graph_cut, cut,
                  v.facility_location, facility);
    assert_true(fabs(v.graph_cut - cut) < 1e-10 * cut);
    assert_true(fabs(v.facility_location - facility) < 1e-10 * facility);
    dc3_coverage_close(&to);
}

/* Beside random choices: the distance is the plain one; it does not depend on the threads; choosing all
 * leaves none, of the draws too; and nothing has no distance. */
static void beside_random(void **state)
{
    (void)state;
    enum { N = 120 };
    static class_rows c;
    static float x[2 * N * D];
    static int32_t labels[2 * N];
    static char chosen[2 * N];
    double distances[2 * N], facility = 0, cut = 0, mean = 0;
    int64_t count = 0;
    dc3_beside_random b, again;
    for (int k = 0; k < 2; k++) {
        make(&c, N, 4, 20 + (uint64_t)k);
        memcpy(x + k * N * D, c.x, sizeof(float) * N * D);
        for (int64_t i = 0; i < N; i++) labels[k * N + i] = k;
        for (int64_t i = 0; i < c.chosen; i++) chosen[k * N + c.picks[i]] = 1;
        plain(&c, distances, &count, &facility, &cut);
    }
    for (int64_t i = 0; i < count; i++) mean += distances[i] / (double)count;
    dc3_class_rows rows = {x, 2 * N, D, labels, chosen, 2, 5, 2};
    assert_int_equal(dc3_coverage_beside_random(&rows, &b), DC3_OK);
    print_message("distance %.9g and %.9g, random %.3g +- %.2g\n", b.distance, mean, b.random_distance,
                  b.random_deviation);
    assert_true(fabs(b.distance - mean) < 1e-9 * mean);
    assert_int_equal(b.looked, 2 * N);
    assert_true(b.random_distance > 0 && b.random_deviation > 0);
    rows.threads = 1;
    assert_int_equal(dc3_coverage_beside_random(&rows, &again), DC3_OK);
    assert_memory_equal(&again, &b, sizeof b);
    rows.classes = 5; /* of three of which no image could be read */
    assert_int_equal(dc3_coverage_beside_random(&rows, &again), DC3_OK);
    assert_memory_equal(&again, &b, sizeof b);
    memset(chosen, 1, sizeof chosen);
    assert_int_equal(dc3_coverage_beside_random(&rows, &b), DC3_OK);
    assert_true(b.distance == 0 && b.random_distance == 0);
    memset(chosen, 0, sizeof chosen);
    assert_int_equal(dc3_coverage_beside_random(&rows, &b), DC3_OK);
    assert_true(isnan(b.distance));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(definitions), cmocka_unit_test(objectives),
                                       cmocka_unit_test(beside_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
