/* PyTorch checkpoints: of each form against the safetensors twin that the same script made
 * (tools/golden/pth.py), and damaged in each of the ways that happen or that someone may think of. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "io/weights.h"
#include "io/pth.h"
#include "io/safetensors.h"

#define FOLDER DC3_TEST_DATA "/pth/"

static const char *path_of(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, FOLDER "%s.pth", name);
    return path;
}

static void expect_same(const dc3_tensor *t, const dc3_tensor *twin, const char *name)
{
    char a[DC3_SHAPE_TEXT], b[DC3_SHAPE_TEXT];
    if (!t) fail_msg("%s is missing", name);
    if (t->dtype != twin->dtype || strcmp(dc3_shape_text(t->ndim, t->shape, a, sizeof a),
                                          dc3_shape_text(twin->ndim, twin->shape, b, sizeof b)) != 0)
        fail_msg("%s: %s %s, PyTorch has %s %s", name, dc3_dtype_name(t->dtype), a,
                 dc3_dtype_name(twin->dtype), b);
    if ((uintptr_t)t->data % dc3_dtype_size(t->dtype) != 0) fail_msg("%s is not aligned", name);
    if (memcmp(t->data, twin->data, dc3_bytes(t)) != 0) fail_msg("%s: other values than PyTorch's", name);
}

/* The tensors of NAME.pth are those of golden.safetensors under NAME/, no more and no less. */
static void expect_twins(const dc3_table *golden, const char *file)
{
    dc3_table *table;
    size_t count = 0, length = strlen(file);
    if (dc3_weights_open(path_of(file), &table) != DC3_OK) fail_msg("%s", dc3_error_text());
    for (size_t i = 0; i < dc3_table_size(golden); i++) {
        const char *name = dc3_table_name(golden, i);
        if (strncmp(name, file, length) != 0 || name[length] != '/') continue;
        expect_same(dc3_table_find(table, name + length + 1), dc3_table_at(golden, i), name);
        count++;
    }
    if (!count || dc3_table_size(table) != count)
        fail_msg("%s: %zu tensors, PyTorch has %zu", file, dc3_table_size(table), count);
    dc3_table_close(&table);
}

static void same_as_pytorch(void **state)
{
    static const char *const files[] = {
        "plain",        "legacy",       "protocol4", "nested",      "only",           "types",    "views",
        "legacy_views", "parameters",   "python2",   "other_types", "inert",          "inert3",   "inert4",
        "inert5",       "inert_legacy", "wrapped",   "module",      "module_in_dict", "averaged", "script"};
    dc3_table *golden;
    (void)state;
    assert_int_equal(dc3_safetensors_open(FOLDER "golden.safetensors", &golden), DC3_OK);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) expect_twins(golden, files[i]);
    dc3_table_close(&golden);
}

