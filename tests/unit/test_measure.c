/* The measures' memory does not grow with the number of images: the process's peak after a small dataset
 * and after one of many more images. */
#include "support/random_tensors.h"
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "dc3/measure.h"
#include "io/image.h"

enum { SIDE = 256, FEW = 48, MANY = 448 };

static char root[] = "/tmp/dc3-measure-XXXXXX";

/* `count` names for one image in root/name/a: hard links, so that little is written. */
static void make_folder(const char *name, int count)
{
    char path[256], first[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/%s/a", root, name);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(first, sizeof first, "%s/image.png", root);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s/a/%d.png", root, name, i);
        assert_int_equal(link(first, path), 0);
    }
}

static void remove_folder(const char *name, int count)
{
    char path[256];
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s/a/%d.png", root, name, i);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/%s/a", root, name);
    rmdir(path);
    snprintf(path, sizeof path, "%s/%s", root, name);
    rmdir(path);
}

static int open_folders(void **state)
{
    (void)state;
    char path[256];
    dc3_image image = {SIDE, SIDE, malloc(SIDE * SIDE * 3)};
    if (!image.pixels || !mkdtemp(root)) return 1;
    for (int i = 0; i < SIDE * SIDE * 3; i++) image.pixels[i] = (uint8_t)(i % 251);
    snprintf(path, sizeof path, "%s/image.png", root);
    int failed = dc3_image_write(path, &image, DC3_PNG) != DC3_OK;
    dc3_image_free(&image);
    if (failed) return 1;
    make_folder("few", FEW);
    make_folder("many", MANY);
    return 0;
}

static int close_folders(void **state)
{
    (void)state;
    char path[256];
    remove_folder("few", FEW);
    remove_folder("many", MANY);
    snprintf(path, sizeof path, "%s/image.png", root);
    unlink(path);
    rmdir(root);
    return 0;
}

/* Measures a folder; returns the process's peak since its start, bytes. */
static double peak_of(const char *name, int count)
{
    char path[256];
    struct rusage usage;
    dc3_measure_report report;
    dc3_measure_options o = dc3_measure_defaults();
    snprintf(path, sizeof path, "%s/%s", root, name);
    const char *data[] = {path, NULL};
    o.data = data;
    o.threads = 2;
    if (dc3_measure(&o, &report) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_int_equal(report.images, count);
    free(report.table);
    free(report.json);
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return (double)usage.ru_maxrss * 1024;
}

static void memory(void **state)
{
    (void)state;
    double few = peak_of("few", FEW), many = peak_of("many", MANY);
    double images = (double)(MANY - FEW) * SIDE * SIDE * 3;
    print_message("%d images: %.1f MB; %d: %.1f MB; the images themselves %.1f MB\n", FEW, few * 1e-6, MANY,
                  many * 1e-6, images * 1e-6);
#ifdef __SANITIZE_ADDRESS__
    print_message("not compared: the sanitizer keeps what is freed\n");
#else
    assert_true(many - few < 0.2 * images);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory)};
    return cmocka_run_group_tests(tests, open_folders, close_folders);
}
