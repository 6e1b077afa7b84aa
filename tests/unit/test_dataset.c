/* Readers of CIFAR binaries and WebDataset tars. */
#include "support/random_tensors.h"
#include <stdio.h>
#include <unistd.h>
#include "base/file.h"
#include "io/dataset.h"
#include "support/tar.h"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/dc3-dataset-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static void put(const char *name, const void *data, size_t size)
{
    char *path = dc3_path_join(folder, name);
    assert_int_equal(dc3_file_write(path, data, size), DC3_OK);
    free(path);
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {
        "data_batch_1.bin", "batches.meta.txt", "test_batch.bin", "train.bin", "test.bin", "a.tar",
        "data_batch_1",     "batches.meta",     "test_batch",     "train",     "meta"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = dc3_path_join(folder, names[i]);
        unlink(path);
        free(path);
    }
    return rmdir(folder);
}

static void cifar(void **state)
{
    (void)state;
    enum { RECORD = 3073 };
    static unsigned char data[3 * RECORD];
    const unsigned char labels[] = {2, 0, 2};
    for (int r = 0; r < 3; r++) {
        data[r * RECORD] = labels[r];
        memset(data + r * RECORD + 1, 10 + r, 1024);     /* red */
        memset(data + r * RECORD + 1025, 100 + r, 1024); /* green */
        memset(data + r * RECORD + 2049, 200 + r, 1024); /* blue */
    }
    put("data_batch_1.bin", data, sizeof data);
    put("batches.meta.txt", "plane\ncar\nbird\n", 15);
    dc3_dataset *d;
    dc3_image image;
    if (dc3_dataset_open(folder, &d) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_int_equal(dc3_dataset_size(d), 3);
    for (int64_t i = 0; i < 3; i++) {
        const char *name = dc3_dataset_class_name(d, dc3_dataset_label(d, i));
        int record = atoi(strchr(dc3_dataset_key(d, i), '/') + 1);
        assert_string_equal(name, labels[record] == 2 ? "bird" : "plane");
        assert_int_equal(dc3_dataset_read(d, i, 0, 0, DC3_FIT_CROP, &image), DC3_OK);
        assert_int_equal(image.width * image.height, 1024);
        for (int c = 0; c < 3; c++)
            assert_int_equal(image.pixels[300 * 3 + c], (c == 0 ? 10 : 100 * c) + record);
        dc3_image_free(&image);
    }
    dc3_dataset_close(&d);
    data[0] = 11; /* there are ten classes */
    put("data_batch_1.bin", data, sizeof data);
    assert_int_equal(dc3_dataset_open(folder, &d), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "record 0: expected a label below 10, found 11"));
    put("data_batch_1.bin", data, sizeof data - 1);
    assert_int_equal(dc3_dataset_open(folder, &d), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "expected a multiple of 3073 bytes, found 9218"));
    put("batches.meta.txt", "plane\ncar\nplane\n", 16);
    assert_int_equal(dc3_dataset_open(folder, &d), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "classes 0 and 2 are both called 'plane'"));
}

/* Opens PATH, a name in the folder or NULL for itself, and checks the number of images and the first key.
 */
static void check_open(dc3_status (*open)(const char *, dc3_dataset **), const char *name, int64_t size,
                       const char *key)
{
    dc3_dataset *d;
    char *path = name ? dc3_path_join(folder, name) : strdup(folder);
    if (open(path, &d) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_int_equal(dc3_dataset_size(d), size);
    assert_string_equal(dc3_dataset_key(d, 0), key);
    assert_string_equal(dc3_dataset_kind(d), "CIFAR binaries");
    assert_int_equal(dc3_dataset_notes(d), open == dc3_dataset_open_test && !name ? 10 : 9);
    dc3_dataset_close(&d);
    free(path);
}

/* Files of equal labels, so that nine classes are empty. */
static void cifar_tests(void **state)
{
    (void)state;
    enum { RECORD = 3073 };
    static unsigned char data[3 * RECORD];
    dc3_dataset *d;
    put("data_batch_1.bin", data, 2 * RECORD);
    assert_int_equal(dc3_dataset_open_test(folder, &d), DC3_ERR_FORMAT);
    assert_non_null(
        strstr(dc3_error_text(), "expected test_batch.bin or test.bin to test on, found training"));
    put("test_batch.bin", data, 3 * RECORD);
    check_open(dc3_dataset_open, NULL, 2, "data_batch_1.bin/00000");
    check_open(dc3_dataset_open_test, NULL, 3, "test_batch.bin/00000");
    check_open(dc3_dataset_open, "test_batch.bin", 3, "test_batch.bin/00000");
    check_open(dc3_dataset_open_test, "data_batch_1.bin", 2, "data_batch_1.bin/00000");
    assert_int_equal(dc3_dataset_open_test(folder, &d), DC3_OK);
    assert_non_null(strstr(dc3_dataset_note(d, 0), "tests are the 3 images of test_batch.bin"));
    dc3_dataset_close(&d);
    put("test.bin", data, 3074);
    assert_int_equal(dc3_dataset_open_test(folder, &d), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "found both"));
}

