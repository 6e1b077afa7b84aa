/* Ten steps of AdamW against PyTorch and diffusers in f64 (tools/golden/training.py, which says what is
 * computed): two classifiers and a small U-Net. The optimizer is written out here. */
#include "support/hash_weights.h"
#include "support/device_values.h"
#include "support/golden_nets.h"
#include "support/skips.h"
#include <stdio.h>
#include "nn/classifier.h"
#include "nn/layers.h"
#include "nn/unet_2d_condition.h"
#include "ops/tape.h"

enum { STEPS = 10 };
/* Single precision through tens of layers, ten times. */
static const double loss_limit = 3e-4, gradient_limit = 1e-3;

static int open_files(void **state)
{
    (void)state;
    return open_golden_nets("training");
}

static const dc3_tensor *expected(const char *net, const char *what)
{
    char name[256];
    snprintf(name, sizeof name, "%s.%s", net, what);
    const dc3_tensor *t = dc3_table_find(golden, name);
    if (!t) fail_msg("no tensor %s", name);
    return t;
}

/* A network in training. */
typedef struct subject {
    const char *name;
    double lr;
    dc3_ctx *ctx;
    dc3_tape *tape;
    dc3_param *params;
    size_t count;
    double **m, **v; /* AdamW's moments of each parameter */
    dc3_classifier *classifier;
    dc3_unet *unet;
    float *x, *noise, *text;
    int64_t labels[8];
} subject;

static void watch(subject *s)
{
    s->m = calloc(s->count, sizeof *s->m), s->v = calloc(s->count, sizeof *s->v);
    for (size_t i = 0; i < s->count; i++) {
        const dc3_param *p = &s->params[i];
        size_t n = (size_t)dc3_count(&p->value);
        if (!p->gradient.data) continue;
        must(dc3_tape_watch(s->tape, p->value, p->gradient));
        s->m[i] = calloc(n, sizeof **s->m), s->v[i] = calloc(n, sizeof **s->v);
    }
}

static subject new_subject(const char *name, dc3_dtype dtype, dc3_ctx_mode mode)
{
    subject s = {.name = name, .lr = json_real_value(json_object_get(json_object_get(nets, name), "rate"))};
    assert_true(s.lr > 0);
    must(dc3_ctx_open(NULL, dtype, 2, mode, &s.ctx));
    must(dc3_tape_open(&s.tape));
    return s;
}

static void close_subject(subject *s)
{
    for (size_t i = 0; i < s->count; i++) free(s->m[i]), free(s->v[i]);
    free(s->m), free(s->v), free(s->x), free(s->noise), free(s->text);
    dc3_classifier_close(&s->classifier);
    dc3_unet_close(&s->unet);
    dc3_tape_close(&s->tape);
    dc3_ctx_close(&s->ctx);
}

static subject new_classifier(const char *name)
{
    char images[80];
    subject s = new_subject(name, DC3_F32, DC3_CTX_FAST);
    dc3_table *table = hash_weights_table(nets, name);
    assert_non_null(table);
    must(dc3_classifier_open_to_train(NULL, &(dc3_classifier_spec){.arch = name}, &table, &s.classifier));
    s.params = dc3_classifier_params(s.classifier, &s.count);
    snprintf(images, sizeof images, "%s.pictures20", name);
    s.x = hash_inputs(images, 8, 3, 32 * 32);
    for (int i = 0; i < 8; i++) s.labels[i] = (3 * i + 1) % 10;
    watch(&s);
    return s;
}

static subject new_unet(dc3_dtype dtype, dc3_ctx_mode mode)
{
    subject s = new_subject("unet", dtype, mode);
    dc3_table *table = hash_weights_table(nets, "unet");
    dc3_unet_config config;
    assert_non_null(table);
    must(dc3_unet_config_read(DC3_TEST_DATA "/training/config.json", &config));
    must(dc3_unet_open_to_train(NULL, &config, &table, 0, &s.unet));
    s.params = dc3_unet_params(s.unet, &s.count);
    s.x = hash_inputs("unet.x", 4, 8, 64), s.noise = hash_inputs("unet.noise", 4, 4, 64);
    s.text = hash_inputs("unet.text", 4 * 7, 12, 1);
    watch(&s);
    return s;
}

