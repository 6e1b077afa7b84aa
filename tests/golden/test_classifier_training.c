/* Classifiers in training against PyTorch (tools/golden/classifiers.py): one step's loss, gradients and
 * running statistics with weights by formula, and how the tensors of new networks are distributed. */
#include "support/hash_weights.h"
#include "support/device_values.h"
#include <stdio.h>
#include "io/json.h"
#include "io/safetensors.h"
#include "nn/classifier.h"
#include "ops/tape.h"

static json_t *nets;
static dc3_table *golden, *initial;

static int open_files(void **state)
{
    (void)state;
    return dc3_json_read(DC3_TEST_DATA "/classifiers/nets.json", 1 << 20, &nets) != DC3_OK ||
           dc3_safetensors_open(DC3_TEST_DATA "/classifiers/gradients.safetensors", &golden) != DC3_OK ||
           dc3_safetensors_open(DC3_TEST_DATA "/classifiers/initial.safetensors", &initial) != DC3_OK;
}

static int close_files(void **state)
{
    (void)state;
    json_decref(nets);
    dc3_table_close(&golden);
    dc3_table_close(&initial);
    return 0;
}

/* The relative error that gradients may have: PyTorch computed in f64. */
static double limit_of(const char *net)
{
    const json_t *limit = json_object_get(json_object_get(nets, net), "limit");
    return limit ? json_number_value(limit) : 1e-3;
}

static const float *expected(const char *net, const char *what)
{
    char name[120];
    snprintf(name, sizeof name, "%s.%s", net, what);
    const dc3_tensor *t = dc3_table_find(golden, name);
    if (!t) fail_msg("no tensor %s", name);
    return t->data;
}

static const dc3_param *param_called(dc3_classifier *c, const char *name)
{
    size_t count;
    dc3_param *params = dc3_classifier_params(c, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(params[i].name, name) == 0) return &params[i];
    fail_msg("no parameter %s", name);
    return NULL;
}

static double norm(const float *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)x[i] * x[i];
    return sqrt(sum);
}

/* The norms of all gradients and running statistics. What a gradient that is zero by nature (a bias under
 * a batch norm) comes to is compared with the largest. */
static void check_norms(const char *net, dc3_classifier *c)
{
    const float *want = expected(net, "norms");
    json_t *tensors = json_object_get(json_object_get(nets, net), "tensors"), *shape;
    const char *name;
    double most = 0, worst = 0, limit = limit_of(net);
    size_t i = 0;
    for (size_t k = 0; k < json_object_size(tensors); k++) most = want[k] > most ? want[k] : most;
    json_object_foreach(tensors, name, shape)
    {
        const dc3_param *p = param_called(c, name);
        float *values = host_values(p->gradient.data ? p->gradient : p->value);
        double found = norm(values, dc3_count(&p->value));
        free(values);
        int zero = want[i] < 1e-7 * most;
        double error = zero ? found / most : fabs(found - want[i]) / want[i];
        if (!(error < limit)) fail_msg("%s, %s: norm %g, expected %g", net, name, found, (double)want[i]);
        worst = error > worst ? error : worst;
        i++;
    }
    print_message("%s: norms of gradients within %.1e", net, worst);
}

/* The gradients that are stored whole. */
static void check_gradients(const char *net, dc3_classifier *c)
{
    char prefix[80];
    double worst = 0, limit = limit_of(net);
    int compared = 0;
    size_t length = (size_t)snprintf(prefix, sizeof prefix, "%s.gradient.", net);
    for (size_t i = 0; i < dc3_table_size(golden); i++) {
        const char *name = dc3_table_name(golden, i);
        if (strncmp(name, prefix, length) != 0) continue;
        const dc3_param *p = param_called(c, name + length);
        const float *want = dc3_table_at(golden, i)->data;
        int64_t n = dc3_count(&p->value);
        double difference = 0, size = norm(want, n);
        float *gradient = host_values(p->gradient);
        for (int64_t k = 0; k < n; k++) difference += pow((double)gradient[k] - want[k], 2);
        free(gradient);
        double error = sqrt(difference) / (size + 1e-6);
        if (!(error < limit)) fail_msg("%s: gradient off by %g", name, error);
        worst = error > worst ? error : worst;
        compared++;
    }
    if (!compared) fail_msg("%s: no gradient is stored", net);
    print_message(", gradients within %.1e\n", worst);
}

