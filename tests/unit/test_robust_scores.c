#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "dc3/compare.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(label_robust), cmocka_unit_test(augment_robust)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
