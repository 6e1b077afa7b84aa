/* A teacher that computes in bf16 (teacher/teacher.h): near f32's, its last layer in f32 all the same. */
#include "support/shaped_dataset.h"
#include "dc3/train.h"
#include "teacher/classes.h"
#include "teacher/teacher.h"

enum { EACH = 20, SIZE = 16, N = 8, VALUES = N * SIZE * SIZE * 3 };

static char folder[] = "/tmp/dc3-types-XXXXXX";
static char *data, *weights;

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    data = shaped_dataset(folder, "data", EACH, 0);
    weights = dc3_path_join(folder, "teacher.safetensors");
    dc3_train_options o = dc3_train_defaults();
    dc3_train_report report;
    o.data = data, o.out = weights, o.arch = "resnet18_modified", o.size = SIZE, o.dtype = DC3_COMPUTE_F32;
    o.epochs = 1, o.batch = 10, o.threads = 2;
    return dc3_train(&o, &report) == DC3_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(data), free(weights);
    remove_folder(folder);
    return 0;
}

/* What it says of the same images, [N, embedding] and [N, SHAPED_CLASSES]; the caller's. */
typedef struct answers {
    float *embeddings, logits[N * SHAPED_CLASSES];
} answers;

static void open_teacher(dc3_dtype dtype, dc3_teacher *teacher)
{
    assert_int_equal(dc3_teacher_open(weights, NULL, 0, SIZE, 2, teacher), DC3_OK);
    assert_int_equal(dc3_teacher_compute_in(teacher, dtype), DC3_OK);
    assert_int_equal(dc3_ctx_threads(teacher->ctx), 2);
}

static answers ask(dc3_teacher *teacher)
{
    static float rgb[VALUES];
    answers a = {.embeddings = malloc((size_t)(N * teacher->info->embedding) * sizeof(float))};
    assert_non_null(a.embeddings);
    for (int i = 0; i < VALUES; i++) rgb[i] = (float)(0.5 + 0.5 * sin(i * 0.37 + i / 768));
    assert_int_equal(dc3_teacher_run(teacher, N, rgb, a.embeddings, a.logits), DC3_OK);
    return a;
}

static double relative_error(int64_t n, const float *a, const float *b)
{
    double error = 0, size = 0;
    for (int64_t i = 0; i < n; i++) {
        error += pow((double)a[i] - (double)b[i], 2);
        size += pow((double)b[i], 2);
    }
    return sqrt(error / size);
}

static void types(void **state)
{
    (void)state;
    dc3_dtype best;
    assert_int_equal(dc3_compute_type(DC3_COMPUTE_AUTO, &best), DC3_OK);
    if (best != DC3_BF16) {
        print_message("skipped: this processor has no bf16\n");
        skip();
    }
    dc3_teacher in_f32, in_bf16;
    open_teacher(DC3_F32, &in_f32);
    open_teacher(DC3_BF16, &in_bf16);
    answers exact = ask(&in_f32), rounded = ask(&in_bf16);
    int64_t values = N * in_f32.info->embedding;
    double error = relative_error(values, rounded.embeddings, exact.embeddings);
    assert_true(error > 1e-4 && error < 3e-2);
    assert_true(relative_error(N * SHAPED_CLASSES, rounded.logits, exact.logits) < 3e-2);
    /* The same embeddings through the last layer of the one that computes in f32: not a bit is lost. */
    float logits[N * SHAPED_CLASSES];
    assert_int_equal(dc3_teacher_answer(&in_f32, N, rounded.embeddings, logits), DC3_OK);
    assert_true(relative_error(N * SHAPED_CLASSES, rounded.logits, logits) < 1e-6);
    free(exact.embeddings), free(rounded.embeddings);
    dc3_teacher_close(&in_f32), dc3_teacher_close(&in_bf16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(types, set_up, tear_down)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