/* A small file that names its few modules and tensors over and over. */
static void names_without_end(void **state)
{
    dc3_table *table;
    (void)state;
    if (dc3_pth_open(path_of("shared"), &table) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_in_range(dc3_table_size(table), 1, 1 << 18);
    dc3_table_close(&table);
}

static const struct {
    const char *file, *text;
} cases[] = {
    {"system", "expected a dict of tensors, found an object of 'os.system', of which nothing is executed"},
    {"stack_global",
     "found an object of 'builtins.eval?', of which nothing is executed; save only the weights"},
    {"inst", "found an object of 'posix.system', of which nothing is executed"},
    {"newobj", "found an object of 'subprocess.Popen', of which nothing is executed"},
    {"model", "found an object of 'torch.nn.modules.linear.Linear', of which nothing is executed"},
    {"call_dict", "expected a global to be made, found a dict"},
    {"call_storage", "found an object of 'torch.FloatStorage', of which nothing is executed"},
    {"build", "expected a dict or a tensor to give attributes to, found a string"},
    {"cut", "expected a whole zip file, found a truncated or damaged one"},
    {"cut_legacy", "(is the file truncated?)"},
    {"cut_legacy_pickle", "(is the file truncated?)"},
    {"cut_pickle", "expected 1 more byte, found 0 (is the file truncated?)"},
    {"crc", "member 'archive/data/0': expected whole data, found ZIP bad CRC"},
    {"compressed", "expected stored data, as torch.save writes it, found compressed data"},
    {"bomb", "expected stored data, as torch.save writes it, found compressed data"},
    {"big_endian", "member 'archive/byteorder': expected little, found another byte order"},
    {"big_endian_legacy", "expected little-endian data, found big-endian data"},
    {"no_pickle", "expected a member data.pkl, as torch.save writes it, found none"},
    {"no_storage", "tensor 'w': expected its storage '1' in the file, found none"},
    {"long_storage", "tensor 'w': expected a storage of 5 elements, found only 16 bytes"},
    {"long_storage_legacy", "storage '0': expected 5 elements, found 4"},
    {"long_member", "expected members no larger in all than the file, found larger ones"},
    {"unknown_key_legacy", "expected keys of storages that tensors use, found 7"},
    {"huge_storage", "expected a storage of 4611686018427387904 elements, found only 16 bytes"},
    {"negative_storage", "expected a storage of 0 or more elements, found a negative number"},
    {"negative_size", "expected a shape and strides of 0 or more, found a negative number"},
    {"negative_stride", "expected a shape and strides of 0 or more, found a negative number"},
    {"negative_offset", "expected offset and strides inside its storage, found some that lead out of it"},
    {"offset", "expected offset and strides inside its storage, found some that lead out of it"},
    {"stride", "expected offset and strides inside its storage, found some that lead out of it"},
    {"huge_stride", "expected offset and strides inside its storage, found some that lead out of it"},
    {"expanded",
     "expected plain tensors, found none: 'w' is a tensor of more elements than the file has bytes"},
    {"huge_shape", "'w' is a tensor of more elements than the file has bytes"},
    {"huge_empty", "'w' is a tensor of more elements than the file has bytes"},
    {"six_dimensions", "expected plain tensors, found none: 'w' is a tensor of 6 dimensions"},
    {"odd_strides", "expected as many strides as dimensions, found another number of strides"},
    {"text_shape", "expected integers in shape and strides, found a string"},
    {"few_arguments", "found a dict without; 'w' is a tensor without an offset, a shape and strides"},
    {"negated", "found a dict without; 'w' is a tensor whose values are stored negated or conjugated"},
    {"view_of_storage", "found a dict without; 'w' is a tensor of a part of another storage"},
    {"complex", "expected plain tensors, found none: 'w' is a tensor of a ComplexFloatStorage"},
    {"persistent", "expected a dict of tensors, or one under a key such as 'state_dict' or 'model', found"},
    {"memo_put", "expected a memo index below the pickle's size, found 4294967295"},
    {"memo_get", "expected a memo index that was put before, found 1, which is not"},
    {"memo_bomb", "expected a pickle of at most 4194304 items, found more"},
    {"laughs", "found a dict without"},
    {"deep", "expected a dict of tensors, found a tuple"},
    {"cycle", "expected a dict of tensors, or one under a key such as 'state_dict' or 'model', found"},
    {"protocol", "expected pickle protocol 2 to 5, found 6"},
    {"protocol0", "found a dict without"},
    {"opcode", "expected an opcode of a pickle, found opcode 0x99"},
    {"no_mark", "expected a mark on the stack, found none"},
    {"mark_value", "expected a value on the stack, found a mark"},
    {"empty_stack", "expected a value on the stack, found none"},
    {"two_values", "expected one value at the end, found more"},
    {"append_dict", "expected a list to append to, found a dict"},
    {"odd_items", "expected keys with values, found one without"},
    {"key_without_end", "expected 2147483647 more bytes, found 4 (is the file truncated?)"},
    {"long_length", "expected 18446744073709551615 more bytes, found 1"},
    {"list", "expected a dict of tensors, found a list"},
    {"no_tensors", "found a dict without"},
    {"two_dicts", "expected one dict of tensors, found 2 ('a', 'b'); save the one that you mean alone"},
    {"twice", "tensor 'w' is there twice"},
    {"name", "the name 'w??[31m' is not one of printable ASCII characters, at most 511"},
    {"long_name", "is not one of printable ASCII characters, at most 511"},
    {"many_copies", "expected copies of views that take no more than the file itself, found more of them"},
    {"plain_pickle",
     "expected what torch.save writes, found a Python pickle (pickle.dump) of a dict; load it in Python"},
    {"version_legacy", "expected version 1001 of torch.save, found another"},
    {"other_file", "expected a PyTorch checkpoint (torch.save), found a GIF image"},
    {"empty", "expected a PyTorch checkpoint (torch.save), found an empty file"},
};
enum { CASES = sizeof cases / sizeof *cases };

static void damaged(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        char name[128];
        dc3_table *table;
        snprintf(name, sizeof name, "damaged/%s", cases[i].file);
        if (dc3_pth_open(path_of(name), &table) != DC3_ERR_FORMAT) fail_msg("%s is accepted", name);
        assert_null(table);
        const char *text = dc3_error_text();
        snprintf(name, sizeof name, "damaged/%s.pth: ", cases[i].file);
        if (!strstr(text, cases[i].text) || !strstr(text, name) || strchr(text, '\n'))
            fail_msg("%s: expected '%s' in: %s", name, cases[i].text, text);
    }
}

static void all_damaged_are_tried(void **state)
{
    int count = 0;
    DIR *folder = opendir(FOLDER "damaged");
    (void)state;
    assert_non_null(folder);
    for (struct dirent *e; (e = readdir(folder));) count += e->d_name[0] != '.';
    closedir(folder);
    assert_int_equal(count, CASES);
}

/* Cut anywhere, a checkpoint is refused. The bytes stand in memory of just their size, so that a sanitizer
 * sees a read behind them. */
