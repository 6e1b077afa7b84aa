/* Tars as they are made in the field: members in any order, twice, joined, sparse, linked, empty; labels as
 * programs write them; parts of a dataset side by side. */
#include "support/random_tensors.h"
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <unistd.h>
#include "base/file.h"
#include "io/dataset.h"
#include "support/tar.h"

enum { ROOM = 1 << 17 };
static char folder[64], tar[ROOM];
static size_t at;

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/dc3-members-XXXXXX");
    at = 0;
    memset(tar, 0, sizeof tar);
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char text[128];
    snprintf(text, sizeof text, "rm -r %s", folder);
    return system(text);
}

static void add(const char *name, const char *text)
{
    at = dc3_test_tar_member(tar, at, name, text, strlen(text));
}

/* A PNG of 8 x 8 pixels, of one grey; the caller frees. */
static void *make_png(int grey, size_t *size)
{
    uint8_t pixels[8 * 8 * 3];
    void *png;
    memset(pixels, grey, sizeof pixels);
    dc3_image image = {8, 8, pixels};
    assert_int_equal(dc3_image_encode(&image, DC3_PNG, &png, size), DC3_OK);
    return png;
}

static void add_image(const char *name, int grey)
{
    size_t size;
    void *png = make_png(grey, &size);
    at = dc3_test_tar_member(tar, at, name, png, size);
    free(png);
}

/* type: '1' of a hard link, '2' of a symbolic one. */
static void add_link(const char *name, char type, const char *target)
{
    size_t start = at;
    unsigned sum = 0;
    at = dc3_test_tar_header(tar, at, name, 0);
    tar[start + 156] = type;
    strcpy(tar + start + 157, target);
    memset(tar + start + 148, ' ', 8);
    for (size_t i = 0; i < 512; i++) sum += (unsigned char)tar[start + i];
    snprintf(tar + start + 148, 8, "%06o", sum);
}

/* Two blocks of zeros behind the members, as tar ends. */
static void put(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(dc3_file_write(path, tar, at + 1024), DC3_OK);
}

static dc3_dataset *open_it(const char *name)
{
    char path[128];
    dc3_dataset *d;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (dc3_dataset_open(path, &d) != DC3_OK) fail_msg("%s", dc3_error_text());
    return d;
}

static dc3_dataset *open_tar(void)
{
    put("a.tar");
    return open_it("a.tar");
}

/* That image i has this key, class and grey. */
static void check_item(const dc3_dataset *d, int64_t i, const char *key, const char *class_name, int grey)
{
    dc3_image image;
    assert_true(i < dc3_dataset_size(d));
    assert_string_equal(dc3_dataset_key(d, i), key);
    assert_string_equal(dc3_dataset_class_name(d, dc3_dataset_label(d, i)), class_name);
    if (dc3_dataset_read(d, i, 0, 0, DC3_FIT_CROP, &image) != DC3_OK) fail_msg("%s", dc3_error_text());
    for (int p = 0; p < 8 * 8 * 3; p++) assert_int_equal(image.pixels[p], grey);
    dc3_image_free(&image);
}

static void check_note(const dc3_dataset *d, size_t i, const char *text)
{
    assert_true(i < dc3_dataset_notes(d));
    if (!strstr(dc3_dataset_note(d, i), text)) fail_msg("'%s' in '%s'", text, dc3_dataset_note(d, i));
}

/* As tar lists a folder without --sort=name, or two kinds of files one after the other. */
static void any_order(void **state)
{
    (void)state;
    add_image("x/2.png", 2);
    add("x/1.cls", "eel");
    add_image("x/3.01.png", 3);
    add("x/2.cls", "ape");
    add("x/4.cls", "gnu"); /* without an image */
    add_image("x/1.png", 1);
    add("x/3.01.cls", "ape");
    add_image("x/5.png", 5);
    dc3_dataset *d = open_tar();
    assert_int_equal(dc3_dataset_size(d), 3);
    check_item(d, 0, "a.tar/x/2.png", "ape", 2);
    check_item(d, 1, "a.tar/x/3.01.png", "ape", 3);
    check_item(d, 2, "a.tar/x/1.png", "eel", 1);
    assert_int_equal(dc3_dataset_notes(d), 1);
    check_note(d, 0, "1 image has no .cls or .json with a label beside it (a.tar/x/5.png), skipped");
    dc3_dataset_close(&d);
}

/* KEY.input.png stands for KEY.png where there is none; a map does not. */
static void image_words(void **state)
{
    (void)state;
    add("1.cls", "0");
    add_image("1.input.png", 1);
    add_image("1.depth.png", 9);
    add("2.cls", "1");
    add_image("2.IMG.png", 2);
    add_image("2.png", 3);
    add("4.cls", "1");
    add_image("4.rgb.png", 4);
    add_image("4.image.png", 4);
    dc3_dataset *d = open_tar();
    assert_int_equal(dc3_dataset_size(d), 2);
    check_item(d, 0, "a.tar/1.input.png", "0", 1);
    check_item(d, 1, "a.tar/2.png", "1", 3);
    check_note(d, 0, "2 images share a label with others (a.tar/4.rgb.png), skipped");
    dc3_dataset_close(&d);
}

