/* WebDataset's other forms: labels in .json, keys with dots, folders as classes, compressed tars; and what is
 * said of tars that are no dataset. */
#include "support/random_tensors.h"
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <unistd.h>
#include "base/file.h"
#include "io/dataset.h"
#include "support/tar.h"

static char folder[64], path[96];
static char tar[1 << 17];
static size_t at;

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/dc3-tars-XXXXXX");
    at = 0;
    memset(tar, 0, sizeof tar);
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void add(const char *name, const char *text)
{
    at = dc3_test_tar_member(tar, at, name, text, strlen(text));
}

/* An image of 8 x 8 pixels, of one grey. */
static void add_image(const char *name, int grey)
{
    uint8_t pixels[8 * 8 * 3];
    void *png;
    size_t size;
    memset(pixels, grey, sizeof pixels);
    dc3_image image = {8, 8, pixels};
    assert_int_equal(dc3_image_encode(&image, DC3_PNG, &png, &size), DC3_OK);
    at = dc3_test_tar_member(tar, at, name, png, size);
    free(png);
}

static void put(const char *name, const void *data, size_t size)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(dc3_file_write(path, data, size), DC3_OK);
}

/* The tar, and `zeros` bytes behind it, compressed. */
static void put_compressed(const char *name, int (*filter)(struct archive *), size_t zeros)
{
    static const char none[1 << 16];
    struct archive *a = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(filter(a), ARCHIVE_OK);
    assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
    assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
    archive_entry_set_filetype(entry, AE_IFREG);
    assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(a, tar, at), (int)at);
    for (size_t left = zeros; left; left -= left < sizeof none ? left : sizeof none)
        archive_write_data(a, none, left < sizeof none ? left : sizeof none);
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_entry_free(entry);
    archive_write_free(a);
}

static dc3_dataset *open_tar(const char *name)
{
    dc3_dataset *d;
    put(name, tar, at + 1024);
    if (dc3_dataset_open(path, &d) != DC3_OK) fail_msg("%s", dc3_error_text());
    return d;
}

