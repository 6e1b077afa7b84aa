/* The measures of colour and fidelity against scikit-image, scipy and colour-science
 * (tools/golden/measures.py).
 */
#include "support/golden_file.h"
#include "metrics/colour_histogram.h"
#include "metrics/colourfulness.h"
#include "metrics/delta_e_2000.h"
#include "metrics/density_distance.h"
#include "metrics/lab.h"
#include "metrics/psnr.h"
#include "metrics/ssim.h"

enum { IMAGES = 3, DENSITIES = 3 };

static int open_files(void **state)
{
    (void)state;
    return open_golden_file("measures/colour.safetensors");
}

static const double *values(const char *what, int n)
{
    const dc3_tensor *t = find(what, n);
    assert_int_equal(t->dtype, DC3_F64);
    return t->data;
}

/* "density.n.what" */
static const dc3_tensor *density(int n, const char *what)
{
    char name[80];
    snprintf(name, sizeof name, "density.%d.%s", n, what);
    return find(name, -1);
}

static void near(const char *what, double found, double expected, double limit)
{
    double error = fabs(found - expected) / fmax(1, fabs(expected));
    print_message("%s: %.8g, error %.1e\n", what, found, error);
    if (!(error <= limit)) fail_msg("%s: %.12g, expected %.12g", what, found, expected);
}

static double most_apart(int64_t n, const double *a, const double *b)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++) most = fmax(most, fabs(a[i] - b[i]));
    return most;
}

/* colour-science takes the standard's rounded matrix, which moves a colour by hundredths. */
static void lab(void **state)
{
    (void)state;
    for (int n = 0; n < IMAGES; n++) {
        const dc3_tensor *p = find("picture", n);
        int64_t count = dc3_count(p);
        double *found = malloc((size_t)count * sizeof *found);
        dc3_lab_of_srgb(p->data, count / 3, found);
        double a = most_apart(count, found, values("lab", n)),
               b = most_apart(count, found, values("lab_colour_science", n));
        print_message("lab: scikit-image %.1e, colour-science %.1e\n", a, b);
        assert_true(a < 1e-10 && b < 0.05);
        free(found);
    }
}

static void delta_e(void **state)
{
    (void)state;
    const dc3_tensor *pairs = find("delta_e.pairs", -1);
    const double *x = pairs->data, *a = values("delta_e.skimage", -1),
                 *b = values("delta_e.colour_science", -1);
    double first = 0, second = 0;
    for (int64_t i = 0; i < pairs->shape[0]; i++) {
        double e = dc3_delta_e_2000(x + 6 * i, x + 6 * i + 3);
        first = fmax(first, fabs(e - a[i])), second = fmax(second, fabs(e - b[i]));
    }
    print_message("delta_e: scikit-image %.1e, colour-science %.1e\n", first, second);
    assert_true(first < 1e-9 && second < 1e-9);
}

static void histograms(void **state)
{
    (void)state;
    for (int n = 0; n < IMAGES; n++) {
        const dc3_tensor *p = find("picture", n);
        int64_t pixels = dc3_count(p) / 3, half = pixels / 2;
        const double *hue = values("hue", n), *chroma = values("chroma", n);
        dc3_colour_histogram h = {0}, rest = {0};
        dc3_colour_histogram_add(&h, p->data, half);
        dc3_colour_histogram_add(&rest, (const uint8_t *)p->data + 3 * half, pixels - half);
        dc3_colour_histogram_merge(&h, &rest);
        assert_int_equal(h.pixels, pixels);
        for (int i = 0; i < DC3_HUE_BINS; i++) assert_int_equal(h.hue[i], hue[i]);
        for (int i = 0; i < DC3_CHROMA_BINS; i++) assert_int_equal(h.chroma[i], chroma[i]);
        near("hue entropy", dc3_hue_entropy(&h), *values("hue_entropy", n), 1e-12);
        near("mean chroma", h.chroma_sum / (double)pixels, *values("chroma_mean", n), 1e-12);
    }
    uint8_t grey[] = {9, 9, 9, 200, 200, 200};
    dc3_colour_histogram h = {0};
    dc3_colour_histogram_add(&h, grey, 2);
    assert_int_equal(h.coloured, 0);
    assert_true(isnan(dc3_hue_entropy(&h)));
}

