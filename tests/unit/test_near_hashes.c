/* Perceptual hashes (metrics/perceptual_hash.h), and those that differ in few bits (lookalikes/near_hashes.h)
 * against the definition. */
#include "support/random_tensors.h"
#include <math.h>
#include "metrics/perceptual_hash.h"
#include "lookalikes/near_hashes.h"

enum { MANY = 20000, W = DC3_HASH_WORDS };

static int bits_between(const uint64_t *a, const uint64_t *b, const uint64_t *mirror, int most)
{
    int bits = 0;
    for (int w = 0; w < W && bits <= most; w++) bits += __builtin_popcountll(a[w] ^ b[w] ^ mirror[w]);
    return bits;
}

/* One after the other, each with all before it. */
static void by_definition(const dc3_near_hashes *of, dc3_near_hash *found)
{
    static const uint64_t none[W];
    for (int64_t i = 0; i < of->n; i++) {
        dc3_near_hash *f = &found[i];
        *f = (dc3_near_hash){.first = i, .other = -1};
        for (int64_t j = 0; j < i && (f->first == i || f->other < 0); j++) {
            int own = of->labels[i] == of->labels[j];
            if (found[j].first != j || (own ? f->first != i : f->other >= 0)) continue;
            int plain = bits_between(of->hashes + i * W, of->hashes + j * W, none, of->most),
                mirrored = bits_between(of->hashes + i * W, of->hashes + j * W, of->mirror, of->most),
                least = plain < mirrored ? plain : mirrored;
            if (least > of->most) continue;
            *(own ? &f->first : &f->other) = j;
            *(own ? &f->bits : &f->other_bits) = (int16_t)least;
            *(own ? &f->mirrored : &f->other_mirrored) = mirrored < plain;
        }
    }
}

/* Random hashes, of which about half are earlier ones with some bits turned: around `most`, so that many are
 * just near and many just not. */
static void make_hashes(uint64_t seed, int64_t n, int most, const uint64_t *mirror, uint64_t *hashes,
                        int32_t *labels)
{
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 0);
    for (int64_t i = 0; i < n; i++) {
        uint64_t *h = hashes + i * W;
        labels[i] = (int32_t)dc3_rng_below(&rng, 3);
        for (int w = 0; w < W; w++) h[w] = (uint64_t)dc3_rng_u32(&rng) << 32 | dc3_rng_u32(&rng);
        if (!i || dc3_rng_below(&rng, 2)) continue;
        int64_t of = (int64_t)dc3_rng_below(&rng, (uint64_t)i);
        int turned = (int)dc3_rng_below(&rng, (uint64_t)(most + most / 2 + 3)),
            mirrors = (int)dc3_rng_below(&rng, 2);
        for (int w = 0; w < W; w++) h[w] = hashes[of * W + w] ^ (mirrors ? mirror[w] : 0);
        for (int k = 0; k < turned; k++) {
            uint64_t bit = dc3_rng_below(&rng, 64 * W);
            h[bit / 64] ^= (uint64_t)1 << bit % 64;
        }
    }
}

static void compare(int64_t n, int most, int threads, int mirrors)
{
    static uint64_t hashes[MANY * W];
    static int32_t labels[MANY];
    static dc3_near_hash found[MANY], expected[MANY];
    dc3_near_hashes of = {.n = n, .hashes = hashes, .labels = labels, .most = most, .threads = threads};
    if (mirrors) dc3_perceptual_mirror(of.mirror);
    make_hashes((uint64_t)most, n, most, of.mirror, hashes, labels);
    by_definition(&of, expected);
    assert_int_equal(dc3_near_hashes_find(&of, found), DC3_OK);
    int64_t near = 0, others = 0, turned = 0;
    for (int64_t i = 0; i < n; i++) {
        const dc3_near_hash *a = &found[i], *b = &expected[i];
        near += b->first != i, others += b->other >= 0, turned += b->first != i && b->mirrored;
        int same =
            a->first == b->first && a->other == b->other &&
            (b->first == i || (a->bits == b->bits && a->mirrored == b->mirrored)) &&
            (b->other < 0 || (a->other_bits == b->other_bits && a->other_mirrored == b->other_mirrored));
        if (!same)
            fail_msg(
                "%lld hashes, %d bits: hash %lld: %lld (%d bits) and %lld, expected %lld (%d bits) and %lld",
                (long long)n, most, (long long)i, (long long)a->first, a->bits, (long long)a->other,
                (long long)b->first, b->bits, (long long)b->other);
    }
    if (n > 1000) assert_true(near > n / 30 && others > n / 30 && (!mirrors || turned > n / 100));
}

static void many(void **state)
{
    (void)state;
    compare(MANY, 31, 2, 1);
}

/* Numbers of bits on both sides of whole numbers for each of the 16 parts, and of hashes on both sides of a
 * batch. */
static void each_distance(void **state)
{
    (void)state;
    static const int64_t sizes[] = {0, 1, 2, 1023, 1024, 1025};
    for (int most = 0; most <= DC3_HASH_MOST; most += most == 2 ? 12 : most == 17 ? 13 : most >= 33 ? 31 : 1)
        compare(1500, most, 1, most % 2);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) compare(sizes[i], 31, 3, 1);
}