static void cut_anywhere(void **state)
{
    static const char *const files[] = {"plain", "legacy_views"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        char *data;
        size_t size;
        assert_int_equal(dc3_file_read(path_of(files[i]), 1 << 20, &data, &size), DC3_OK);
        for (size_t cut = 0; cut < size; cut++) {
            unsigned char *part = malloc(cut ? cut : 1);
            dc3_table *table = dc3_table_new("cut.pth");
            memcpy(part, data, cut);
            if (dc3_pth_parse("cut.pth", part, cut, table) != DC3_ERR_FORMAT)
                fail_msg("%s is accepted after %zu bytes", files[i], cut);
            dc3_table_close(&table);
            free(part);
        }
        free(data);
    }
}

static void check_tensor(const dc3_table *table, const char *file, const char *name, dc3_dtype dtype,
                         const void *values, size_t bytes)
{
    const dc3_tensor *t = dc3_table_find(table, name);
    if (!t || t->dtype != dtype || dc3_bytes(t) != bytes || memcmp(t->data, values, bytes) != 0)
        fail_msg("%s: '%s' is missing or has other values than Python's", file, name);
}

/* Networks saved as a whole in torch.save's old form, which gives classes with their sources
 * (tools/golden/pickles.py). */
static void legacy_modules(void **state)
{
    static const char *const files[] = {"module", "module_parallel", "module_in_dict"};
    (void)state;
    for (int i = 0; i < 3; i++) {
        dc3_table *table;
        char path[512];
        snprintf(path, sizeof path, DC3_TEST_DATA "/pickles/%s.pth", files[i]);
        if (dc3_pth_open(path, &table) != DC3_OK) fail_msg("%s: %s", files[i], dc3_error_text());
        assert_int_equal(dc3_table_size(table), 7);
        check_tensor(table, files[i], i == 1 ? "module.0.weight" : "0.weight", DC3_F32,
                     (float[]){-2, -1, 0, 1, 2, 3}, 6 * sizeof(float));
        dc3_table_close(&table);
    }
}

/* NumPy arrays and lists are tensors where they are rows to select from, of either order in memory. */
static void rows_of_numpy(void **state)
{
    static const char *const files[] = {"rows", "rows_fortran", "rows_tensor", "rows_big_endian"};
    (void)state;
    for (int i = 0; i < 4; i++) {
        dc3_table *table;
        const char *what = NULL;
        char path[512];
        snprintf(path, sizeof path, DC3_TEST_DATA "/pickles/%s.pth", files[i]);
        if (dc3_pth_open(path, &table) != DC3_OK) fail_msg("%s: %s", files[i], dc3_error_text());
        check_tensor(table, files[i], "labels", DC3_I64, (int64_t[]){1, 0, 200}, 3 * sizeof(int64_t));
        if (i < 3) {
            assert_int_equal(dc3_table_find(table, "embeddings")->shape[0], 3);
            check_tensor(table, files[i], "embeddings", DC3_F32, (float[]){0, 0.25f, 0.5f, 0.75f, 1, 1.25f},
                         6 * sizeof(float));
        } else {
            assert_string_equal(dc3_table_odd_at(table, 0, &what), "embeddings");
            assert_string_equal(what, "a NumPy array");
        }
        dc3_table_close(&table);
    }
}

/* A NumPy type that is given items has its name, not them. */
static void items_of_a_type(void **state)
{
    static const unsigned char data[] = "\x80\x02"
                                        "cnumpy\ndtype\nU\x02u1\x85RK\x01K\x02s.";
    (void)state;
    dc3_table *table = dc3_table_new("type");
    assert_int_equal(dc3_pth_parse("type", data, sizeof data - 1, table), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "found a Python pickle (pickle.dump) of another value"));
    dc3_table_close(&table);
}

static void recognised_by_content(void **state)
{
    char path[] = "/tmp/dc3-pth-XXXXXX";
    int fd = mkstemp(path);
    dc3_table *table;
    (void)state;
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(dc3_weights_open(FOLDER "golden.safetensors", &table), DC3_OK);
    /* A safetensors file, whatever it is called. */
    assert_int_equal(dc3_safetensors_save(path, table), DC3_OK);
    dc3_table_close(&table);
    assert_int_equal(dc3_weights_open(path, &table), DC3_OK);
    dc3_table_close(&table);
    assert_int_equal(dc3_file_write(path, "weights", 7), DC3_OK);
    assert_int_equal(dc3_weights_open(path, &table), DC3_ERR_FORMAT);
    assert_null(table);
    assert_non_null(strstr(dc3_error_text(), "expected a safetensors file or a PyTorch checkpoint"));
    unlink(path);
    assert_int_equal(dc3_weights_open(path, &table), DC3_ERR_IO);
    assert_int_equal(dc3_weights_open("/tmp", &table), DC3_ERR_IO);
    assert_null(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_as_pytorch),
                                       cmocka_unit_test(names_without_end),
                                       cmocka_unit_test(damaged),
                                       cmocka_unit_test(all_damaged_are_tried),
                                       cmocka_unit_test(cut_anywhere),
                                       cmocka_unit_test(legacy_modules),
                                       cmocka_unit_test(rows_of_numpy),
                                       cmocka_unit_test(items_of_a_type),
                                       cmocka_unit_test(recognised_by_content)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
