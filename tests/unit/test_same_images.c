/* Images of a dataset that are the same (io/same_images.h). */
#include "support/small_dataset.h"
#include <string.h>
#include "base/file.h"
#include "io/same_images.h"

enum { SIDE = 320, VIEW = 64 };

/* A file of bytes, or of an image as PNG. */
static void store(const char *folder, const char *name, const dc3_image *png, const void *bytes, size_t size)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (png)
        assert_int_equal(dc3_image_write(path, png, DC3_PNG), DC3_OK);
    else
        assert_int_equal(dc3_file_write(path, bytes, size), DC3_OK);
}

static void make_class(const char *folder, const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static dc3_appearance look(const dc3_dataset *d, int64_t item)
{
    dc3_image_source *source;
    dc3_image image;
    assert_int_equal(dc3_dataset_source(d, item, &source), DC3_OK);
    assert_int_equal(dc3_image_source_read(source, VIEW, VIEW, DC3_FIT_SQUASH, 0, &image), DC3_OK);
    dc3_appearance view = dc3_appearance_of(&image, dc3_image_source_reduced(source));
    dc3_image_free(&image);
    dc3_image_source_close(&source);
    return view;
}

/* Meets all images of the folder in their order. */
static void meet_all(const char *folder, int n, const int64_t *own, const int64_t *other)
{
    dc3_dataset *d;
    assert_int_equal(dc3_dataset_open(folder, &d), DC3_OK);
    assert_int_equal(dc3_dataset_size(d), n);
    dc3_same_images *same = dc3_same_images_new(d);
    assert_non_null(same);
    for (int i = 0; i < n; i++) {
        int64_t a, b;
        dc3_appearance view = look(d, i);
        dc3_same_images_meet(same, i, &view, &a, &b);
        if (a != own[i] || b != other[i])
            fail_msg("'%s': %lld and %lld, expected %lld and %lld", dc3_dataset_key(d, i), (long long)a,
                     (long long)b, (long long)own[i], (long long)other[i]);
    }
    dc3_same_images_close(&same);
    dc3_dataset_close(&d);
}

static dc3_image flat(int level)
{
    dc3_image image;
    assert_true(dc3_image_allocate(SIDE, SIDE, &image));
    memset(image.pixels, level, (size_t)SIDE * SIDE * 3);
    return image;
}

/* Images that differ in one pixel have one view: each is told from the others, and its copies are found. */
static void of_one_view(void **state)
{
    (void)state;
    char folder[] = "/tmp/dc3-same-XXXXXX";
    dc3_image image = flat(90);
    assert_non_null(mkdtemp(folder));
    make_class(folder, "a"), make_class(folder, "b");
    store(folder, "a/0.png", &image, NULL, 0);
    image.pixels[0]++;
    store(folder, "a/1.png", &image, NULL, 0);
    store(folder, "a/2.png", &image, NULL, 0);
    store(folder, "b/4.png", &image, NULL, 0);
    store(folder, "b/5.png", &image, NULL, 0);
    image.pixels[0]++;
    store(folder, "a/3.png", &image, NULL, 0);
    meet_all(folder, 6, (int64_t[]){-1, -1, 1, -1, -1, 4}, (int64_t[]){-1, -1, -1, -1, 1, 1});
    dc3_image_free(&image);
    remove_folder(folder);
}

/* A JPEG that is reduced as it is decoded has another view than the PNG of its pixels: both, and their
 * copies, are one image of each class. */
static void of_two_views(void **state)
{
    (void)state;
    char folder[] = "/tmp/dc3-same-XXXXXX";
    dc3_image image = flat(0), decoded;
    void *jpeg;
    size_t size;
    for (int i = 0; i < SIDE * SIDE * 3; i++)
        image.pixels[i] = (uint8_t)(i / 3 % SIDE / 3 + i / 3 / SIDE / 3);
    assert_int_equal(dc3_image_encode(&image, DC3_JPEG, &jpeg, &size), DC3_OK);
    assert_int_equal(dc3_image_decode("image", jpeg, size, 0, 0, DC3_FIT_CROP, &decoded), DC3_OK);
    assert_non_null(mkdtemp(folder));
    make_class(folder, "a"), make_class(folder, "b");
    store(folder, "a/0.jpg", NULL, jpeg, size);
    store(folder, "a/1.png", &decoded, NULL, 0);
    store(folder, "a/2.png", &decoded, NULL, 0);
    store(folder, "b/3.png", &decoded, NULL, 0);
    store(folder, "b/4.jpg", NULL, jpeg, size);
    meet_all(folder, 5, (int64_t[]){-1, 0, 0, -1, 3}, (int64_t[]){-1, -1, -1, 0, 0});
    free(jpeg);
    dc3_image_free(&image), dc3_image_free(&decoded);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(of_one_view), cmocka_unit_test(of_two_views)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