/* The network of nets.json, to be trained or for inference. */
static dc3_classifier *open_net(const char *net, int to_train)
{
    dc3_table *table = hash_weights_table(nets, net);
    dc3_classifier *c;
    if ((to_train ? dc3_classifier_open_to_train(NULL, &(dc3_classifier_spec){0}, &table, &c)
                  : dc3_classifier_open(NULL, NULL, &table, &c)) != DC3_OK)
        fail_msg("%s: %s", net, dc3_error_text());
    return c;
}

static void check_step(const char *net)
{
    dc3_ctx *ctx;
    dc3_tape *tape;
    dc3_classifier *c = open_net(net, 1);
    int64_t size = json_integer_value(json_object_get(json_object_get(nets, net), "size"));
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 2, DC3_CTX_FAST, &ctx), DC3_OK);
    assert_int_equal(dc3_tape_open(&tape), DC3_OK);
    size_t count;
    dc3_param *params = dc3_classifier_params(c, &count);
    for (size_t i = 0; i < count; i++)
        if (params[i].gradient.data)
            assert_int_equal(dc3_tape_watch(tape, params[i].value, params[i].gradient), DC3_OK);
    float *x = hash_images(size);
    dc3_tape_start(tape, ctx);
    dc3_tensor in = dc3_on_device(ctx, dc3_view(x, DC3_F32, 4, (int64_t[]){2, size, size, 3})), embedding;
    dc3_tensor logits = dc3_classifier_of(ctx, c, in, &embedding);
    dc3_tensor loss = dc3_cross_entropy(ctx, logits, 1, (int64_t[]){3, 7}, NULL, 0);
    if (dc3_ctx_status(ctx) != DC3_OK) fail_msg("%s: %s", net, dc3_error_text());
    float value, want = *expected(net, "loss");
    dc3_download(ctx, loss, &value);
    if (!(fabs((double)value - (double)want) < 1e-4 * (double)want))
        fail_msg("%s: loss %g, expected %g", net, (double)value, (double)want);
    if (dc3_tape_backward(tape, ctx, loss, 1) != DC3_OK) fail_msg("%s: %s", net, dc3_error_text());
    check_norms(net, c);
    check_gradients(net, c);
    dc3_tape_stop(tape, ctx);
    dc3_tape_close(&tape);
    dc3_classifier_close(&c);
    dc3_ctx_close(&ctx);
    free(x);
}

static void steps(void **state)
{
    (void)state;
    const char *net;
    json_t *value;
    char name[80];
    int stepped = 0;
    json_object_foreach(nets, net, value)
    {
        snprintf(name, sizeof name, "%s.loss", net);
        if (!dc3_table_find(golden, name)) continue;
        check_step(net);
        stepped++;
    }
    assert_int_equal(stepped, 15);
}

/* Logits [2, classes] of the images, with a tape if there is one; the caller frees. */
static float *logits_of(dc3_ctx *ctx, dc3_tape *tape, dc3_classifier *c, int64_t size)
{
    float *x = hash_images(size), *z = malloc(2 * (size_t)dc3_classifier_describe(c)->classes * sizeof *z);
    dc3_scope scope = dc3_scope_open(ctx);
    if (tape) dc3_tape_start(tape, ctx);
    dc3_tensor in = dc3_on_device(ctx, dc3_view(x, DC3_F32, 4, (int64_t[]){2, size, size, 3})), embedding;
    dc3_download(ctx, dc3_classifier_of(ctx, c, in, &embedding), z);
    if (dc3_ctx_status(ctx) != DC3_OK) fail_msg("%s", dc3_error_text());
    if (tape) dc3_tape_stop(tape, ctx);
    dc3_scope_close(ctx, scope);
    free(x);
    return z;
}

/* Of n values from others, or NULL: from 0; NaN where there is one. */
static double largest_difference(const float *x, const float *y, int64_t n)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++) {
        double apart = fabs((double)x[i] - (y ? (double)y[i] : 0));
        if (!(apart <= most)) most = apart;
    }
    return most;
}

/* Trained with batch norms of fixed statistics, a network begins with the answers that it has in use, where
 * the norms are folded away, and its statistics stay. */
