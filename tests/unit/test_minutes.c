/* Minutes of training: the number of epochs that they became is kept, so that an interrupted student resumes
 * to the same. Nothing here depends on how fast the machine is: students are interrupted by their progress.
 */
#include "support/shaped_dataset.h"
#include <dirent.h>
#include "dc3/evaluate.h"
#include "dc3/train.h"
#include "io/json.h"

static char folder[] = "/tmp/dc3-minutes-XXXXXX";
static char *data, *val;

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    data = shaped_dataset(folder, "data", 2, 0);
    val = shaped_dataset(folder, "val", 2, 100);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(data), free(val);
    remove_folder(folder);
    return 0;
}

/* Interrupts after `last` epochs, and notes what it hears. */
typedef struct hearing {
    dc3_cancel stop;
    int64_t last, done, total; /* last 0: never */
    int resumes;               /* the epoch in which it was said to resume; 0: nothing was said */
} hearing;

static void progress(void *user, const char *stage, int64_t done, int64_t total)
{
    hearing *h = user;
    if (strcmp(stage, "student") != 0) return;
    h->done = done, h->total = total;
    if (done == h->last) dc3_cancel_set(&h->stop);
}

static void message(void *user, const char *text)
{
    hearing *h = user;
    const char *at = strstr(text, "resuming in epoch ");
    if (at) h->resumes = atoi(at + strlen("resuming in epoch "));
}

static dc3_status train(hearing *h, dc3_score *score)
{
    dc3_evaluate_options o = dc3_evaluate_defaults();
    o.data = data, o.val = val, o.arch = "convnet3", o.labels = DC3_LABELS_HARD, o.size = 16;
    o.dtype = DC3_COMPUTE_F32, o.minutes = 1, o.folder = folder, o.threads = 1;
    o.listener = (dc3_listener){.user = h, .message = message, .progress = progress, .cancel = &h->stop};
    return dc3_evaluate(&o, NULL, score);
}

/* The path of the only file in FOLDER/students with this ending; the caller frees. */
static char *only_file(const char *ending)
{
    char *students = dc3_path_join(folder, "students"), *found = NULL;
    DIR *dir = opendir(students);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        const char *dot = strrchr(entry->d_name, '.');
        if (!dot || strcmp(dot, ending) != 0) continue;
        assert_null(found);
        found = dc3_path_join(students, entry->d_name);
    }
    closedir(dir);
    free(students);
    assert_non_null(found);
    return found;
}

/* The epochs that are kept; others are put there in their place unless `others` is 0. */
static int64_t kept(int others)
{
    json_t *budget;
    char *path = only_file(".json"), *students = dc3_path_join(folder, "students");
    assert_int_equal(dc3_json_read(path, 1 << 20, &budget), DC3_OK);
    int64_t epochs = json_integer_value(json_object_get(budget, "epochs"));
    if (others) {
        json_object_set_new(budget, "epochs", json_integer(others));
        assert_int_equal(dc3_json_write(students, strrchr(path, '/') + 1, budget, JSON_SORT_KEYS), DC3_OK);
    }
    json_decref(budget);
    free(path), free(students);
    return epochs;
}

static void resumes_to_the_same(void **state)
{
    (void)state;
    enum { EPOCHS = 8 };
    dc3_score score;
    hearing first = {.last = 1}, again = {.last = 1}, third = {.last = 3}, rest = {0};
    assert_int_equal(train(&first, &score), DC3_ERR_CANCELLED);
    assert_int_equal(kept(0), first.total);
    assert_int_equal(train(&again, &score), DC3_ERR_CANCELLED);
    assert_int_equal(again.total, first.total);
    /* Another number than any that is measured: it is read, and not measured anew. */
    assert_int_equal(kept(EPOCHS), first.total);
    assert_int_equal(train(&third, &score), DC3_ERR_CANCELLED);
    assert_int_equal(third.total, EPOCHS);
    char *checkpoint = only_file(".checkpoint"); /* written after the test that follows the second epoch */
    free(checkpoint);
    assert_int_equal(kept(0), EPOCHS);
    if (train(&rest, &score) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_int_equal(rest.resumes, 3);
    assert_int_equal(rest.total, EPOCHS);
    assert_int_equal(score.epochs, EPOCHS);
    assert_int_equal(score.steps, EPOCHS);
    assert_int_equal(score.tested[DC3_EVALUATE_TESTS - 1], EPOCHS);
    assert_true(score.minutes == 1);
}

static char *new_teacher(const char *name, uint64_t seed)
{
    dc3_train_options o = dc3_train_defaults();
    dc3_train_report report;
    char *path = dc3_path_join(folder, name);
    o.data = data, o.out = path, o.arch = "convnet3", o.size = 16, o.epochs = 1, o.seed = seed;
    if (dc3_train(&o, &report) != DC3_OK) fail_msg("%s", dc3_error_text());
    return path;
}

/* How many numbers of epochs FOLDER/soft keeps after a student with labels of these teachers began. */
static int kept_for(const char *teachers)
{
    char path[80];
    int count = 0;
    hearing h = {.last = 1};
    dc3_score score;
    dc3_evaluate_options o = dc3_evaluate_defaults();
    snprintf(path, sizeof path, "%s/soft", folder);
    o.data = data, o.val = val, o.arch = "convnet3", o.labels = DC3_LABELS_SOFT, o.size = 16;
    o.teacher = teachers, o.any_teacher = 1, o.dtype = DC3_COMPUTE_F32, o.minutes = 1, o.folder = path;
    o.listener = (dc3_listener){.user = &h, .progress = progress, .cancel = &h.stop};
    if (dc3_evaluate(&o, NULL, &score) != DC3_ERR_CANCELLED) fail_msg("%s", dc3_error_text());
    snprintf(path, sizeof path, "%s/soft/students", folder);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        const char *dot = strrchr(entry->d_name, '.');
        count += dot && strcmp(dot, ".json") == 0;
    }
    closedir(dir);
    return count;
}

/* Two teachers take longer to ask than one, whichever they are. */
static void goes_by_teachers(void **state)
{
    (void)state;
    char *a = new_teacher("a.safetensors", 1), *b = new_teacher("b.safetensors", 2), both[160];
    snprintf(both, sizeof both, "%s,%s", a, b);
    assert_int_equal(kept_for(a), 1);
    assert_int_equal(kept_for(b), 1);
    assert_int_equal(kept_for(both), 2);
    snprintf(both, sizeof both, "%s,%s", b, a);
    assert_int_equal(kept_for(both), 2);
    free(a), free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(resumes_to_the_same),
                                       cmocka_unit_test(goes_by_teachers)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