static dc3_tensor loss_of(subject *s)
{
    dc3_dtype dtype = dc3_ctx_dtype(s->ctx);
    if (s->classifier) {
        dc3_tensor x = dc3_on_device(s->ctx, dc3_view(s->x, DC3_F32, 4, (int64_t[]){8, 32, 32, 3})),
                   embedding;
        return dc3_cross_entropy(s->ctx, dc3_classifier_of(s->ctx, s->classifier, x, &embedding), 1,
                                 s->labels, NULL, 0.1f);
    }
    dc3_tensor x = dc3_on_device(s->ctx, dc3_view(s->x, DC3_F32, 4, (int64_t[]){4, 8, 8, 8}));
    dc3_tensor text = dc3_on_device(s->ctx, dc3_view(s->text, DC3_F32, 3, (int64_t[]){4, 7, 12}));
    x = dc3_cast(s->ctx, x, dtype), text = dc3_cast(s->ctx, text, dtype);
    const float *timesteps = expected("unet", "timesteps")->data;
    return dc3_mse(s->ctx, dc3_unet_denoise(s->ctx, s->unet, x, timesteps, text), s->noise);
}

/* The loss; its gradients are in the parameters then. */
static double loss_and_gradients(subject *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->params[i].gradient.data) must(dc3_tensor_zero(&s->params[i].gradient));
    dc3_scope scope = dc3_scope_open(s->ctx);
    dc3_tape_start(s->tape, s->ctx);
    dc3_tensor loss = loss_of(s);
    must(dc3_ctx_status(s->ctx));
    float value;
    dc3_download(s->ctx, loss, &value);
    must(dc3_tape_backward(s->tape, s->ctx, loss, 1));
    dc3_scope_close(s->ctx, scope);
    return value;
}

/* Step t = 1, 2, ... */
static void adamw(subject *s, int t)
{
    const double lr = s->lr, beta1 = 0.9, beta2 = 0.999;
    for (size_t i = 0; i < s->count; i++) {
        const dc3_param *p = &s->params[i];
        if (!p->gradient.data) continue;
        float *x = host_values(p->value), *gradient = host_values(p->gradient);
        double decay = p->value.ndim >= 2 && hash_ends_with(p->name, "weight") ? 0.01 : 0;
        for (int64_t k = 0; k < dc3_count(&p->value); k++) {
            double g = gradient[k], *m = &s->m[i][k], *v = &s->v[i][k];
            *m = beta1 * *m + (1 - beta1) * g;
            *v = beta2 * *v + (1 - beta2) * g * g;
            double m_hat = *m / (1 - pow(beta1, t)), v_hat = *v / (1 - pow(beta2, t));
            x[k] = (float)(x[k] * (1 - lr * decay) - lr * m_hat / (sqrt(v_hat) + 1e-8));
        }
        must(dc3_tensor_write(&p->value, x));
        free(x), free(gradient);
        if (p->weight) p->weight->version++;
    }
}

/* |found - wanted| / |wanted| of all parameters' gradients. */
static double compare_gradients(const subject *s, double limit)
{
    double worst = 0;
    for (size_t i = 0; i < s->count; i++) {
        char name[200];
        const dc3_param *p = &s->params[i];
        snprintf(name, sizeof name, "gradient.%s", p->name);
        const dc3_tensor *wanted = expected(s->name, name);
        double d = relative_error(p->gradient, wanted);
        if (!(d < limit)) fail_msg("%s: relative error %g over %g", name, d, limit);
        worst = d > worst ? d : worst;
    }
    return worst;
}

static void compare_losses(subject *s)
{
    const float *wanted = expected(s->name, "losses")->data;
    double worst = 0;
    for (int step = 0; step <= STEPS; step++) {
        double loss = loss_and_gradients(s), d = fabs(loss - wanted[step]) / wanted[step];
        if (step == 0 && s->unet)
            print_message("%s: gradients within %.1e\n", s->name, compare_gradients(s, gradient_limit));
        if (!(d < loss_limit))
            fail_msg("%s, step %d: loss %g, expected %g", s->name, step, loss, (double)wanted[step]);
        worst = d > worst ? d : worst;
        adamw(s, step + 1);
    }
    print_message("%s: losses within %.1e\n", s->name, worst);
}

static void convnet3(void **state)
{
    (void)state;
    subject s = new_classifier("convnet3");
    compare_losses(&s);
    close_subject(&s);
}

