/* Training steps: losses fall, a loss that is not finite changes no parameter; what the evaluation protocol
 * prescribes. */
#include "support/device_values.h"
#include "support/small_dataset.h"
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

/* How far a step of plain SGD moves all parameters together: the norm of the gradients, or what it is limited
 * to. */
static double step_length(double clip)
{
    dc3_trainer t;
    const double lr = 0.5;
    int64_t labels[N] = {0};
    double loss, sum = 0;
    float *views = make_views();
    dc3_target target = {.k = 1, .labels = labels};
    dc3_optimizer_options sgd = dc3_optimizer_defaults(DC3_SGD);
    dc3_classifier_spec spec = {"convnet3", CLASSES, SIZE, 7};
    assert_int_equal(dc3_trainer_open(&spec, NULL, DC3_F32, 2, &sgd, &t), DC3_OK);
    t.clip = clip;
    float **before = calloc(t.count, sizeof *before);
    assert_non_null(before);
    for (size_t i = 0; i < t.count; i++) before[i] = host_values(t.params[i].value);
    assert_int_equal(dc3_trainer_step(&t, N, SIZE, views, &target, lr, &loss), DC3_OK);
    for (size_t i = 0; i < t.count; i++) {
        float *after = host_values(t.params[i].value);
        for (int64_t k = 0; t.params[i].gradient.data && k < dc3_count(&t.params[i].value); k++)
            sum += ((double)after[k] - before[i][k]) * ((double)after[k] - before[i][k]);
        free(after), free(before[i]);
    }
    free(before), free(views);
    dc3_trainer_close(&t);
    return sqrt(sum) / lr;
}

