/* Training steps: losses fall, a loss that is not finite changes no parameter; what the evaluation protocol
 * prescribes. */
#include "support/device_values.h"
#include "learn/protocol.h"
#include "learn/trainer.h"

enum { N = 8, SIZE = 16, CLASSES = 3 };

static void open_trainer(dc3_trainer *t)
{
    dc3_optimizer_options adamw = dc3_optimizer_defaults(DC3_ADAMW);
    dc3_classifier_spec spec = {"convnet3", CLASSES, SIZE, 7};
    if (dc3_trainer_open(&spec, NULL, DC3_F32, 2, &adamw, t) != DC3_OK) fail_msg("%s", dc3_error_text());
}

static float *make_views(void)
{
    dc3_rng rng = dc3_rng_make(1, DC3_RNG_TEST, 30);
    return random_values(&rng, DC3_F32, (int64_t)N * SIZE * SIZE * 3, 1);
}

/* One hash of all values. */
static uint64_t print_of(const dc3_trainer *t)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < t->count; i++) {
        if (!t->params[i].gradient.data) continue; /* statistics move in every forward pass */
        float *values = host_values(t->params[i].value);
        uint64_t pair[] = {hash, dc3_hash64(values, dc3_bytes(&t->params[i].value))};
        hash = dc3_hash64(pair, sizeof pair);
        free(values);
    }
    return hash;
}

static void learns(void **state)
{
    (void)state;
    dc3_trainer t;
    int64_t labels[N];
    double first = 0, loss = 0;
    float *views = make_views(), logits[N * CLASSES];
    for (int i = 0; i < N; i++) labels[i] = i % CLASSES;
    for (int i = 0; i < N * CLASSES; i++) logits[i] = i % 4 == 0 ? 8 : -2;
    const dc3_target targets[] = {{.k = 1, .labels = labels},
                                  {.k = 1, .labels = labels, .smoothing = 0.1f},
                                  {.logits = logits, .temperature = 2}};
    for (int kind = 0; kind < 3; kind++) {
        open_trainer(&t);
        for (int step = 0; step < 40; step++) {
            if (dc3_trainer_step(&t, N, SIZE, views, &targets[kind], 3e-3, &loss) != DC3_OK)
                fail_msg("%s", dc3_error_text());
            if (step == 0) first = loss;
        }
        if (!(loss < 0.6 * first)) fail_msg("target %d: loss %g after %g", kind, loss, first);
        dc3_trainer_close(&t);
    }
    free(views);
}

static void not_finite(void **state)
{
    (void)state;
    dc3_trainer t;
    int64_t labels[N] = {0};
    double loss;
    float *views = make_views();
    dc3_target target = {.k = 1, .labels = labels};
    open_trainer(&t);
    assert_int_equal(dc3_trainer_step(&t, N, SIZE, views, &target, 1e-3, &loss), DC3_OK);
    uint64_t before = print_of(&t);
    views[5] = NAN;
    assert_int_equal(dc3_trainer_step(&t, N, SIZE, views, &target, 1e-3, &loss), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "not finite at step 2"));
    assert_true(print_of(&t) == before);
    dc3_trainer_close(&t);
    free(views);
}

static void protocol(void **state)
{
    (void)state;
    assert_int_equal(dc3_protocol_batch(10, 10), 10);
    assert_int_equal(dc3_protocol_batch(100, 10), 100);
    assert_int_equal(dc3_protocol_batch(500, 10), 500);
    assert_int_equal(dc3_protocol_batch(1000, 100), 200);
    assert_int_equal(dc3_protocol_batch(10000, 200), 2500);
    assert_int_equal(dc3_protocol_batch(1000, 1000), 1000);
    assert_int_equal(dc3_protocol_batch(50000, 1000), 2000);
    assert_int_equal(dc3_protocol_factor(32), 1);
    assert_int_equal(dc3_protocol_factor(224), 2);
    assert_true(dc3_protocol_lr("resnet18") == 1e-3 && dc3_protocol_lr("vgg11") == 5e-4);
    assert_true(dc3_protocol_lr("mobilenet_v2") == 2.5e-3 && dc3_protocol_lr("swin_v2_t") == 1e-4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(learns), cmocka_unit_test(not_finite),
                                       cmocka_unit_test(protocol)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
