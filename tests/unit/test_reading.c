/* What readers say of files that are not as they should be: numbers of JSON, shards of tars, parts of files,
 * types. */
#include "support/random_tensors.h"
#include <stdio.h>
#include <unistd.h>
#include "base/file.h"
#include "base/text.h"
#include "io/json.h"
#include "io/datasets/reader.h"

enum { BLOCK = 512, MEMBERS = 24 };
static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/dc3-reading-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static char *place(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void expect(dc3_status found, dc3_status wanted, const char *text)
{
    if (found != wanted || !strstr(dc3_error_text(), text))
        fail_msg("expected %d and '%s', found %d and '%s'", (int)wanted, text, (int)found, dc3_error_text());
}

static void json_members(void **state)
{
    (void)state;
    const char *text = "{\"i\": 3, \"r\": 0.5, \"b\": true, \"s\": \"x\", \"l\": [1, 2], \"n\": null}",
               *string;
    json_t *o;
    int64_t i, list[4];
    double r;
    int b, count;
    assert_int_equal(dc3_json_parse("f", text, strlen(text), &o), DC3_OK);
    expect(dc3_json_int(o, "f", "s", 0, 0, 9, &i), DC3_ERR_FORMAT,
           "f: 's' should be an integer, is a string");
    expect(dc3_json_int(o, "f", "i", 0, 4, 9, &i), DC3_ERR_FORMAT, "'i' should lie in 4 to 9, is 3");
    expect(dc3_json_real(o, "f", "b", 0, 0, 9, &r), DC3_ERR_FORMAT, "'b' should be a number, is true");
    expect(dc3_json_real(o, "f", "r", 0, 1, 9, &r), DC3_ERR_FORMAT, "'r' should lie in 1 to 9, is 0.5");
    expect(dc3_json_bool(o, "f", "l", 0, &b), DC3_ERR_FORMAT, "'l' should be true or false, is a list");
    expect(dc3_json_string(o, "f", "i", "", &string), DC3_ERR_FORMAT,
           "'i' should be a string, is an integer");
    expect(dc3_json_ints(o, "f", "l", 0, 0, 9, 3, list), DC3_ERR_FORMAT, "'l' should have 3 entries, has 2");
    expect(dc3_json_list(o, "f", "l", 2, 9, 4, list, &count), DC3_ERR_FORMAT, "should lie in 2 to 9, is 1");
    assert_int_equal(dc3_json_int(o, "f", "n", 7, 0, 9, &i), DC3_OK);
    assert_int_equal(i, 7);
    assert_int_equal(dc3_json_ints(o, "f", "l", 0, 0, 9, 2, list), DC3_OK);
    assert_int_equal(list[1], 2);
    json_decref(o);
    expect(dc3_json_parse("f", "[1]", 3, &o), DC3_ERR_FORMAT, "f: expected a JSON object");
    expect(dc3_json_parse("f", "{\"a\": NaN}", 10, &o), DC3_ERR_FORMAT, "f: not valid JSON: line 1, column ");
    expect(dc3_json_parse("f", "{\"a\":1,\"a\":2}", 13, &o), DC3_ERR_FORMAT, "duplicate");
}

static void json_differences(void **state)
{
    (void)state;
    char text[200];
    json_t *was = json_pack("{s:i, s:s}", "ipc", 3, "fit", "pad"),
           *is = json_pack("{s:i, s:s, s:b}", "ipc", 2, "fit", "pad", "strict", 1);
    dc3_json_differences(was, is, " and", text, sizeof text);
    assert_non_null(strstr(text, "ipc was 3 and is 2"));
    assert_non_null(strstr(text, "strict was not given and is true"));
    assert_null(strstr(text, "fit"));
    json_object_set_new(is, "ipc", json_real(1e8));
    json_object_set_new(is, "fit", json_null());
    dc3_json_differences(is, was, ",", text, sizeof text);
    assert_string_equal(text, "ipc was 100000000, is 3; fit was not given, is \"pad\"");
    dc3_json_all_differences(is, was, ",", text, sizeof text);
    assert_non_null(strstr(text, "; strict was true, is not given"));
    json_decref(was);
    json_decref(is);
}

/* A member of a tar in old form; `type` as in the header. */
static size_t add_member(unsigned char *tar, size_t at, const char *name, char type, const char *data,
                         size_t size)
{
    unsigned char *h = tar + at;
    unsigned sum = 0;
    memset(h, 0, BLOCK);
    strcpy((char *)h, name);
    strcpy((char *)h + 100, "0000644");
    snprintf((char *)h + 124, 12, "%011zo", size);
    memset(h + 148, ' ', 8);
    h[156] = (unsigned char)type;
    memcpy(h + 257, "ustar  ", 8);
    for (int i = 0; i < BLOCK; i++) sum += h[i];
    snprintf((char *)h + 148, 8, "%06o", sum);
    memset(tar + at + BLOCK, 0, BLOCK);
    memcpy(tar + at + BLOCK, data, size);
    return at + BLOCK + (size ? BLOCK : 0);
}

static void shards(void **state)
{
    (void)state;
    static unsigned char tar[(2 * MEMBERS + 2) * BLOCK];
    dc3_dataset *d;
    dc3_image image;
    /* Two shards, of which one has an image without a class. */
    size_t end = add_member(tar, 0, "1.png", '0', "p", 1);
    end = add_member(tar, end, "1.cls", '0', "9", 1);
    assert_int_equal(dc3_file_write(place("a.tar"), tar, end + 2 * BLOCK), DC3_OK);
    memset(tar, 0, sizeof tar);
    end = add_member(tar, 0, "2.png", '0', "q", 1);
    end = add_member(tar, end, "2.cls", '0', "10", 2);
    end = add_member(tar, end, "3.png", '0', "r", 1);
    assert_int_equal(dc3_file_write(place("b.tar"), tar, end + 2 * BLOCK), DC3_OK);
    if (dc3_dataset_open(folder, &d) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_int_equal(dc3_dataset_size(d), 2);
    assert_string_equal(dc3_dataset_class_name(d, 0), "09");
    assert_string_equal(dc3_dataset_key(d, 1), "b.tar/2.png");
    assert_int_equal(dc3_dataset_notes(d), 1);
    assert_non_null(
        strstr(dc3_dataset_note(d, 0), "1 image has no .cls or .json with a label beside it (b.tar/3.png)"));
    expect(dc3_dataset_read(d, 0, 0, 0, DC3_FIT_CROP, &image), DC3_ERR_FORMAT, "a.tar/1.png: not an image");
    /* The shard shrinks between listing and reading. */
    assert_int_equal(dc3_file_write(place("a.tar"), tar, 10), DC3_OK);
    expect(dc3_dataset_read(d, 0, 0, 0, DC3_FIT_CROP, &image), DC3_ERR_IO,
           "a.tar: expected 1 bytes at 512, the file has 10");
    d->items[0].size = (uint64_t)DC3_FILE_LIMIT + 1;
    expect(dc3_dataset_read(d, 0, 0, 0, DC3_FIT_CROP, &image), DC3_ERR_FORMAT, "too many for an image");
    dc3_dataset_close(&d);
    /* More headers of long names before a member than any archive has. */
    memset(tar, 0, sizeof tar);
    end = 0;
    for (int i = 0; i < 9; i++) end = add_member(tar, end, "././@LongLink", 'L', "1.png", 6);
    end = add_member(tar, end, "1.png", '0', "p", 1);
    assert_int_equal(dc3_file_write(place("a.tar"), tar, end + 2 * BLOCK), DC3_OK);
    expect(dc3_dataset_open(place("a.tar"), &d), DC3_ERR_FORMAT, "a.tar");
    /* A truncated class. */
    memset(tar, 0, sizeof tar);
    add_member(tar, 0, "1.cls", '0', "9", 1);
    assert_int_equal(dc3_file_write(place("a.tar"), tar, BLOCK), DC3_OK);
    expect(dc3_dataset_open(place("a.tar"), &d), DC3_ERR_FORMAT, "a.tar: member '1.cls'");
}

static void parts(void **state)
{
    (void)state;
    void *data;
    assert_int_equal(dc3_file_write(place("part"), "abcdef", 6), DC3_OK);
    assert_int_equal(dc3_read_part(place("part"), 2, 3, &data), DC3_OK);
    assert_memory_equal(data, "cde", 3);
    free(data);
    expect(dc3_read_part(place("part"), 4, 3, &data), DC3_ERR_IO, "expected 3 bytes at 4, the file has 6");
    expect(dc3_read_part(place("part"), UINT64_MAX, 8, &data), DC3_ERR_IO, "the file has 6");
    expect(dc3_read_part(place("part"), 1, UINT64_MAX, &data), DC3_ERR_IO, "the file has 6");
    expect(dc3_read_part(place("none"), 0, 1, &data), DC3_ERR_IO, "none: cannot open");
    assert_null(data);
}

static void places(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "a/b.png", "a/..b", "..a", "a.."}, *const bad[] = {
                                                                                   "",     "..",     "/a",
                                                                                   "../a", "a/../b", "a/..",
                                                                                   "a//.."};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!dc3_path_stays(good[i])) fail_msg("'%s' stays", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (dc3_path_stays(bad[i])) fail_msg("'%s' does not stay", bad[i]);
    assert_int_equal(dc3_file_write(place("file"), "", 0), DC3_OK);
    expect(dc3_make_dirs(place("file/below")), DC3_ERR_IO, "file: cannot make the folder");
}

static void printable(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"plain \xc3\xa4 \xe4\xb8\xad", "plain \xc3\xa4 \xe4\xb8\xad"},
                                           {"\x1b[31m\n\t\x7f", "\\x1b[31m\\x0a\\x09\\x7f"},
                                           {"\xc2\x9b \xc2\xa0", "\\xc2\\x9b \xc2\xa0"},
                                           {"\xe2\x80\xae \xe2\x80\xa9", "\\xe2\\x80\\xae \\xe2\\x80\\xa9"},
                                           {"\xe2\x81\xa6\xff", "\\xe2\\x81\\xa6\\xff"},
                                           {"", ""}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char *text = dc3_text_printable(pairs[i][0]);
        assert_string_equal(text, pairs[i][1]);
        free(text);
    }
}