static void cifar_hundred(void **state)
{
    (void)state;
    enum { RECORD = 3074 };
    static unsigned char data[2 * RECORD];
    dc3_dataset *d;
    data[1] = 42, data[RECORD] = 19, data[RECORD + 1] = 99;
    put("test.bin", data, sizeof data);
    assert_int_equal(dc3_dataset_open(folder, &d), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "expected data_batch_*.bin or train.bin, found tests only"));
    assert_int_equal(dc3_dataset_open_test(folder, &d), DC3_OK);
    assert_int_equal(dc3_dataset_size(d), 2);
    assert_string_equal(dc3_dataset_class_name(d, 0), "42");
    assert_string_equal(dc3_dataset_class_name(d, 1), "99");
    dc3_dataset_close(&d);
    data[1] = 100;
    put("train.bin", data, sizeof data);
    assert_int_equal(dc3_dataset_open(folder, &d), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "expected a label below 100, found 100"));
}

/* A pickle of protocol 2 as Python 2 wrote it; a text's length is a byte before it. */
static char pickle[1 << 15];
static size_t pickled;

static void add(const void *bytes, size_t size)
{
    memcpy(pickle + pickled, bytes, size);
    pickled += size;
}
#define ADD(text) add(text, sizeof text - 1)

/* {"batch_label": .., LABELS: [labels], "data": array of uint8 [n, 3072], "filenames": []}; the bytes of
 * image i are 10 + i, 100 + i and 200 + i in its planes. */
static void pickle_batch(const char *name, int n, const int *labels)
{
    char size = (char)strlen(name);
    pickled = 0;
    ADD("\x80\x02}q\x01(U\x0b"
        "batch_labelq\x02U\x15"
        "training batch 1 of 5q\x03U");
    add(&size, 1), add(name, strlen(name));
    ADD("q\x04]q\x05(");
    for (int i = 0; i < n; i++) add((char[]){'K', (char)labels[i]}, 2);
    ADD("eU\x04"
        "dataq\x06"
        "cnumpy.core.multiarray\n_reconstruct\nq\x07"
        "cnumpy\nndarray\nq\x08K\0\x85q\x09U\x01"
        "b\x87q\nRq\x0b"
        "(K\x01K");
    add((char[]){(char)n}, 1);
    ADD("M\0\x0c\x86"
        "cnumpy\ndtype\nq\x0cU\x02u1K\0K\x01\x87q\x0dRq\x0e(K\x03U\x01|"
        "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89T");
    int bytes = n * 3072;
    add((char[]){(char)bytes, (char)(bytes >> 8), 0, 0}, 4);
    for (int i = 0; i < n; i++)
        for (int c = 0; c < 3; c++, pickled += 1024)
            memset(pickle + pickled, (c == 0 ? 10 : 100 * c) + i, 1024);
    ADD("tbU\x09"
        "filenamesq\x0f]q\x10u.");
}

