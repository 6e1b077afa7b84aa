/* How edits become one image, mode by mode (docs/method.md, Colour compensation): which pixels come from
 * which edit, and what the coins of seed 0 are. */
#include "support/random_tensors.h"
#include "colour/combine.h"

enum { MOST = 72, VALUES = MOST * MOST * 3 };

static float edits[4][VALUES], out[VALUES];

/* Four edits without a value in common, no two pixels alike: an exchanged edit, a turned image or a shifted
 * pixel shows. Edit e lies in [e / 4, (e + 1) / 4). */
static void make_edits(int size)
{
    for (int e = 0; e < 4; e++)
        for (int i = 0; i < size * size * 3; i++)
            edits[e][i] = ((float)e + (float)i / (float)(size * size * 3)) / 4;
}

static void combine(dc3_combine mode, int size, uint64_t seed, uint64_t item)
{
    const float *const list[] = {edits[0], edits[1], edits[2], edits[3]};
    for (int i = 0; i < VALUES; i++) out[i] = -1;
    dc3_combine_images(mode, size, list, seed, item, out);
}

static int index_of(int size, int x, int y, int channel)
{
    return (y * size + x) * 3 + channel;
}

/* 0: the warm edit's value, 1: the cold one's, at that place. */
static int source(int i)
{
    if (out[i] == edits[0][i]) return 0;
    if (out[i] == edits[1][i]) return 1;
    fail_msg("value %d is %g, of neither edit (%g, %g)", i, (double)out[i], (double)edits[0][i],
             (double)edits[1][i]);
    return -1;
}

static void counts(void **state)
{
    (void)state;
    assert_int_equal(dc3_combine_edits(DC3_COMBINE_GRADIENT), 2);
    assert_int_equal(dc3_combine_edits(DC3_COMBINE_RANDOM), 2);
    assert_int_equal(dc3_combine_edits(DC3_COMBINE_GRID), 2);
    assert_int_equal(dc3_combine_edits(DC3_COMBINE_FOURFOLD), 4);
}

/* Every pixel of one gradient: warm before the middle 20, cold behind them, linspace(0, 1, 20) in between,
 * along x or along y. */
static void check_gradient(int size, int first, int sideways)
{
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++) {
            int at = (sideways ? x : y) - first;
            double cold = at < 0 ? 0 : at > 19 ? 1 : at / 19.0;
            for (int c = 0; c < 3; c++) {
                int i = index_of(size, x, y, c);
                double expected = (1 - cold) * edits[0][i] + cold * edits[1][i];
                if (fabs(out[i] - expected) > 1e-6)
                    fail_msg("size %d, pixel %d, %d: %g, expected %g", size, x, y, (double)out[i], expected);
            }
        }
}

/* The coins of seed 0 for items 0 to 15: 1 is warm on the left, 0 warm on top. */
static const int coins[16] = {1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 1};

static void gradient(void **state)
{
    (void)state;
    static const struct {
        int size, first; /* of the 20 pixels in the middle */
    } sizes[] = {{64, 22}, {32, 6}, {45, 12}, {20, 0}};
    for (int s = 0; s < 4; s++) {
        make_edits(sizes[s].size);
        for (int item = 0; item < 16; item++) {
            combine(DC3_COMBINE_GRADIENT, sizes[s].size, 0, (uint64_t)item);
            check_gradient(sizes[s].size, sizes[s].first, coins[item]);
        }
    }
}

/* Images of fewer than 20 pixels are a blend from edge to edge; one pixel is the mean. */
static void small_gradients(void **state)
{
    (void)state;
    make_edits(3);
    combine(DC3_COMBINE_GRADIENT, 3, 0, 0);
    for (int y = 0; y < 3; y++)
        for (int x = 0; x < 3; x++)
            for (int c = 0; c < 3; c++) {
                int i = index_of(3, x, y, c);
                double cold = (coins[0] ? x : y) / 2.0;
                assert_true(fabs(out[i] - (1 - cold) * edits[0][i] - cold * edits[1][i]) < 1e-6);
            }
    make_edits(1);
    combine(DC3_COMBINE_GRADIENT, 1, 0, 0);
    for (int c = 0; c < 3; c++) assert_true(fabs(out[c] - (edits[0][c] + edits[1][c]) / 2) < 1e-6);
}