/* That an image of `key` is in `class_name`, and of one grey. */
static void check_item(const dc3_dataset *d, int64_t i, const char *key, const char *class_name, int grey)
{
    dc3_image image;
    assert_string_equal(dc3_dataset_key(d, i), key);
    assert_string_equal(dc3_dataset_class_name(d, dc3_dataset_label(d, i)), class_name);
    if (dc3_dataset_read(d, i, 0, 0, DC3_FIT_CROP, &image) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_int_equal(image.width, 8);
    for (int p = 0; p < 8 * 8 * 3; p++) assert_int_equal(image.pixels[p], grey);
    dc3_image_free(&image);
}

static void check_refused(const char *name, const char *text)
{
    dc3_dataset *d;
    put(name, tar, at + 1024);
    assert_int_equal(dc3_dataset_open(path, &d), DC3_ERR_FORMAT);
    if (!strstr(dc3_error_text(), text)) fail_msg("expected '%s' in '%s'", text, dc3_error_text());
}

static void json_labels(void **state)
{
    (void)state;
    add("1.json",
        "{\"url\": \"x\", \"label\": 10, \"class\": \"nine\"}"); /* the first of the names that are known */
    add_image("1.png", 11);
    add_image("2.png", 22);
    add("2.json", "{\"caption\": \"a 3\", \"cls\": 3}");
    add("3.json", "{\"label\": 4}");
    add("3.cls", "007"); /* a .cls says more, whichever comes first */
    add_image("3.png", 33);
    add("4.cls", "7");
    add("4.json", "{\"label\": 4}");
    add_image("4.png", 44);
    add("5.json", "{\"label\": -1, \"category\": [2]}"); /* no label of one class */
    add_image("5.png", 55);
    add("6.json", "{\"id\": 1, \"meta\": {\"label\": 12}}");
    add_image("6.image", 66); /* an ending that says no format */
    add("7.cls", "13");
    add_image("7.img", 77);
    add("8.cls", "14");
    add("8.img", "contents that say none either");
    char ending[DC3_ENDING_TEXT];
    dc3_dataset *d = open_tar("a.tar");
    assert_int_equal(dc3_dataset_size(d), 7);
    check_item(d, 0, "a.tar/2.png", "03", 22);
    check_item(d, 1, "a.tar/3.png", "07", 33);
    check_item(d, 2, "a.tar/4.png", "07", 44);
    check_item(d, 3, "a.tar/1.png", "10", 11);
    check_item(d, 4, "a.tar/6.image", "12", 66);
    check_item(d, 5, "a.tar/7.img", "13", 77);
    for (int i = 5; i < 7; i++) {
        assert_int_equal(dc3_dataset_ending(d, i, ending), DC3_OK);
        assert_string_equal(ending, i == 5 ? ".png" : ".img");
    }
    assert_string_equal(dc3_dataset_note(d, 0),
                        "1 image has no .cls or .json with a label beside it (a.tar/5.png), skipped");
    assert_string_equal(dc3_dataset_fault(d), dc3_dataset_note(d, 0));
    dc3_dataset_close(&d);
}

static void json_texts(void **state)
{
    (void)state;
    add("a.json", "{\"class_name\": \" tench \\n\"}");
    add_image("a.png", 1);
    add("b.json", "{\"class_name\": \"eel\"}");
    add_image("b.png", 2);
    dc3_dataset *d = open_tar("a.tar");
    check_item(d, 0, "a.tar/b.png", "eel", 2);
    check_item(d, 1, "a.tar/a.png", "tench", 1);
    dc3_dataset_close(&d);
}

/* Classes 2 and 10 with a name each in the .json, whichever of a sample's members come first. */
static void add_named(const char *two, const char *ten, const char *again)
{
    char text[80];
    add_image("1.png", 1);
    add("1.cls", "2");
    snprintf(text, sizeof text, "{\"label\": 2, \"class\": \"%s\"}", two);
    add("1.json", text);
    snprintf(text, sizeof text, "{\"class\": \"%s\", \"label\": 10}", ten);
    add("2.json", text);
    add("2.cls", "10");
    add_image("2.png", 2);
    snprintf(text, sizeof text, "{\"label\": 2, \"class\": \"%s\"}", again);
    add("3.cls", "2");
    add("3.json", text);
    add_image("3.png", 3);
}

static void check_named(const char *two, const char *ten)
{
    dc3_dataset *d = open_tar("a.tar");
    assert_int_equal(dc3_dataset_size(d), 3);
    check_item(d, 0, "a.tar/1.png", two, 1);
    check_item(d, 1, "a.tar/3.png", two, 3);
    check_item(d, 2, "a.tar/2.png", ten, 2);
    dc3_dataset_close(&d);
}

/* Numbers of classes with their names beside them: as they stand, spaces and zeros too. */
static void named_classes(void **state)
{
    (void)state;
    add_named("007 a", "08", "007 a");
    check_named("007 a", "08");
}

/* They stay numbers where names have another order, where one has two names, and where two have one. */
static void other_order(void **state)
{
    (void)state;
    add_named("eel", "carp", "eel");
    check_named("02", "10");
}

static void two_names(void **state)
{
    (void)state;
    add_named("carp", "eel", "cat");
    check_named("02", "10");
}

static void one_name(void **state)
{
    (void)state;
    add_named("eel", "eel", "eel");
    check_named("02", "10");
}

/* ... and where a sample has none, or the .json another number than the .cls. */
static void some_named(void **state)
{
    (void)state;
    add_named("carp", "eel", "carp");
    add_image("4.png", 4);
    add("4.cls", "11");
    dc3_dataset *d = open_tar("a.tar");
    check_item(d, 0, "a.tar/1.png", "02", 1);
    check_item(d, 3, "a.tar/4.png", "11", 4);
    dc3_dataset_close(&d);
}

static void other_number(void **state)
{
    (void)state;
    add_named("carp", "eel", "carp");
    add_image("4.png", 4);
    add("4.cls", "11");
    add("4.json", "{\"label\": 12, \"class\": \"tench\"}");
    dc3_dataset *d = open_tar("a.tar");
    check_item(d, 0, "a.tar/1.png", "02", 1);
    dc3_dataset_close(&d);
}

/* Names that are numbers stay as they are, in the order of the labels. */
static void named_by_numbers(void **state)
{
    (void)state;
    static const char *const names[] = {"1", "10", "2"};
    char text[64];
    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof text, "%d.cls", i);
        add(text, (const char[]){(char)('0' + i), 0});
        snprintf(text, sizeof text, "{\"label\": %d, \"class\": \"%s\"}", i, names[i]);
        char json[16], png[16];
        snprintf(json, sizeof json, "%d.json", i);
        snprintf(png, sizeof png, "%d.png", i);
        add(json, text);
        add_image(png, i);
    }
    dc3_dataset *d = open_tar("a.tar");
    assert_int_equal(dc3_dataset_classes(d), 3);
    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof text, "a.tar/%d.png", i);
        check_item(d, i, text, names[i], i);
        assert_int_equal(dc3_dataset_label(d, i), i);
        assert_string_equal(dc3_dataset_class_name(d, i), names[i]);
    }
    dc3_dataset_close(&d);
}

