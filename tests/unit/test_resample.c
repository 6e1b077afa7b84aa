/* Scaling down gives what the formula says, and what libvips gives but for rounding. */
#include "support/random_tensors.h"
#include <math.h>
#include "io/image.h"
#include "io/images/fit.h"
#include "io/images/resample.h"
#include "io/images/vips.h"

static dc3_image random_image(dc3_rng *rng, int width, int height)
{
    dc3_image image;
    assert_true(dc3_image_allocate((uint32_t)width, (uint32_t)height, &image));
    for (size_t i = 0; i < (size_t)width * (size_t)height * 3; i++) {
        size_t x = i / 3 % (size_t)width, y = i / 3 / (size_t)width;
        image.pixels[i] = (uint8_t)(x * 3 * (i % 3 + 1) / 2 + y * 2 + dc3_rng_below(rng, 20));
    }
    return image;
}

static dc3_resample_axis axis_of(int size, double shrink)
{
    int scaled = (int)floor(size / shrink + 0.5);
    return (dc3_resample_axis){size, size, scaled, shrink, 0, scaled};
}

static double lanczos(double x)
{
    const double pi = 3.14159265358979323846;
    if (fabs(x) < 1e-9) return 1;
    return fabs(x) < 3 ? 3 * sin(pi * x) * sin(pi * x / 3) / (pi * pi * x * x) : 0;
}

/* One sample of a line of `size` values that lie `stride` apart, by the formula; `block` values are averaged
 * first, as integers. */
static double sample(const uint8_t *line, int size, size_t stride, int block, dc3_resample_axis axis, int i)
{
    int means = (size + block - 1) / block;
    double shrink = axis.shrink / block, sum = 0, weights = 0;
    double centre = (i + 0.5) * shrink - 0.5 - (axis.scaled * axis.shrink - size) / 2 / block;
    for (int k = (int)(centre - 3 * shrink) - 1; k <= (int)(centre + 3 * shrink) + 1; k++) {
        double weight = lanczos((k - centre) / shrink);
        int at = k < 0 ? 0 : k >= means ? means - 1 : k, mean = block / 2;
        for (int j = 0; j < block; j++) {
            int from = at * block + j;
            mean += line[(size_t)(from < size ? from : size - 1) * stride];
        }
        sum += weight * (mean / block);
        weights += weight;
    }
    return sum / weights;
}

/* Down alone, so that nothing is rounded between two axes. */
static void gives_the_formula(void **state)
{
    static const double shrinks[] = {1, 1.3, 2, 2.7, 3.99, 4, 7.3, 11};
    dc3_rng rng = dc3_rng_make(3, DC3_RNG_TEST, 0);
    (void)state;
    for (size_t s = 0; s < sizeof shrinks / sizeof *shrinks; s++) {
        int width = 5 + (int)s * 9, height = 40 + (int)s * 13;
        dc3_image from = random_image(&rng, width, height), to;
        dc3_resample_axis across = axis_of(width, 1), down = axis_of(height, shrinks[s]);
        int block = height / down.scaled / 2;
        assert_true(dc3_resample(&from, across, down, &to));
        for (int y = 0; y < to.height; y++)
            for (int x = 0; x < 3 * width; x++) {
                double right =
                    sample(from.pixels + x, height, 3 * (size_t)width, block < 1 ? 1 : block, down, y);
                right = fmin(255, fmax(0, right));
                assert_float_equal(to.pixels[y * 3 * width + x], right, 0.52);
            }
        dc3_image_free(&from);
        dc3_image_free(&to);
    }
}

static void a_window_is_part_of_the_whole(void **state)
{
    dc3_rng rng = dc3_rng_make(4, DC3_RNG_TEST, 0);
    (void)state;
    for (int i = 0; i < 30; i++) {
        int width = 20 + (int)dc3_rng_below(&rng, 200), height = 20 + (int)dc3_rng_below(&rng, 200);
        dc3_image from = random_image(&rng, width, height), whole, part;
        dc3_resample_axis across = axis_of(width, 1 + dc3_rng_uniform(&rng) * 5);
        dc3_resample_axis down = axis_of(height, 1 + dc3_rng_uniform(&rng) * 5);
        assert_true(dc3_resample(&from, across, down, &whole));
        across.first = (int)dc3_rng_below(&rng, (uint64_t)across.scaled);
        across.count = 1 + (int)dc3_rng_below(&rng, (uint64_t)(across.scaled - across.first));
        down.first = (int)dc3_rng_below(&rng, (uint64_t)down.scaled);
        down.count = 1 + (int)dc3_rng_below(&rng, (uint64_t)(down.scaled - down.first));
        assert_true(dc3_resample(&from, across, down, &part));
        assert_int_equal(part.width, across.count);
        assert_int_equal(part.height, down.count);
        for (int y = 0; y < part.height; y++)
            assert_memory_equal(part.pixels + y * 3 * part.width,
                                whole.pixels + ((y + down.first) * whole.width + across.first) * 3,
                                3 * (size_t)part.width);
        dc3_image_free(&from);
        dc3_image_free(&whole);
        dc3_image_free(&part);
    }
}

static void one_colour_stays(void **state)
{
    (void)state;
    for (int size = 1; size < 90; size += 4) {
        dc3_image from, to;
        assert_true(dc3_image_allocate((uint32_t)size, 3, &from));
        memset(from.pixels, 201, (size_t)size * 9);
        assert_true(dc3_resample(&from, axis_of(size, fmin(size, 1 + size % 7)), axis_of(3, 1.5), &to));
        for (int i = 0; i < to.width * to.height * 3; i++) assert_int_equal(to.pixels[i], 201);
        dc3_image_free(&from);
        dc3_image_free(&to);
    }
}

