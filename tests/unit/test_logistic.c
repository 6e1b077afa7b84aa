/* Multinomial logistic regression against scikit-learn's (tools/golden/logistic.py). */
#include "support/random_tensors.h"
#include <math.h>
#include <string.h>
#include "io/json.h"
#include "train/logistic.h"

enum { N = 60, D = 6, CLASSES = 4, MANY = 1500 };

static json_t *golden;
static float x[N * D];
static int32_t y[N];

static int open_golden(void **state)
{
    (void)state;
    if (dc3_json_read(DC3_TEST_DATA "/logistic/golden.json", 1 << 20, &golden) != DC3_OK) return 1;
    for (size_t i = 0; i < N; i++) {
        const json_t *row = json_array_get(json_object_get(golden, "x"), i);
        for (size_t j = 0; j < D; j++) x[i * D + j] = (float)json_number_value(json_array_get(row, j));
        y[i] = (int32_t)json_integer_value(json_array_get(json_object_get(golden, "y"), i));
    }
    return 0;
}

static int close_golden(void **state)
{
    (void)state;
    json_decref(golden);
    return 0;
}

static void near(double found, const json_t *expected, double limit, const char *what)
{
    if (!(fabs(found - json_number_value(expected)) < limit))
        fail_msg("%s: %.9g, expected %.9g", what, found, json_number_value(expected));
}

/* The minimum is flat: f within 1e-7 leaves weights within 1e-2 where nearly nothing holds them. */
static void minima(void **state)
{
    size_t i;
    json_t *c;
    dc3_logistic_data data = {N, D, CLASSES, x, y, 2};
    (void)state;
    json_array_foreach(json_object_get(golden, "cases"), i, c)
    {
        double w[CLASSES * (D + 1)] = {0}, value, loss, right, mean = 0;
        double decay = json_number_value(json_object_get(c, "decay"));
        assert_int_equal(dc3_logistic_fit(&data, decay, w, &value), DC3_OK);
        near(value, json_object_get(c, "value"), 1e-6, "value");
        assert_int_equal(dc3_logistic_test(&data, w, &loss, &right), DC3_OK);
        near(loss, json_object_get(c, "loss"), decay < 0.01 ? 1e-4 : 1e-5, "loss");
        near(right, json_object_get(c, "right"), 1e-9, "share of right answers");
        for (size_t k = 0; k < CLASSES; k++) mean += w[k * (D + 1) + D] / CLASSES;
        for (size_t k = 0; k < CLASSES; k++) {
            const json_t *row = json_array_get(json_object_get(c, "weights"), k);
            for (size_t j = 0; j < D; j++) near(w[k * (D + 1) + j], json_array_get(row, j), 1e-2, "weight");
            near(w[k * (D + 1) + D] - mean, json_array_get(json_object_get(c, "biases"), k), 2e-2, "bias");
        }
    }
}

/* From anywhere the same minimum; the same bytes for any number of threads. */
static void starts_and_threads(void **state)
{
    static float rows[MANY * D];
    static int32_t labels[MANY];
    double a[CLASSES * (D + 1)] = {0}, b[CLASSES * (D + 1)] = {0}, f, g;
    (void)state;
    for (int i = 0; i < MANY; i++) {
        labels[i] = i * 7 % CLASSES;
        for (int j = 0; j < D; j++)
            rows[i * D + j] = (float)sin(i * 1.7 + j * labels[i]) + (float)(j == labels[i]);
    }
    dc3_logistic_data data = {MANY, D, CLASSES, rows, labels, 1};
    assert_int_equal(dc3_logistic_fit(&data, 0.01, a, &f), DC3_OK);
    data.threads = 3;
    assert_int_equal(dc3_logistic_fit(&data, 0.01, b, &g), DC3_OK);
    assert_memory_equal(a, b, sizeof a);
    for (int i = 0; i < CLASSES * (D + 1); i++) b[i] = cos(i);
    assert_int_equal(dc3_logistic_fit(&data, 0.01, b, &g), DC3_OK);
    assert_true(fabs(f - g) < 1e-6);
    rows[5] = NAN;
    assert_int_equal(dc3_logistic_fit(&data, 0.01, a, &f), DC3_ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(minima), cmocka_unit_test(starts_and_threads)};
    return cmocka_run_group_tests(tests, open_golden, close_golden);
}