/* Each value of each channel by a coin of its own. */
static void random_values_of_both(void **state)
{
    (void)state;
    enum { SIZE = 64, ALL = SIZE * SIZE * 3 };
    static const int first[24] = {1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0};
    int cold = 0, alike = 0;
    make_edits(SIZE);
    combine(DC3_COMBINE_RANDOM, SIZE, 0, 0);
    for (int i = 0; i < ALL; i++) cold += source(i);
    for (int i = 0; i < ALL; i += 3) alike += source(i) == source(i + 1) && source(i) == source(i + 2);
    for (int i = 0; i < 24; i++) assert_int_equal(source(i), first[i]);
    /* 12,288 coins: a deviation is 55. 4,096 pixels whose three coins agree with probability 1/4: it is 28.
     */
    assert_in_range(cold, ALL / 2 - 5 * 55, ALL / 2 + 5 * 55);
    assert_in_range(alike, SIZE * SIZE / 4 - 5 * 28, SIZE * SIZE / 4 + 5 * 28);
}

/* Cells of 8 x 8 pixels, all channels of one from one edit; those at the right and lower border are cut. */
static void check_grid(int size, int across, const int *cells)
{
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++)
            for (int c = 0; c < 3; c++)
                if (source(index_of(size, x, y, c)) != cells[y / 8 * across + x / 8])
                    fail_msg("size %d, pixel %d, %d: of the other edit", size, x, y);
}

static void grid(void **state)
{
    (void)state;
    static const int whole[16] = {1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0, 0},
                     cut[9] = {0, 0, 1, 1, 0, 0, 1, 0, 0};
    make_edits(32);
    combine(DC3_COMBINE_GRID, 32, 0, 0);
    check_grid(32, 4, whole);
    make_edits(20);
    combine(DC3_COMBINE_GRID, 20, 0, 1);
    check_grid(20, 3, cut);
    int cold = 0;
    make_edits(8);
    for (uint64_t item = 0; item < 400; item++) {
        combine(DC3_COMBINE_GRID, 8, 3, item);
        cold += source(0);
    }
    assert_in_range(cold, 200 - 50, 200 + 50); /* five deviations */
}

/* First top left, second bottom left, third top right, fourth bottom right. */
static void fourfold(void **state)
{
    (void)state;
    static const struct {
        int left, top;
    } tiles[4] = {{0, 0}, {0, 10}, {10, 0}, {10, 10}};
    make_edits(10);
    combine(DC3_COMBINE_FOURFOLD, 20, 0, 0);
    for (int e = 0; e < 4; e++)
        for (int y = 0; y < 10; y++)
            for (int x = 0; x < 10; x++)
                for (int c = 0; c < 3; c++)
                    assert_true(out[index_of(20, tiles[e].left + x, tiles[e].top + y, c)] ==
                                edits[e][index_of(10, x, y, c)]);
}

/* The coins are those of (seed, item) and of nothing else. */
static void streams(void **state)
{
    (void)state;
    static float before[VALUES];
    const dc3_combine modes[] = {DC3_COMBINE_RANDOM, DC3_COMBINE_GRID};
    make_edits(40);
    for (int m = 0; m < 2; m++) {
        combine(modes[m], 40, 5, 7);
        memcpy(before, out, sizeof before);
        combine(modes[m], 40, 6, 7);
        assert_memory_not_equal(before, out, sizeof before);
        combine(modes[m], 40, 5, 8);
        assert_memory_not_equal(before, out, sizeof before);
        combine(modes[m], 40, 5, 7);
        assert_memory_equal(before, out, sizeof before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(gradient),
        cmocka_unit_test(small_gradients),
        cmocka_unit_test(random_values_of_both),
        cmocka_unit_test(grid),
        cmocka_unit_test(fourfold),
        cmocka_unit_test(streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