static void limited_gradients(void **state)
{
    (void)state;
    double free_length = step_length(0), limited = step_length(0.25 * free_length);
    assert_true(free_length > 0.1);
    if (!(fabs(limited / free_length - 0.25) < 1e-4)) fail_msg("%g of %g", limited, free_length);
    assert_true(fabs(step_length(4 * free_length) / free_length - 1) < 1e-6);
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

/* docs/protocol.md: batches by classes and by 1, 10 and 50 images a class, never more than there are. */
static void protocol_batches(void **state)
{
    (void)state;
    static const int sizes[][4] = {
        {10, 50, 250, 1000}, {100, 50, 200, 1000}, {200, 100, 500, 2500}, {1000, 1000, 2000, 2000}};
    for (int i = 0; i < 4; i++) {
        static const int ipcs[] = {1, 10, 50};
        for (int k = 0; k < 3; k++) {
            int64_t classes = sizes[i][0], images = ipcs[k] * classes;
            int expected = sizes[i][1 + k] < images ? sizes[i][1 + k] : (int)images;
            assert_int_equal(dc3_protocol_batch(images, classes), expected);
        }
    }
    assert_int_equal(dc3_protocol_batch(90, 10), 50);    /* 9 a class count as 1, */
    assert_int_equal(dc3_protocol_batch(490, 10), 250);  /* 49 as 10, */
    assert_int_equal(dc3_protocol_batch(1100, 55), 200); /* 55 classes as 100 */
    assert_int_equal(dc3_protocol_batch(50000, 10), 1000);
}

static void protocol(void **state)
{
    (void)state;
    static const struct {
        const char *arch;
        double lr;
    } rates[] = {{"convnet3", 1e-3},          {"convnet6", 1e-3},           {"resnet18", 1e-3},
                 {"resnet18_modified", 1e-3}, {"resnet101", 1e-3},          {"vgg11", 5e-4},
                 {"efficientnet_b0", 2e-3},   {"efficientnet_lite1", 2e-3}, {"mobilenet_v2", 2.5e-3},
                 {"alexnet", 1e-4},           {"vit_b_16", 1e-4},           {"swin_v2_t", 1e-4}};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        if (dc3_protocol_lr(rates[i].arch) != rates[i].lr) fail_msg("%s: another rate", rates[i].arch);
    assert_int_equal(dc3_protocol_factor(32), 1);
    assert_int_equal(dc3_protocol_factor(64), 1);
    assert_int_equal(dc3_protocol_factor(65), 2);
    assert_int_equal(dc3_protocol_factor(224), 2);
}

enum { TESTED = 7 };

/* A network that gives these logits for every image. */
static void answer(dc3_trainer *t, const float *logits)
{
    float *zeros = calloc((size_t)1 << 20, sizeof *zeros);
    for (size_t i = 0; i < t->count; i++) {
        const dc3_tensor *value = &t->params[i].value;
        assert_true(dc3_count(value) <= 1 << 20);
        int bias = strcmp(t->params[i].name, "classifier.bias") == 0;
        assert_int_equal(dc3_tensor_write(value, bias ? logits : zeros), DC3_OK);
    }
    free(zeros);
}

/* The loss of a step whose logits are known, by its definition: what of a target reaches it. */
static void losses(void **state)
{
    (void)state;
    static const float z[CLASSES] = {0.5f, -1, 2}, asked[CLASSES] = {3, 1, -2};
    int64_t labels[2 * N];
    float weights[2 * N], logits[N * CLASSES], *views = make_views();
    double p[CLASSES], sum = 0, expected[4] = {0}, at_four[2] = {0}, loss;
    for (int i = 0; i < 2 * N; i++) labels[i] = (i / 2 + i % 2) % CLASSES, weights[i] = i % 2 ? 0.3f : 0.7f;
    for (int i = 0; i < N * CLASSES; i++) logits[i] = asked[i % CLASSES];
    for (int c = 0; c < CLASSES; c++) sum += exp((double)z[c]);
    for (int c = 0; c < CLASSES; c++) p[c] = log(exp((double)z[c]) / sum);
    for (int i = 0; i < N; i++) {
        expected[0] -= p[labels[i]] / N;
        expected[2] -= (0.7 * p[labels[2 * i]] + 0.3 * p[labels[2 * i + 1]]) / N;
        for (int c = 0; c < CLASSES; c++)
            expected[1] -= ((c == labels[i] ? 0.8 : 0) + 0.2 / CLASSES) * p[c] / N;
    }
    for (int c = 0; c < CLASSES; c++) at_four[0] += exp(z[c] / 4.0), at_four[1] += exp(asked[c] / 4.0);
    for (int c = 0; c < CLASSES; c++) {
        double wanted = exp(asked[c] / 4.0) / at_four[1];
        expected[3] += wanted * log(wanted / (exp(z[c] / 4.0) / at_four[0]));
    }
    const dc3_target targets[] = {{.k = 1, .labels = labels},
                                  {.k = 1, .labels = labels, .smoothing = 0.2f},
                                  {.k = 2, .labels = labels, .weights = weights},
                                  {.logits = logits, .temperature = 4}};
    for (int i = 0; i < 4; i++) {
        dc3_trainer t;
        open_trainer(&t);
        answer(&t, z);
        assert_int_equal(dc3_trainer_step(&t, N, SIZE, views, &targets[i], 1e-3, &loss), DC3_OK);
        if (!(fabs(loss - expected[i]) < 1e-6))
            fail_msg("target %d: %.9g, expected %.9g", i, loss, expected[i]);
        dc3_trainer_close(&t);
    }
    free(views);
}

/* One image of each of seven classes: the label's logit must be the largest, or among the five largest; where
 * logits are equal the lower class comes first. */
/* An image of each class, in `folder`, which is made. */
static void make_images(char *folder)
{
    char path[256];
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < TESTED; i++) {
        dc3_image image;
        snprintf(path, sizeof path, "%s/%d", folder, i);
        assert_int_equal(mkdir(path, 0700), 0);
        small_image(0, i, SIZE, SIZE, &image);
        snprintf(path, sizeof path, "%s/%d/x.png", folder, i);
        assert_int_equal(dc3_image_write(path, &image, DC3_PNG), DC3_OK);
        dc3_image_free(&image);
    }
}