static void resnet18_modified(void **state)
{
    (void)state;
    subject s = new_classifier("resnet18_modified");
    compare_losses(&s);
    close_subject(&s);
}

static void unet(void **state)
{
    (void)state;
    subject s = new_unet(DC3_F32, DC3_CTX_FAST);
    compare_losses(&s);
    close_subject(&s);
}

static void unet_plain(void **state)
{
    (void)state;
    subject s = new_unet(DC3_F32, DC3_CTX_PLAIN);
    loss_and_gradients(&s);
    print_message("unet, plain: gradients within %.1e\n", compare_gradients(&s, gradient_limit));
    close_subject(&s);
}

/* bf16 keeps 8 bits a layer: the gradients point the same way. */
static void unet_bf16(void **state)
{
    (void)state;
    if (!can_bf16("the U-Net's gradients")) skip();
    subject s = new_unet(DC3_BF16, DC3_CTX_FAST);
    loss_and_gradients(&s);
    print_message("unet, bf16: gradients within %.1e\n", compare_gradients(&s, 0.2));
    close_subject(&s);
}

/* Three linear layers taken as one product give the gradients, bias included, that each gives alone. */
static void fused_layers(void **state)
{
    (void)state;
    enum { CI = 5, CO = 4, ROWS = 6 };
    static const char *const names[] = {"q", "k", "v"};
    dc3_ctx *ctx;
    dc3_tape *tape;
    dc3_module *module;
    dc3_table *table = dc3_table_new("test");
    dc3_linear_layer fused = {0}, alone[3] = {0};
    dc3_rng rng = dc3_rng_make(7, DC3_RNG_TEST, 25);
    float *x = random_values(&rng, DC3_F32, ROWS * CI, 1),
          *target = random_values(&rng, DC3_F32, ROWS * 3 * CO, 1);
    must(dc3_ctx_open(NULL, DC3_F32, 2, DC3_CTX_FAST, &ctx));
    must(dc3_tape_open(&tape));
    must(dc3_module_open(NULL, &table, (dc3_opening){.train = 1, .create = 1, .seed = 3}, &module));
    dc3_take_fused(module, &fused, names, 3, CI, CO, 1, 0);
    for (int i = 0; i < 3; i++)
        dc3_take_linear(module, &alone[i], names[i], CI, CO, 1, 0); /* the same values */
    must(dc3_module_status(module));
    size_t count;
    dc3_param *params = dc3_module_params(module, &count);
    assert_int_equal(count, 12);
    for (size_t i = 0; i < count; i++) must(dc3_tape_watch(tape, params[i].value, params[i].gradient));
    for (int apart = 0; apart < 2; apart++) {
        dc3_scope scope = dc3_scope_open(ctx);
        dc3_tensor in = dc3_on_device(ctx, dc3_view(x, DC3_F32, 2, (int64_t[]){ROWS, CI}));
        dc3_tape_start(tape, ctx);
        dc3_tensor y = apart ? dc3_linear_of(ctx, &alone[0], in, NULL) : dc3_linear_of(ctx, &fused, in, NULL);
        for (int i = 1; apart && i < 3; i++) y = dc3_concat(ctx, y, dc3_linear_of(ctx, &alone[i], in, NULL));
        must(dc3_tape_backward(tape, ctx, dc3_mse(ctx, y, target), 1));
        dc3_scope_close(ctx, scope);
    }
    for (size_t i = 0; i < 6; i++) {
        int64_t n = dc3_count(&params[i].value);
        assert_string_equal(params[i].name, params[i + 6].name);
        float *value[] = {host_values(params[i].value), host_values(params[i + 6].value)};
        float *gradient[] = {host_values(params[i].gradient), host_values(params[i + 6].gradient)};
        assert_memory_equal(value[0], value[1], (size_t)n * 4);
        assert_true(distance(DC3_F32, gradient[0], gradient[1], n) < 1e-6);
        for (int k = 0; k < 2; k++) free(value[k]), free(gradient[k]);
    }
    dc3_module_close(&module);
    dc3_tape_close(&tape);
    dc3_ctx_close(&ctx);
    free(x), free(target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(convnet3),  cmocka_unit_test(resnet18_modified),
                                       cmocka_unit_test(unet),      cmocka_unit_test(unet_plain),
                                       cmocka_unit_test(unet_bf16), cmocka_unit_test(fused_layers)};
    return cmocka_run_group_tests(tests, open_files, close_golden_nets);
}
