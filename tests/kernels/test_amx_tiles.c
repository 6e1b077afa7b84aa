/* The tiles in plain C: what the manual says of TDPBF16PS, value by value. */
#include "support/random_tensors.h"
#include <float.h>
#include "kernels/ref/amx_tiles.h"

enum { ROWS = 16, PAIRS = 16 };

static dc3_tile_config of_size(int rows, int pairs, int columns)
{
    dc3_tile_config config = {.palette = 1};
    for (int t = 0; t < DC3_TILES; t++) config.rows[t] = (uint8_t)rows, config.row_bytes[t] = 64;
    config.row_bytes[0] = (uint16_t)(4 * columns);
    config.row_bytes[1] = (uint16_t)(4 * pairs);
    config.rows[2] = (uint8_t)pairs, config.row_bytes[2] = (uint16_t)(4 * columns);
    return config;
}

/* One result of a product of one row, one column and two pairs, on top of `c`. */
static float result(float c, const float a[4], const float b[4])
{
    uint16_t x[4], y[2][2] = {{dc3_to_bf16(b[0]), dc3_to_bf16(b[1])}, {dc3_to_bf16(b[2]), dc3_to_bf16(b[3])}};
    for (int i = 0; i < 4; i++) x[i] = dc3_to_bf16(a[i]);
    dc3_tile_config config = of_size(1, 2, 1);
    dc3_tile_configure(&config);
    dc3_tile_load(0, &c, 4);
    dc3_tile_load(1, x, 8);
    dc3_tile_load(2, y, 4);
    dc3_tile_multiply(0, 1, 2);
    dc3_tile_store(0, &c, 4);
    dc3_tile_release();
    return c;
}

/* The first ones of the pairs and the second ones are summed apart, and c comes last. */
static void order(void **state)
{
    (void)state;
    /* 2^24 + 1 - 2^24: 1 is lost in a sum of one after the other, not where the large ones meet first. */
    assert_true(result(0, (float[]){0x1p24f, 1, -0x1p24f, 0}, (float[]){1, 1, 1, 1}) == 1);
    assert_true(result(0, (float[]){0x1p24f, 0, 1, -0x1p24f}, (float[]){1, 1, 1, 1}) == 0);
    assert_true(result(1, (float[]){0x1p24f, -0x1p24f, 0, 0}, (float[]){1, 1, 1, 1}) == 1);
    assert_true(result(-0x1p24f, (float[]){0x1p24f, 1, 0, 0}, (float[]){1, 1, 1, 1}) == 0);
    /* Ties go to the even one: 2^24 + 1 and 2^24 + 3. */
    assert_true(result(0, (float[]){0x1p24f, 0, 1, 0}, (float[]){1, 1, 1, 1}) == 0x1p24f);
    assert_true(result(0, (float[]){0x1p24f, 0, 3, 0}, (float[]){1, 1, 1, 1}) == 0x1p24f + 4);
}

/* Denormal inputs, sums and results are zero; what is no number stays none. */
static void denormals(void **state)
{
    (void)state;
    const float least = FLT_MIN, one[] = {1, 1, 1, 1};
    assert_true(result(0, (float[]){least / 2, 0, 0, 0}, (float[]){0x1p60f, 1, 1, 1}) == 0);
    assert_true(result(0, (float[]){0x1p60f, 0, 0, 0}, (float[]){least / 2, 1, 1, 1}) == 0);
    assert_true(result(least / 2, (float[]){0, 0, 0, 0}, one) == 0);
    assert_true(result(0, (float[]){least, 0, 0, 0}, (float[]){0.5f, 1, 1, 1}) == 0);
    assert_true(result(0, (float[]){least, 0, 0, 0}, one) == least);
    assert_true(result(-least, (float[]){1.5f * least, 0, 0, 0}, one) == 0);
    /* Not rounded before it is added: an exact product of half the least step above 1. */
    assert_true(result(0, (float[]){1, 0, 0x1p-13f, 0}, (float[]){1, 1, 1.5f * 0x1p-11f, 1}) == 1 + 0x1p-23f);
    assert_true(isnan(result(0, (float[]){NAN, 0, 0, 0}, one)));
    assert_true(isinf(result(0, (float[]){0x1p100f, 0, 0, 0}, (float[]){0x1p100f, 1, 1, 1})));
}

/* Whole and cut tiles against sums in double precision; what a tile does not have is zero and not stored. */
static void products(void **state)
{
    (void)state;
    for (int seed = 0; seed < 40; seed++) {
        dc3_rng rng = dc3_rng_make((uint64_t)seed, DC3_RNG_TEST, 83);
        int rows = seed ? (int)between(&rng, 1, 16) : 16, pairs = seed ? (int)between(&rng, 1, 16) : 16,
            columns = seed ? (int)between(&rng, 1, 16) : 16;
        uint16_t *a = random_values(&rng, DC3_BF16, ROWS * 32, 1),
                 *b = random_values(&rng, DC3_BF16, ROWS * 32, 1);
        float *c = random_values(&rng, DC3_F32, ROWS * PAIRS, 1), to[ROWS][PAIRS];
        dc3_tile_config config = of_size(rows, pairs, columns);
        memset(to, 0x7f, sizeof to);
        dc3_tile_configure(&config);
        dc3_tile_load(0, c, 64), dc3_tile_load(1, a, 64), dc3_tile_load(2, b, 64);
        if (seed % 2) dc3_tile_zero(0);
        dc3_tile_multiply(0, 1, 2);
        dc3_tile_store(0, to, 64);
        dc3_tile_release();
        for (int m = 0; m < ROWS; m++)
            for (int n = 0; n < PAIRS; n++) {
                double sum = seed % 2 ? 0 : c[m * PAIRS + n];
                for (int k = 0; k < 2 * pairs; k++)
                    sum +=
                        (double)dc3_from_bf16(a[m * 32 + k]) * dc3_from_bf16(b[k / 2 * 32 + 2 * n + k % 2]);
                uint32_t bits;
                memcpy(&bits, &to[m][n], sizeof bits);
                if (m < rows && n < columns)
                    assert_true(fabs(to[m][n] - sum) < 1e-5 * (1 + fabs(sum)));
                else
                    assert_int_equal(bits, 0x7f7f7f7f);
            }
        free(a), free(b), free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(order), cmocka_unit_test(denormals),
                                       cmocka_unit_test(products)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
