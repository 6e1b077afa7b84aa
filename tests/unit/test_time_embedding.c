/* The time embedding of denoisers against its formula, for even and odd numbers of channels. */
#include "support/random_tensors.h"
#include "nn/time_embedding.h"

static void formula(void **state)
{
    (void)state;
    static const float times[] = {0, 1, 17.25f, 999};
    for (int64_t c = 1; c < 12; c++)
        for (int variant = 0; variant < 4; variant++) {
            int cosine_first = variant % 2;
            double shift = variant / 2;
            int64_t half = c / 2;
            if (half == 1 && shift == 1) continue; /* the exponent is 0 / 0, in diffusers too */
            float out[4 * 12];
            for (int i = 0; i < 4 * 12; i++) out[i] = 77;
            dc3_time_embedding(c, cosine_first, shift, 4, times, out);
            for (int s = 0; s < 4; s++) {
                for (int64_t i = 0; i < half; i++) {
                    double angle = times[s] * pow(10000, -(double)i / ((double)half - shift));
                    double first = cosine_first ? cos(angle) : sin(angle);
                    double second = cosine_first ? sin(angle) : cos(angle);
                    assert_true(fabs(out[s * c + i] - first) < 1e-4);
                    assert_true(fabs(out[s * c + half + i] - second) < 1e-4);
                }
                if (c % 2) assert_true(out[s * c + c - 1] == 0);
            }
            for (int64_t i = 4 * c; i < 4 * 12; i++) assert_true(out[i] == 77);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(formula)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
