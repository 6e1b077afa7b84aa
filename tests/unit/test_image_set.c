/* The public sets of images and of their stored labels: pixels, names, and views of which the teacher says
 * what is stored with them, also with operations that are drawn again. */
#include "support/small_dataset.h"
#include <math.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "dc3/evaluate.h"
#include "dc3/image_set.h"
#include "dc3/label.h"
#include "dc3/measure.h"
#include "dc3/train.h"
#include "views/augment.h"
#include "teacher/teacher.h"

enum { SIZE = 16, VIEWS = 2, N = SMALL_CLASSES * SMALL_EACH };
static char folder[] = "/tmp/dc3-image-set-XXXXXX";
static char data[sizeof folder + 8], weights[sizeof folder + 32], labels[sizeof folder + 32];

static dc3_label_options label_options(void)
{
    dc3_label_options l = dc3_label_defaults();
    l.run = data, l.out = labels, l.teacher = weights, l.views = VIEWS, l.factor = 2, l.any_teacher = 1;
    l.rand_ops = 2;
    return l;
}

static int set_up(void **state)
{
    (void)state;
    small_dataset(folder);
    snprintf(data, sizeof data, "%s/data", folder);
    snprintf(weights, sizeof weights, "%s/teacher.safetensors", folder);
    snprintf(labels, sizeof labels, "%s/labels.safetensors", folder);
    dc3_train_options t = dc3_train_defaults();
    dc3_train_report trained;
    t.data = data, t.out = weights, t.arch = "convnet3", t.size = SIZE, t.epochs = 1, t.batch = 5;
    dc3_label_options l = label_options();
    dc3_label_report labelled;
    return dc3_train(&t, &trained) != DC3_OK || dc3_label(&l, &labelled) != DC3_OK;
}

static int tear_down(void **state)
{
    (void)state;
    remove_folder(folder);
    return 0;
}

static void images_and_names(void **state)
{
    (void)state;
    dc3_image_set *set;
    dc3_image own;
    int height, width;
    uint8_t *pixels;
    assert_int_equal(dc3_image_set_open(data, &set), DC3_OK);
    assert_int_equal(dc3_image_set_count(set), N);
    assert_int_equal(dc3_image_set_classes(set), SMALL_CLASSES);
    assert_string_equal(dc3_image_set_class_name(set, 1), "1");
    assert_string_equal(dc3_image_set_key(set, SMALL_EACH + 3), "1/3.png");
    assert_int_equal(dc3_image_set_label(set, SMALL_EACH + 3), 1);
    assert_int_equal(dc3_image_set_read(set, SMALL_EACH + 3, &height, &width, &pixels), DC3_OK);
    small_image(1, 3, SMALL_SIDE, SMALL_SIDE, &own);
    assert_int_equal(height, SMALL_SIDE);
    assert_int_equal(width, SMALL_SIDE);
    assert_memory_equal(pixels, own.pixels, SMALL_SIDE * SMALL_SIDE * 3);
    free(pixels);
    dc3_image_free(&own);

    assert_int_equal(dc3_image_set_read(set, N, &height, &width, &pixels), DC3_ERR_ARGUMENT);
    assert_null(pixels);
    assert_null(dc3_image_set_key(set, -1));
    assert_null(dc3_image_set_class_name(set, SMALL_CLASSES));
    assert_int_equal(dc3_image_set_label(set, N), -1);
    dc3_image_set_close(&set);
    assert_null(set);
    assert_int_equal(dc3_image_set_open(weights, &set), DC3_ERR_FORMAT);
    assert_null(set);
    assert_int_equal(dc3_image_set_open(NULL, &set), DC3_ERR_ARGUMENT);
    assert_int_equal(dc3_image_set_count(NULL), 0);
    dc3_image_set_close(NULL);
}

/* The largest difference between the teacher's logits of a view and those that are stored. */
static double difference(dc3_teacher *teacher, float *view, const float *stored)
{
    float logits[SMALL_CLASSES], *embedding = malloc((size_t)teacher->info->embedding * sizeof *embedding);
    double most = 0;
    assert_non_null(embedding);
    assert_int_equal(dc3_teacher_run(teacher, 1, view, embedding, logits), DC3_OK);
    for (int c = 0; c < SMALL_CLASSES; c++) most = fmax(most, fabs((double)logits[c] - (double)stored[c]));
    free(embedding);
    return most;
}

