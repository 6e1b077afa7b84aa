/* Reading an image at several sizes from one source gives the pixels of decoding it anew for each size. */
#include "support/random_tensors.h"
#include <dirent.h>
#include <stdio.h>
#include "base/file.h"
#include "io/alike.h"
#include "io/image_source.h"

#define FOLDER DC3_TEST_DATA "/images/"

typedef struct view {
    int width, height;
    dc3_fit fit;
} view;

/* The file at its own size, enlarged, and so small that a JPEG is scaled while it is decoded. */
static const view views[] = {{0, 0, DC3_FIT_CROP},   {64, 64, DC3_FIT_CROP}, {7, 7, DC3_FIT_SQUASH},
                             {20, 31, DC3_FIT_PAD},  {2, 2, DC3_FIT_CROP},   {64, 64, DC3_FIT_PAD},
                             {1, 1, DC3_FIT_SQUASH}, {0, 0, DC3_FIT_CROP},   {300, 300, DC3_FIT_CROP}};
enum { VIEWS = sizeof views / sizeof *views };

static void same(const char *name, const view *v, const dc3_image *found, const dc3_image *wanted)
{
    size_t size = (size_t)wanted->width * (size_t)wanted->height * 3;
    if (found->width != wanted->width || found->height != wanted->height ||
        memcmp(found->pixels, wanted->pixels, size) != 0)
        fail_msg("%s: at %d x %d, fit %d, the pixels differ", name, v->width, v->height, (int)v->fit);
}

/* All views one after the other, forwards and backwards, from several beginnings. */
static void check_file(const char *name, const char *bytes, size_t size)
{
    dc3_image wanted[VIEWS] = {0}, found;
    dc3_status status[VIEWS];
    for (int i = 0; i < VIEWS; i++)
        status[i] =
            dc3_image_decode(name, bytes, size, views[i].width, views[i].height, views[i].fit, &wanted[i]);
    for (int first = 0; first < VIEWS; first += 3) {
        dc3_image_source *source;
        char *copy = malloc(size + 1);
        memcpy(copy, bytes, size);
        assert_int_equal(dc3_image_source_open(name, copy, size, &source), DC3_OK);
        assert_true(dc3_image_source_hash(source) == dc3_hash64(bytes, size));
        for (int k = 0; k < VIEWS; k++) {
            int i = (first + k * (first % 2 ? 1 : VIEWS - 1)) % VIEWS;
            dc3_status got = dc3_image_source_read(source, views[i].width, views[i].height, views[i].fit,
                                                   k + 1 < VIEWS, &found);
            if (got != status[i]) fail_msg("%s: status %d, expected %d", name, (int)got, (int)status[i]);
            if (got == DC3_OK) same(name, &views[i], &found, &wanted[i]);
            dc3_image_free(&found);
        }
        dc3_image_source_close(&source);
    }
    for (int i = 0; i < VIEWS; i++) dc3_image_free(&wanted[i]);
}

static void files(void **state)
{
    (void)state;
    DIR *folder = opendir(FOLDER);
    assert_non_null(folder);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[1024], *bytes;
        size_t size;
        snprintf(path, sizeof path, "%s%s", FOLDER, entry->d_name);
        if (dc3_path_what(path) != DC3_PATH_FILE) continue;
        assert_int_equal(dc3_file_read(path, 1 << 24, &bytes, &size), DC3_OK);
        check_file(entry->d_name, bytes, size);
        free(bytes);
        count++;
    }
    closedir(folder);
    assert_true(count > 10);
}

/* Plain files, which libvips does not decode at their own size, of 200 x 150 pixels. */
static void plain(void **state)
{
    (void)state;
    enum { WIDTH = 200, HEIGHT = 150 };
    dc3_image image = {WIDTH, HEIGHT, malloc(WIDTH * HEIGHT * 3)};
    for (int i = 0; i < WIDTH * HEIGHT * 3; i++) image.pixels[i] = (uint8_t)(i / 7 ^ i % 251);
    for (dc3_image_format format = DC3_PNG; format <= DC3_JPEG; format++) {
        void *bytes;
        size_t size;
        assert_int_equal(dc3_image_encode(&image, format, &bytes, &size), DC3_OK);
        check_file(dc3_image_extension(format), bytes, size);
        free(bytes);
    }
    dc3_image_free(&image);
}