/* Numbers that every type holds come through every pair of types. */
static void conversions(void **state)
{
    (void)state;
    const dc3_dtype types[] = {DC3_F32, DC3_F16, DC3_BF16, DC3_F64};
    const float values[] = {0, -1.5f, 96, 0x1p-10f};
    float back[4];
    double a[4], b[4]; /* room for any type */
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 4; k++) {
            assert_int_equal(dc3_convert(values, DC3_F32, a, types[i], 4), DC3_OK);
            assert_int_equal(dc3_convert(a, types[i], b, types[k], 4), DC3_OK);
            assert_int_equal(dc3_convert(b, types[k], back, DC3_F32, 4), DC3_OK);
            assert_memory_equal(back, values, sizeof back);
        }
    expect(dc3_convert(values, DC3_F32, a, DC3_I64, 4), DC3_ERR_ARGUMENT, "cannot convert");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(json_members),
                                       cmocka_unit_test(json_differences),
                                       cmocka_unit_test_setup_teardown(shards, make_folder, remove_folder),
                                       cmocka_unit_test_setup_teardown(parts, make_folder, remove_folder),
                                       cmocka_unit_test_setup_teardown(places, make_folder, remove_folder),
                                       cmocka_unit_test(printable),
                                       cmocka_unit_test(conversions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
