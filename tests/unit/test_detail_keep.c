/* Keeping the original's detail (docs/mini-editor.md): against the formula written out in double precision,
 * and on images for which the result is known. */
#include "support/random_tensors.h"
#include "colour/detail_keep.h"

enum { MOST = 64, WIDE = 80 };

static float input[MOST * MOST * 3], rebuilt[MOST * MOST * 3], edit[MOST * MOST * 3];
static float original[WIDE * WIDE * 3], out[WIDE * WIDE * 3];

static void fill(float *x, int n, float value)
{
    for (int i = 0; i < n; i++) x[i] = value;
}

/* All five images in [low, high]. */
static void make_images(uint64_t seed, float low, float high)
{
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 71);
    float *const images[] = {input, rebuilt, edit};
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < MOST * MOST * 3; i++)
            images[k][i] = low + (high - low) * (float)dc3_rng_uniform(&rng);
    for (int i = 0; i < WIDE * WIDE * 3; i++) original[i] = low + (high - low) * (float)dc3_rng_uniform(&rng);
}

static void keep(int small, int width, int height)
{
    assert_int_equal(dc3_detail_keep(small, input, rebuilt, edit, width, height, original, out), DC3_OK);
}

/* ITU-R BT.601: the weights of luminance, and of the scaled differences from it. */
static void to_ycc(const double *rgb, double *ycc)
{
    ycc[0] = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
    ycc[1] = (rgb[2] - ycc[0]) / (2 * (1 - 0.114));
    ycc[2] = (rgb[0] - ycc[0]) / (2 * (1 - 0.299));
}

static void to_rgb(const double *ycc, double *rgb)
{
    rgb[0] = ycc[0] + 2 * (1 - 0.299) * ycc[2];
    rgb[2] = ycc[0] + 2 * (1 - 0.114) * ycc[1];
    rgb[1] = (ycc[0] - 0.299 * rgb[0] - 0.114 * rgb[2]) / 0.587;
}

/* Mean of x (times y, if there is one) over the window of radius r around (cx, cy), cut at the border. */
static double window_mean(int n, int r, int cx, int cy, const double *x, const double *y)
{
    double sum = 0;
    int count = 0;
    for (int py = cy - r; py <= cy + r; py++)
        for (int px = cx - r; px <= cx + r; px++)
            if (py >= 0 && py < n && px >= 0 && px < n) {
                sum += x[py * n + px] * (y ? y[py * n + px] : 1);
                count++;
            }
    return sum / count;
}

/* He, Sun and Tang, Guided image filtering (2013), equations 5, 6 and 8. */
static void guided_filter(int n, int r, double eps, const double *guide, const double *x, double *q)
{
    static double a[MOST * MOST], b[MOST * MOST];
    for (int i = 0; i < n * n; i++) {
        double mg = window_mean(n, r, i % n, i / n, guide, NULL),
               mx = window_mean(n, r, i % n, i / n, x, NULL);
        double covariance = window_mean(n, r, i % n, i / n, guide, x) - mg * mx;
        double variance = window_mean(n, r, i % n, i / n, guide, guide) - mg * mg;
        a[i] = covariance / (variance + eps);
        b[i] = mx - a[i] * mg;
    }
    for (int i = 0; i < n * n; i++)
        q[i] = window_mean(n, r, i % n, i / n, a, NULL) * guide[i] + window_mean(n, r, i % n, i / n, b, NULL);
}

/* Linear interpolation between the middles of pixels; beyond the outermost ones their value. */
static double interpolate(int n, const double *plane, double x, double y)
{
    double value = 0;
    for (int j = 0; j < n; j++)
        for (int i = 0; i < n; i++) {
            double u = fmax(0, 1 - fabs(fmin(fmax(x, 0), n - 1) - i));
            double v = fmax(0, 1 - fabs(fmin(fmax(y, 0), n - 1) - j));
            if (u > 0 && v > 0) value += u * v * plane[j * n + i];
        }
    return value;
}

/* The whole formula: what `out` should be, and compares. */
static void compare(int small, int radius, int width, int height)
{
    static double guide[MOST * MOST], change[3][MOST * MOST], smooth[3][MOST * MOST];
    for (int i = 0; i < small * small; i++) {
        double in[3], by[3], ycc[3];
        for (int c = 0; c < 3; c++)
            in[c] = input[3 * i + c], by[c] = (double)edit[3 * i + c] - rebuilt[3 * i + c];
        to_ycc(in, ycc), guide[i] = ycc[0];
        to_ycc(by, ycc);
        for (int c = 0; c < 3; c++) change[c][i] = ycc[c];
    }
    for (int c = 0; c < 3; c++) guided_filter(small, radius, 0.004, guide, change[c], smooth[c]);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            double ycc[3], rgb[3];
            for (int c = 0; c < 3; c++)
                ycc[c] = interpolate(small, smooth[c], (x + 0.5) * small / width - 0.5,
                                     (y + 0.5) * small / height - 0.5);
            to_rgb(ycc, rgb);
            for (int c = 0; c < 3; c++) {
                int i = (y * width + x) * 3 + c;
                double expected = fmin(fmax(original[i] + rgb[c], 0), 1);
                if (!(fabs(out[i] - expected) < 2e-5))
                    fail_msg("%d to %d x %d, pixel %d, %d, channel %d: %g, expected %g", small, width, height,
                             x, y, c, (double)out[i], expected);
            }
        }
}