/* Bytes that are pixels, as of CIFAR's files; here they begin like a JPEG. */
static void raw(void **state)
{
    (void)state;
    enum { SIDE = 32, SIZE = SIDE * SIDE * 3 };
    dc3_image image = {SIDE, SIDE, malloc(SIZE)}, found, wanted;
    memset(image.pixels, 0xff, SIZE);
    for (int i = 0; i < SIZE; i++) image.pixels[i] = (uint8_t)(i * 5 / 3);
    memcpy(image.pixels, "\xff\xd8\xff", 3);
    dc3_image own = {SIDE, SIDE, malloc(SIZE)};
    memcpy(own.pixels, image.pixels, SIZE);
    char *bytes = malloc(SIZE);
    memcpy(bytes, image.pixels, SIZE);
    dc3_image_source *source;
    assert_int_equal(dc3_image_source_of_pixels("data.bin/00007", bytes, SIZE, &own, &source), DC3_OK);
    assert_true(dc3_image_source_hash(source) == dc3_hash64(image.pixels, SIZE));
    for (int i = 0; i < VIEWS; i++) {
        int width = views[i].width ? views[i].width : SIDE, height = views[i].height ? views[i].height : SIDE;
        assert_int_equal(dc3_image_resize(&image, width, height, views[i].fit, &wanted), DC3_OK);
        assert_int_equal(
            dc3_image_source_read(source, views[i].width, views[i].height, views[i].fit, 1, &found), DC3_OK);
        same("raw", &views[i], &found, &wanted);
        if (!views[i].width) assert_memory_equal(found.pixels, image.pixels, SIZE);
        dc3_image_free(&wanted), dc3_image_free(&found);
    }
    dc3_image_source_close(&source);
    dc3_image_source_close(&source);
    dc3_image_free(&image);
}

static dc3_appearance appearance_of(const dc3_image *image, dc3_image_format format, int side)
{
    void *bytes;
    size_t size;
    dc3_image seen;
    dc3_image_source *source;
    assert_int_equal(dc3_image_encode(image, format, &bytes, &size), DC3_OK);
    assert_int_equal(dc3_image_source_open("image", bytes, size, &source), DC3_OK);
    assert_int_equal(dc3_image_source_read(source, side, side, DC3_FIT_CROP, 0, &seen), DC3_OK);
    dc3_appearance a = dc3_appearance_of(&seen, dc3_image_source_reduced(source));
    dc3_image_free(&seen);
    dc3_image_source_close(&source);
    return a;
}

/* Says yes to one item. */
static int is_item(const void *user, int64_t item)
{
    return item == *(const int64_t *)user;
}

/* Only a JPEG of four times the size of the view or more is reduced; its view is found beside those that were
 * not, of the same pixels, and of others not. */
static void alike(void **state)
{
    (void)state;
    enum { SIDE = 96 };
    static const int64_t first = 5, second = 6;
    dc3_image image, other, jpeg;
    void *bytes;
    size_t size;
    assert_true(dc3_image_allocate(SIDE, SIDE, &image));
    assert_true(dc3_image_allocate(SIDE, SIDE, &other));
    for (int i = 0; i < SIDE * SIDE * 3; i++) {
        image.pixels[i] = (uint8_t)(i / 3 % SIDE + i / 3 / SIDE + i % 3 * 20);
        other.pixels[i] = (uint8_t)(255 - image.pixels[i]);
    }
    assert_int_equal(dc3_image_encode(&image, DC3_JPEG, &bytes, &size), DC3_OK);
    assert_int_equal(dc3_image_decode("image", bytes, size, 0, 0, DC3_FIT_CROP, &jpeg), DC3_OK);
    free(bytes);
    dc3_appearance reduced = appearance_of(&image, DC3_JPEG, SIDE / 4),
                   whole = appearance_of(&jpeg, DC3_PNG, SIDE / 4),
                   no = appearance_of(&other, DC3_PNG, SIDE / 4);
    assert_int_equal(reduced.reduced, 1);
    assert_int_equal(whole.reduced, 0);
    assert_int_equal(appearance_of(&image, DC3_JPEG, SIDE / 4 + 1).reduced, 0);
    assert_true(reduced.hash != whole.hash);
    dc3_alike *a = dc3_alike_new();
    assert_non_null(a);
    assert_int_equal(dc3_alike_find(a, &reduced, is_item, &first), -1);
    dc3_alike_add(a, &no, 4);
    dc3_alike_add(a, &whole, first);
    dc3_alike_add(a, &whole, second);
    dc3_alike_add(a, &reduced, 7);
    assert_int_equal(dc3_alike_find(a, &reduced, is_item, &first), first);
    assert_int_equal(dc3_alike_find(a, &reduced, is_item, &second), second);
    assert_int_equal(dc3_alike_find(a, &reduced, is_item, &(int64_t){4}), -1); /* looks otherwise */
    assert_int_equal(dc3_alike_find(a, &whole, is_item, &(int64_t){7}), 7);
    assert_int_equal(dc3_alike_find(a, &whole, is_item, &first), -1); /* not reduced either: its hash tells */
    dc3_alike_close(&a);
    dc3_alike_close(&a);
    dc3_image_free(&image), dc3_image_free(&other), dc3_image_free(&jpeg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(files), cmocka_unit_test(plain),
                                       cmocka_unit_test(raw), cmocka_unit_test(alike)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
