/* Manifests: rows of CSV and of JSON, splits, what is wrong with a line; classes that are chosen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "support/random_tensors.h"
#include "base/file.h"
#include "io/csv.h"
#include "io/dataset.h"
#include "io/manifest_rows.h"
#include "learn/hold_out.h"
#include "run_folder/fingerprint.h"

static char folder[64];

static const char *place(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static const char *write_text(const char *name, const char *text)
{
    assert_int_equal(dc3_file_write(place(name), text, strlen(text)), DC3_OK);
    return place(name);
}

/* Images are not decoded when they are listed. */
static int begin(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/dc3-manifest-XXXXXX");
    if (!mkdtemp(folder) || mkdir(place("in, \"here\""), 0777) != 0) return 1;
    static const char *const images[] = {"1.png", "2.png", "3.png", "4.jpg", "in, \"here\"/5.png"};
    for (int i = 0; i < 5; i++) write_text(images[i], "image");
    return 0;
}

static int end(void **state)
{
    (void)state;
    return dc3_remove_tree(folder);
}

/* ---- CSV ---- */

/* The fields of all rows, "|" behind each and "\n" behind a row. */
static void expect_rows(const char *text, size_t size, const char *rows)
{
    dc3_csv csv;
    int found;
    char all[400] = "";
    /* As large as the text, so that a sanitizer sees a read behind it. */
    char *copy = malloc(size + !size);
    memcpy(copy, text, size);
    dc3_csv_open("x.csv", copy, size, &csv);
    while (dc3_csv_next(&csv, &found) == DC3_OK && found) {
        for (int i = 0; i < csv.count; i++) strcat(strcat(all, csv.fields[i]), "|");
        strcat(all, "\n");
    }
    assert_string_equal(all, rows);
    dc3_csv_close(&csv);
    free(copy);
}

static void rows_of_csv(void **state)
{
    (void)state;
#define ROWS(text, rows) expect_rows(text, sizeof(text) - 1, rows)
    ROWS("", "");
    ROWS("a,b", "a|b|\n");
    ROWS("a,b\r\nc,d\r\n", "a|b|\nc|d|\n");
    ROWS("\xef\xbb\xbf"
         "a,b\n\n\r\nc,\n",
         "a|b|\nc||\n");
    ROWS(",\n", "||\n");
    ROWS("\"a,b\",\"c\"\"d\",\"\"\n", "a,b|c\"d||\n");
    ROWS("\"a\nb\",c\nd,e", "a\nb|c|\nd|e|\n");
    ROWS("a\rb,c\r", "a\rb|c|\n");
    ROWS(" a , b \n", " a | b |\n");
}

static void expect_fault(const char *text, size_t size, const char *fault)
{
    dc3_csv csv;
    int found = 1;
    dc3_status status = DC3_OK;
    dc3_csv_open("x.csv", text, size, &csv);
    while (status == DC3_OK && found) status = dc3_csv_next(&csv, &found);
    assert_int_equal(status, DC3_ERR_FORMAT);
    if (!strstr(dc3_error_text(), fault)) fail_msg("expected '%s' in: %s", fault, dc3_error_text());
    dc3_csv_close(&csv);
}

static void faults_of_csv(void **state)
{
    (void)state;
#define FAULT(text, fault) expect_fault(text, sizeof(text) - 1, fault)
    FAULT("a\nb,\"c", "x.csv: line 2: expected a quote at the end");
    FAULT("a\n\"b\nc\"d", "x.csv: line 3: expected a comma or the end of the line behind a quoted field");
    FAULT("a\nb\"c", "x.csv: line 2: expected quotes around all of a field");
    FAULT("a\0b", "x.csv: line 1: expected text, found a zero byte");
    char wide[2 * DC3_CSV_COLUMNS], *longer = malloc(DC3_CSV_FIELD + 3);
    memset(wide, ',', sizeof wide);
    expect_fault(wide, sizeof wide, "at most 256 columns");
    memset(longer, 'x', DC3_CSV_FIELD + 3);
    expect_fault(longer, DC3_CSV_FIELD + 3, "is a quote missing?");
    free(longer);
}

/* ---- datasets ---- */

static dc3_dataset *open_as(const char *path, const char *split, int test)
{
    dc3_dataset *d;
    dc3_choice choice = {.split = (char *)(uintptr_t)split};
    if (dc3_dataset_open_chosen(path, split ? &choice : NULL, test, NULL, NULL, &d) != DC3_OK)
        fail_msg("%s", dc3_error_text());
    return d;
}

