/* Handles and calls on several threads at once, each with its own: the same bytes as alone. Also for
 * ThreadSanitizer (tools/tsan.sh). */
#include "support/small_dataset.h"
#include <pthread.h>
#include "dc3/dc3.h"

#define MODEL DC3_MODELS "/dc3-mini"
enum {
    SIDE = 32,
    IMAGES = 2,
    PIXELS = SIDE * SIDE * 3,
    ROWS = 120,
    COLUMNS = 8,
    CLASSES = 3,
    IPC = 6,
    ROUNDS = 2
};

static char folder[] = "/tmp/dc3-threads-XXXXXX";
static char weights[sizeof folder + 32], data[sizeof folder + 8];
static uint8_t images[IMAGES * PIXELS];
static float embeddings[ROWS * COLUMNS], logits[ROWS * CLASSES];
static int64_t labels[ROWS];

/* What one thread does, and what came of it. */
typedef struct work {
    void (*run)(struct work *work);
    int number, threads;
    pthread_barrier_t *begin;
    size_t size;
    unsigned char *result; /* [size] */
    char error[200];       /* of a call that failed; cmocka fails on the main thread only */
} work;

#define WORK(function, n, t)                                                                                 \
    {                                                                                                        \
        .run = function, .number = n, .threads = t                                                           \
    }

/* 1 if it succeeded. */
static int is_done(work *w, dc3_status status)
{
    if (status != DC3_OK) snprintf(w->error, sizeof w->error, "%s", dc3_error_text());
    return status == DC3_OK;
}

static void append(work *w, const void *bytes, size_t size)
{
    w->result = realloc(w->result, w->size + size);
    memcpy(w->result + w->size, bytes, size);
    w->size += size;
}

/* An editor of its own: opened, used, closed. */
static void edit(work *w)
{
    static const char *const prompts[] = {"rainy", "golden hour", "snowy", "sepia"};
    dc3_image_editor_options open = dc3_image_editor_defaults();
    dc3_image_edit_options o = dc3_image_edit_defaults();
    dc3_image_editor *editor;
    uint8_t edits[IMAGES * PIXELS];
    open.threads = w->threads, open.dtype = w->number % 2 ? DC3_COMPUTE_AUTO : DC3_COMPUTE_F32;
    o.steps = 2 + w->number % 2;
    if (is_done(w, dc3_image_editor_open(MODEL, &open, &editor)) &&
        is_done(w, dc3_image_editor_edit(editor, &o, IMAGES, SIDE, SIDE, images, prompts + w->number % 2,
                                         NULL, edits)))
        append(w, edits, sizeof edits);
    dc3_image_editor_close(&editor);
}

static void classify(work *w)
{
    dc3_image_classifier_options open = dc3_image_classifier_defaults();
    dc3_image_classifier *classifier;
    open.threads = w->threads;
    if (!is_done(w, dc3_image_classifier_open(weights, &open, &classifier))) return;
    dc3_image_classifier_info info = dc3_image_classifier_describe(classifier);
    size_t h = IMAGES * (size_t)info.embedding, z = IMAGES * (size_t)info.classes;
    float *rows = malloc((h + z) * sizeof *rows);
    if (is_done(w, dc3_image_classifier_run(classifier, IMAGES, SIDE, SIDE, images, NULL, rows, rows + h)))
        append(w, rows, (h + z) * sizeof *rows);
    dc3_image_classifier_close(&classifier);
    free(rows);
}

static void select_rows(work *w)
{
    dc3_selection selection;
    dc3_select_options o = dc3_select_defaults();
    o.ipc = IPC, o.bins = 3, o.threads = w->threads, o.seed = (uint64_t)w->number;
    o.objective = (dc3_objective)(w->number % 3);
    int with = w->number % 2;
    if (is_done(w, dc3_select_rows(&o, ROWS, COLUMNS, with ? CLASSES : 0, embeddings, with ? logits : NULL,
                                   labels, NULL, &selection)))
        append(w, selection.rows, (size_t)selection.count * sizeof *selection.rows);
    dc3_selection_free(&selection);
}