static void fidelity(void **state)
{
    (void)state;
    for (int n = 0; n < IMAGES; n++) {
        const dc3_tensor *p = find("picture", n), *q = find("changed", n);
        const double *expected = values("fidelity", n);
        int64_t pixels = dc3_count(p) / 3;
        double ssim;
        assert_int_equal(dc3_ssim(p->data, q->data, (int)p->shape[1], (int)p->shape[0], &ssim), DC3_OK);
        near("colourfulness", dc3_colourfulness(p->data, pixels), expected[0], 1e-10);
        near("colourfulness", dc3_colourfulness(q->data, pixels), expected[1], 1e-10);
        near("SSIM", ssim, expected[2], 1e-10);
        near("Delta E 2000", dc3_mean_delta_e_2000(p->data, q->data, pixels), expected[3], 1e-10);
        near("PSNR", dc3_psnr(p->data, q->data, 3 * pixels), expected[4], 1e-10);
        assert_int_equal(dc3_ssim(p->data, p->data, (int)p->shape[1], (int)p->shape[0], &ssim), DC3_OK);
        near("SSIM of equal images", ssim, 1, 1e-12);
        assert_true(isinf(dc3_psnr(p->data, p->data, 3 * pixels)));
        assert_true(dc3_mean_delta_e_2000(p->data, p->data, pixels) == 0);
    }
    double ssim;
    assert_int_equal(dc3_ssim(find("picture", 0)->data, find("picture", 0)->data, 10, 30, &ssim), DC3_OK);
    assert_true(isnan(ssim));
}

static double entropy_of(const int64_t *count, double h)
{
    dc3_density_curve curve;
    dc3_density_curve_of(count, h, &curve);
    return dc3_density_entropy(&curve);
}

static double distance_of(const int64_t *a, const int64_t *b, double h)
{
    dc3_density_curve p, q;
    dc3_density_curve_of(a, h, &p);
    dc3_density_curve_of(b, h, &q);
    return dc3_density_distance(&p, &q);
}

static void densities(void **state)
{
    (void)state;
    for (int n = 0; n < DENSITIES; n++) {
        const int64_t *a = density(n, "count")->data, *b = a + DC3_LEVELS;
        const double *expected = density(n, "values")->data;
        const dc3_tensor *x = density(n, "x"), *curve = density(n, "curve");
        double h = dc3_scott_bandwidth(a), found[64], most;
        near("bandwidth", h, expected[0], 1e-12);
        dc3_density(a, h, x->shape[0], x->data, found);
        most = most_apart(x->shape[0], found, curve->data);
        print_message("curve: error %.1e\n", most);
        assert_true(most < 1e-10);
        near("entropy", entropy_of(a, h), expected[1], 1e-7);
        near("entropy", entropy_of(b, h), expected[2], 1e-7);
        near("Jensen-Shannon distance", distance_of(a, b, h), expected[3], 1e-7);
        near("Wasserstein distance", dc3_levels_distance(a, b), expected[4], 1e-12);
        assert_true(distance_of(a, a, h) == 0 && dc3_levels_distance(b, b) == 0);
    }
}

/* One level, no pixel, and more pixels than the levels can resolve. */
static void extreme_densities(void **state)
{
    (void)state;
    dc3_levels one = {0}, none = {0};
    dc3_levels_add(&one, (const uint8_t[]){0, 128, 255}, 1);
    dc3_levels_merge(&one, &one);
    assert_int_equal(one.count[1][128], 2);
    double h = dc3_scott_bandwidth(one.count[0]);
    assert_true(h == 1.0 / 255);
    assert_true(dc3_scott_bandwidth(none.count[0]) == h);
    /* A normal distribution: log2(h sqrt(2 pi e)). */
    for (int c = 0; c < 3; c++)
        near("entropy of one level", entropy_of(one.count[c], h), log2(h * 4.132731354122493), 1e-7);
    near("distance of two levels", distance_of(one.count[0], one.count[2], h), 1, 1e-12);
    near("distance of two levels", dc3_levels_distance(one.count[0], one.count[2]), 1, 1e-12);
    assert_true(isnan(entropy_of(none.count[0], h)));
    assert_true(isnan(distance_of(one.count[0], none.count[0], h)));
    for (int i = 0; i < DC3_LEVELS; i++) none.count[0][i] = (int64_t)1 << 40;
    assert_true(dc3_scott_bandwidth(none.count[0]) == h);
    near("entropy of even levels", entropy_of(none.count[0], h), 0, 0.02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lab),        cmocka_unit_test(delta_e),
                                       cmocka_unit_test(histograms), cmocka_unit_test(fidelity),
                                       cmocka_unit_test(densities),  cmocka_unit_test(extreme_densities)};
    return cmocka_run_group_tests(tests, open_files, close_golden);
}
