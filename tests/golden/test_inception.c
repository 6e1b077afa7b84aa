/* The FID's Inception and the distances in its features against pytorch-fid and torch-fidelity
 * (tools/golden/inception.py), with weights by formula. */
#include "support/golden_file.h"
#include "support/hash_weights.h"
#include "io/json.h"
#include "metrics/frechet.h"
#include "metrics/inception_score.h"
#include "metrics/kernel_distance.h"
#include "nn/inception.h"

enum { IMAGES = 12, HALF = 6, PARTS = 3, VALUES = DC3_INCEPTION_SIZE * DC3_INCEPTION_SIZE * 3 };
static json_t *nets;

static int open_files(void **state)
{
    return dc3_json_read(DC3_TEST_DATA "/inception/nets.json", 1 << 20, &nets) != DC3_OK ||
           open_golden_file("inception/golden.safetensors") || !state;
}

static int close_files(void **state)
{
    json_decref(nets);
    return close_golden(state);
}

static void near(const char *what, double found, double expected, double limit)
{
    double error = fabs(found - expected) / fabs(expected);
    print_message("%s: %.8g, relative error %.1e\n", what, found, error);
    if (!(error <= limit)) fail_msg("%s: %.12g, expected %.12g", what, found, expected);
}

/* |x - y| / |y| */
static double relative(const float *x, const dc3_tensor *expected)
{
    const float *y = expected->data;
    double error = 0, norm = 0;
    for (int64_t i = 0; i < dc3_count(expected); i++) {
        error += ((double)x[i] - y[i]) * ((double)x[i] - y[i]);
        norm += (double)y[i] * y[i];
    }
    return sqrt(error / norm);
}

static void view_of(int n, float *view)
{
    const dc3_tensor *p = find("picture", n);
    dc3_inception_view((int)p->shape[1], (int)p->shape[0], p->data, view);
}

static void views(void **state)
{
    (void)state;
    const int64_t *places = find("places", -1)->data;
    float *view = malloc(VALUES * sizeof *view);
    assert_non_null(view);
    for (int n = 0; n < IMAGES; n++) {
        const float *expected = find("view", n)->data;
        view_of(n, view);
        for (int64_t i = 0; i < find("places", -1)->shape[0]; i++)
            if (!(fabsf(view[places[i]] - expected[i]) < 1e-5f))
                fail_msg("image %d, place %lld: %g, expected %g", n, (long long)places[i],
                         (double)view[places[i]], (double)expected[i]);
    }
    free(view);
}

/* All images through the network: features [IMAGES, 2048], logits [IMAGES, 1008], the caller frees. */
static void run(float **features, float **logits)
{
    dc3_ctx *ctx;
    dc3_inception *net;
    dc3_table *table = hash_weights_table(nets, "inception");
    float *in = malloc(IMAGES * VALUES * sizeof *in);
    *features = malloc(IMAGES * DC3_INCEPTION_FEATURES * sizeof **features);
    *logits = malloc(IMAGES * DC3_INCEPTION_CLASSES * sizeof **logits);
    assert_true(table && in && *features && *logits);
    if (dc3_ctx_open(NULL, DC3_F32, 2, DC3_CTX_FAST, &ctx) != DC3_OK ||
        dc3_inception_open(NULL, &table, &net) != DC3_OK)
        fail_msg("%s", dc3_error_text());
    for (int n = 0; n < IMAGES; n++) view_of(n, in + (size_t)n * VALUES);
    dc3_tensor x = dc3_view(in, DC3_F32, 4, (int64_t[]){IMAGES, DC3_INCEPTION_SIZE, DC3_INCEPTION_SIZE, 3});
    dc3_tensor h, z = dc3_inception_of(ctx, net, dc3_on_device(ctx, x), &h);
    if (dc3_ctx_status(ctx) != DC3_OK) fail_msg("%s", dc3_error_text());
    dc3_download(ctx, h, *features);
    dc3_download(ctx, z, *logits);
    dc3_inception_close(&net);
    dc3_ctx_close(&ctx);
    free(in);
}