static void frozen_norms(void **state)
{
    (void)state;
    static const char *const names[] = {"resnet18_modified", "convnet3", "mobilenet_v2", "efficientnet_b0"};
    const double close = 1e-4, apart = 1e-2; /* of the largest logit: folded or not; by other statistics */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        dc3_ctx *ctx;
        dc3_tape *tape;
        int64_t size = json_integer_value(json_object_get(json_object_get(nets, names[i]), "size"));
        assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 2, DC3_CTX_FAST, &ctx), DC3_OK);
        assert_int_equal(dc3_tape_open(&tape), DC3_OK);
        dc3_classifier *used = open_net(names[i], 0), *trained = open_net(names[i], 1);
        int64_t classes = dc3_classifier_describe(used)->classes;
        float *want = logits_of(ctx, NULL, used, size), *found[2];
        dc3_ctx_freeze_norms(ctx, 1);
        free(logits_of(ctx, tape, trained, size));
        found[1] = logits_of(ctx, tape, trained, size);
        dc3_ctx_freeze_norms(ctx, 0);
        found[0] = logits_of(ctx, tape, trained, size);
        double most = largest_difference(want, NULL, 2 * classes),
               frozen = largest_difference(found[1], want, 2 * classes),
               batch = largest_difference(found[0], want, 2 * classes);
        if (!(frozen <= close * most && batch > apart * most))
            fail_msg("%s: off by %g with frozen norms, by %g with the batch's, of %g", names[i], frozen,
                     batch, most);
        free(want), free(found[0]), free(found[1]);
        dc3_classifier_close(&used), dc3_classifier_close(&trained);
        dc3_tape_close(&tape);
        dc3_ctx_close(&ctx);
    }
}

/* Mean and deviation of a new network's tensors are those of PyTorch's, as far as a sample of n tells. */
static void check_initial(const char *net, const json_t *entry)
{
    dc3_classifier *c;
    const json_t *arch = json_object_get(entry, "arch");
    dc3_classifier_spec spec = {arch ? json_string_value(arch) : net,
                                json_integer_value(json_object_get(entry, "classes")),
                                json_integer_value(json_object_get(entry, "size")), 5};
    if (dc3_classifier_open_to_train(NULL, &spec, NULL, &c) != DC3_OK)
        fail_msg("%s: %s", net, dc3_error_text());
    const float *want = dc3_table_find(initial, net)->data;
    json_t *tensors = json_object_get(entry, "tensors"), *shape;
    const char *name;
    json_object_foreach(tensors, name, shape)
    {
        const dc3_param *p = param_called(c, name);
        float *x = host_values(p->value);
        int64_t n = dc3_count(&p->value);
        assert_int_equal(p->value.ndim, json_array_size(shape));
        double sum = 0, square = 0, root = sqrt((double)n);
        for (int64_t i = 0; i < n; i++) sum += x[i];
        for (int64_t i = 0; i < n; i++) square += pow(x[i] - sum / (double)n, 2);
        double mean = sum / (double)n, deviation = sqrt(square / (double)n);
        if (!(fabs(mean - want[0]) <= 7 * (double)want[1] / root + 1e-6 &&
              fabs(deviation - want[1]) <= (double)want[1] * (5 / root + 1e-3)))
            fail_msg("%s, %s of %d: mean %g, deviation %g, expected %g and %g", net, name, (int)n, mean,
                     deviation, (double)want[0], (double)want[1]);
        free(x);
        want += 2;
    }
    size_t count;
    dc3_classifier_params(c, &count);
    assert_int_equal(count, json_object_size(tensors));
    dc3_classifier_close(&c);
}

static void new_networks(void **state)
{
    (void)state;
    const char *net;
    json_t *entry;
    assert_int_equal(json_object_size(nets), 17);
    if (getenv("DC3_DEVICE")) return; /* the host draws them */
    json_object_foreach(nets, net, entry) check_initial(net, entry);
}

static void sizes(void **state)
{
    (void)state;
    static const struct {
        const char *arch;
        int size;
        const char *text;
    } wrong[] = {{"convnet4", 24, "expected images of a multiple of 16 pixels, found 24"},
                 {"vgg11", 31, "expected images of 32 pixels or more"},
                 {"speednet", 8, "expected images of 9 pixels or more"},
                 {"alexnet", 14, "expected images of 15 pixels or more"},
                 {"vit_b_16", 72, "expected images of a multiple of 16 pixels, found 72"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        dc3_classifier *c;
        dc3_classifier_spec spec = {wrong[i].arch, 10, wrong[i].size, 1};
        assert_int_equal(dc3_classifier_open_to_train(NULL, &spec, NULL, &c), DC3_ERR_ARGUMENT);
        assert_non_null(strstr(dc3_error_text(), wrong[i].text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(steps), cmocka_unit_test(frozen_norms),
                                       cmocka_unit_test(new_networks), cmocka_unit_test(sizes)};
    return cmocka_run_group_tests(tests, open_files, close_files);
}
