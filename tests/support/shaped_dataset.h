/* A dataset of images of several shapes, in three classes, made for a test. */
#ifndef DC3_TESTS_SHAPED_DATASET_H
#define DC3_TESTS_SHAPED_DATASET_H

#include "support/small_dataset.h"
#include "base/file.h"

enum { SHAPED_CLASSES = 3 };

/* Makes the folder NAME in `folder`, and in it <class>/<number>.png, `each` of them in each class, the first
 * of number `first`. Returns its path, which the caller frees. */
static inline char *shaped_dataset(const char *folder, const char *name, int each, int first)
{
    char *path = dc3_path_join(folder, name);
    assert_int_equal(mkdir(path, 0700), 0);
    for (int i = 0; i < SHAPED_CLASSES * each; i++) {
        char file[32];
        int label = i / each, number = first + i % each;
        dc3_image image;
        snprintf(file, sizeof file, "%d", label);
        char *class = dc3_path_join(path, file);
        if (i % each == 0) assert_int_equal(mkdir(class, 0700), 0);
        snprintf(file, sizeof file, "%d.png", number);
        char *whole = dc3_path_join(class, file);
        small_image(label, number, 24 + 3 * (number % 4), 34 - 2 * (number % 5), &image);
        if (dc3_image_write(whole, &image, DC3_PNG) != DC3_OK) fail_msg("%s", dc3_error_text());
        dc3_image_free(&image);
        free(class), free(whole);
    }
    return path;
}

#endif