static void expect_items(dc3_dataset *d, int count, const char *const keys[], const char *const classes[])
{
    assert_int_equal(dc3_dataset_size(d), count);
    for (int i = 0; i < count; i++) {
        assert_string_equal(dc3_dataset_key(d, i), keys[i]);
        assert_string_equal(dc3_dataset_class_name(d, dc3_dataset_label(d, i)), classes[i]);
        char *file = dc3_dataset_file(d, i);
        assert_int_equal(dc3_path_what(file), DC3_PATH_FILE);
        free(file);
    }
    dc3_dataset_close(&d);
}

static void columns_and_lines(void **state)
{
    (void)state;
    char text[600];
    static const char *const keys[] = {"2.png", "in, \"here\"/5.png", "1.png"}, *const classes[] = {
                                                                                    "cat", "cat", "dog"};
    const char *csv = write_text("a.CSV", "\xef\xbb\xbf"
                                          "group,label,path\r\nx,dog,1.png\r\n,cat,2.png\r\n\r\n"
                                          "y,cat,\"in, \"\"here\"\"/5.png\"\r\n");
    expect_items(open_as(csv, NULL, 0), 3, keys, classes);
    const char *lines =
        write_text("a.jsonl", "\xef\xbb\xbf{\"path\":\"1.png\",\"label\":\"dog\"}\r\n\n{\"label\":"
                              "\"cat\",\"split\":null,\"path\":\"2.png\",\"more\":[1]}\n"
                              "{\"path\":\"in, \\\"here\\\"/5.png\",\"label\":\"cat\"}");
    expect_items(open_as(lines, NULL, 0), 3, keys, classes);
    /* Capitals, blanks around names and so around fields, and what Hugging Face calls a path. */
    expect_items(
        open_as(write_text("b.csv", "Label, PATH\ndog, 1.png\n cat ,2.png\ncat,\"in, \"\"here\"\"/5.png\"\n"),
                NULL, 0),
        3, keys, classes);
    expect_items(open_as(write_text("f.jsonl",
                                    "{\"file_name\":\"1.png\",\"label\":\"dog\"}\n{\"file_name\":\"2.png\","
                                    "\"label\":\"cat\"}\n{\"file_name\":\"in, \\\"here\\\"/5.png\",\"label\":"
                                    "\"cat\"}\n"),
                         NULL, 0),
                 3, keys, classes);
    /* Numbers have the order of numbers; absolute paths. */
    snprintf(text, sizeof text, "{\"path\":\"1.png\",\"label\":10}\n{\"path\":\"%s/2.png\",\"label\":9}\n",
             folder);
    dc3_dataset *d = open_as(write_text("n.ndjson", text), NULL, 0);
    assert_string_equal(dc3_dataset_class_name(d, 0), "09");
    assert_string_equal(dc3_dataset_class_name(d, 1), "10");
    assert_string_equal(dc3_dataset_kind(d), "manifest");
    dc3_dataset_close(&d);
    assert_int_equal(dc3_manifest_is(write_text("list.jsonl", "{\"source\":\"a/1.png\"}\n")), 0);
    assert_int_equal(dc3_manifest_is(place("1.png")), 0);
}

/* Which images are held out together is a part of the dataset. */
static void groups(void **state)
{
    (void)state;
    static const char *const files[] = {
        "path,label\n1.png,a\n2.png,a\n", "path,label,group\n1.png,a,x\n2.png,a,y\n",
        "path,label,group\n1.png,a,x\n2.png,a,x\n", "path,label,group\n1.png,a,p\n2.png,a,p\n"};
    const int counts[4] = {0, 2, 1, 1};
    uint64_t hashes[4];
    for (int i = 0; i < 4; i++) {
        dc3_dataset *d = open_as(write_text("groups.csv", files[i]), NULL, 0);
        assert_int_equal(dc3_dataset_groups(d), counts[i]);
        assert_string_equal(dc3_hold_out_obstacle(d),
                            i ? "too few images, or groups of them that are too large," : "too few images");
        hashes[i] = dc3_fingerprint_images(d);
        dc3_dataset_close(&d);
    }
    assert_true(hashes[0] != hashes[1] && hashes[1] != hashes[2] && hashes[0] != hashes[2]);
    assert_true(hashes[2] == hashes[3]); /* by another name */
}