/* A label with the same dots makes a sample; without one, KEY.seg.png belongs to KEY. */
static void dotted_keys(void **state)
{
    (void)state;
    add("img.001.cls", "cat");
    add_image("img.001.png", 1);
    add_image("img.v1.2.png", 2);
    add("img.v1.2.cls", "dog");
    add("s.cls", "cat");
    add_image("s.depth.png", 3);
    add_image("s.png", 4);
    add_image("s.seg.png", 5);
    dc3_dataset *d = open_tar("a.tar");
    assert_int_equal(dc3_dataset_size(d), 3);
    assert_int_equal(dc3_dataset_notes(d), 0);
    check_item(d, 0, "a.tar/img.001.png", "cat", 1);
    check_item(d, 1, "a.tar/s.png", "cat", 4);
    check_item(d, 2, "a.tar/img.v1.2.png", "dog", 2);
    dc3_dataset_close(&d);
}

static void class_folders(void **state)
{
    (void)state;
    add("./set/README.txt", "no image");
    add_image("./set/train/10/a.1.png", 1);
    add_image("./set/train/9/deep/b.png", 2);
    add_image("./set/train/9/@eaDir/b.png/SYNOPHOTO_THUMB_SM.png", 3);
    add_image("./set/train/9/._b.png", 3);
    add_image("./__MACOSX/set/train/9/b.png", 3);
    add_image("./set/train/loose.png", 4);
    dc3_dataset *d = open_tar("a.tar");
    assert_int_equal(dc3_dataset_size(d), 2);
    check_item(d, 0, "a.tar/./set/train/10/a.1.png", "10", 1); /* named as the folders are */
    check_item(d, 1, "a.tar/./set/train/9/deep/b.png", "9", 2);
    assert_int_equal(dc3_dataset_notes(d), 2);
    assert_string_equal(dc3_dataset_note(d, 0), "1 image lies outside the class folders, skipped: loose.png");
    assert_string_equal(dc3_dataset_note(d, 1),
                        "passed over 3 files, hidden or left behind by systems and programs "
                        "(@eaDir, ._b.png, __MACOSX)");
    assert_string_equal(dc3_dataset_fault(d), dc3_dataset_note(d, 0));
    dc3_dataset_close(&d);
}

static void one_folder(void **state)
{
    (void)state;
    add_image("set/cat/a.png", 1);
    add_image("set/cat/b.png", 2);
    dc3_dataset *d = open_tar("a.tar");
    assert_int_equal(dc3_dataset_classes(d), 1);
    check_item(d, 1, "a.tar/set/cat/b.png", "cat", 2);
    dc3_dataset_close(&d);
}

