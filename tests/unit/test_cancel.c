/* Stopping a call by its flag: the flag's own call ends, and nothing else in the process does. */
#include "support/small_dataset.h"
#include <pthread.h>
#include <string.h>
#include "base/cancel.h"
#include "select/kmeans.h"
#include "base/file.h"
#include "dc3/select.h"
#include "dc3/train.h"

static char folder[] = "/tmp/dc3-cancel-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    small_dataset(folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove_folder(folder);
    return 0;
}

static void set_and_clear(void **state)
{
    (void)state;
    dc3_cancel flag = {0};
    assert_false(dc3_cancel_is_set(NULL));
    assert_false(dc3_cancel_is_set(&flag));
    dc3_cancel_set(&flag);
    dc3_cancel_set(&flag);
    assert_true(dc3_cancel_is_set(&flag));
    dc3_cancel_clear(&flag);
    assert_false(dc3_cancel_is_set(&flag));
}

static void *read_watch(void *watch)
{
    DC3_CANCEL_SHARE(watch);
    return dc3_cancelled() ? watch : NULL;
}

/* A call without a flag that another one makes. */
static int read_within(void)
{
    DC3_CANCEL_SCOPE(NULL);
    return dc3_cancelled();
}

/* What one thread of a call has read holds for all of the call, also if the flag is cleared before the others
 * look: work that was left out for it is never taken for done. */
static void cleared_too_early(void **state)
{
    (void)state;
    dc3_cancel flag = {0};
    pthread_t thread;
    void *fired;
    for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
        DC3_CANCEL_SCOPE(&flag);
        dc3_cancel_set(&flag);
        dc3_cancel_clear(&flag); /* nobody has read it */
        assert_int_equal(dc3_check_cancel(), DC3_OK);
        dc3_cancel_set(&flag);
        if (elsewhere) {
            assert_int_equal(pthread_create(&thread, NULL, read_watch, dc3_cancel_here()), 0);
            assert_int_equal(pthread_join(thread, &fired), 0);
            assert_ptr_equal(fired, dc3_cancel_here());
        } else
            assert_true(dc3_cancelled());
        dc3_cancel_clear(&flag);
        assert_int_equal(dc3_check_cancel(), DC3_ERR_CANCELLED);
        assert_true(dc3_cancelled());
        assert_true(read_within());
    }
    assert_false(dc3_cancelled());
    DC3_CANCEL_SCOPE(&flag); /* the next call */
    assert_int_equal(dc3_check_cancel(), DC3_OK);
}

static dc3_status select_some(const dc3_cancel *cancel, int threads)
{
    enum { N = 60, D = 4 };
    dc3_rng rng = dc3_rng_make(1, DC3_RNG_TEST, 0);
    float *x = random_values(&rng, DC3_F32, N * D, 1);
    int64_t labels[N];
    dc3_selection selection;
    for (int i = 0; i < N; i++) labels[i] = i % 6;
    dc3_select_options o = dc3_select_defaults();
    o.ipc = 3, o.threads = threads, o.cancel = cancel;
    dc3_status status = dc3_select_rows(&o, N, D, 0, x, NULL, labels, NULL, &selection);
    assert_int_equal(selection.count, status == DC3_OK ? 18 : 0);
    if (status == DC3_OK) dc3_selection_free(&selection);
    free(x);
    return status;
}

/* Also where other threads do a call's work. */
static void one_call_and_then_another(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        dc3_cancel flag = {0};
        dc3_cancel_set(&flag);
        assert_int_equal(select_some(&flag, threads), DC3_ERR_CANCELLED);
        assert_string_equal(dc3_error_text(), "interrupted");
        assert_int_equal(select_some(NULL, threads), DC3_OK);
        assert_int_equal(select_some(&flag, threads), DC3_ERR_CANCELLED);
        dc3_cancel_clear(&flag);
        assert_int_equal(select_some(&flag, threads), DC3_OK);
    }
}

/* A large class is clustered for minutes. */
static void clustering(void **state)
{
    (void)state;
    enum { N = 60, D = 4 };
    dc3_rng rng = dc3_rng_make(1, DC3_RNG_TEST, 0);
    float *x = random_values(&rng, DC3_F32, N * D, 1);
    int clusters[N];
    dc3_meter meter = {0};
    dc3_cancel flag = {0};
    for (int is_set = 0; is_set < 2; is_set++) {
        if (is_set) dc3_cancel_set(&flag);
        DC3_CANCEL_SCOPE(&flag);
        assert_int_equal(dc3_kmeans(&meter, N, D, x, 3, 2, 1, 0, clusters, NULL),
                         is_set ? DC3_ERR_CANCELLED : DC3_OK);
    }
    free(x);
}