static void splits(void **state)
{
    (void)state;
    const char *path = write_text("s.csv", "path,label,split\n1.png,a,Training\n2.png,a,val\n3.png,b,train\n"
                                           "4.jpg,b,test\nin,a,extra\n");
    static const char *const train[] = {"1.png", "3.png"}, *const val[] = {"2.png"},
                             *const test[] = {"4.jpg"}, *const labels[] = {"a", "b"}, *const b[] = {"b"};
    dc3_dataset *d = open_as(path, NULL, 0);
    assert_int_equal(dc3_dataset_notes(d), 1);
    assert_non_null(strstr(dc3_dataset_note(d, 0),
                           "the rows of the split train are taken (2), not those of extra, test, val (3)"));
    assert_null(dc3_dataset_fault(d));
    expect_items(d, 2, train, labels);
    expect_items(open_as(path, NULL, 1), 1, val, labels);
    expect_items(open_as(path, "test", 0), 1, test, b);
    expect_items(open_as(path, "train", 0), 1, train + 1, b); /* to the letter */
    dc3_choice choice = {.split = (char *)(uintptr_t) "tst"};
    assert_int_equal(dc3_dataset_open_chosen(path, &choice, 0, NULL, NULL, &d), DC3_ERR_OPTION);
    assert_non_null(
        strstr(dc3_error_text(), "expected one of Training, extra, test, train, val, found 'tst'"));
    assert_int_equal(dc3_dataset_open_chosen(folder, &choice, 0, NULL, NULL, &d), DC3_ERR_OPTION);
    path = write_text("t.csv", "path,label,split\n1.png,a,train\n");
    assert_int_equal(dc3_dataset_open_test(path, &d), DC3_ERR_FORMAT);
    /* Other names: none is taken in silence; an image in two splits is told. */
    path = write_text("k.csv", "path,label,split\n1.png,a,fold0\n2.png,a, train\n./1.png,a,fold1\n");
    assert_int_equal(dc3_dataset_open(path, &d), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "found the splits ' train', fold0, fold1; split NAME"));
    assert_int_equal(dc3_dataset_open_test(path, &d), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "val_split NAME"));
    d = open_as(path, "fold1", 1);
    assert_non_null(
        strstr(dc3_dataset_note(d, 1), "1 image is in rows of several splits (the first in lines 2 and 4)"));
    expect_items(d, 1, (const char *const[]){"./1.png"}, labels);
    path = write_text("u.csv", "path,label\n1.png,a\n");
    assert_int_equal(dc3_dataset_open_chosen(path, &choice, 0, NULL, NULL, &d), DC3_ERR_OPTION);
    expect_items(open_as(path, NULL, 1), 1, train, labels);
}

static void what_is_missing(void **state)
{
    (void)state;
    dc3_dataset *d =
        open_as(write_text("m.csv", "path,label\n1.png,a\ngone.png,b\nin,a\n\"in, \"\"here\"\"\",a\n"
                                    "m.csv,a\n"),
                NULL, 0);
    assert_int_equal(dc3_dataset_size(d), 1);
    assert_int_equal(dc3_dataset_skipped(d), 3);
    assert_string_equal(dc3_dataset_skipped_key(d, 0), "gone.png");
    assert_non_null(strstr(dc3_dataset_skipped_reason(d, 0), "/m.csv: line 3: "));
    assert_non_null(
        strstr(dc3_dataset_skipped_reason(d, 0), "gone.png: expected an image, found nothing there"));
    assert_non_null(strstr(dc3_dataset_skipped_reason(d, 2), "found a folder"));
    assert_int_equal(dc3_dataset_check_skipped(d), DC3_ERR_FORMAT);
    dc3_dataset_close(&d);
}

static void expect_refused(const char *name, const char *text, const char *fault)
{
    dc3_dataset *d;
    assert_int_equal(dc3_dataset_open(write_text(name, text), &d), DC3_ERR_FORMAT);
    assert_null(d);
    if (!strstr(dc3_error_text(), fault)) fail_msg("expected '%s' in: %s", fault, dc3_error_text());
}

