#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "dc3/compare.h"
#include "evaluate/evaluation.h"

/* Values of the formulas in DD-Ranking's README, worked out with Python's math.exp. */
static const float tolerance = 1e-6f;

static void label_robust(void **state)
{
    (void)state;
    assert_float_equal(dc3_label_robust_score(0.8, 0.8, 0.5, 0.5), 0.268941421, tolerance);
    assert_float_equal(dc3_label_robust_score(0.8334, 0.2959, 0.497, 0.497), 0.168675320, tolerance);
    assert_float_equal(dc3_label_robust_score(0.8334, 0.39, 0.527, 0.497), 0.189492724, tolerance);
    assert_float_equal(dc3_label_robust_score(0, 1, 1, 0), 1, tolerance);
    assert_float_equal(dc3_label_robust_score(1, 0, 0, 1), 0, tolerance);
}

static void augment_robust(void **state)
{
    (void)state;
    assert_float_equal(dc3_augment_robust_score(0.3, 0.3, 0.2, 0.2), 0.268941421, tolerance);
    assert_float_equal(dc3_augment_robust_score(0.527, 0.497, 0.41, 0.37), 0.284096149, tolerance);
    assert_float_equal(dc3_augment_robust_score(0.25, 0.3, 0.2, 0.3), 0.238199233, tolerance);
    assert_float_equal(dc3_augment_robust_score(1, 0, 1, 0), 1, tolerance);
    assert_float_equal(dc3_augment_robust_score(0, 1, 0, 1), 0, tolerance);
}

/* A loss that is next to nothing at both ends did not diverge; ten times the loss of guessing did. */
static void divergence(void **state)
{
    (void)state;
    static const struct {
        double temperature, first, last;
        int diverged;
    } cases[] = {
        {20, 6.9e-5, 0.000289, 0}, {20, 6.9e-5, 0.0034, 0}, /* 400 * 0.0034 < ln 4 = 1.386 */
        {20, 6.9e-5, 0.0036, 1},   {20, 0.01, 0.019, 0},    {0, 1.39, 14, 1},
        {0, 1.39, 2.7, 0},         {0, 0.5, 1.3, 0},        {0, 0, 14, 0}, /* the first is not known */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dc3_score s = {.classes = 4, .temperature = cases[i].temperature};
        s.first_loss = cases[i].first, s.loss = cases[i].last;
        if (dc3_has_diverged(&s) != cases[i].diverged) fail_msg("case %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(label_robust), cmocka_unit_test(augment_robust),
                                       cmocka_unit_test(divergence)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