/* By what it is, not by what it is called; reading needs no place in the folder of the tar. */
static void compressed(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int (*filter)(struct archive *);
    } forms[] = {{"a.tar.gz", archive_write_add_filter_gzip},
                 {"a.tar.zst", archive_write_add_filter_zstd},
                 {"a.tar.xz", archive_write_add_filter_xz},
                 {"a.tar", archive_write_add_filter_bzip2}};
    add_image("cat/a.png", 1);
    add_image("dog/b.png", 2);
    add_image("dog/c.png", 3);
    for (int i = 0; i < 4; i++) {
        dc3_dataset *d;
        dc3_stamp stamp;
        char key[40];
        put_compressed(forms[i].name, forms[i].filter, 1024);
        if (dc3_dataset_open(path, &d) != DC3_OK) fail_msg("%s", dc3_error_text());
        assert_int_equal(dc3_dataset_size(d), 3);
        snprintf(key, sizeof key, "%s/dog/c.png", forms[i].name);
        check_item(d, 2, key, "dog", 3);
        check_item(d, 2, key, "dog", 3);
        snprintf(key, sizeof key, "%s/cat/a.png", forms[i].name);
        check_item(d, 0, key, "cat", 1);
        assert_null(dc3_dataset_fault(d));
        assert_non_null(strstr(dc3_dataset_note(d, 0),
                               "1 compressed tar is unpacked into a temporary file (0.0 MB) each time"));
        assert_int_equal(dc3_dataset_stamp(d, 0, &stamp), DC3_OK);
        assert_in_range(stamp.size, 50, 500); /* of the image, not of the tar */
        dc3_dataset_close(&d);
        if (i < 3) unlink(path);
    }
}

static void compressed_damaged(void **state)
{
    (void)state;
    char *data;
    size_t size;
    dc3_dataset *d;
    for (int i = 0; i < 9; i++) {
        char name[16];
        snprintf(name, sizeof name, "cat/%d.png", i);
        add_image(name, i);
    }
    put_compressed("a.tar.gz", archive_write_add_filter_gzip, 1024);
    assert_int_equal(dc3_file_read(path, 1 << 20, &data, &size), DC3_OK);
    put("a.tar.gz", data, size / 2);
    free(data);
    assert_int_equal(dc3_dataset_open(path, &d), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "a.tar.gz"));
    assert_non_null(strstr(dc3_error_text(), "truncated"));
}

static void same_stems(void **state)
{
    (void)state;
    add_image("cat/1.png", 1);
    add_image("cat/1.PNG", 2);
    add_image("dog/1.png", 4);
    add_image("dog/1.png.png", 5);
    dc3_dataset *d = open_tar("a.tar");
    assert_int_equal(dc3_dataset_size(d), 4);
    check_item(d, 0, "a.tar/cat/1.PNG", "cat", 2);
    check_item(d, 1, "a.tar/cat/1.png", "cat", 1);
    check_item(d, 2, "a.tar/dog/1.png", "dog", 4);
    check_item(d, 3, "a.tar/dog/1.png.png", "dog", 5);
    dc3_dataset_close(&d);
}

/* 70 MB of zeros in 70 kB. */
static void compressed_bomb(void **state)
{
    (void)state;
    enum { SIZE = 67 << 20 };
    dc3_dataset *d;
    at = dc3_test_tar_header(tar, 0, "cat/a.png", SIZE);
    put_compressed("a.tar.gz", archive_write_add_filter_gzip, SIZE + 1024);
    assert_int_equal(dc3_dataset_open(path, &d), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "unpacks to more than 200 times its size"));
    at = dc3_test_tar_header(tar, 0, "notes.bin", SIZE); /* passed over */
    put_compressed("a.tar.gz", archive_write_add_filter_gzip, SIZE + 1024);
    assert_int_equal(dc3_dataset_open(path, &d), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "unpacks to more than 200 times its size"));
}

/* Of two that are small enough alone, what is too much of both. */
static void compressed_bombs(void **state)
{
    (void)state;
    enum { SIZE = 40 << 20 };
    dc3_dataset *d;
    at = dc3_test_tar_header(tar, 0, "cat/a.png", SIZE);
    put_compressed("b.tar.gz", archive_write_add_filter_gzip, SIZE + 1024);
    char second[sizeof path];
    strcpy(second, path);
    put_compressed("a.tar.gz", archive_write_add_filter_gzip, SIZE + 1024);
    assert_int_equal(dc3_dataset_open(folder, &d), DC3_OK);
    assert_int_equal(dc3_dataset_size(d), 1);
    assert_non_null(strstr(dc3_dataset_fault(d), "unpacks to more than 200 times its size"));
    dc3_dataset_close(&d);
    unlink(second);
}