static void labels(void **state)
{
    (void)state;
    static const struct {
        const char *ending, *text, *class_name; /* NULL: no label */
    } forms[] = {{"cls", "3.0", "03"},
                 {"class", "10", "10"},
                 {"label", "4\r\n", "04"},
                 {"cls",
                  "\xef\xbb\xbf"
                  "5",
                  "05"},
                 {"cls", "-1", NULL},
                 {"json", "{\"label\": 6.0}", "06"},
                 {"json", "\xef\xbb\xbf{\"cls\": 7}", "07"},
                 {"json", "{\"x\": NaN, \"y\": \"-Infinity\\\"\", \"z\": -Infinity, \"class_idx\": 8}", "08"},
                 {"json", "9", "09"},
                 {"json", "{\"label\": 0.5}", NULL},
                 {"json", "{\"label\": true}", NULL}};
    enum { FORMS = sizeof forms / sizeof *forms };
    for (int i = 0; i < FORMS; i++) {
        char name[32];
        snprintf(name, sizeof name, "%02d.%s", i, forms[i].ending);
        add(name, forms[i].text);
        snprintf(name, sizeof name, "%02d.png", i);
        add_image(name, i);
    }
    dc3_dataset *d = open_tar();
    int64_t found = 0;
    for (int i = 0; i < FORMS; i++) {
        char key[32];
        int64_t k = 0;
        snprintf(key, sizeof key, "a.tar/%02d.png", i);
        while (k < dc3_dataset_size(d) && strcmp(dc3_dataset_key(d, k), key) != 0) k++;
        if (forms[i].class_name)
            check_item(d, k, key, forms[i].class_name, i);
        else
            assert_int_equal(k, dc3_dataset_size(d));
        found += forms[i].class_name != NULL;
    }
    assert_int_equal(dc3_dataset_size(d), found);
    check_note(d, 0, "3 images have no .cls or .json with a label beside them (a.tar/04.png), skipped");
    dc3_dataset_close(&d);
}

/* `tar -r` appends: the last of one name counts, also of its label. */
static void twice(void **state)
{
    (void)state;
    add("1.cls", "0");
    add_image("1.png", 1);
    add_image("1.png", 2);
    add("2.cls", "0");
    add_image("2.png", 3);
    add("1.cls", "1");
    add_image("1.png", 4);
    dc3_dataset *d = open_tar();
    assert_int_equal(dc3_dataset_size(d), 2);
    check_item(d, 0, "a.tar/2.png", "0", 3);
    check_item(d, 1, "a.tar/1.png", "1", 4);
    check_note(d, 0, "2 images are replaced by a later one of the same name in the same tar");
    assert_null(dc3_dataset_fault(d));
    dc3_dataset_close(&d);
}

/* `cat a.tar b.tar`: ends in the middle. Garbage behind the end takes nothing away. */
static void joined(void **state)
{
    (void)state;
    add_image("cat/1.png", 1);
    at += 9216;
    add_image("dog/1.png", 2);
    dc3_dataset *d = open_tar();
    assert_int_equal(dc3_dataset_size(d), 2);
    check_item(d, 0, "a.tar/cat/1.png", "cat", 1);
    check_item(d, 1, "a.tar/dog/1.png", "dog", 2);
    assert_int_equal(dc3_dataset_notes(d), 0);
    dc3_dataset_close(&d);
    at += 1024;
    memset(tar + at, 'x', 2048);
    at += 2048;
    d = open_tar();
    assert_int_equal(dc3_dataset_size(d), 2);
    check_note(d, 0, "damaged");
    dc3_dataset_close(&d);
}

/* Hard links are what they lead to, as of equal files that a program made one. */
static void hard_labels(void **state)
{
    (void)state;
    add("1.cls", "3");
    add_image("1.png", 1);
    add_link("2.cls", '1', "1.cls");
    add_image("2.png", 2);
    add("3.json", "{\"label\": 4}");
    add_link("3.png", '1', "2.png");
    add_link("4.json", '1', "3.json");
    add_link("4.png", '1', "1.png");
    add_link("5.png", '1', "gone.png");
    dc3_dataset *d = open_tar();
    assert_int_equal(dc3_dataset_size(d), 4);
    check_item(d, 0, "a.tar/1.png", "3", 1);
    check_item(d, 1, "a.tar/2.png", "3", 2);
    check_item(d, 2, "a.tar/3.png", "4", 2);
    check_item(d, 3, "a.tar/4.png", "4", 1);
    assert_int_equal(dc3_dataset_notes(d), 1);
    check_note(d, 0, "1 member of tars is a link (5.png), skipped");
    dc3_dataset_close(&d);
}