/* ---- trainings, which stop themselves by their progress ---- */

typedef struct training {
    const char *out;
    int64_t stop_at; /* steps; 0: never */
    dc3_cancel flag;
    int64_t steps;
    dc3_status status, inner, inner_own;
    pthread_barrier_t *begun, *stopped; /* of two trainings at once; or NULL */
} training;

static void on_progress(void *user, const char *stage, int64_t done, int64_t total)
{
    training *t = user;
    (void)total;
    if (strcmp(stage, "training") != 0 || done <= t->steps) return;
    if (!t->steps && t->begun) pthread_barrier_wait(t->begun);
    t->steps = done;
    if (t->stop_at && done == t->stop_at) {
        dc3_cancel other = {0};
        dc3_cancel_set(&t->flag);
        t->inner = select_some(NULL, 2);
        t->inner_own = select_some(&other, 2);
    }
    if (!t->stop_at && t->stopped) {
        pthread_barrier_wait(t->stopped);
        t->stopped = NULL;
    }
}

static void *train(void *user)
{
    training *t = user;
    char path[256], data[256];
    dc3_train_options o = dc3_train_defaults();
    dc3_train_report report;
    snprintf(path, sizeof path, "%s/%s", folder, t->out);
    snprintf(data, sizeof data, "%s/data", folder);
    o.data = data, o.out = path, o.arch = "convnet3", o.size = 16, o.epochs = 3, o.batch = 5, o.threads = 1;
    o.listener = (dc3_listener){.user = t, .progress = on_progress, .cancel = &t->flag};
    t->status = dc3_train(&o, &report);
    if (t->stop_at && t->stopped) pthread_barrier_wait(t->stopped);
    return NULL;
}

static void same_files(const char *a, const char *b)
{
    char path[2][256], *bytes[2];
    size_t size[2];
    for (int i = 0; i < 2; i++) {
        snprintf(path[i], sizeof path[i], "%s/%s", folder, i ? b : a);
        assert_int_equal(dc3_file_read(path[i], 1 << 28, &bytes[i], &size[i]), DC3_OK);
    }
    assert_true(size[0] > 1000 && size[0] == size[1]);
    assert_memory_equal(bytes[0], bytes[1], size[0]);
    free(bytes[0]), free(bytes[1]);
}

/* What is called from within a callback reads the flag of the call around it, or its own. */
static void calls_in_callbacks(void **state)
{
    (void)state;
    training t = {.out = "a.safetensors", .stop_at = 2, .inner = DC3_OK, .inner_own = DC3_ERR_INTERNAL};
    train(&t);
    assert_int_equal(t.status, DC3_ERR_CANCELLED);
    assert_int_equal(t.inner, DC3_ERR_CANCELLED);
    assert_int_equal(t.inner_own, DC3_OK);
    assert_int_equal(t.steps, 2);
    assert_int_equal(select_some(NULL, 1), DC3_OK);
}

/* Both are in the middle when the one is stopped; the other ends as it does alone, and the first continues.
 */
static void one_of_two_threads(void **state)
{
    (void)state;
    pthread_barrier_t begun, stopped;
    pthread_t threads[2];
    training alone = {.out = "alone.safetensors"};
    train(&alone);
    assert_int_equal(alone.status, DC3_OK);
    pthread_barrier_init(&begun, NULL, 2);
    pthread_barrier_init(&stopped, NULL, 2);
    training both[2] = {{.out = "b.safetensors", .stop_at = 3, .begun = &begun, .stopped = &stopped},
                        {.out = "c.safetensors", .begun = &begun, .stopped = &stopped}};
    for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, train, &both[i]), 0);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&begun);
    pthread_barrier_destroy(&stopped);
    assert_int_equal(both[0].status, DC3_ERR_CANCELLED);
    assert_int_equal(both[0].steps, 3);
    assert_int_equal(both[1].status, DC3_OK);
    same_files("alone.safetensors", "c.safetensors");
    training again = {.out = "b.safetensors"};
    train(&again);
    assert_int_equal(again.status, DC3_OK);
    same_files("alone.safetensors", "b.safetensors");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_and_clear),      cmocka_unit_test(cleared_too_early),
        cmocka_unit_test(clustering),         cmocka_unit_test(one_call_and_then_another),
        cmocka_unit_test(calls_in_callbacks), cmocka_unit_test(one_of_two_threads),
    };
    return cmocka_run_group_tests_name("cancel", tests, set_up, tear_down);
}
