/* What the fast recipe of dc3 train is made of: eigenvectors, whitening kernels, its settings. */
#include "support/small_dataset.h"
#include "dc3/train.h"
#include "io/dataset.h"
#include "views/augment.h"
#include "learn/whiten.h"
#include "nn/classifier.h"
#include "train/train_recipe.h"

enum { N = 27, SIZE = SMALL_SIDE };

/* a = sum_i l_i v_i v_i^T, the vectors are orthogonal, and the values fall. */
static void eigenvectors(void **state)
{
    (void)state;
    double a[N * N], kept[N * N], values[N], vectors[N * N];
    float x[N * N];
    dc3_rng rng = dc3_rng_make(3, DC3_RNG_TEST, 0);
    dc3_rng_normal(&rng, x, N * N);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            kept[i * N + j] = a[i * N + j] = (double)x[i * N + j] + (double)x[j * N + i];
    dc3_eigen(N, a, values, vectors);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double product = 0, sum = 0;
            for (int k = 0; k < N; k++) {
                product += vectors[i * N + k] * vectors[j * N + k];
                sum += values[k] * vectors[k * N + i] * vectors[k * N + j];
            }
            assert_true(fabs(product - (i == j)) < 1e-12);
            assert_true(fabs(sum - kept[i * N + j]) < 1e-11);
        }
    for (int i = 1; i < N; i++) assert_true(values[i] <= values[i - 1]);
}

/* Mean product of what kernels a and b give over all patches of all images at stride 1. */
static double product(dc3_images *images, const float *a, const float *b)
{
    double sum = 0;
    int64_t n = dc3_images_count(images), count = 0;
    for (int64_t i = 0; i < n; i++) {
        dc3_loaded_image image;
        int64_t found;
        assert_int_equal(dc3_images_batch(images, 1, &i, &image, &found), DC3_OK);
        for (int y = 0; y + 1 < SIZE; y++)
            for (int x = 0; x + 1 < SIZE; x++, count++) {
                double of[2] = {0};
                for (int k = 0; k < 4; k++) {
                    float rgb[3];
                    for (int c = 0; c < 3; c++)
                        rgb[c] = (float)image.pixels[((y + k / 2) * SIZE + x + k % 2) * 3 + c] / 255;
                    dc3_classifier_normalise(1, rgb);
                    for (int c = 0; c < 3; c++)
                        of[0] += (double)(a[4 * c + k] * rgb[c]), of[1] += (double)(b[4 * c + k] * rgb[c]);
                }
                sum += of[0] * of[1];
            }
    }
    return sum / (double)count;
}

/* What the kernels give is uncorrelated, with squares of l / (l + 5e-4), the larger ones near 1; each kernel
 * has its opposite. */
static void whitening(void **state)
{
    (void)state;
    char folder[] = "/tmp/dc3-fast-XXXXXX";
    small_dataset(folder);
    char path[64];
    snprintf(path, sizeof path, "%s/data", folder);
    float kernels[24][12] = {{0}};
    dc3_param p = {"whiten.weight", dc3_view(kernels, DC3_F32, 4, (int64_t[]){24, 3, 2, 2}), {0}, NULL};
    dc3_dataset *data;
    dc3_images *images;
    dc3_images_options how = {.how = DC3_IMAGES_FIT, .size = SIZE, .fit = DC3_FIT_CROP, .threads = 1};
    assert_int_equal(dc3_dataset_open(path, &data), DC3_OK);
    assert_int_equal(dc3_images_open(data, &how, &images), DC3_OK);
    assert_int_equal(dc3_whiten(images, SIZE, &p), DC3_OK);
    double last = 1;
    for (int i = 0; i < 12; i++)
        for (int j = 0; j <= i; j++) {
            double found = product(images, kernels[i], kernels[j]);
            if (i != j && !(fabs(found) < 1e-3)) fail_msg("kernels %d and %d: %g", i, j, found);
            if (i != j) continue;
            if (!(found > 0 && found <= last + 1e-3)) fail_msg("kernel %d: %g after %g", i, found, last);
            last = found;
        }
    assert_true(product(images, kernels[0], kernels[0]) > 0.99);
    for (int i = 0; i < 12; i++)
        for (int k = 0; k < 12; k++) assert_true(kernels[i][k] == -kernels[12 + i][k]);
    p.value.shape[1] = 4;
    assert_int_equal(dc3_whiten(images, SIZE, &p), DC3_ERR_ARGUMENT);
    dc3_images_close(&images);
    dc3_dataset_close(&data);
    remove_folder(folder);
}

/* airbench94's numbers, which are per 1,024 images, for other batches. */
static void settings(void **state)
{
    (void)state;
    dc3_train_recipe r;
    dc3_train_options o = dc3_train_fast_defaults();
    assert_int_equal(dc3_train_batch(&o, 50000), 512);
    assert_int_equal(dc3_train_batch(&o, 9469), 128);
    assert_int_equal(dc3_train_batch(&o, 100), 32);
    dc3_train_recipe_of(&o, 32, &r);
    dc3_train_fit(&r, 512, 970);
    assert_true(fabs(r.lr - 0.75) < 1e-12);
    assert_int_equal(r.lookahead, 10);
    assert_true(dc3_train_lookahead(&r, 15, 970) < 0);
    assert_true(fabs(dc3_train_lookahead(&r, 970, 970) - pow(0.95, 5)) < 1e-12);
    assert_true(fabs(dc3_train_lookahead(&r, 480, 960) - pow(0.95, 5) / 8) < 1e-12);
    dc3_train_fit(&r, 64, 10);
    assert_int_equal(r.lookahead, 1);
    o = dc3_train_defaults();
    dc3_train_recipe_of(&o, 32, &r);
    dc3_train_fit(&r, 512, 970);
    assert_true(r.lr == 0.1 && r.clip == 1 && dc3_train_lookahead(&r, 970, 970) < 0);
}

/* What the recipe sets itself is refused. */
static void refused(void **state)
{
    (void)state;
    dc3_train_report report;
    enum { MOST = 9 };
    dc3_train_options o[MOST];
    static const char *const names[MOST] = {"arch",        "lr",   "weight_decay", "optimizer", "smoothing",
                                            "progressive", "init", "backbone",     "cache"};
    for (int i = 0; i < MOST; i++) o[i] = dc3_train_fast_defaults(), o[i].data = "nothing", o[i].out = "x";
    o[0].arch = "convnet3", o[1].lr = 0.1, o[2].weight_decay = 0, o[3].optimizer = DC3_ADAMW;
    o[4].smoothing = 0.1, o[5].progressive = 1, o[6].init = "x", o[7].backbone = "x", o[8].cache = "x";
    for (int i = 0; i < MOST; i++) {
        char text[80];
        snprintf(text, sizeof text, "%s: not with fast, which has its own", names[i]);
        assert_int_equal(dc3_train(&o[i], &report), DC3_ERR_OPTION);
        assert_string_equal(dc3_error_text(), text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(eigenvectors), cmocka_unit_test(whitening),
                                       cmocka_unit_test(settings), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