static void cifar_python(void **state)
{
    (void)state;
    dc3_dataset *d;
    dc3_image image;
    pickle_batch("labels", 3, (int[]){1, 0, 1});
    put("data_batch_1", pickle, pickled);
    put("batches.meta",
        "\x80\x02}q\x01U\x0blabel_namesq\x02]q\x03(U\x03"
        "oakU\x03"
        "ashes.",
        38);
    if (dc3_dataset_open(folder, &d) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_string_equal(dc3_dataset_kind(d), "CIFAR Python batches");
    assert_int_equal(dc3_dataset_size(d), 3);
    static const struct {
        const char *key, *name;
        int record;
    } wanted[] = {
        {"data_batch_1/00000", "ash", 0}, {"data_batch_1/00002", "ash", 2}, {"data_batch_1/00001", "oak", 1}};
    for (int i = 0; i < 3; i++) {
        assert_string_equal(dc3_dataset_key(d, i), wanted[i].key);
        assert_string_equal(dc3_dataset_class_name(d, dc3_dataset_label(d, i)), wanted[i].name);
        assert_int_equal(dc3_dataset_read(d, i, 0, 0, DC3_FIT_CROP, &image), DC3_OK);
        for (int c = 0; c < 3; c++)
            assert_int_equal(image.pixels[777 * 3 + c], (c == 0 ? 10 : 100 * c) + wanted[i].record);
        dc3_image_free(&image);
    }
    dc3_dataset_close(&d);
    assert_int_equal(dc3_dataset_open_test(folder, &d), DC3_ERR_FORMAT);
    assert_non_null(
        strstr(dc3_error_text(), "expected test_batch or test to test on, found training images only"));
    pickle_batch("labels", 2, (int[]){0, 10});
    put("test_batch", pickle, pickled);
    assert_int_equal(dc3_dataset_open_test(folder, &d), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "record 1: expected a label below 10, found 10"));
    pickle_batch("labels", 2, (int[]){0, 1});
    pickle[pickled / 2] = 0;
    put("test_batch", pickle, pickled - 9); /* truncated */
    assert_int_equal(dc3_dataset_open_test(folder, &d), DC3_ERR_FORMAT);
    put("test_batch", "\x80\x02}q\x01.", 6);
    assert_int_equal(dc3_dataset_open_test(folder, &d), DC3_ERR_FORMAT);
    assert_non_null(
        strstr(dc3_error_text(), "found 0 labels and 0 bytes; the binary version (cifar-10-binary.tar.gz)"));
}

/* Each protocol, as Python 3 writes it with keys that are bytes or texts, and Python 2; the values are those
 * of tools/golden/pickles.py. */
static void cifar_python_protocols(void **state)
{
    (void)state;
    static const char *const files[] = {"cifar0",         "cifar1",       "cifar2",         "cifar3",
                                        "cifar4",         "cifar5",       "cifar_fortran0", "cifar_fortran2",
                                        "cifar_fortran5", "cifar_numpy1", "cifar_python2"};
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        char path[512], *data;
        size_t size;
        dc3_dataset *d;
        dc3_image image;
        snprintf(path, sizeof path, DC3_TEST_DATA "/pickles/%s", files[f]);
        assert_int_equal(dc3_file_read(path, 1 << 20, &data, &size), DC3_OK);
        put("data_batch_1", data, size);
        if (dc3_dataset_open(folder, &d) != DC3_OK) fail_msg("%s: %s", files[f], dc3_error_text());
        assert_int_equal(dc3_dataset_size(d), 2);
        for (int i = 0; i < 2; i++) { /* items in the order of the labels, which are 3 and 1 */
            assert_string_equal(dc3_dataset_key(d, i), i ? "data_batch_1/00000" : "data_batch_1/00001");
            assert_string_equal(dc3_dataset_class_name(d, dc3_dataset_label(d, i)), i ? "3" : "1");
            assert_int_equal(dc3_dataset_read(d, i, 0, 0, DC3_FIT_CROP, &image), DC3_OK);
            for (int p = 0; p < 3 * 1024; p++)
                if (image.pixels[p] != (uint8_t)(7 * (1 - i) + 50 * (p % 3) + p / 3))
                    fail_msg("%s: image %d has another value %d", files[f], i, p);
            dc3_image_free(&image);
        }
        dc3_dataset_close(&d);
        data[size / 2] = (char)0xff; /* no character that is a byte, or another value */
        put("data_batch_1", data, size);
        if (dc3_dataset_open(folder, &d) == DC3_OK) dc3_dataset_close(&d);
        put("data_batch_1", data, size - 9);
        assert_int_equal(dc3_dataset_open(folder, &d), DC3_ERR_FORMAT);
        free(data);
    }
}

