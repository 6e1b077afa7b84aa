/* Baselines: every choice of rows against a plain implementation on random data; colour jitter, grey, blur
 * and crops against torchvision (tools/golden/color_jitter.py). */
#include "support/choices.h"
#include <stdio.h>
#include "views/crop.h"
#include "colour/image_edit.h"
#include "io/safetensors.h"
#include "select/choose.h"
#include "select/kmeans.h"

/* Random rows of one class, and all rows of it as candidates. */
typedef struct rows {
    int64_t m, d;
    float *x;
    int64_t numbers[128];
    dc3_select_options options;
    dc3_meter meter;
    dc3_candidates from;
} rows;

static void make_rows(uint64_t seed, rows *r)
{
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 30);
    *r = (rows){.m = between(&rng, 12, 128), .d = between(&rng, 1, 20)};
    r->x = random_values(&rng, DC3_F32, r->m * r->d, 1);
    for (int64_t i = 0; i < r->m; i++) r->numbers[i] = r->m - 1 - i; /* not in the order of memory */
    r->options = dc3_select_defaults();
    r->options.seed = seed;
    r->from = (dc3_candidates){.meter = &r->meter,
                               .options = &r->options,
                               .m = r->m,
                               .d = r->d,
                               .rows = r->numbers,
                               .embeddings = r->x,
                               .label = (int64_t)seed};
}

static void free_rows(rows *r)
{
    assert_int_equal(r->meter.held, 0);
    free(r->x);
}

static double value(const rows *r, int64_t i, int64_t j)
{
    return r->x[r->numbers[i] * r->d + j];
}

static double apart(const rows *r, int64_t a, int64_t b)
{
    double sum = 0;
    for (int64_t j = 0; j < r->d; j++) sum += pow(value(r, a, j) - value(r, b, j), 2);
    return sum;
}

/* The mean of the chosen and one more, from the beginning each time. */
static void herding_follows_the_mean(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        rows r;
        int64_t picks[12], count = 12;
        make_rows(seed, &r);
        run(&r.from, dc3_choose_herding, count, picks);
        for (int64_t k = 0; k < count; k++) {
            double least = INFINITY;
            int64_t best = -1;
            for (int64_t i = 0; i < r.m; i++) {
                double error = 0;
                if (holds(picks, k, i)) continue;
                for (int64_t j = 0; j < r.d; j++) {
                    double mean = 0, chosen = value(&r, i, j);
                    for (int64_t a = 0; a < r.m; a++) mean += value(&r, a, j);
                    for (int64_t a = 0; a < k; a++) chosen += value(&r, picks[a], j);
                    error += pow(mean / (double)r.m - chosen / (double)(k + 1), 2);
                }
                if (error < least) least = error, best = i;
            }
            if (picks[k] != best)
                fail_msg("case %d: pick %d is %d, not %d", (int)seed, (int)k, (int)picks[k], (int)best);
        }
        free_rows(&r);
    }
}

static void k_center_goes_farthest(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        rows r;
        int64_t picks[12], count = 12, first = 0;
        double least = INFINITY;
        make_rows(seed, &r);
        run(&r.from, dc3_choose_k_center, count, picks);
        for (int64_t i = 0; i < r.m; i++) {
            double there = 0;
            for (int64_t j = 0; j < r.d; j++) {
                double mean = 0;
                for (int64_t a = 0; a < r.m; a++) mean += value(&r, a, j);
                there += pow(value(&r, i, j) - mean / (double)r.m, 2);
            }
            if (there < least) least = there, first = i;
        }
        assert_int_equal(picks[0], first);
        for (int64_t k = 1; k < count; k++) {
            double most = -1;
            int64_t best = -1;
            for (int64_t i = 0; i < r.m; i++) {
                double near = INFINITY;
                for (int64_t a = 0; a < k; a++) near = fmin(near, apart(&r, i, picks[a]));
                if (!holds(picks, k, i) && near > most) most = near, best = i;
            }
            assert_int_equal(picks[k], best);
        }
        free_rows(&r);
    }
}

