/* Near-duplicates among rows (select/near.h), against the definition in double. */
#include "support/random_tensors.h"
#include <math.h>
#include "select/near.h"

enum { MOST = 700, D = 5 };

/* A cosine by the definition; -1 where a row has no direction. */
static double cosine(const float *a, const float *b)
{
    double product = 0, x = 0, y = 0;
    for (int j = 0; j < D; j++) {
        product += (double)a[j] * (double)b[j];
        x += (double)a[j] * (double)a[j], y += (double)b[j] * (double)b[j];
    }
    return x > 0 && y > 0 && isfinite(x) && isfinite(y) ? product / sqrt(x * y) : -1;
}

/* More rows than a block, of which many are near; none is near the threshold itself, where f32 decides. */
static void by_definition(void **state)
{
    (void)state;
    static float x[MOST * D];
    int64_t first[MOST], expected[MOST];
    const double least = 0.97;
    int near = 0, exact = 1;
    for (int i = 0; i < MOST * D; i++) x[i] = (float)(sin(i * 12.9898) * 3);
    for (int i = 0; i < MOST; i++) {
        expected[i] = i;
        for (int j = 0; j < i && expected[i] == i; j++) {
            double c = cosine(x + i * D, x + j * D);
            exact = exact && fabs(c - least) > 1e-6;
            if (expected[j] == j && c >= least) expected[i] = j;
        }
        near += expected[i] != i;
    }
    assert_true(exact && near > 20 && near < MOST - 20);
    assert_int_equal(dc3_near_rows(MOST, D, x, least, first), DC3_OK);
    for (int i = 0; i < MOST; i++)
        if (first[i] != expected[i])
            fail_msg("row %d: %lld, expected %lld", i, (long long)first[i], (long long)expected[i]);
    assert_int_equal(dc3_near_rows(0, D, x, least, first), DC3_OK);
}

/* c is near b alone, which stands for a: so c stands for itself, and d, near c, for c. Length does not count.
 * Rows without a direction are near to none, not even to one another. */
static void leaders(void **state)
{
    (void)state;
    const double least = cos(0.21);
    int64_t first[8];
    float x[8 * D] = {0};
    const double angles[] = {0, 0.2, 0.4, 0.5};
    for (int i = 0; i < 4; i++)
        x[i * D] = (float)((i + 1) * cos(angles[i])), x[i * D + 1] = (float)((i + 1) * sin(angles[i]));
    x[6 * D] = NAN, x[7 * D] = INFINITY;
    assert_int_equal(dc3_near_rows(8, D, x, least, first), DC3_OK);
    const int64_t expected[] = {0, 0, 2, 2, 4, 5, 6, 7};
    for (int i = 0; i < 8; i++) assert_int_equal(first[i], expected[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_definition), cmocka_unit_test(leaders)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