/* Symbolic links have no bytes of their own, and an empty file is no image: both are told. */
static void links(void **state)
{
    (void)state;
    add_image("cat/1.png", 1);
    add_link("dog/hard.png", '1', "cat/1.png");
    add_link("dog/soft.png", '2', "../cat/1.png");
    add_image("dog/2.png", 2);
    add("dog/3.png", "");
    add("dog/4.jxl", "x");
    dc3_dataset *d = open_tar();
    assert_int_equal(dc3_dataset_size(d), 3);
    check_item(d, 1, "a.tar/dog/2.png", "dog", 2);
    check_note(d, 0, "a.tar/dog/3.png: an empty file, skipped");
    check_item(d, 2, "a.tar/dog/hard.png", "dog", 1);
    check_note(d, 1, "1 member of tars is a link (dog/soft.png), skipped");
    check_note(d, 2, "1 image is in formats that are not read (.jxl), skipped");
    assert_int_equal(dc3_dataset_skipped(d), 1);
    dc3_dataset_close(&d);
}

/* Of a sparse member, holes do not stand in the tar: an image, and zeros behind it. */
static void sparse(void **state)
{
    (void)state;
    enum { HOLE = 1 << 20 };
    size_t size;
    char path[128];
    char *png = make_png(7, &size), *whole = calloc(1, HOLE);
    memcpy(whole, png, size);
    snprintf(path, sizeof path, "%s/a.tar", folder);
    struct archive *a = archive_write_new();
    archive_write_set_format_pax(a);
    assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
    static const char *const names[] = {"cat/1.png", "dog/2.png"};
    for (int i = 0; i < 2; i++) {
        struct archive_entry *entry = archive_entry_new();
        archive_entry_set_pathname(entry, names[i]);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_size(entry, i ? (int64_t)size : HOLE);
        if (!i) archive_entry_sparse_add_entry(entry, 0, 4096);
        assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
        archive_write_data(a, i ? png : whole, i ? size : HOLE);
        archive_entry_free(entry);
    }
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
    free(png);
    free(whole);
    dc3_dataset *d = open_it("a.tar");
    check_item(d, 0, "a.tar/cat/1.png", "cat", 7);
    check_item(d, 1, "a.tar/dog/2.png", "dog", 7);
    assert_int_equal(dc3_dataset_notes(d), 0);
    dc3_dataset_close(&d);
}

/* An extension header before the next member, which says one thing of it. */
static void add_extension(const char *record)
{
    size_t header = at;
    unsigned sum = 0;
    add("PaxHeader", record);
    char *h = tar + header;
    h[156] = 'x';
    memset(h + 148, ' ', 8);
    for (int i = 0; i < 512; i++) sum += (unsigned char)h[i];
    snprintf(h + 148, 8, "%06o", sum);
}

/* A name that is no UTF-8 where it should be costs at most its own image. */
static void odd_name(void **state)
{
    (void)state;
    add_image("cat/1.png", 1);
    add_extension("17 path=cat/\xe4.png\n");
    add_image("cat/2.png", 2);
    add_image("dog/3.png", 3);
    put("a.tar");
    dc3_dataset *d = open_it("a.tar");
    int64_t n = dc3_dataset_size(d);
    check_item(d, 0, "a.tar/cat/1.png", "cat", 1);
    check_item(d, n - 1, "a.tar/dog/3.png", "dog", 3);
    for (size_t i = 0; i < dc3_dataset_notes(d); i++) assert_null(strstr(dc3_dataset_note(d, i), "damaged"));
    dc3_dataset_close(&d);
}

/* train-0.tar beside val-0.tar: what is trained on is not tested on. */
static void parts(void **state)
{
    (void)state;
    static const char *const names[] = {"set-train-0.tar", "set-train-1.tar", "set-validation-0.tar"};
    dc3_dataset *d;
    for (int i = 0; i < 3; i++) {
        at = 0;
        memset(tar, 0, sizeof tar);
        add("1.cls", i ? "1" : "0");
        add_image("1.png", i);
        put(names[i]);
    }
    d = open_it("");
    assert_int_equal(dc3_dataset_size(d), 2);
    check_item(d, 1, "set-train-1.tar/1.png", "1", 1);
    check_note(d, 0, "2 of 3 tars are read, which are the training images by their names");
    assert_null(dc3_dataset_fault(d));
    dc3_dataset_close(&d);
    assert_int_equal(dc3_dataset_open_test(folder, &d), DC3_OK);
    assert_int_equal(dc3_dataset_size(d), 1);
    check_item(d, 0, "set-validation-0.tar/1.png", "1", 2);
    dc3_dataset_close(&d);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {TEST(any_order), TEST(image_words), TEST(labels), TEST(twice),
                                       TEST(joined),    TEST(links),       TEST(sparse), TEST(hard_labels),
                                       TEST(parts),     TEST(odd_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