/* A training, whose file is the result: images are decoded and optimizers step beside the others. */
static void train(work *w)
{
    char out[sizeof folder + 32], text[64];
    dc3_train_options o = dc3_train_defaults();
    dc3_train_report report;
    snprintf(out, sizeof out, "%s/%d-%d.safetensors", folder, w->number, w->begin != NULL);
    o.data = data, o.out = out, o.arch = "convnet3", o.size = 16, o.epochs = 1, o.batch = 5;
    o.seed = (uint64_t)w->number, o.threads = w->threads, o.fresh = 1;
    if (!is_done(w, dc3_train(&o, &report))) return;
    int length = snprintf(text, sizeof text, "%.17g", report.loss);
    append(w, text, (size_t)length);
}

static void *run_on_thread(void *user)
{
    work *w = user;
    if (w->begin) pthread_barrier_wait(w->begin);
    w->run(w);
    return NULL;
}

/* Each alone, then all at once, some times. */
static void at_once(int count, const work *all)
{
    enum { MOST = 8 };
    work alone[MOST], together[MOST];
    for (int i = 0; i < count; i++) {
        alone[i] = all[i];
        run_on_thread(&alone[i]);
        if (!alone[i].size) fail_msg("%s", alone[i].error);
    }
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_t begin;
        pthread_t threads[MOST];
        pthread_barrier_init(&begin, NULL, (unsigned)count);
        for (int i = 0; i < count; i++) {
            together[i] = all[i], together[i].begin = &begin;
            assert_int_equal(pthread_create(&threads[i], NULL, run_on_thread, &together[i]), 0);
        }
        for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
        pthread_barrier_destroy(&begin);
        for (int i = 0; i < count; i++) {
            if (together[i].size != alone[i].size ||
                memcmp(together[i].result, alone[i].result, alone[i].size))
                fail_msg("number %d of %d: another result than alone %s", i, count, together[i].error);
            free(together[i].result);
        }
    }
    for (int i = 0; i < count; i++) free(alone[i].result);
}

static void selections(void **state)
{
    (void)state;
    at_once(4, (work[]){WORK(select_rows, 0, 1), WORK(select_rows, 1, 2), WORK(select_rows, 2, 2),
                        WORK(select_rows, 3, 1)});
}

static void editors(void **state)
{
    (void)state;
    at_once(3, (work[]){WORK(edit, 0, 1), WORK(edit, 1, 2), WORK(edit, 2, 1)});
}

static void classifiers(void **state)
{
    (void)state;
    at_once(3, (work[]){WORK(classify, 0, 1), WORK(classify, 1, 2), WORK(classify, 2, 1)});
}

static void all_kinds(void **state)
{
    (void)state;
    at_once(5, (work[]){WORK(edit, 4, 1), WORK(classify, 5, 1), WORK(select_rows, 6, 2), WORK(train, 7, 1),
                        WORK(train, 8, 2)});
}

static int set_up(void **state)
{
    (void)state;
    dc3_image image;
    dc3_rng rng = dc3_rng_make(4, DC3_RNG_TEST, 40);
    small_dataset(folder);
    snprintf(data, sizeof data, "%s/data", folder);
    snprintf(weights, sizeof weights, "%s/teacher.safetensors", folder);
    for (int i = 0; i < IMAGES; i++) {
        small_image(i, i, SIDE, SIDE, &image);
        memcpy(images + i * PIXELS, image.pixels, PIXELS);
        dc3_image_free(&image);
    }
    dc3_rng_normal(&rng, embeddings, ROWS * COLUMNS);
    dc3_rng_normal(&rng, logits, ROWS * CLASSES);
    for (int i = 0; i < ROWS; i++) labels[i] = i % CLASSES;
    dc3_train_options o = dc3_train_defaults();
    dc3_train_report report;
    o.data = data, o.out = weights, o.arch = "convnet3", o.size = 16, o.epochs = 1, o.batch = 5;
    return dc3_train(&o, &report) != DC3_OK;
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
        cmocka_unit_test(selections),
        cmocka_unit_test(editors),
        cmocka_unit_test(classifiers),
        cmocka_unit_test(all_kinds),
    };
    return cmocka_run_group_tests_name("threads", tests, set_up, tear_down);
}
