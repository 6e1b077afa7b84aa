/* Near-duplicates among rows (lookalikes/near.h), against the definition in double. */
#include "support/random_tensors.h"
#include <math.h>
#include "base/file.h"
#include "features/near_copies.h"
#include "lookalikes/near.h"
#include "support/small_dataset.h"

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
    double cosines[MOST];
    assert_int_equal(dc3_near_rows(MOST, D, x, NULL, least, first, cosines), DC3_OK);
    for (int i = 0; i < MOST; i++) {
        if (first[i] != expected[i])
            fail_msg("row %d: %lld, expected %lld", i, (long long)first[i], (long long)expected[i]);
        double wanted = first[i] == i ? 1 : cosine(x + i * D, x + first[i] * D);
        assert_true(fabs(cosines[i] - wanted) < 1e-6);
    }
    assert_int_equal(dc3_near_rows(0, D, x, NULL, least, first, NULL), DC3_OK);
    /* The same rows where they lie in another order, among others. */
    static float y[2 * MOST * D];
    int64_t rows[MOST], again[MOST];
    for (int i = 0; i < MOST; i++) {
        rows[i] = 2 * ((i * 3) % MOST) + 1;
        memcpy(y + rows[i] * D, x + i * D, D * sizeof *x);
    }
    assert_int_equal(dc3_near_rows(MOST, D, y, rows, least, again, NULL), DC3_OK);
    assert_memory_equal(again, first, sizeof first);
}

/* The nearest of another class, by all pairs; rows come in another order than they lie in. */
static void others_by_definition(void **state)
{
    (void)state;
    static float x[MOST * D];
    static int64_t rows[MOST];
    static int labels[MOST];
    static dc3_near_row nearest[MOST];
    const double least = 0.97;
    int found = 0;
    for (int i = 0; i < MOST * D; i++) x[i] = (float)(remainder(sin(i * 12.9898) * 43758.5453, 1) * 3);
    for (int i = 0; i < MOST; i++) rows[i] = (i * 3) % MOST, labels[i] = i * 4 / MOST;
    memset(x + rows[9] * D, 0, D * sizeof *x);
    x[rows[10] * D] = NAN;
    memcpy(x + rows[1] * D, x + rows[600] * D, D * sizeof *x);
    memcpy(x + rows[650] * D, x + rows[600] * D, D * sizeof *x);
    assert_int_equal(dc3_near_others(MOST, D, x, rows, labels, least, nearest), DC3_OK);
    for (int i = 0; i < MOST; i++) {
        double best = -1;
        for (int k = 0; k < MOST; k++) {
            double c = labels[k] == labels[i] ? -1 : cosine(x + rows[i] * D, x + rows[k] * D);
            if (c > best) best = c;
        }
        int has = nearest[i].row >= 0;
        found += has;
        if (fabs(best - least) > 2e-6) assert_int_equal(has, best >= least);
        if (!has) continue;
        assert_int_not_equal(labels[nearest[i].row], labels[i]);
        assert_true(fabs(nearest[i].cosine - best) < 1e-5);
        assert_true(fabs(cosine(x + rows[i] * D, x + rows[nearest[i].row] * D) - best) < 1e-5);
    }
    assert_true(found > 20 && found < MOST - 20);
    assert_true(nearest[1].row == 600 || nearest[1].row == 650); /* the same, but for rounding */
    assert_int_equal(nearest[9].row, -1);
    assert_int_equal(nearest[10].row, -1);
    assert_int_equal(dc3_near_others(0, D, x, rows, labels, least, nearest), DC3_OK);
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
    assert_int_equal(dc3_near_rows(8, D, x, NULL, least, first, NULL), DC3_OK);
    const int64_t expected[] = {0, 0, 2, 2, 4, 5, 6, 7};
    for (int i = 0; i < 8; i++) assert_int_equal(first[i], expected[i]);
}

/* Rows of one direction are near to the first at a cosine of 1, whatever f32 makes of their products. */
static void equal_rows(void **state)
{
    (void)state;
    enum { WIDE = 515 };
    static float x[MOST * WIDE];
    int64_t first[MOST];
    for (int i = 0; i < MOST; i++)
        for (int j = 0; j < WIDE; j++)
            x[i * WIDE + j] = (float)(sin(j * 12.9898 + i / 7) * (1 + i % 7)); /* each seven: one direction */
    assert_int_equal(dc3_near_rows(MOST, WIDE, x, NULL, 1, first, NULL), DC3_OK);
    for (int i = 0; i < MOST; i++) assert_int_equal(first[i], i / 7 * 7);
}

/* What is measured of a CIFAR binary with `classes` classes, `each` a class, and its pairs. */
static double seconds_of(const char *folder, int classes, int each, double least, double *pairs)
{
    static unsigned char record[3073];
    dc3_dataset *d;
    dc3_condense_options o = dc3_condense_defaults();
    double seconds;
    char *path = dc3_path_join(folder, "data_batch_1.bin");
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (int i = 0; i < classes * each; i++) {
        record[0] = (unsigned char)(i / each);
        assert_int_equal(fwrite(record, sizeof record, 1, file), 1);
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(dc3_dataset_open(path, &d), DC3_OK);
    assert_int_equal(dc3_dataset_size(d), classes * each);
    o.near_duplicates = least;
    dc3_run run = {.options = &o, .dataset = d};
    assert_int_equal(dc3_near_copies_measure(&run, &seconds), DC3_OK);
    *pairs = dc3_near_copies_pairs(d);
    dc3_dataset_close(&d);
    free(path);
    return seconds;
}

/* One class of as many images as four have has four times the pairs, and these are what a time is told for.
 */
static void measured_by_pairs(void **state)
{
    (void)state;
    char folder[] = "/tmp/dc3-near-XXXXXX";
    double pairs;
    assert_non_null(mkdtemp(folder));
    assert_true(seconds_of(folder, 4, 256, 0.9, &pairs) > 0);
    assert_true(pairs == 4 * 256.0 * 256);
    assert_true(seconds_of(folder, 1, 1024, 0.9, &pairs) > 0);
    assert_true(pairs == 1024.0 * 1024);
    assert_true(seconds_of(folder, 1, 1024, 0, &pairs) == 0);
    assert_true(seconds_of(folder, 8, 128, 0.9, &pairs) == 0); /* too few to ask */
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_definition),
                                       cmocka_unit_test(others_by_definition), cmocka_unit_test(leaders),
                                       cmocka_unit_test(equal_rows), cmocka_unit_test(measured_by_pairs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
