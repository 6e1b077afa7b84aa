/* Frechet distance, kernel distance and Inception score against pytorch-fid and torch-fidelity
 * (tools/golden/measures.py). */
#include "support/golden_file.h"
#include "metrics/frechet.h"
#include "metrics/inception_score.h"
#include "metrics/kernel_distance.h"

enum { CASES = 3, MANY = 1 << 20 };

static int open_files(void **state)
{
    (void)state;
    return open_golden_file("measures/features.safetensors");
}

static void near(const char *what, double found, double expected, double limit)
{
    double error = fabs(found - expected) / fabs(expected);
    print_message("%s: %.8g, relative error %.1e\n", what, found, error);
    if (!(error <= limit)) fail_msg("%s: %.12g, expected %.12g", what, found, expected);
}

/* Rows in calls of uneven lengths. */
static dc3_moments *moments_of(const dc3_tensor *x)
{
    dc3_moments *m;
    int64_t n = x->shape[0], d = x->shape[1];
    assert_int_equal(dc3_moments_open(d, &m), DC3_OK);
    for (int64_t first = 0, count; first < n; first += count) {
        count = 1 + first / 2 < n - first ? 1 + first / 2 : n - first;
        dc3_moments_add(m, count, (const float *)x->data + first * d);
    }
    assert_int_equal(dc3_moments_count(m), n);
    return m;
}

static dc3_feature_sample *sample_of(const dc3_tensor *x, int64_t most, uint64_t seed)
{
    dc3_feature_sample *s;
    assert_int_equal(dc3_feature_sample_open(x->shape[1], most, seed, &s), DC3_OK);
    for (int64_t i = 0; i < x->shape[0]; i++)
        assert_int_equal(dc3_feature_sample_add(s, (const float *)x->data + i * x->shape[1]), DC3_OK);
    return s;
}

static void frechet(void **state)
{
    (void)state;
    for (int n = 0; n < CASES; n++) {
        dc3_moments *a = moments_of(find("a", n)), *b = moments_of(find("b", n));
        double found;
        assert_int_equal(dc3_frechet_distance(a, b, &found), DC3_OK);
        near("Frechet distance", found, *(const double *)find("frechet", n)->data, 1e-6);
        assert_int_equal(dc3_frechet_distance(b, a, &found), DC3_OK);
        near("the other way", found, *(const double *)find("frechet", n)->data, 1e-6);
        assert_int_equal(dc3_frechet_distance(a, a, &found), DC3_OK);
        assert_true(found < 1e-5);
        dc3_moments_close(&a);
        dc3_moments_close(&b);
    }
    dc3_moments *one;
    double found;
    assert_int_equal(dc3_moments_open(2, &one), DC3_OK);
    dc3_moments_add(one, 1, (float[]){1, 2});
    assert_int_equal(dc3_frechet_distance(one, one, &found), DC3_ERR_ARGUMENT);
    dc3_moments_close(&one);
}

static void kernel(void **state)
{
    (void)state;
    double mean, deviation;
    for (int n = 0; n < CASES; n++) {
        dc3_feature_sample *a = sample_of(find("a", n), MANY, 0), *b = sample_of(find("b", n), MANY, 1);
        assert_int_equal(dc3_kernel_distance(a, b, 3, MANY, 5, &mean, &deviation), DC3_OK);
        near("kernel distance", mean, *(const double *)find("kernel", n)->data, 1e-9);
        assert_true(deviation < 1e-6 * fabs(mean));
        if (n == 0) {
            const double *draws = find("kernel_draws", -1)->data;
            assert_int_equal(dc3_kernel_distance(a, b, 2000, 20, 5, &mean, &deviation), DC3_OK);
            print_message("2000 draws: %g +- %g, torch-fidelity %g +- %g\n", mean, deviation, draws[0],
                          draws[1]);
            assert_true(fabs(mean - draws[0]) < 4 * deviation / sqrt(2000) * sqrt(2));
            assert_true(fabs(deviation / draws[1] - 1) < 0.1);
            double again;
            assert_int_equal(dc3_kernel_distance(a, b, 2000, 20, 5, &again, &deviation), DC3_OK);
            assert_true(again == mean);
        }
        dc3_feature_sample_close(&a);
        dc3_feature_sample_close(&b);
    }
    dc3_feature_sample *a = sample_of(find("a", 0), 1, 0);
    assert_int_equal(dc3_kernel_distance(a, a, 3, 10, 5, &mean, &deviation), DC3_OK);
    assert_true(isnan(mean));
    dc3_feature_sample_close(&a);
}

/* Each of 20 rows is kept in about half of the samples of 10. */
static void reservoir(void **state)
{
    (void)state;
    enum { ROWS = 20, RESERVOIR = 10, TRIES = 2000 };
    double included = 0;
    for (int i = 0; i < TRIES; i++) {
        dc3_feature_sample *first, *second;
        assert_int_equal(dc3_feature_sample_open(1, RESERVOIR, (uint64_t)i, &first), DC3_OK);
        assert_int_equal(dc3_feature_sample_open(1, RESERVOIR, 0, &second), DC3_OK);
        /* Whether row 3, the only 1 among zeros, is kept shows in the distance from ones. */
        for (int k = 0; k < ROWS; k++) {
            float x = k == 3;
            assert_int_equal(dc3_feature_sample_add(first, &x), DC3_OK);
            if (k < RESERVOIR) assert_int_equal(dc3_feature_sample_add(second, &(float){1}), DC3_OK);
        }
        assert_int_equal(dc3_feature_sample_count(first), RESERVOIR);
        double mean, deviation;
        assert_int_equal(dc3_kernel_distance(first, second, 1, RESERVOIR, 0, &mean, &deviation), DC3_OK);
        included += mean < 6.5; /* 1 + 8 - 2 = 7 where the row is not there */
        dc3_feature_sample_close(&first);
        dc3_feature_sample_close(&second);
    }
    print_message("kept %g of the times\n", included / TRIES);
    assert_true(fabs(included / TRIES - 0.5) < 0.05);
}

static void score(void **state)
{
    (void)state;
    const dc3_tensor *x = find("logits", -1);
    const double *expected = find("score", -1)->data;
    dc3_inception_score *s;
    double mean, deviation;
    assert_int_equal(dc3_inception_score_open(x->shape[1], 10, &s), DC3_OK);
    dc3_inception_score_get(s, &mean, &deviation);
    assert_true(isnan(mean));
    for (int64_t i = x->shape[0] - 1; i >= 0; i--)
        dc3_inception_score_add(s, dc3_inception_score_part(i, x->shape[0], 10),
                                (const float *)x->data + i * x->shape[1]);
    dc3_inception_score_get(s, &mean, &deviation);
    near("Inception score", mean, expected[0], 1e-10);
    near("deviation", deviation, expected[1], 1e-8);
    dc3_inception_score_close(&s);
    for (int64_t n = 1; n < 40; n++)
        for (int64_t r = 0; r < n; r++) {
            int p = dc3_inception_score_part(r, n, 10);
            assert_true(r >= p * n / 10 && r < (p + 1) * n / 10);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(frechet), cmocka_unit_test(kernel),
                                       cmocka_unit_test(reservoir), cmocka_unit_test(score)};
    return cmocka_run_group_tests(tests, open_files, close_golden);
}
