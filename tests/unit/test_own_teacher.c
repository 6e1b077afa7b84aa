/* How long a run's own teacher trains: by the images that there are and by those that are kept of a class. */
#include "support/small_dataset.h"
#include "train/own_teacher.h"

/* 300,000 images in 8 to 20 epochs; at one image per class 0.126 times as many in 1 to 20, at three 0.338. */
static void by_images_per_class(void **state)
{
    (void)state;
    const struct {
        int64_t images, ipc;
        int epochs;
    } cases[] = {{50000, 10, 8}, {50000, 50, 8},  {20000, 10, 15}, {5000, 10, 20},
                 {50000, 1, 1},  {50000, 3, 3},   {50000, 9, 7},   {5000, 1, 8},
                 {5000, 3, 20},  {1000000, 1, 1}, {100, 1, 20}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(dc3_own_teacher_epochs(cases[i].images, cases[i].ipc), cases[i].epochs);
}

/* What is given holds for every number of images per class. */
static void as_given(void **state)
{
    (void)state;
    char folder[] = "/tmp/dc3-teacher-XXXXXX", data[sizeof folder + 8];
    dc3_condense_options given = dc3_condense_defaults();
    dc3_dataset *dataset;
    small_dataset(folder);
    snprintf(data, sizeof data, "%s/data", folder);
    assert_int_equal(dc3_dataset_open(data, &dataset), DC3_OK);
    given.teacher_epochs = 3;
    assert_int_equal(dc3_own_teacher(&given, "out", 32, 1, dataset).epochs, 3);
    assert_int_equal(dc3_own_teacher(&given, "out", 32, 50, dataset).epochs, 3);
    dc3_dataset_close(&dataset);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_images_per_class),
        cmocka_unit_test(as_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