static void accuracy(void **state)
{
    (void)state;
    char folder[] = "/tmp/dc3-trainer-XXXXXX";
    const struct {
        float logits[TESTED];
        int first, among_five;
    } cases[] = {{{0, 0, 0, 0, 0, 0, 0}, 1, 5}, /* classes 0; 0 to 4 */
                 {{6, 5, 4, 3, 2, 1, 0}, 1, 5},
                 {{0, 1, 1, 1, 1, 1, 1}, 1, 5},  /* 1; 1 to 5 */
                 {{0, 0, 0, 0, 0, 0, 9}, 1, 5}}; /* 6; 6 and 0 to 3 */
    make_images(folder);
    dc3_trainer t;
    dc3_dataset *data;
    dc3_images *images;
    dc3_accuracy found;
    dc3_optimizer_options adamw = dc3_optimizer_defaults(DC3_ADAMW);
    dc3_classifier_spec spec = {"convnet3", TESTED, SIZE, 7};
    dc3_images_options how = {.how = DC3_IMAGES_TEST, .size = SIZE, .threads = 1};
    assert_int_equal(dc3_trainer_open(&spec, NULL, DC3_F32, 1, &adamw, &t), DC3_OK);
    assert_int_equal(dc3_dataset_open(folder, &data), DC3_OK);
    assert_int_equal(dc3_images_open(data, &how, &images), DC3_OK);
    for (int i = 0; i < 4; i++) {
        answer(&t, cases[i].logits);
        assert_int_equal(dc3_test_classifier(t.ctx, t.net, images, SIZE, NULL, NULL, &found), DC3_OK);
        assert_int_equal(found.n, TESTED);
        if (fabs(found.top1 - cases[i].first / 7.0) > 1e-12 ||
            fabs(found.top5 - cases[i].among_five / 7.0) > 1e-12)
            fail_msg("case %d: %g and %g", i, found.top1, found.top5);
    }
    answer(&t, (float[]){0, 0, NAN, 0, 0, 0, 0});
    assert_int_equal(dc3_test_classifier(t.ctx, t.net, images, SIZE, NULL, NULL, &found), DC3_ERR_FORMAT);
    dc3_images_close(&images);
    dc3_dataset_close(&data);
    dc3_trainer_close(&t);
    remove_folder(folder);
}

/* Each call's place, and that they come in order. */
static void note(void *user, int64_t done, int64_t total)
{
    int64_t *last = user;
    assert_true(done > *last && done <= total);
    *last = done;
}

/* Batches are shared out among threads; what is counted is the same for any number of them. */
static void accuracy_by_threads(void **state)
{
    (void)state;
    enum { EACH = 50, ALL = EACH * TESTED };
    char folder[] = "/tmp/dc3-trainer-XXXXXX";
    int64_t items[ALL], counts[4][TESTED][2];
    for (int i = 0; i < ALL; i++) items[i] = i / EACH;
    make_images(folder);
    dc3_dataset *data;
    assert_int_equal(dc3_dataset_open(folder, &data), DC3_OK);
    for (int held = 0; held < 2; held++)
        for (int threads = 1; threads <= 3; threads++) {
            dc3_trainer t;
            dc3_images *images;
            dc3_accuracy found;
            dc3_optimizer_options adamw = dc3_optimizer_defaults(DC3_ADAMW);
            dc3_classifier_spec spec = {"convnet3", TESTED, SIZE, 7};
            dc3_images_options how = {.how = DC3_IMAGES_TEST,
                                      .size = SIZE,
                                      .items = items,
                                      .count = ALL,
                                      .threads = threads,
                                      .max_bytes = held ? 0 : 100 * SIZE * SIZE * 3};
            int64_t last = 0, sum = 0;
            assert_int_equal(dc3_trainer_open(&spec, NULL, DC3_F32, threads, &adamw, &t), DC3_OK);
            assert_int_equal(dc3_images_open(data, &how, &images), DC3_OK);
            assert_int_equal(dc3_images_held(images), held);
            assert_int_equal(dc3_test_classifier(t.ctx, t.net, images, SIZE, note, &last, &found), DC3_OK);
            assert_int_equal(last, ALL);
            assert_int_equal(dc3_test_classes(t.ctx, t.net, images, SIZE, counts[threads][0], &found),
                             DC3_OK);
            assert_int_equal(found.n, ALL);
            for (int k = 0; k < TESTED; k++) {
                assert_int_equal(counts[threads][k][0], EACH);
                assert_int_equal(counts[threads][k][1], counts[1][k][1]);
                sum += counts[threads][k][1];
            }
            assert_true(fabs(found.top1 - (double)sum / ALL) < 1e-12);
            dc3_images_close(&images);
            dc3_trainer_close(&t);
        }
    dc3_dataset_close(&data);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(learns),     cmocka_unit_test(limited_gradients),
                                       cmocka_unit_test(not_finite), cmocka_unit_test(protocol_batches),
                                       cmocka_unit_test(protocol),   cmocka_unit_test(losses),
                                       cmocka_unit_test(accuracy),   cmocka_unit_test(accuracy_by_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