/* The files of CIFAR-100 have no names of their own: its meta tells. */
static void cifar_python_hundred(void **state)
{
    (void)state;
    dc3_dataset *d;
    pickle_batch("fine_labels", 2, (int[]){99, 7});
    put("train", pickle, pickled);
    assert_int_equal(dc3_dataset_open(folder, &d), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "found no images"));
    put("meta", "\x80\x02}q\x01.", 6);
    if (dc3_dataset_open(folder, &d) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_string_equal(dc3_dataset_class_name(d, 0), "07");
    assert_string_equal(dc3_dataset_key(d, 0), "train/00001");
    assert_string_equal(dc3_dataset_class_name(d, 1), "99");
    dc3_dataset_close(&d);
    put("train", "\x80\x02}q\x01.", 6);
    assert_int_equal(dc3_dataset_open(folder, &d), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "the binary version (cifar-100-binary.tar.gz)"));
}

static void webdataset(void **state)
{
    (void)state;
    static char tar[1 << 16];
    uint8_t pixels[8 * 8 * 3];
    void *png;
    size_t size, at = 0;
    memset(pixels, 77, sizeof pixels);
    dc3_image source = {8, 8, pixels}, image;
    assert_int_equal(dc3_image_encode(&source, DC3_PNG, &png, &size), DC3_OK);
    at = dc3_test_tar_member(tar, at, "x/001.png", png, size);
    at = dc3_test_tar_member(tar, at, "x/001.cls", "10\n", 3);
    at = dc3_test_tar_member(tar, at, "x/002.cls", "9", 1);
    at = dc3_test_tar_member(tar, at, "x/002.png", png, size);
    at = dc3_test_tar_member(tar, at, "x/002.seg.png", png, size); /* a map of segments, not the image */
    at = dc3_test_tar_member(tar, at, "x/003.cls", "007", 3);
    at = dc3_test_tar_member(tar, at, "x/003.JPG", png, size);
    at = dc3_test_tar_member(tar, at, "x/004.cls", "7", 1);
    at = dc3_test_tar_member(tar, at, "x/004.depth.png", png, size);
    at = dc3_test_tar_member(tar, at, "../../003.png", png, size); /* no class beside it; and never a path */
    put("a.tar", tar, at + 1024);
    free(png);
    char *path = dc3_path_join(folder, "a.tar");
    dc3_dataset *d;
    if (dc3_dataset_open(path, &d) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_int_equal(dc3_dataset_size(d), 3);
    assert_int_equal(dc3_dataset_classes(d), 3);
    assert_string_equal(dc3_dataset_class_name(d, 0), "07"); /* numbers by value, and by name */
    assert_string_equal(dc3_dataset_class_name(d, 1), "09");
    assert_string_equal(dc3_dataset_class_name(d, 2), "10");
    assert_string_equal(dc3_dataset_key(d, 0), "a.tar/x/003.JPG");
    assert_string_equal(dc3_dataset_key(d, 1), "a.tar/x/002.png");
    assert_int_equal(dc3_dataset_notes(d), 1);
    assert_non_null(
        strstr(dc3_dataset_note(d, 0), "1 image has no .cls or .json with a label beside it (a.tar/../"));
    for (int i = 0; i < 2; i++) {
        if (dc3_dataset_read(d, i, 4, 4, DC3_FIT_SQUASH, &image) != DC3_OK) fail_msg("%s", dc3_error_text());
        assert_int_equal(image.width, 4);
        assert_in_range(image.pixels[20], 76, 78); /* libvips's scaling rounds in integers */
        dc3_image_free(&image);
    }
    dc3_dataset_close(&d);
    put("a.tar", tar, at - 2000); /* truncated */
    if (dc3_dataset_open(path, &d) == DC3_OK) dc3_dataset_close(&d);
    put("a.tar", "no tar at all, but some text in it that is long enough to be examined", 60);
    assert_int_equal(dc3_dataset_open(path, &d), DC3_ERR_FORMAT);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cifar, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(cifar_tests, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(cifar_hundred, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(cifar_python, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(cifar_python_protocols, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(cifar_python_hundred, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(webdataset, make_folder, remove_folder)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