static void bad_lines(void **state)
{
    (void)state;
    static const char header[] = "expected a header with the columns path and label";
    expect_refused("b.csv", "", header);
    expect_refused("b.csv", "1.png,dog\n", header);
    expect_refused("b.csv", "path,class\n", header);
    expect_refused("b.csv", "path,label,path\n", "line 1: expected one column 'path', found two");
    expect_refused("b.csv", "path,label\n1.png\n",
                   "/b.csv: line 2: expected 2 fields as in the header, found 1");
    expect_refused("b.csv", "path,label\n1.png,a\n\n2.png,\n",
                   "line 4: expected a path and a label, found no label");
    expect_refused("b.csv", "path,label\n,a\n", "line 2: expected a path and a label, found no path");
    expect_refused("b.csv", "path,label\n1.png,a\n1.png,b\n",
                   "line 3: expected each image once, '1.png' is in line 2");
    expect_refused("b.csv", "path,label\n1.png,a\n./x/../1.png,a\n",
                   "line 3: expected each image once, './x/../1.png' is in line 2");
    expect_refused("b.csv", "path,label\n", "found no images");
    expect_refused("b.jsonl", "{\"path\":\"1.png\",\"label\":\"a\"}\n{\"path\":\n",
                   "/b.jsonl: line 2: not valid JSON");
    expect_refused("b.jsonl", "{\"path\":\"1.png\"}\n",
                   "line 1: expected a path and a label, found no label");
    expect_refused("b.jsonl", "{\"path\":\"1.png\",\"label\":-1}\n",
                   "expected as label a text or a whole number");
    expect_refused("b.jsonl", "{\"path\":\"1.png\",\"label\":\"a\",\"split\":2}\n",
                   "expected as split a text");
    expect_refused("b.jsonl", "{\"path\":1,\"label\":\"a\"}\n", "found no path");
}

/* ---- classes ---- */

static dc3_status open_classes(const char *classes, const char *without, dc3_dataset **d)
{
    const dc3_data_choice given = {.classes = classes, .without_classes = without};
    return dc3_dataset_open_given(place("c.csv"), &given, NULL, NULL, d);
}

static void expect_classes(const char *classes, const char *without, int count, const char *const names[])
{
    dc3_dataset *d;
    if (open_classes(classes, without, &d) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_int_equal(dc3_dataset_classes(d), count);
    assert_int_equal(dc3_dataset_size(d), count);
    assert_true(dc3_dataset_filtered(d));
    for (int i = 0; i < count; i++) {
        assert_string_equal(dc3_dataset_class_name(d, i), names[i]);
        assert_int_equal(dc3_dataset_label(d, i), i);
    }
    dc3_dataset_close(&d);
}

static void chosen_classes(void **state)
{
    (void)state;
    dc3_dataset *d;
    write_text("c.csv", "path,label\n1.png,ant\n2.png,bee\n3.png,\"cow, red\"\n4.jpg,dog\n");
    static const char *const bees[] = {"bee", "dog"}, *const cows[] = {"cow, red"},
                             *const rest[] = {"ant", "dog"};
    expect_classes("dog,bee,dog", NULL, 2, bees);
    char file[256];
    snprintf(file, sizeof file, "%s",
             write_text("names", "\xef\xbb\xbf"
                                 "cow, red \r\n\n"));
    expect_classes(file, NULL, 1, cows);
    write_text("names", "cow, red\nbee\n");
    expect_classes(NULL, file, 2, rest);
    assert_int_equal(open_classes("bee,dgo", NULL, &d), DC3_ERR_OPTION);
    assert_non_null(strstr(dc3_error_text(), "classes: 'dgo' is no class of "));
    assert_non_null(strstr(dc3_error_text(), "; the nearest is 'dog'"));
    assert_int_equal(open_classes(NULL, "cat", &d), DC3_ERR_OPTION);
    assert_string_equal(dc3_error_setting(), "without_classes");
    assert_int_equal(open_classes("bee,,dog", NULL, &d), DC3_ERR_OPTION);
    assert_int_equal(open_classes("bee", "dog", &d), DC3_ERR_OPTION);
    write_text("names", "cow, red\nbee\nant\ndog");
    assert_int_equal(open_classes(NULL, file, &d), DC3_ERR_OPTION);
    write_text("names", " \n");
    assert_int_equal(open_classes(file, NULL, &d), DC3_ERR_OPTION);
    /* As dc3.json keeps it. */
    dc3_choice *choice, *again;
    assert_int_equal(dc3_choice_read(&(dc3_data_choice){.without_classes = "b,a", .split = "x"}, &choice),
                     DC3_OK);
    json_t *settings = json_object();
    dc3_choice_to_json(choice, settings);
    assert_int_equal(dc3_choice_of_json(settings, &again), DC3_OK);
    assert_int_equal(again->count, 2);
    assert_true(again->without && !again->unlabelled);
    assert_string_equal(again->classes[1], "a");
    assert_string_equal(again->split, "x");
    dc3_choice_free(&choice);
    dc3_choice_free(&again);
    json_decref(settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_csv),
        cmocka_unit_test(faults_of_csv),
        cmocka_unit_test(columns_and_lines),
        cmocka_unit_test(groups),
        cmocka_unit_test(splits),
        cmocka_unit_test(bad_lines),
        cmocka_unit_test(what_is_missing),
        cmocka_unit_test(chosen_classes),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
