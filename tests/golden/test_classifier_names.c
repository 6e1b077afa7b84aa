/* Classifiers whose tensors are not called as torchvision calls them: the outputs of timm's, of
 * transformers', of efficientnet_lite_pytorch's and of pytorch-cifar's (tools/golden/classifier_names.py),
 * and what is found in renamed tables. */
#include "support/hash_weights.h"
#include "support/device_values.h"
#include <stdio.h>
#include "io/json.h"
#include "io/safetensors.h"
#include "nn/classifier.h"

static json_t *others, *nets;
static dc3_table *golden;

static int open_files(void **state)
{
    (void)state;
    return dc3_json_read(DC3_TEST_DATA "/classifiers/names.json", 1 << 20, &others) != DC3_OK ||
           dc3_json_read(DC3_TEST_DATA "/classifiers/nets.json", 1 << 20, &nets) != DC3_OK ||
           dc3_safetensors_open(DC3_TEST_DATA "/classifiers/names.safetensors", &golden) != DC3_OK;
}

static int close_files(void **state)
{
    (void)state;
    json_decref(others);
    json_decref(nets);
    dc3_table_close(&golden);
    return 0;
}

static double error_of(dc3_tensor found, const char *net, const char *what)
{
    char name[80];
    snprintf(name, sizeof name, "%s.%s", net, what);
    const dc3_tensor *t = dc3_table_find(golden, name);
    assert_non_null(t);
    return relative_error(found, t);
}

static void same_outputs_of(dc3_table *table, const char *name)
{
    const double limit = 2e-5; /* of f32 against f64, as in test_classifiers.c */
    const json_t *net = json_object_get(others, name);
    dc3_ctx *ctx;
    dc3_classifier *c;
    int64_t size = json_integer_value(json_object_get(net, "size"));
    assert_non_null(table);
    if (dc3_classifier_open(NULL, json_string_value(json_object_get(net, "arch")), &table, &c) != DC3_OK)
        fail_msg("%s", dc3_error_text());
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 2, DC3_CTX_FAST, &ctx), DC3_OK);
    const char *program = strncmp(name, "timm", 4) == 0           ? "named as in timm"
                          : strncmp(name, "package", 7) == 0      ? "named as in efficientnet_lite_pytorch"
                          : strncmp(name, "transformers", 4) == 0 ? "named as in transformers"
                                                                  : "named as in pytorch-cifar";
    assert_non_null(strstr(dc3_classifier_notes(c), program));
    float *images = hash_images(size);
    dc3_tensor h, x = dc3_view(images, DC3_F32, 4, (int64_t[]){2, size, size, 3});
    dc3_tensor z = dc3_classifier_of(ctx, c, dc3_on_device(ctx, x), &h);
    if (dc3_ctx_status(ctx) != DC3_OK) fail_msg("%s: %s", name, dc3_error_text());
    double a = error_of(z, name, "logits"), b = error_of(h, name, "embedding");
    if (!(a < limit && b < limit)) fail_msg("%s: logits %g, embedding %g over %g", name, a, b, limit);
    free(images);
    dc3_classifier_close(&c);
    dc3_ctx_close(&ctx);
}

static void same_outputs(void **state)
{
    const char *name;
    const json_t *net;
    (void)state;
    json_object_foreach(others, name, net) same_outputs_of(hash_weights_table(others, name), name);
}

/* A network of nets.json under other names: `inner` before those of the body, and head (of its last layer,
 * which nets.json calls `was`) in place of it. An empty head leaves it out. */
typedef struct renaming {
    const char *net, *was, *inner, *head;
} renaming;

static void forget(void *thing)
{
    dc3_table *table = thing;
    dc3_table_close(&table);
}

static dc3_table *renamed(const renaming *r)
{
    dc3_table *whole = hash_weights_table(nets, r->net), *made = dc3_table_new("file");
    size_t length = strlen(r->was);
    for (size_t i = 0; i < dc3_table_size(whole); i++) {
        char name[160];
        const char *old = dc3_table_name(whole, i);
        int is_head = strncmp(old, r->was, length) == 0 && old[length] == '.';
        if (is_head && !*r->head) continue;
        snprintf(name, sizeof name, "%s%s", is_head ? r->head : r->inner, is_head ? old + length : old);
        assert_int_equal(dc3_table_add(made, name, *dc3_table_at(whole, i)), DC3_OK);
    }
    /* The values live as long as `whole`. */
    assert_int_equal(dc3_table_own(made, whole, forget), DC3_OK);
    return made;
}