/* Well separated clusters, which k-means finds: of each the row nearest to its mean, once. */
static void one_row_for_each_centre(void **state)
{
    (void)state;
    enum { K = 5 };
    for (uint64_t seed = 0; seed < 20; seed++) {
        rows r;
        int64_t picks[K], found = 0;
        make_rows(seed, &r);
        for (int64_t i = 0; i < r.m; i++) r.x[i * r.d] += 40 * (float)(i % K);
        run(&r.from, dc3_choose_nearest_to_centres, K, picks);
        for (int64_t c = 0; c < K; c++) {
            double least = INFINITY;
            int64_t best = -1;
            for (int64_t i = 0; i < r.m; i++) {
                double there = 0;
                if (r.numbers[i] % K != c) continue;
                for (int64_t j = 0; j < r.d; j++) {
                    double mean = 0, n = 0;
                    for (int64_t a = 0; a < r.m; a++)
                        if (r.numbers[a] % K == c) mean += value(&r, a, j), n++;
                    there += pow(value(&r, i, j) - mean / n, 2);
                }
                if (there < least) least = there, best = i;
            }
            found += holds(picks, K, best);
        }
        assert_int_equal(found, K);
        free_rows(&r);
    }
}

/* 0.5 + 0.5 cos. */
static double similar(const rows *r, int64_t a, int64_t b)
{
    double ab = 0, aa = 0, bb = 0;
    for (int64_t j = 0; j < r->d; j++) {
        ab += value(r, a, j) * value(r, b, j);
        aa += value(r, a, j) * value(r, a, j);
        bb += value(r, b, j) * value(r, b, j);
    }
    return 0.5 + 0.5 * ab / sqrt(aa * bb);
}

/* The paper's own gain, with squared distances of unit features; they are 4 - 4 s. */
static int64_t best_of_paper(const rows *r, int64_t bin, const int64_t *taken)
{
    double most = -INFINITY;
    int64_t best = -1;
    for (int64_t x = 0; x < r->m; x++) {
        double gain = 0;
        if (taken[x] >= 0) continue;
        for (int64_t p = 0; p < r->m; p++) {
            double distance = p == x ? 0 : 4 - 4 * similar(r, p, x);
            if (taken[p] == bin) gain += distance;
            if (taken[p] < 0) gain -= distance;
        }
        if (gain > most + 1e-9) most = gain, best = x;
    }
    return best;
}

static void quantization_as_in_the_paper(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 12; seed++) {
        rows r;
        int64_t bins[128], taken[128], picks[128], n = 4;
        make_rows(seed, &r);
        if (r.d < 3) { /* rows of one direction tie */
            free_rows(&r);
            continue;
        }
        r.options.bins = (int)n;
        assert_int_equal(dc3_quantization_bins(&r.from, n, bins), DC3_OK);
        for (int64_t i = 0; i < r.m; i++) taken[i] = -1;
        for (int64_t b = 0; b < n; b++)
            for (int64_t k = r.m * b / n; k < r.m * (b + 1) / n; k++) taken[best_of_paper(&r, b, taken)] = b;
        for (int64_t i = 0; i < r.m; i++)
            if (taken[i] != bins[i])
                fail_msg("case %d: row %d is in bin %d, not %d", (int)seed, (int)i, (int)bins[i],
                         (int)taken[i]);
        for (int64_t count = 1; count <= r.m; count += count < 9 ? 1 : r.m - count > 0 ? r.m - count : 1) {
            int64_t of[4] = {0};
            run(&r.from, dc3_choose_dataset_quantization, count, picks);
            for (int64_t k = 0; k < count; k++) of[bins[picks[k]]]++;
            for (int64_t b = 0; b < n; b++) {
                assert_true(of[b] >= count / n);
                assert_true(of[b] <= count / n + 1);
            }
        }
        free_rows(&r);
    }
}