/* The radius is 4 pixels at 64, in proportion and rounded down elsewhere, at least 1. */
static void the_formula(void **state)
{
    (void)state;
    static const struct {
        int small, radius, width, height;
    } cases[] = {{64, 4, 64, 64}, {32, 2, 45, 30}, {40, 2, 20, 33}, {16, 1, 16, 16}, {8, 1, 30, 7}};
    for (int i = 0; i < 5; i++) {
        make_images((uint64_t)i, i % 2 ? 0 : 0.3f, i % 2 ? 1 : 0.7f);
        keep(cases[i].small, cases[i].width, cases[i].height);
        compare(cases[i].small, cases[i].radius, cases[i].width, cases[i].height);
    }
}

/* What the VAE loses is not taken for a change: an edit that equals the reconstruction leaves the original as
 * it is, whatever the input. */
static void no_change(void **state)
{
    (void)state;
    make_images(9, 0, 1);
    memcpy(edit, rebuilt, sizeof edit);
    keep(64, 80, 50);
    assert_true(distance(DC3_F32, out, original, 80 * 50 * 3) == 0);
}

/* One change of colour everywhere arrives everywhere as it is. */
static void uniform_change(void **state)
{
    (void)state;
    static const float by[3] = {0.1f, -0.05f, 0.2f};
    make_images(10, 0.3f, 0.7f);
    for (int i = 0; i < MOST * MOST * 3; i++) edit[i] = rebuilt[i] + by[i % 3];
    keep(64, 77, 40);
    for (int i = 0; i < 77 * 40 * 3; i++) assert_true(fabsf(out[i] - original[i] - by[i % 3]) < 2e-5f);
}

/* Where the guide is flat the filter is a mean of means: one pixel's change of 1 spreads over 8 pixels to
 * each side, with 1/81 in its middle and (1/81)^2 at the corners. */
static void reach(void **state)
{
    (void)state;
    const int at = 32 * 64 + 32;
    fill(input, MOST * MOST * 3, 0.5f), fill(rebuilt, MOST * MOST * 3, 0), fill(edit, MOST * MOST * 3, 0);
    fill(original, WIDE * WIDE * 3, 0.25f);
    for (int c = 0; c < 3; c++) edit[3 * at + c] = 1;
    keep(64, 64, 64);
    for (int c = 0; c < 3; c++) {
        assert_true(fabs(out[3 * at + c] - 0.25 - 1 / 81.0) < 1e-6);
        assert_true(fabs(out[3 * (at + 8 * 64 + 8) + c] - 0.25 - 1 / 6561.0) < 1e-6);
        assert_true(fabs(out[3 * (at + 9) + c] - 0.25) < 1e-6 &&
                    fabs(out[3 * (at - 9 * 64) + c] - 0.25) < 1e-6);
    }
}

/* A change of chroma alone leaves the luminance of each pixel, and the original's detail, as it was; values
 * end at 0 and 1. */
static void detail_stays(void **state)
{
    (void)state;
    make_images(11, 0.3f, 0.7f);
    for (int i = 0; i < MOST * MOST; i++) {
        edit[3 * i] = rebuilt[3 * i] + 0.1f;
        edit[3 * i + 1] = rebuilt[3 * i + 1];
        edit[3 * i + 2] = rebuilt[3 * i + 2] - 0.1f * 0.299f / 0.114f;
    }
    keep(64, 64, 64);
    for (int i = 0; i < 64 * 64; i++) {
        double before[3], after[3], a[3], b[3];
        for (int c = 0; c < 3; c++) before[c] = original[3 * i + c], after[c] = out[3 * i + c];
        to_ycc(before, a), to_ycc(after, b);
        assert_true(fabs(a[0] - b[0]) < 2e-5);
    }
    fill(rebuilt, MOST * MOST * 3, 0), fill(edit, MOST * MOST * 3, 1);
    keep(64, 64, 64);
    for (int i = 0; i < 64 * 64 * 3; i++) assert_true(out[i] == 1);
    fill(rebuilt, MOST * MOST * 3, 1), fill(edit, MOST * MOST * 3, 0);
    keep(64, 64, 64);
    for (int i = 0; i < 64 * 64 * 3; i++) assert_true(out[i] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_formula), cmocka_unit_test(no_change),
                                       cmocka_unit_test(uniform_change), cmocka_unit_test(reach),
                                       cmocka_unit_test(detail_stays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
