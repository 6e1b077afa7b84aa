/* Classifiers against torchvision's and RDED's (tools/golden/classifiers.py), with weights by formula. */
#include "support/hash_weights.h"
#include "support/device_values.h"
#include "support/skips.h"
#include <stdio.h>
#include "io/json.h"
#include "io/safetensors.h"
#include "nn/classifier.h"

static json_t *nets;
static dc3_table *golden;

static int open_files(void **state)
{
    (void)state;
    return dc3_json_read(DC3_TEST_DATA "/classifiers/nets.json", 1 << 20, &nets) != DC3_OK ||
           dc3_safetensors_open(DC3_TEST_DATA "/classifiers/golden.safetensors", &golden) != DC3_OK;
}

static int close_files(void **state)
{
    (void)state;
    json_decref(nets);
    dc3_table_close(&golden);
    return 0;
}

static const dc3_tensor *expected(const char *net, const char *what)
{
    char name[80];
    snprintf(name, sizeof name, "%s.%s", net, what);
    const dc3_tensor *t = dc3_table_find(golden, name);
    assert_non_null(t);
    return t;
}

static void check(const char *net, dc3_dtype dtype, dc3_ctx_mode mode, double limit)
{
    dc3_ctx *ctx;
    dc3_classifier *c = NULL;
    dc3_table *table = hash_weights_table(nets, net);
    int64_t size = json_integer_value(json_object_get(json_object_get(nets, net), "size"));
    assert_non_null(table);
    if (dc3_ctx_open(NULL, dtype, 2, mode, &ctx) != DC3_OK ||
        dc3_classifier_open(NULL, NULL, &table, &c) != DC3_OK)
        fail_msg("%s: %s", net, dc3_error_text());
    const dc3_classifier_info *info = dc3_classifier_describe(c);
    const json_t *arch = json_object_get(json_object_get(nets, net), "arch");
    assert_string_equal(info->arch, arch ? json_string_value(arch) : net);
    assert_true(info->size == 0 || info->size == size);
    float *images = hash_images(size);
    dc3_tensor x = dc3_on_device(ctx, dc3_view(images, DC3_F32, 4, (int64_t[]){2, size, size, 3}));
    x = dc3_cast(ctx, x, dtype);
    dc3_tensor embedding, logits = dc3_classifier_of(ctx, c, x, &embedding);
    if (dc3_ctx_status(ctx) != DC3_OK) fail_msg("%s: %s", net, dc3_error_text());
    assert_int_equal(logits.shape[1], info->classes);
    assert_int_equal(embedding.shape[1], info->embedding);
    double a = relative_error(logits, expected(net, "logits")),
           b = relative_error(embedding, expected(net, "embedding"));
    if (!(a < limit && b < limit))
        fail_msg("%s, %s, mode %d: logits %g, embedding %g over %g", net, dc3_dtype_name(dtype), (int)mode, a,
                 b, limit);
    if (info->size) {
        dc3_tensor wrong = dc3_new(ctx, dtype, 4, (int64_t[]){1, size / 2, size / 2, 3});
        dc3_classifier_of(ctx, c, wrong, &embedding);
        assert_int_equal(dc3_ctx_status(ctx), DC3_ERR_ARGUMENT);
    }
    print_message("%s, %s: logits %.1e, embedding %.1e\n", net, dc3_dtype_name(dtype), a, b);
    free(images);
    dc3_classifier_close(&c);
    dc3_ctx_close(&ctx);
}

static void all_nets(void **state)
{
    (void)state;
    const char *name;
    json_t *net;
    json_object_foreach(nets, name, net)
    {
        int large =
            strcmp(name, "resnet34") == 0 || strcmp(name, "resnet50") == 0 || strcmp(name, "alexnet") == 0;
        check(name, DC3_F32, DC3_CTX_FAST, 2e-5);
        if (!large) check(name, DC3_F32, DC3_CTX_PLAIN, 2e-5); /* minutes in plain C */
        if (can_bf16(name)) check(name, DC3_BF16, DC3_CTX_FAST, 4e-2);
    }
}

/* A network with some tensors taken away or renamed. */
static dc3_status open_without(const char *net, const char *drop, const char *arch)
{
    dc3_table *whole = hash_weights_table(nets, net), *part = dc3_table_new("part");
    dc3_classifier *c = NULL;
    for (size_t i = 0; i < dc3_table_size(whole); i++)
        if (!strstr(dc3_table_name(whole, i), drop))
            assert_int_equal(dc3_table_add(part, dc3_table_name(whole, i), *dc3_table_at(whole, i)), DC3_OK);
    dc3_status status = dc3_classifier_open(NULL, arch, &part, &c);
    dc3_classifier_close(&c);
    dc3_table_close(&whole);
    return status;
}

static void refused(void **state)
{
    (void)state;
    assert_int_equal(open_without("convnet3", "nothing", "convnet3"), DC3_OK);
    assert_int_equal(open_without("convnet3", "nothing", "convnet4"), DC3_ERR_ARGUMENT);
    assert_int_equal(open_without("convnet3", "features.4", NULL), DC3_ERR_UNSUPPORTED);
    assert_int_equal(open_without("convnet3", "running_var", NULL), DC3_ERR_FORMAT);
    assert_int_equal(open_without("convnet3", "classifier.weight", NULL), DC3_ERR_FORMAT);
    assert_int_equal(open_without("resnet18", "fc.", NULL), DC3_ERR_FORMAT);
    assert_int_equal(open_without("resnet18", "layer3.1", NULL), DC3_ERR_UNSUPPORTED);
    assert_int_equal(open_without("resnet18", "layer2.0.downsample.0", NULL), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "layer2.0.downsample.0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_nets), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, open_files, close_files);
}