/* Exactly ipc of each class, different ones as far as there are, and the same for any number of threads. */
static void exactly_ipc_for_any_threads(void **state)
{
    (void)state;
    enum { N = 240, D = 6, C = 5 };
    dc3_chooser *const choosers[] = {dc3_choose_herding, dc3_choose_k_center, dc3_choose_nearest_to_centres,
                                     dc3_choose_graph_cut, dc3_choose_dataset_quantization};
    dc3_rng rng = dc3_rng_make(9, DC3_RNG_TEST, 31);
    float *x = random_values(&rng, DC3_F32, N * D, 1), *z = random_values(&rng, DC3_F32, N * C, 2);
    int64_t labels[N];
    for (int i = 0; i < N; i++) labels[i] = i < 7 ? 4 : i % 4;                   /* class 4 is small */
    for (int i = 30; i < 120; i++) memcpy(x + i * D, x + 29 * D, D * sizeof *x); /* many equal rows */
    for (int which = 0; which < 5; which++)
        for (int ipc = 1; ipc <= 16; ipc += 5) {
            dc3_selection one, three;
            dc3_select_options o = dc3_select_defaults();
            o.ipc = ipc, o.seed = 4, o.threads = 1;
            assert_int_equal(dc3_select_by(&o, choosers[which], N, D, C, x, z, labels, &one), DC3_OK);
            o.threads = 3;
            assert_int_equal(dc3_select_by(&o, choosers[which], N, D, C, x, z, labels, &three), DC3_OK);
            assert_int_equal(one.count, C * ipc);
            assert_memory_equal(one.rows, three.rows, (size_t)one.count * sizeof *one.rows);
            assert_int_equal(one.repeated, ipc > 7 ? ipc - 7 : 0);
            for (int64_t i = 0; i < one.count; i++) {
                assert_int_equal(labels[one.rows[i]], i / ipc);
                int64_t first = i / ipc * ipc;
                if (i - first < 7 || labels[one.rows[i]] != 4)
                    assert_false(holds(one.rows + first, i - first, one.rows[i]));
            }
            dc3_selection_free(&one);
            dc3_selection_free(&three);
        }
    free(x), free(z);
}

static void random_order_begins_the_same(void **state)
{
    (void)state;
    int64_t all[50], part[50], seen[50] = {0}, firsts[10] = {0};
    dc3_random_order(1, 2, 50, 50, all);
    dc3_random_order(1, 2, 50, 7, part);
    assert_memory_equal(all, part, 7 * sizeof *all);
    for (int i = 0; i < 50; i++) seen[all[i]]++;
    for (int i = 0; i < 50; i++) assert_int_equal(seen[i], 1);
    for (uint64_t seed = 0; seed < 2000; seed++) {
        dc3_random_order(seed, 0, 10, 1, part);
        firsts[part[0]]++;
    }
    for (int i = 0; i < 10; i++) assert_in_range(firsts[i], 140, 260); /* 200 +- 4.5 standard deviations */
}

static const dc3_tensor *golden_tensor(const dc3_table *golden, const char *kind, int n, const char *what)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%d.%s", kind, n, what);
    return dc3_table_find(golden, name);
}

static void check_image(const char *kind, int n, const float *found, const dc3_tensor *expected)
{
    double error = distance(DC3_F32, found, expected->data, dc3_count(expected));
    /* Sums in another order, and quotients of small differences in the hue. */
    if (!(error < 2e-6)) fail_msg("%s %d: error %g", kind, n, error);
}

static void edits_as_torchvision(void **state)
{
    (void)state;
    static const struct {
        const char *kind;
        const dc3_image_edit *edit;
    } kinds[] = {{"jitter", &dc3_color_jitter}, {"blur", &dc3_blur}};
    dc3_table *golden;
    assert_int_equal(dc3_safetensors_open(DC3_TEST_DATA "/color_jitter/golden.safetensors", &golden), DC3_OK);
    const dc3_tensor *image = dc3_table_find(golden, "picture"), *values;
    int size = (int)image->shape[0], cases = 0;
    float *out = malloc(dc3_bytes(image));
    for (int k = 0; k < 2; k++)
        for (int n = 0; (values = golden_tensor(golden, kinds[k].kind, n, "values")); n++, cases++) {
            assert_int_equal(kinds[k].edit->apply(size, values->data, image->data, out), DC3_OK);
            check_image(kinds[k].kind, n, out, golden_tensor(golden, kinds[k].kind, n, "out"));
        }
    assert_int_equal(cases, 18);
    assert_int_equal(dc3_grayscale.apply(size, NULL, image->data, out), DC3_OK);
    check_image("grayscale", 0, out, dc3_table_find(golden, "grayscale.out"));
    free(out);
    dc3_table_close(&golden);
}