static void found(const renaming *r, const char *note)
{
    dc3_table *table = renamed(r);
    dc3_classifier *c;
    if (dc3_classifier_open(NULL, r->net, &table, &c) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_int_equal(dc3_classifier_describe(c)->classes, 10);
    if (strcmp(dc3_classifier_notes(c), note) != 0)
        fail_msg("%s, %s: expected '%s', found '%s'", r->inner, r->head, note, dc3_classifier_notes(c));
    dc3_classifier_close(&c);
}

static void prefixes_and_heads(void **state)
{
    static const struct {
        renaming names;
        const char *note;
    } cases[] = {
        {{"convnet3", "classifier", "", "classifier"}, ""},
        {{"convnet3", "classifier", "module.", "module.classifier"}, "all 20 names begin with 'module.'"},
        {{"convnet3", "classifier", "module._orig_mod.", "module._orig_mod.classifier"},
         "all 20 names begin with 'module._orig_mod.'"},
        {{"convnet3", "classifier", "net.my_own.model.", "net.my_own.model.classifier"},
         "all 20 names begin with 'net.my_own.model.'"},
        {{"convnet3", "classifier", "backbone.", "fc.1"},
         "the 18 of 20 names that begin with 'backbone.'; the last layer is 'fc.1'"},
        {{"convnet3", "classifier", "model.encoder.", "model.head.fc"},
         "the 18 of 20 names that begin with 'model.encoder.'; the last layer is 'model.head.fc'"},
        {{"convnet3", "classifier", "ema.", "ema.classifier.1"},
         "all 20 names begin with 'ema.'; the last layer is 'classifier.1'"},
        {{"convnet3", "classifier", "resnet.", "fc"},
         "the 18 of 20 names that begin with 'resnet.'; the last layer is 'fc'"},
        {{"convnet3", "classifier", "", "last_linear"}, "the last layer is 'last_linear'"},
        {{"convnet3", "classifier", "", "heads.head"}, "the last layer is 'heads.head'"},
        {{"mobilenet_v2", "classifier.1", "", "linear"}, "the last layer is 'linear'"},
        {{"mobilenet_v2", "classifier.1", "", "classifier"}, "the last layer is 'classifier'"},
        {{"resnet18", "fc", "_orig_mod.", "_orig_mod.fc.1"},
         "all 102 names begin with '_orig_mod.'; the last layer is 'fc.1'"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) found(&cases[i].names, cases[i].note);
}

static void refused(dc3_table *table, dc3_status status, const char *text)
{
    dc3_classifier *c;
    assert_int_equal(dc3_classifier_open(NULL, NULL, &table, &c), status);
    assert_null(table);
    if (!strstr(dc3_error_text(), text)) fail_msg("expected '%s' in '%s'", text, dc3_error_text());
}

static void add_matrix(dc3_table *table, const char *name)
{
    static float values[100];
    assert_int_equal(dc3_table_add(table, name, dc3_view(values, DC3_F32, 2, (int64_t[]){10, 10})), DC3_OK);
}

static void what_is_missing(void **state)
{
    renaming bare = {"resnet18", "fc", "module.", ""}, two = {"convnet3", "classifier", "", "fc.0"};
    static float stem[32 * 3 * 7 * 7];
    (void)state;
    refused(renamed(&bare), DC3_ERR_FORMAT, "file: a resnet18 but for 'fc', its last layer");
    refused(renamed(&bare), DC3_ERR_FORMAT, "(all 100 names begin with 'module.')");
    dc3_table *table = renamed(&bare);
    add_matrix(table, "module.cls.weight");
    refused(table, DC3_ERR_FORMAT, "looked for too); if it is 'cls' [10, 10], rename that to fc");
    renaming odd = {"resnet18", "conv1", "", ""};
    table = renamed(&odd);
    assert_int_equal(
        dc3_table_add(table, "conv1.weight", dc3_view(stem, DC3_F32, 4, (int64_t[]){32, 3, 7, 7})), DC3_OK);
    refused(
        table, DC3_ERR_FORMAT,
        "none of the architectures that are read; the nearest is resnet18, of which tensor 'conv1.weight' "
        "should have shape [64, 3, 7, 7], has [32, 3, 7, 7]");
    renaming normed = {"convnet3", "classifier", "", "head.fc"};
    table = renamed(&normed);
    add_matrix(table, "features.15.weight");
    refused(table, DC3_ERR_UNSUPPORTED, "a VGG with batch norm, which dc3 does not have");
    table = renamed(&two);
    add_matrix(table, "fc.2.weight");
    refused(table, DC3_ERR_FORMAT,
            "a convnet3 but for 'classifier': one linear layer is read, found 'fc.0' and 'fc.2'");
    /* A larger network with the same tensors and more is another network. */
    renaming same = {"resnet18", "fc", "", "fc"};
    table = renamed(&same);
    add_matrix(table, "layer1.0.se.fc1.weight");
    refused(table, DC3_ERR_UNSUPPORTED,
            "expected a resnet18, found one with more: 1 tensor such as 'layer1.0.se.fc1.weight'");
    /* What stands beside it is nobody's business. */
    table = renamed(&same);
    add_matrix(table, "criterion.weight");
    dc3_classifier *c;
    assert_int_equal(dc3_classifier_open(NULL, "resnet18", &table, &c), DC3_OK);
    dc3_classifier_close(&c);
    /* Tensors of kinds that cannot be read are told when they are needed. */
    table = renamed(&bare);
    assert_int_equal(dc3_table_add_odd(table, "module.fc.weight", "a quantised tensor"), DC3_OK);
    refused(table, DC3_ERR_FORMAT, "a resnet18 but for 'fc': 'module.fc.weight' is a quantised tensor");
}

/* transformers 5 gives a ViT's tensors new names in memory, and its files those of version 4. */
static void both_versions(void **state)
{
    static const char *const names[][2] = {{"attention.q_proj", "attention.attention.query"},
                                           {"attention.k_proj", "attention.attention.key"},
                                           {"attention.v_proj", "attention.attention.value"},
                                           {"attention.o_proj", "attention.output.dense"},
                                           {"mlp.fc1", "intermediate.dense"},
                                           {"mlp.fc2", "output.dense"},
                                           {"layernorm", "layernorm"}};
    dc3_table *whole = hash_weights_table(others, "transformers_vit"), *made = dc3_table_new("file");
    (void)state;
    for (size_t i = 0; i < dc3_table_size(whole); i++) {
        char name[160];
        const char *old = dc3_table_name(whole, i), *rest = old;
        int layer, used = 0;
        snprintf(name, sizeof name, "%s", old);
        if (sscanf(old, "vit.layers.%d.%n", &layer, &used) == 1 && used) rest = old + used;
        for (size_t k = 0; used && k < sizeof names / sizeof *names; k++)
            if (strncmp(rest, names[k][0], strlen(names[k][0])) == 0)
                snprintf(name, sizeof name, "vit.encoder.layer.%d.%s%s", layer, names[k][1],
                         rest + strlen(names[k][0]));
        assert_true(!used || strncmp(name, "vit.encoder.", 12) == 0);
        assert_int_equal(dc3_table_add(made, name, *dc3_table_at(whole, i)), DC3_OK);
    }
    assert_int_equal(dc3_table_own(made, whole, forget), DC3_OK);
    same_outputs_of(made, "transformers_vit");
}

/* torch.compile of parts of a network. */
static void wrapped_inside(void **state)
{
    dc3_table *whole = hash_weights_table(nets, "convnet3"), *made = dc3_table_new("file");
    dc3_classifier *c;
    (void)state;
    for (size_t i = 0; i < dc3_table_size(whole); i++) {
        char name[160];
        const char *old = dc3_table_name(whole, i), *dot = strchr(old, '.');
        snprintf(name, sizeof name, "net.%.*s._orig_mod%s", (int)(dot - old), old, dot);
        assert_int_equal(dc3_table_add(made, name, *dc3_table_at(whole, i)), DC3_OK);
    }
    assert_int_equal(dc3_table_own(made, whole, forget), DC3_OK);
    if (dc3_classifier_open(NULL, "convnet3", &made, &c) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_string_equal(dc3_classifier_notes(c), "20 of 20 names go through a wrapper such as '_orig_mod'; "
                                                 "all 20 names begin with 'net.'");
    dc3_classifier_close(&c);
}

/* Networks that have some of ours' tensors, by their names alone. */
static void relatives(void **state)
{
    static const char *const vgg[] = {"features.0.weight", "features.1.weight",  "features.1.running_mean",
                                      "features.4.weight", "features.15.weight", "classifier.3.weight"},
                             *const stem[] = {"conv1.0.weight", "layer1.0.conv1.weight", "fc.weight"};
    (void)state;
    dc3_table *table = dc3_table_new("file");
    for (int i = 0; i < 6; i++) add_matrix(table, vgg[i]);
    refused(table, DC3_ERR_UNSUPPORTED, "file: a VGG with batch norm, which dc3 does not have; expected");
    table = dc3_table_new("file");
    for (int i = 0; i < 3; i++) add_matrix(table, stem[i]);
    refused(table, DC3_ERR_UNSUPPORTED,
            "file: a ResNet with a stem of several layers, which dc3 does not have");
    table = dc3_table_new("file");
    add_matrix(table, "model.weight");
    refused(table, DC3_ERR_UNSUPPORTED, "file: expected the tensors of a ResNet");
}

/* Of two networks the averaged one is taken; both are told. */
static void two_networks(void **state)
{
    renaming a = {"convnet3", "classifier", "model.", "model.classifier"},
             b = {"convnet3", "classifier", "ema.module.", "ema.module.classifier"};
    dc3_table *table = renamed(&a), *more = renamed(&b);
    dc3_classifier *c;
    (void)state;
    for (size_t i = 0; i < dc3_table_size(more); i++)
        assert_int_equal(dc3_table_add(table, dc3_table_name(more, i), *dc3_table_at(more, i)), DC3_OK);
    assert_int_equal(dc3_classifier_open(NULL, NULL, &table, &c), DC3_OK);
    assert_string_equal(dc3_classifier_notes(c), "the 20 of 40 names that begin with 'ema.module.'");
    dc3_classifier_close(&c);
    dc3_table_close(&more);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_outputs),    cmocka_unit_test(prefixes_and_heads),
        cmocka_unit_test(what_is_missing), cmocka_unit_test(two_networks),
        cmocka_unit_test(relatives),       cmocka_unit_test(wrapped_inside),
        cmocka_unit_test(both_versions)};
    return cmocka_run_group_tests(tests, open_files, close_files);
}