/* libvips takes positions in 64ths of a sample and weights of 12 bits. Of an image that is over eight times
 * as long as its crop it is given the middle (vips.c), whose place may be half a sample away: such are left
 * out. */
static void near_libvips(dc3_rng *rng, dc3_fit fit)
{
    int width = 16 + (int)dc3_rng_below(rng, 80), height = 16 + (int)dc3_rng_below(rng, 80);
    int rows = height + (int)dc3_rng_below(rng, 400), columns = width + (int)dc3_rng_below(rng, 400);
    double across = (double)columns / width, down = (double)rows / height;
    if (fit == DC3_FIT_CROP && fmax(across, down) > 8 * fmin(across, down)) return;
    dc3_image from = random_image(rng, columns, rows), to, theirs;
    double difference = 0;
    assert_true(dc3_fit_smaller(&from, width, height, fit, &to));
    VipsImage *in = dc3_vips_wrap(&from);
    assert_int_equal(dc3_vips_fit("image", in, 0, width, height, fit, &theirs), DC3_OK);
    g_object_unref(in);
    assert_int_equal(to.width, width);
    assert_int_equal(to.height, height);
    for (int k = 0; k < 3 * width * height; k++) {
        int d = abs(to.pixels[k] - theirs.pixels[k]);
        if (d > 5)
            fail_msg("%d x %d to %d x %d, %s: value %d is %d, not %d", from.width, from.height, width, height,
                     dc3_fit_names[fit], k, to.pixels[k], theirs.pixels[k]);
        difference += d;
    }
    assert_true(difference / (3 * width * height) < 0.5);
    dc3_image_free(&from);
    dc3_image_free(&to);
    dc3_image_free(&theirs);
}

static void fits_as_libvips_does(void **state)
{
    dc3_rng rng = dc3_rng_make(5, DC3_RNG_TEST, 0);
    (void)state;
    assert_int_equal(dc3_vips_start(), DC3_OK);
    for (int i = 0; i < 120; i++) near_libvips(&rng, (dc3_fit)(i % 3));
}

static void nothing_grows(void **state)
{
    dc3_rng rng = dc3_rng_make(6, DC3_RNG_TEST, 0);
    dc3_image from = random_image(&rng, 40, 30), to;
    (void)state;
    for (int fit = 0; fit < 3; fit++) assert_false(dc3_fit_smaller(&from, 50, 40, (dc3_fit)fit, &to));
    assert_false(dc3_fit_smaller(&from, 41, 20, DC3_FIT_SQUASH, &to));
    assert_false(dc3_fit_smaller(&from, 41, 20, DC3_FIT_CROP, &to));
    assert_true(dc3_fit_smaller(&from, 41, 20, DC3_FIT_PAD, &to));
    dc3_image_free(&to);
    dc3_image_free(&from);
}

/* Byte for byte. */
static void same_as_libvips(dc3_rng *rng, int index)
{
    dc3_fit fit = (dc3_fit)(index % 3);
    int w = 1 + (int)dc3_rng_below(rng, 50), h = 1 + (int)dc3_rng_below(rng, 50);
    int width = w + (int)dc3_rng_below(rng, 200), height = h + (int)dc3_rng_below(rng, 200);
    if (index % 7 == 0) width = w;
    if (index % 11 == 0) width = 8 * w, height = 8 * h;
    dc3_image from = random_image(rng, w, h), to, theirs;
    if (index % 2)
        for (int i = 0; i < w * h * 3; i++) from.pixels[i] = (uint8_t)dc3_rng_below(rng, 256);
    VipsImage *in = dc3_vips_wrap(&from);
    assert_int_equal(dc3_vips_fit("image", in, 0, width, height, fit, &theirs), DC3_OK);
    g_object_unref(in);
    if (dc3_fit_larger(&from, width, height, fit, &to)) {
        for (int i = 0; i < width * height * 3; i++)
            if (to.pixels[i] != theirs.pixels[i])
                fail_msg("%d x %d to %d x %d, %s: value %d is %d, not %d", w, h, width, height,
                         dc3_fit_names[fit], i, to.pixels[i], theirs.pixels[i]);
    } else /* a long image, or one of its own size */
        assert_true((fit == DC3_FIT_CROP && (width >= 8 * w || height >= 8 * h)) || width == w ||
                    height == h);
    dc3_image_free(&from), dc3_image_free(&to), dc3_image_free(&theirs);
}

static void grows_as_in_libvips(void **state)
{
    dc3_rng rng = dc3_rng_make(12, DC3_RNG_TEST, 0);
    dc3_image from = random_image(&rng, 40, 30), to;
    (void)state;
    if (vips_version(0) != 8 || vips_version(1) != 14) skip(); /* other versions place samples otherwise */
    for (int i = 0; i < 200; i++) same_as_libvips(&rng, i);
    assert_false(dc3_fit_larger(&from, 41, 20, DC3_FIT_SQUASH, &to));
    assert_false(dc3_fit_larger(&from, 39, 30, DC3_FIT_PAD, &to));
    assert_false(dc3_fit_larger(&from, 20, 15, DC3_FIT_CROP, &to));
    assert_null(to.pixels);
    dc3_image_free(&from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_formula), cmocka_unit_test(a_window_is_part_of_the_whole),
        cmocka_unit_test(one_colour_stays),  cmocka_unit_test(fits_as_libvips_does),
        cmocka_unit_test(nothing_grows),     cmocka_unit_test(grows_as_in_libvips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