static void crops_as_torchvision(void **state)
{
    (void)state;
    dc3_table *golden;
    assert_int_equal(dc3_safetensors_open(DC3_TEST_DATA "/color_jitter/golden.safetensors", &golden), DC3_OK);
    const dc3_tensor *photo = dc3_table_find(golden, "photo"), *values;
    dc3_image image = {(int)photo->shape[1], (int)photo->shape[0], photo->data};
    for (int n = 0; (values = golden_tensor(golden, "crop", n, "values")); n++) {
        const int64_t *v = values->data;
        int size = (int)v[3], stride = 3 * size + 6; /* a part of wider rows */
        float *wide = calloc((size_t)(size * stride), sizeof *wide),
              *out = malloc((size_t)(size * size * 3) * sizeof *out);
        assert_int_equal(
            dc3_crop_scale(&image, (dc3_box){(int)v[0], (int)v[1], (int)v[2]}, size, wide, stride), DC3_OK);
        for (int y = 0; y < size; y++) {
            memcpy(out + y * size * 3, wide + y * stride, (size_t)(size * 3) * sizeof *out);
            for (int i = 3 * size; i < stride; i++) assert_true(wide[y * stride + i] == 0);
        }
        check_image("crop", n, out, golden_tensor(golden, "crop", n, "out"));
        free(wide), free(out);
    }
    dc3_table_close(&golden);
}

/* What is drawn lies in its ranges, fills them, and is the same for the same stream. */
static void draws_lie_in_their_ranges(void **state)
{
    (void)state;
    double low[8], high[8];
    for (int i = 0; i < 8; i++) low[i] = INFINITY, high[i] = -INFINITY;
    for (uint64_t item = 0; item < 2000; item++) {
        double v[DC3_EDIT_VALUES], again[DC3_EDIT_VALUES];
        dc3_rng rng = dc3_rng_make(1, DC3_RNG_TEST, item), same = rng;
        dc3_color_jitter.draw(&rng, 32, v);
        dc3_color_jitter.draw(&same, 32, again);
        assert_memory_equal(v, again, sizeof v);
        for (int i = 0; i < 4; i++) low[i] = fmin(low[i], v[i]), high[i] = fmax(high[i], v[i]);
        assert_true(v[4] + v[5] + v[6] + v[7] == 6 &&
                    v[4] * v[4] + v[5] * v[5] + v[6] * v[6] + v[7] * v[7] == 14);
        dc3_blur.draw(&rng, 224, v);
        assert_true(v[1] == 23);
        low[4] = fmin(low[4], v[0]), high[4] = fmax(high[4], v[0]);
        dc3_box box = dc3_crop_draw(&rng, 40, 30, 0.08, 1);
        assert_true(box.left >= 0 && box.top >= 0 && box.left + box.side <= 40 && box.top + box.side <= 30);
        low[5] = fmin(low[5], box.side), high[5] = fmax(high[5], box.side);
    }
    for (int i = 0; i < 3; i++)
        assert_true(low[i] >= 0.6 && low[i] < 0.61 && high[i] <= 1.4 && high[i] > 1.39);
    assert_true(low[3] >= -0.1 && low[3] < -0.098 && high[3] <= 0.1 && high[3] > 0.098);
    assert_true(low[4] >= 0.1 && low[4] < 0.11 && high[4] <= 2 && high[4] > 1.99);
    assert_true(low[5] == 10 && high[5] == 30); /* sqrt(0.08 * 1200) = 9.8 */
    dc3_rng rng = dc3_rng_make(1, DC3_RNG_TEST, 0);
    dc3_box box = dc3_crop_draw(&rng, 1000, 10, 0.5, 1); /* no square of that area fits */
    assert_true(box.side == 10 && box.left == 495 && box.top == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(herding_follows_the_mean),    cmocka_unit_test(k_center_goes_farthest),
        cmocka_unit_test(one_row_for_each_centre),     cmocka_unit_test(quantization_as_in_the_paper),
        cmocka_unit_test(exactly_ipc_for_any_threads), cmocka_unit_test(random_order_begins_the_same),
        cmocka_unit_test(edits_as_torchvision),        cmocka_unit_test(crops_as_torchvision),
        cmocka_unit_test(draws_lie_in_their_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
