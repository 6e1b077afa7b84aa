/* Precision and recall, density and coverage, memorisation and the kernel distance's standard error against
 * scikit-learn and scipy (tools/golden/manifolds.py). */
#include "support/golden_file.h"
#include "metrics/kernel_distance.h"
#include "metrics/memorisation.h"
#include "metrics/pair_distances.h"
#include "metrics/precision_recall.h"

enum { CASES = 3 };

static int open_files(void **state)
{
    (void)state;
    return open_golden_file("measures/manifolds.safetensors");
}

static void near(const char *what, double found, double expected)
{
    print_message("%s: %.8g\n", what, found);
    if (!(fabs(found - expected) <= 1e-9 * fmax(fabs(expected), 1e-3)))
        fail_msg("%s: %.12g, expected %.12g", what, found, expected);
}

static void manifolds(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        const dc3_tensor *real = find("real", n), *made = find("made", n);
        const double *expected = find("manifolds", n)->data;
        dc3_precision_recall r, swapped;
        assert_int_equal(dc3_precision_recall_of(real->shape[1], real->shape[0], real->data, made->shape[0],
                                                 made->data, &r),
                         DC3_OK);
        near("precision", r.precision, expected[0]);
        near("recall", r.recall, expected[1]);
        near("density", r.density, expected[2]);
        near("coverage", r.coverage, expected[3]);
        assert_int_equal(dc3_precision_recall_of(real->shape[1], made->shape[0], made->data, real->shape[0],
                                                 real->data, &swapped),
                         DC3_OK);
        assert_true(swapped.precision == r.recall && swapped.recall == r.precision);
    }
}

/* Too few rows have no k-th neighbour. */
static void few_rows(void **state)
{
    (void)state;
    const float x[] = {0, 1, 2, 3, 4, 5};
    dc3_precision_recall r;
    assert_int_equal(dc3_precision_recall_of(1, 3, x, 6, x, &r), DC3_OK);
    assert_true(isnan(r.precision) && isnan(r.recall) && isnan(r.density) && isnan(r.coverage));
    assert_int_equal(dc3_precision_recall_of(1, 4, x, 6, x, &r), DC3_OK);
    assert_true(r.precision == 1 && r.recall == 1 && isnan(r.density));
    /* The balls about 3, 4 and 5 reach to 6, 8 and 10. */
    assert_int_equal(dc3_precision_recall_of(1, 6, x, 1, (float[]){5.5F}, &r), DC3_OK);
    assert_true(isnan(r.precision) && r.density == 3.0 / 5 && r.coverage == 3.0 / 6);
    double share;
    assert_int_equal(dc3_memorised(1, 1, x, 6, x, &share), DC3_OK);
    assert_true(isnan(share));
    assert_int_equal(dc3_memorised(1, 2, x, 2, (float[]){-1.5F, 1.5F}, &share), DC3_OK);
    assert_true(share == 0.5);
}

static void memorised(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        const dc3_tensor *train = find("train", n);
        const double *expected = find("memorised", n)->data;
        const char *const names[] = {"made", "real"};
        for (int k = 0; k < 2; k++) {
            const dc3_tensor *x = find(names[k], n);
            double share;
            assert_int_equal(
                dc3_memorised(x->shape[1], train->shape[0], train->data, x->shape[0], x->data, &share),
                DC3_OK);
            near("memorised", share, expected[k]);
        }
        double all;
        assert_int_equal(
            dc3_memorised(train->shape[1], train->shape[0], train->data, train->shape[0], train->data, &all),
            DC3_OK);
        assert_true(all == 1);
    }
}

static dc3_feature_sample *sample_of(const dc3_tensor *x, int64_t rows)
{
    dc3_feature_sample *s;
    assert_int_equal(dc3_feature_sample_open(x->shape[1], x->shape[0], 0, &s), DC3_OK);
    for (int64_t i = 0; i < rows; i++)
        assert_int_equal(dc3_feature_sample_add(s, (const float *)x->data + i * x->shape[1]), DC3_OK);
    assert_int_equal(dc3_feature_sample_count(s), rows);
    return s;
}

static void kernel_error(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        const dc3_tensor *real = find("real", n), *made = find("made", n);
        dc3_feature_sample *a = sample_of(real, real->shape[0]), *b = sample_of(made, made->shape[0]),
                           *few = sample_of(made, 19);
        double error;
        assert_int_equal(dc3_kernel_error(a, b, 10, &error), DC3_OK);
        near("standard error", error, *(const double *)find("kernel_error", n)->data);
        assert_int_equal(dc3_kernel_error(a, few, 10, &error), DC3_OK);
        assert_true(isnan(error));
        dc3_feature_sample_close(&a);
        dc3_feature_sample_close(&b);
        dc3_feature_sample_close(&few);
    }
}

static void count_pairs(void *user, int64_t i, int64_t rows, int64_t j, int64_t columns,
                        const double *squares)
{
    (void)i, (void)j, (void)squares;
    *(int64_t *)user += rows * columns;
}

static void pairs(void **state)
{
    (void)state;
    const dc3_tensor *x = find("real", 0), *y = find("made", 0);
    int64_t count = 0, n = x->shape[0], m = y->shape[0];
    assert_int_equal(dc3_pair_distances(x->shape[1], n, x->data, m, y->data, count_pairs, &count), DC3_OK);
    assert_int_equal(count, n * m);
    assert_int_equal(dc3_pair_distances(x->shape[1], 0, NULL, m, y->data, count_pairs, &count), DC3_OK);
    assert_int_equal(count, n * m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(manifolds), cmocka_unit_test(few_rows),
                                       cmocka_unit_test(memorised), cmocka_unit_test(kernel_error),
                                       cmocka_unit_test(pairs)};
    return cmocka_run_group_tests(tests, open_files, close_golden);
}