/* How many views show two images; of each the teacher says what the file has. */
static int look_at_views(const char *file)
{
    static float view[SIZE * SIZE * 3];
    float stored[SMALL_CLASSES];
    dc3_label_set *set;
    dc3_label_mix mix;
    dc3_teacher teacher;
    int mixed = 0;
    assert_int_equal(dc3_label_set_open(data, file, &set), DC3_OK);
    dc3_label_set_info info = dc3_label_set_describe(set);
    assert_true(info.images == N && info.views == VIEWS && info.classes == SMALL_CLASSES);
    assert_true(info.size == SIZE && info.bits == 16 && info.top_k == 0 && info.batch == 100);
    assert_int_equal(dc3_image_set_count(dc3_label_set_images(set)), N);
    assert_int_equal(dc3_teacher_open(weights, NULL, SIZE, SIZE, 1, &teacher), DC3_OK);
    for (int v = 0; v < VIEWS; v++)
        for (int i = 0; i < N; i++) {
            assert_int_equal(dc3_label_set_view(set, v, i, view, stored, &mix), DC3_OK);
            assert_true(mix.partner >= 0 && mix.partner < N && mix.share >= 0 && mix.share <= 1);
            mixed += mix.partner != i && mix.share < 1;
            assert_true(difference(&teacher, view, stored) < 2e-3); /* f16 of logits of at most about 2 */
        }
    dc3_teacher_close(&teacher);
    assert_int_equal(dc3_label_set_view(set, 0, 0, NULL, NULL, NULL), DC3_OK);
    assert_int_equal(dc3_label_set_view(set, VIEWS, 0, view, NULL, NULL), DC3_ERR_ARGUMENT);
    assert_int_equal(dc3_label_set_view(set, 0, -1, view, NULL, NULL), DC3_ERR_ARGUMENT);
    dc3_label_set_close(&set);
    assert_null(set);
    return mixed;
}

static void views_and_logits(void **state)
{
    (void)state;
    char unmixed[sizeof folder + 32];
    dc3_label_options l = label_options();
    dc3_label_report labelled;
    snprintf(unmixed, sizeof unmixed, "%s/unmixed.safetensors", folder);
    l.out = unmixed, l.cutmix = 0;
    assert_int_equal(dc3_label(&l, &labelled), DC3_OK);
    assert_true(look_at_views(labels) > 0);
    assert_int_equal(look_at_views(unmixed), 0);
}

static void labels_of_others(void **state)
{
    (void)state;
    dc3_label_set *set;
    char path[sizeof data + 16];
    assert_int_equal(dc3_label_set_open(data, NULL, &set), DC3_ERR_IO); /* none beside the images */
    snprintf(path, sizeof path, "%s/1/3.png", data);
    assert_int_equal(remove(path), 0);
    assert_int_equal(dc3_label_set_open(data, labels, &set), DC3_ERR_FORMAT);
    assert_null(set);
    assert_non_null(strstr(dc3_error_text(), "expected labels of 19 images in 2 classes, found 20 in 2"));
    dc3_label_set_close(NULL);
}

static void write_text(const char *path, const char *text)
{
    assert_int_equal(dc3_file_write(path, text, strlen(text)), DC3_OK);
}

/* The images in the folder are refused, as it is not complete: as a set, to label, to train on, to measure.
 */
static void are_refused(const char *made)
{
    dc3_image_set *set;
    dc3_label_options l = dc3_label_defaults();
    dc3_label_report labelled;
    dc3_evaluate_options e = dc3_evaluate_defaults();
    dc3_score score;
    dc3_measure_options m = dc3_measure_defaults();
    dc3_measure_report measured;
    l.run = made, l.out = labels, l.teacher = weights, l.any_teacher = 1, l.dry_run = 1;
    e.data = made, e.val = data, e.arch = "convnet3", e.labels = DC3_LABELS_HARD, e.dry_run = 1;
    m.data = (const char *const[]){made, NULL};
    for (int i = 0; i < 4; i++) {
        dc3_status status = i == 0   ? dc3_image_set_open(made, &set)
                            : i == 1 ? dc3_label(&l, &labelled)
                            : i == 2 ? dc3_evaluate(&e, NULL, &score)
                                     : dc3_measure(&m, &measured);
        if (status != DC3_ERR_FORMAT || !strstr(dc3_error_text(), "not complete"))
            fail_msg("call %d: status %d: %s", i, status, dc3_error_text());
    }
}

/* The images of a run and of what dc3 generate made are in `train`, and are none before they are all there.
 */
static void folders_of_dc3(void **state)
{
    (void)state;
    static const char *const names[] = {"dc3.json", "generate.json"};
    char made[sizeof folder + 8], train[sizeof made + 8], document[sizeof made + 16];
    dc3_image_set *set;
    snprintf(made, sizeof made, "%s/made", folder);
    snprintf(train, sizeof train, "%s/train", made);
    assert_int_equal(mkdir(made, 0700), 0);
    assert_int_equal(symlink(data, train), 0);
    for (int i = 0; i < 2; i++) {
        snprintf(document, sizeof document, "%s/%s", made, names[i]);
        write_text(document, "{\"complete\": false}");
        are_refused(made);
        write_text(document, "{\"complete\": true}");
        assert_int_equal(dc3_image_set_open(made, &set), DC3_OK);
        assert_int_equal(dc3_image_set_count(set), N);
        assert_string_equal(dc3_image_set_key(set, SMALL_EACH + 3), "1/3.png");
        dc3_image_set_close(&set);
        assert_int_equal(remove(document), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_and_names),
        cmocka_unit_test(folders_of_dc3),
        cmocka_unit_test(views_and_logits),
        cmocka_unit_test(labels_of_others),
    };
    return cmocka_run_group_tests_name("image_set", tests, set_up, tear_down);
}