/* Of a folder of shards, the good ones are taken, and what comes before the damage; of a tar alone that, too.
 */
static void damaged_shards(void **state)
{
    (void)state;
    dc3_dataset *d;
    char text[160];
    for (int i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d.cls", i);
        add(name, i % 2 ? "cat" : "dog");
        snprintf(name, sizeof name, "%d.png", i);
        add_image(name, 10 + i);
    }
    put("a.tar", tar, at + 1024);
    put("b.tar", tar, at - 600); /* in the middle of 3.png, or before it */
    put("c.tar", "no tar at all, but a text", 25);
    if (dc3_dataset_open(folder, &d) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_int_equal(dc3_dataset_size(d), 7);
    check_item(d, 1, "a.tar/3.png", "cat", 13);
    check_item(d, 6, "b.tar/2.png", "dog", 12);
    assert_int_equal(dc3_dataset_skipped(d), 2);
    assert_string_equal(dc3_dataset_skipped_key(d, 0), "b.tar");
    assert_non_null(strstr(dc3_dataset_skipped_reason(d, 0), "/b.tar: not a tar file, or damaged: "));
    assert_non_null(strstr(dc3_dataset_skipped_reason(d, 0), ", after 3 images"));
    assert_string_equal(dc3_dataset_skipped_key(d, 1), "c.tar");
    assert_non_null(strstr(dc3_dataset_skipped_reason(d, 1), ", after 0 images"));
    assert_int_equal(dc3_dataset_check_skipped(d), DC3_ERR_FORMAT);
    dc3_dataset_close(&d);
    snprintf(text, sizeof text, "rm %s/a.tar %s/b.tar", folder, folder);
    assert_int_equal(dc3_dataset_open(path, &d), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "c.tar: not a tar file, or damaged: "));
    assert_int_equal(system(text), 0);
    assert_int_equal(dc3_dataset_open(folder, &d), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "found no images; "));
    assert_non_null(strstr(dc3_error_text(), "c.tar: not a tar file, or damaged: "));
}

static void no_labels(void **state)
{
    (void)state;
    add_image("a.png", 1);
    add("a.txt", "a cat");
    check_refused("a.tar",
                  "a.tar: found 1 image without a label or a folder; its members are 1 .png, 1 .txt, such as "
                  "'a.png', 'a.txt'; expected KEY.cls, or KEY.json with a \"label\", beside KEY.jpg, or a "
                  "folder for each class");
    add("a.json", "{\"url\": 1, \"caption\": 2}");
    check_refused("a.tar", "; the keys of a .json are url, caption; expected");
    add("b.cls", "1");
    check_refused("a.tar", "found 1 image and 1 label, but none of the same name");
}

static void no_images(void **state)
{
    (void)state;
    check_refused("a.tar", "found a tar without files");
    add("cifar-10-batches-py/data_batch_1", "x");
    add("cifar-10-batches-py/a.html", "x");
    check_refused("a.tar", "found no images in the tar; its members are 1 (no ending), 1 .html, such as "
                           "'cifar-10-batches-py/data_batch_1', 'cifar-10-batches-py/a.html'");
}

static void parts(void **state)
{
    (void)state;
    add_image("set/train/cat/a.png", 1);
    add_image("set/val/cat/b.png", 1);
    check_refused("a.tar", "found a dataset's parts");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(json_labels),      TEST(json_texts), TEST(dotted_keys),        TEST(class_folders),
        TEST(one_folder),       TEST(compressed), TEST(compressed_damaged), TEST(compressed_bomb),
        TEST(compressed_bombs), TEST(same_stems), TEST(damaged_shards),     TEST(no_labels),
        TEST(no_images),        TEST(parts),      TEST(named_classes),      TEST(other_order),
        TEST(two_names),        TEST(one_name),   TEST(some_named),         TEST(named_by_numbers),
        TEST(other_number)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
