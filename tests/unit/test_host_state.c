/* What of the process a call changes and puts back: the numbers of threads that the program had set for
 * OpenMP and for OpenBLAS. */
#include "support/small_dataset.h"
#include <cblas.h>
#include <omp.h>
#include <pthread.h>
#include "dc3/dc3.h"

#define MODEL DC3_MODELS "/dc3-mini"
enum { OF_OPENMP = 3, OF_BLAS = 2, ROWS = 40, COLUMNS = 6, SIDE = 24 };

static char folder[] = "/tmp/dc3-host-XXXXXX";
static char weights[sizeof folder + 32], data[sizeof folder + 8];
static int of_blas;
static float embeddings[ROWS * COLUMNS];
static int64_t labels[ROWS], bins[ROWS];
static uint8_t pixels[SIDE * SIDE * 3], edits[SIDE * SIDE * 3];

static void as_before(dc3_status got, dc3_status expected)
{
    if (got != expected) fail_msg("expected status %d, found %d: %s", expected, got, dc3_error_text());
    assert_int_equal(omp_get_max_threads(), OF_OPENMP);
    assert_int_equal(openblas_get_num_threads(), of_blas);
}

static void of_handles(void **state)
{
    (void)state;
    const char *const prompts[] = {"rainy"};
    dc3_image_editor *editor;
    dc3_image_classifier *classifier;
    dc3_image_editor_options e = dc3_image_editor_defaults();
    dc3_image_classifier_options c = dc3_image_classifier_defaults();
    dc3_image_edit_options o = dc3_image_edit_defaults();
    o.steps = 1;
    as_before(dc3_image_editor_open(MODEL, &e, &editor), DC3_OK);
    as_before(dc3_image_editor_edit(editor, &o, 1, SIDE, SIDE, pixels, prompts, NULL, edits), DC3_OK);
    o.size = 7;
    as_before(dc3_image_editor_edit(editor, &o, 1, SIDE, SIDE, pixels, prompts, NULL, edits), DC3_ERR_OPTION);
    dc3_image_editor_close(&editor);
    as_before(dc3_image_classifier_open(weights, &c, &classifier), DC3_OK);
    as_before(dc3_image_classifier_run(classifier, 1, SIDE, SIDE, pixels, NULL, NULL, NULL), DC3_OK);
    dc3_image_classifier_close(&classifier);
}

static void of_selections(void **state)
{
    (void)state;
    dc3_selection s;
    dc3_cancel stop = {0};
    dc3_select_options o = dc3_select_defaults();
    o.ipc = 5, o.bins = 2, o.threads = 4;
    as_before(dc3_select_bins(&o, ROWS, COLUMNS, embeddings, labels, bins), DC3_OK);
    as_before(dc3_select_rows(&o, ROWS, COLUMNS, 0, embeddings, NULL, labels, NULL, &s), DC3_OK);
    dc3_selection_free(&s);
    dc3_cancel_set(&stop);
    o.cancel = &stop;
    as_before(dc3_select_rows(&o, ROWS, COLUMNS, 0, embeddings, NULL, labels, NULL, &s), DC3_ERR_CANCELLED);
}

static void of_commands(void **state)
{
    (void)state;
    char out[sizeof folder + 8];
    dc3_condense_options c = dc3_condense_defaults();
    dc3_condense_report made;
    snprintf(out, sizeof out, "%s/out", folder);
    c.data = data, c.out = out, c.editor = MODEL, c.teacher = "none", c.steps = 1, c.select.ipc = 1;
    as_before(dc3_condense(&c, &made), DC3_OK);
    dc3_measure_options m = dc3_measure_defaults();
    dc3_measure_report measured;
    m.data = (const char *const[]){out, NULL}, m.coverage = 1, m.teacher = weights;
    as_before(dc3_measure(&m, &measured), DC3_OK);
    free(measured.table), free(measured.json);
    dc3_info_options i = dc3_info_defaults();
    dc3_info_report info;
    i.path = data, i.check = 1, i.threads = 2;
    as_before(dc3_info(&i, &info), DC3_OK);
    free(info.text), free(info.json);
}

/* They overlap in any order; the last that ends puts back what the first found. */
static void *select_often(void *of)
{
    int64_t own[ROWS];
    dc3_status *status = of;
    dc3_select_options o = dc3_select_defaults();
    for (int i = 0; i < 200 && *status == DC3_OK; i++)
        *status = dc3_select_bins(&o, ROWS, COLUMNS, embeddings, labels, own);
    return NULL;
}

static void of_selections_at_once(void **state)
{
    (void)state;
    enum { N = 3 };
    pthread_t threads[N];
    dc3_status of[N] = {DC3_OK};
    for (int i = 0; i < N; i++) assert_int_equal(pthread_create(&threads[i], NULL, select_often, &of[i]), 0);
    for (int i = 0; i < N; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < N; i++) as_before(of[i], DC3_OK);
}

static int set_up(void **state)
{
    (void)state;
    dc3_rng rng = dc3_rng_make(4, DC3_RNG_TEST, 40);
    small_dataset(folder);
    snprintf(data, sizeof data, "%s/data", folder);
    snprintf(weights, sizeof weights, "%s/teacher.safetensors", folder);
    dc3_rng_normal(&rng, embeddings, ROWS * COLUMNS);
    for (int i = 0; i < ROWS; i++) labels[i] = i % 2;
    openblas_set_num_threads(OF_BLAS);
    omp_set_num_threads(OF_OPENMP);
    of_blas = openblas_get_num_threads(); /* that of OpenMP, where OpenBLAS was built for it */
    dc3_train_options o = dc3_train_defaults();
    dc3_train_report report;
    o.data = data, o.out = weights, o.arch = "convnet3", o.size = 16, o.epochs = 1, o.batch = 5;
    as_before(dc3_train(&o, &report), DC3_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove_folder(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_handles),
        cmocka_unit_test(of_selections),
        cmocka_unit_test(of_commands),
        cmocka_unit_test(of_selections_at_once),
    };
    return cmocka_run_group_tests_name("host_state", tests, set_up, tear_down);
}