static dc3_moments *moments_of(const float *rows)
{
    dc3_moments *m;
    assert_int_equal(dc3_moments_open(DC3_INCEPTION_FEATURES, &m), DC3_OK);
    dc3_moments_add(m, HALF, rows);
    return m;
}

static dc3_feature_sample *sample_of(const float *rows)
{
    dc3_feature_sample *s;
    assert_int_equal(dc3_feature_sample_open(DC3_INCEPTION_FEATURES, HALF, 0, &s), DC3_OK);
    for (int i = 0; i < HALF; i++)
        assert_int_equal(dc3_feature_sample_add(s, rows + i * DC3_INCEPTION_FEATURES), DC3_OK);
    return s;
}

static void network(void **state)
{
    (void)state;
    float *features, *logits;
    run(&features, &logits);
    double a = relative(features, find("features", -1)), b = relative(logits, find("logits", -1));
    print_message("features: error %.1e, logits: error %.1e\n", a, b);
    assert_true(a < 2e-5 && b < 2e-5);

    const float *other = features + HALF * DC3_INCEPTION_FEATURES;
    double found, deviation;
    dc3_moments *m = moments_of(features), *k = moments_of(other);
    assert_int_equal(dc3_frechet_distance(m, k, &found), DC3_OK);
    near("FID", found, *(const double *)find("frechet", -1)->data, 1e-3);
    dc3_moments_close(&m);
    dc3_moments_close(&k);

    dc3_feature_sample *s = sample_of(features), *t = sample_of(other);
    assert_int_equal(dc3_kernel_distance(s, t, 1, HALF, 0, &found, &deviation), DC3_OK);
    near("KID", found, *(const double *)find("kernel", -1)->data, 1e-3);
    dc3_feature_sample_close(&s);
    dc3_feature_sample_close(&t);

    dc3_inception_score *score;
    assert_int_equal(dc3_inception_score_open(DC3_INCEPTION_CLASSES, PARTS, &score), DC3_OK);
    for (int i = 0; i < IMAGES; i++)
        dc3_inception_score_add(score, dc3_inception_score_part(i, IMAGES, PARTS),
                                logits + i * DC3_INCEPTION_CLASSES);
    dc3_inception_score_get(score, &found, &deviation);
    near("Inception score less 1", found - 1, ((const double *)find("score", -1)->data)[0] - 1, 1e-3);
    near("its deviation", deviation, ((const double *)find("score", -1)->data)[1], 1e-3);
    dc3_inception_score_close(&score);
    free(features);
    free(logits);
}

/* The network without one tensor, or with a last layer of so many classes. */
static dc3_status open_changed(const char *drop, int64_t classes)
{
    dc3_table *whole = hash_weights_table(nets, "inception"), *part = dc3_table_new("part");
    dc3_inception *net = NULL;
    assert_true(whole && part);
    for (size_t i = 0; i < dc3_table_size(whole); i++) {
        const char *name = dc3_table_name(whole, i);
        dc3_tensor t = *dc3_table_at(whole, i);
        if (classes && strcmp(name, "fc.weight") == 0) t.shape[0] = classes;
        if (strcmp(name, drop) != 0) assert_int_equal(dc3_table_add(part, name, t), DC3_OK);
    }
    dc3_status status = dc3_inception_open(NULL, &part, &net);
    dc3_inception_close(&net);
    dc3_table_close(&whole);
    return status;
}

static void refused(void **state)
{
    (void)state;
    assert_int_equal(open_changed("", 1000), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "torchvision"));
    assert_int_equal(open_changed("Conv2d_1a_3x3.conv.weight", 0), DC3_ERR_FORMAT);
    assert_int_equal(open_changed("Mixed_7c.branch_pool.bn.bias", 0), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "Mixed_7c.branch_pool.bn.bias"));
    assert_int_equal(open_changed("fc.bias", 0), DC3_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(views), cmocka_unit_test(network),
                                       cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, open_files, close_files);
}