/* ---- hashes of images ---- */

/* Some waves, by a place in 0 to 1 and a size. */
static void paint(int width, int height, int mirrored, uint8_t *rgb)
{
    for (int i = 0; i < height; i++)
        for (int j = 0; j < width; j++) {
            double y = (i + 0.5) / height, x = (j + 0.5) / width;
            if (mirrored) x = 1 - x;
            double v = 120 + 40 * sin(7 * x + 3 * y) + 30 * cos(19 * x * y) + 25 * sin(11 * y - 23 * x * x);
            for (int c = 0; c < 3; c++) *rgb++ = (uint8_t)(v + 8 * c);
        }
}

static int bits_apart(int w1, int h1, int w2, int h2, int mirrored)
{
    static uint8_t a[64 * 64 * 3], b[64 * 64 * 3];
    static const uint64_t none[W];
    uint64_t x[W], y[W], mirror[W];
    paint(w1, h1, 0, a), paint(w2, h2, mirrored, b);
    assert_true(dc3_perceptual_hash(w1, h1, a, x) && dc3_perceptual_hash(w2, h2, b, y));
    dc3_perceptual_mirror(mirror);
    return bits_between(x, y, mirrored ? mirror : none, 256);
}

static void of_images(void **state)
{
    (void)state;
    assert_int_equal(bits_apart(64, 64, 64, 64, 0), 0);
    assert_true(bits_apart(64, 64, 64, 64, 1) <= 4); /* signs of what is nearly nothing */
    assert_true(bits_apart(64, 64, 40, 52, 0) <= 20 && bits_apart(64, 64, 32, 32, 1) <= 20);
    assert_true(bits_apart(64, 64, 16, 64, 0) < 60);
}

/* The sign of each frequency, by the formula in double. */
static void by_formula(void **state)
{
    (void)state;
    enum { WIDE = 41, HIGH = 57 };
    static uint8_t rgb[WIDE * HIGH * 3];
    uint64_t hash[W];
    paint(WIDE, HIGH, 0, rgb);
    assert_true(dc3_perceptual_hash(WIDE, HIGH, rgb, hash));
    for (int bit = 1; bit < 256; bit++) {
        double sum = 0;
        for (int i = 0; i < HIGH; i++)
            for (int j = 0; j < WIDE; j++) {
                const uint8_t *p = rgb + (i * WIDE + j) * 3;
                sum += (0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]) *
                       cos(M_PI * (2 * i + 1) * (bit / 16) / (2 * HIGH)) *
                       cos(M_PI * (2 * j + 1) * (bit % 16) / (2 * WIDE));
            }
        if (fabs(sum) > 0.5) assert_int_equal(hash[bit / 64] >> bit % 64 & 1, sum > 0);
    }
    assert_int_equal(hash[0] & 1, 0);
}

/* An image of one colour has no hash, one pixel neither; a line is enough. */
static void plain(void **state)
{
    (void)state;
    static uint8_t rgb[64 * 64 * 3];
    uint64_t hash[W] = {1, 2, 3, 4};
    memset(rgb, 77, sizeof rgb);
    assert_false(dc3_perceptual_hash(64, 64, rgb, hash));
    for (int w = 0; w < W; w++) assert_true(hash[w] == 0);
    assert_false(dc3_perceptual_hash(1, 1, rgb, hash));
    memset(rgb + 64 * 3 * 10, 255, 64 * 3 * 4);
    assert_true(dc3_perceptual_hash(64, 64, rgb, hash));
}

/* Images that have nothing in common differ in about half of their bits, and small ones have no hash: of 63
 * bits, as 8 x 8 pixels make, half would be as few as near ones differ in. */
static void of_noise(void **state)
{
    (void)state;
    static const int sides[][2] = {{64, 64}, {16, 16}, {16, 64}, {15, 16}, {16, 15}, {8, 8}, {4, 64}};
    static uint8_t rgb[2][64 * 64 * 3];
    static const uint64_t none[W];
    uint64_t hash[2][W];
    dc3_rng rng = dc3_rng_make(7, DC3_RNG_TEST, 0);
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < sizeof *rgb; i++) rgb[k][i] = (uint8_t)dc3_rng_u32(&rng);
    for (size_t s = 0; s < sizeof sides / sizeof *sides; s++) {
        int width = sides[s][0], height = sides[s][1], hashed = width >= 16 && height >= 16;
        for (int k = 0; k < 2; k++)
            assert_int_equal(dc3_perceptual_hash(width, height, rgb[k], hash[k]), hashed);
        int apart = bits_between(hash[0], hash[1], none, 256);
        if (hashed) assert_in_range(apart, 90, 166);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(many),      cmocka_unit_test(each_distance),
                                       cmocka_unit_test(of_images), cmocka_unit_test(by_formula),
                                       cmocka_unit_test(plain),     cmocka_unit_test(of_noise)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
