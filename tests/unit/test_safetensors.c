/* safetensors files: written and read, in shards, damaged in each of the ways that happen. */
#include "support/random_tensors.h"
#include <stdio.h>
#include <unistd.h>
#include "base/file.h"
#include "io/safetensors.h"
#include "io/weights.h"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/dc3-safetensors-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *header, uint64_t claimed, size_t data)
{
    char bytes[4096] = {0};
    size_t length = strlen(header);
    for (int i = 0; i < 8; i++) bytes[i] = (char)(claimed >> 8 * i);
    memcpy(bytes + 8, header, length);
    for (size_t i = 0; i < data; i++) bytes[8 + length + i] = (char)i;
    assert_int_equal(dc3_file_write(path_of(name), bytes, 8 + length + data), DC3_OK);
}

static void put_json(const char *name, const char *text)
{
    assert_int_equal(dc3_file_write(path_of(name), text, strlen(text)), DC3_OK);
}

static void round_trip(void **state)
{
    (void)state;
    float x[6] = {1, 2, 3, 4, 5, 6};
    uint16_t h[3] = {1, 2, 3};
    int64_t l[2] = {-7, 9};
    dc3_table *table = dc3_table_new("made"), *back;
    assert_int_equal(dc3_table_add(table, "x", dc3_view(x, DC3_F32, 2, (int64_t[]){2, 3})), DC3_OK);
    assert_int_equal(dc3_table_add(table, "h", dc3_view(h, DC3_BF16, 1, (int64_t[]){3})), DC3_OK);
    assert_int_equal(dc3_table_add(table, "l", dc3_view(l, DC3_I64, 1, (int64_t[]){2})), DC3_OK);
    assert_int_equal(dc3_table_add(table, "x", dc3_view(x, DC3_F32, 1, (int64_t[]){1})), DC3_ERR_FORMAT);
    assert_int_equal(dc3_table_set_text(table, "format", "tf"), DC3_OK);
    assert_int_equal(dc3_table_set_text(table, "note", "{\"a\": \"\\n\"}"), DC3_OK);
    assert_int_equal(dc3_table_set_text(table, "format", "pt"), DC3_OK);
    assert_int_equal(dc3_safetensors_save(path_of("a.safetensors"), table), DC3_OK);
    dc3_table_close(&table);
    assert_int_equal(dc3_safetensors_open(path_of("a.safetensors"), &back), DC3_OK);
    assert_int_equal(dc3_table_size(back), 3);
    assert_string_equal(dc3_table_text(back, "format"), "pt");
    assert_string_equal(dc3_table_text(back, "note"), "{\"a\": \"\\n\"}");
    assert_null(dc3_table_text(back, "x"));
    const dc3_tensor *t;
    assert_int_equal(dc3_table_get(back, "x", 2, (int64_t[]){2, -1}, &t), DC3_OK);
    assert_memory_equal(t->data, x, sizeof x);
    /* l stands behind an odd number of halves: it is copied to be aligned. */
    assert_int_equal(dc3_table_get(back, "l", 1, (int64_t[]){2}, &t), DC3_OK);
    assert_int_equal((uintptr_t)t->data % 8, 0);
    assert_memory_equal(t->data, l, sizeof l);
    assert_int_equal(dc3_table_get(back, "x", 2, (int64_t[]){3, 3}, &t), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "tensor 'x'"));
    assert_non_null(strstr(dc3_error_text(), "[2, 3]"));
    assert_int_equal(dc3_table_get(back, "missing", 1, (int64_t[]){1}, &t), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "missing"));
    dc3_table_close(&back);
}

/* A scalar, an empty tensor, names and texts that JSON escapes; and a name that no header can hold. */
static void odd_tables(void **state)
{
    (void)state;
    int64_t steps = 1ll << 60, none[] = {0, 7};
    dc3_table *table = dc3_table_new("made"), *back;
    assert_int_equal(dc3_table_add(table, "\"\\", dc3_view(&steps, DC3_I64, 0, NULL)), DC3_OK);
    assert_int_equal(dc3_table_add(table, "empty", dc3_view(NULL, DC3_F32, 2, none)), DC3_OK);
    assert_int_equal(dc3_safetensors_save(path_of("odd.safetensors"), table), DC3_OK);
    assert_int_equal(dc3_safetensors_open(path_of("odd.safetensors"), &back), DC3_OK);
    assert_int_equal(*(const int64_t *)dc3_table_find(back, "\"\\")->data, steps);
    assert_int_equal(dc3_table_find(back, "empty")->shape[1], 7);
    dc3_table_close(&back);
    assert_int_equal(dc3_table_add(table, "\xff", dc3_view(&steps, DC3_I64, 0, NULL)), DC3_OK);
    assert_int_equal(dc3_safetensors_save(path_of("odd.safetensors"), table), DC3_ERR_ARGUMENT);
    dc3_table_close(&table);
    const char *mixed = "{\"__metadata__\":{\"a\":\"b\",\"c\":7}}";
    put("mixed.safetensors", mixed, strlen(mixed), 0);
    assert_int_equal(dc3_safetensors_open(path_of("mixed.safetensors"), &back), DC3_OK);
    assert_string_equal(dc3_table_text(back, "a"), "b");
    assert_null(dc3_table_text(back, "c"));
    dc3_table_close(&back);
}

static void expect_bad(const char *name, const char *text)
{
    dc3_table *table;
    if (dc3_safetensors_open(path_of(name), &table) != DC3_ERR_FORMAT) fail_msg("%s is accepted", name);
    assert_null(table);
    if (!strstr(dc3_error_text(), text) || !strstr(dc3_error_text(), name) || strchr(dc3_error_text(), '\n'))
        fail_msg("%s: expected '%s' in: %s", name, text, dc3_error_text());
}

/* Some of them are not aligned, whatever the header's length. */
#define AT(name, from, to)                                                                                   \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":[400],\"data_offsets\":[" from "," to "]}"
#define OVERLAPPING                                                                                          \
    "{" AT("a", "0", "1600") "," AT("b", "0", "1600") "," AT("c", "1", "1601") "," AT("d", "1", "1601") "}"

static void damaged(void **state)
{
    (void)state;
    const struct {
        const char *header;
        uint64_t claimed; /* 0: its length */
        size_t data;
        const char *text;
    } cases[] = {
        {"{}", 2u << 30, 0, "the safetensors header claims 2147483648 bytes"},
        {"{}", ~0ull, 0, "the safetensors header claims"},
        {"{\"a\": 1", 0, 0, "not valid JSON"},
        {"[]", 0, 0, "expected a safetensors file, found another file"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}", 0, 12,
         "is the file truncated?"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[8,4]}}", 0, 16, "lie outside"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[-16,0]}}", 0, 16, "lie outside"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,16]}}", 0, 16,
         "the shape takes 12 bytes"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}", 0, 0,
         "larger than the file"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 0, 4, "not a size"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", 0, 4, "not a size"},
        {"{\"a\":{\"dtype\":\"F8\",\"shape\":[4],\"data_offsets\":[0,5]}}", 0, 4, "lie outside"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":4,\"data_offsets\":[0,4]}}", 0, 4,
         "expected a shape, a list of sizes"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 0, 4, "data_offsets of two integers"},
        {"{\"a\":7}", 0, 4, "expected an object"},
        {"{\"a\":{},\"a\":{}}", 0, 0, "duplicate"},
        {OVERLAPPING, 0, 1601, "tensors that do not overlap"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put("bad.safetensors", cases[i].header, cases[i].claimed ? cases[i].claimed : strlen(cases[i].header),
            cases[i].data);
        expect_bad("bad.safetensors", cases[i].text);
    }
    assert_int_equal(dc3_file_write(path_of("short.safetensors"), "abc", 3), DC3_OK);
    expect_bad("short.safetensors", "found a text that begins with 'abc'");
    dc3_table *table;
    assert_int_equal(dc3_safetensors_open(path_of("nothing.safetensors"), &table), DC3_ERR_IO);
}

/* A tensor of a kind that is not read refuses nothing until someone asks for it. */
static void odd_tensors(void **state)
{
    static const char header[] = "{\"f8\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[0,4]},"
                                 "\"six\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,4],\"data_offsets\":[0,4]},"
                                 "\"i8\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[0,4]}}";
    dc3_table *table;
    const dc3_tensor *t;
    (void)state;
    put("odd.safetensors", header, sizeof header - 1, 4);
    assert_int_equal(dc3_safetensors_open(path_of("odd.safetensors"), &table), DC3_OK);
    assert_int_equal(dc3_table_size(table), 1);
    assert_int_equal(dc3_table_get(table, "i8", 1, (int64_t[]){4}, &t), DC3_OK);
    assert_int_equal(t->dtype, DC3_I8);
    assert_int_equal(dc3_table_get(table, "f8", 1, (int64_t[]){4}, &t), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(),
                           "tensor 'f8': expected a plain tensor of shape [4], found a tensor of "
                           "type F8_E4M3"));
    assert_int_equal(dc3_table_get(table, "six", 1, (int64_t[]){4}, &t), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "found a tensor of 6 dimensions"));
    dc3_table_close(&table);
}

/* What people give for weights. */
static void other_files(void **state)
{
    static const struct {
        const char *bytes, *text;
        size_t size;
    } cases[] = {
        {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 29500000\n",
         "found a Git LFS pointer: the file itself, of 29500000 bytes, was not fetched; git lfs pull", 0},
        {"\n <!DOCTYPE html>\n<html>", "found a web page (HTML)", 0},
        {"{\"error\": \"Entry not found\"}", "found a JSON text", 0},
        {"Entry not found", "found a text that begins with 'Entry not found'", 0},
        {"\x1f\x8b\b", "found a gzip file", 11},
        {"PK\3\4 and more", "found a zip file, which unzip unpacks", 0},
        {"7z\xbc\xaf\x27\x1c", "found a 7z archive, which 7z x unpacks", 20},
        {"Rar!\x1a\7\1", "found a rar archive, which unrar x unpacks", 20},
        {"PAR1\x15\4", "found a Parquet table: convert it; save its images as files", 20},
        {"GGUF\3", "found a GGUF file of quantised weights: convert it; save the weights", 20},
        {"\x08\x08\x12\x07pytorch\x1a", "found an ONNX model: convert it; save the weights as safetensors",
         30},
        {"\x82\xa6params\x83", "found a MessagePack file (Flax)", 20},
        {"{\"a\": 1}\n{\"a\": 2}", "found a JSON text", 0},
        {"\x93NUMPY\1", "found a NumPy array (.npy)", 10},
        {"\x89HDF\r\n\x1a\n", "found an HDF5 file", 8},
        {"\0\0\0", "found only zeros", 40},
        {"", "found an empty file", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char data[128] = {0};
        size_t size = cases[i].size ? cases[i].size : strlen(cases[i].bytes);
        memcpy(data, cases[i].bytes, strlen(cases[i].bytes));
        assert_int_equal(dc3_file_write(path_of("other.safetensors"), data, size), DC3_OK);
        expect_bad("other.safetensors", cases[i].text);
        dc3_table *table;
        assert_int_equal(dc3_weights_open(path_of("other.safetensors"), &table), DC3_ERR_FORMAT);
        int own = strstr(cases[i].text, "NumPy") || strstr(cases[i].text, "a zip file"); /* has its reader */
        if (!own) assert_non_null(strstr(dc3_error_text(), cases[i].text));
    }
}

static const char one[] = "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}";
static const char two[] = "{\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}";

static void shards_and_variants(void **state)
{
    (void)state;
    dc3_table *table;
    assert_int_equal(dc3_weights_open_model(folder, "m", &table), DC3_ERR_IO);
    put("m.fp16.safetensors", one, sizeof one - 1, 2);
    assert_int_equal(dc3_weights_open_model(folder, "m", &table), DC3_OK);
    assert_non_null(dc3_table_find(table, "a"));
    dc3_table_close(&table);
    put("m-1.safetensors", one, sizeof one - 1, 2);
    put("m-2.safetensors", two, sizeof two - 1, 3);
    put_json("m.safetensors.index.json",
             "{\"weight_map\": {\"a\": \"m-1.safetensors\", \"b\": \"m-2.safetensors\"}}");
    assert_int_equal(dc3_weights_open_model(folder, "m", &table), DC3_OK);
    assert_int_equal(dc3_table_size(table), 2);
    assert_int_equal(((const uint8_t *)dc3_table_find(table, "b")->data)[2], 2);
    dc3_table_close(&table);
    put_json("f.safetensors.index.fp16.json", "{\"weight_map\": {\"b\": \"m-2.safetensors\"}}");
    assert_int_equal(dc3_weights_open_model(folder, "f", &table), DC3_OK);
    dc3_table_close(&table);
    static const char *const bad[] = {
        "{\"weight_map\": {\"a\": \"../m-1.safetensors\"}}", "{\"weight_map\": {\"a\": 3}}",
        "{\"weights\": {}}", "{\"weight_map\": {\"a\": \"m-1.safetensors\", \"c\": \"m-3.safetensors\"}}"};
    for (int i = 0; i < 4; i++) {
        put_json("m.safetensors.index.json", bad[i]);
        assert_int_equal(dc3_weights_open_model(folder, "m", &table), i == 3 ? DC3_ERR_IO : DC3_ERR_FORMAT);
        assert_null(table);
    }
    assert_non_null(strstr(dc3_error_text(), "m-3.safetensors"));
}

/* A folder of transformers or timm, and an index, as a user's weights. */
static void folders_and_indices(void **state)
{
    (void)state;
    dc3_table *table;
    put_json("w.safetensors.index.json", "{\"weight_map\": {\"a\": \"w-1.safetensors\"}}");
    put("w-1.safetensors", one, sizeof one - 1, 2);
    assert_int_equal(dc3_weights_open(path_of("w.safetensors.index.json"), &table), DC3_OK);
    assert_non_null(dc3_table_find(table, "a"));
    dc3_table_close(&table);
    put("w-00001-of-00003.safetensors", one, sizeof one - 1, 2);
    assert_int_equal(dc3_weights_open(path_of("w-00001-of-00003.safetensors"), &table), DC3_OK);
    assert_string_equal(dc3_table_notes(table),
                        "one of 3 shards: the .index.json beside them, or their folder, stands for all");
    dc3_table_close(&table);
    assert_false(dc3_weights_are_model(folder));
    put("model.safetensors", one, sizeof one - 1, 2);
    assert_false(dc3_weights_are_model(folder));
    put_json("config.json",
             "{\"pretrained_cfg\": {\"mean\": [0.485, 0.456, 0.406], \"std\": [0.229, 0.224, 0.225]}}");
    assert_true(dc3_weights_are_model(folder));
    assert_int_equal(dc3_weights_open(folder, &table), DC3_OK);
    assert_string_equal(dc3_table_notes(table), "");
    dc3_table_close(&table);
    put_json("preprocessor_config.json", "{\"image_mean\": [0.5, 0.5, 0.5]}");
    assert_int_equal(dc3_weights_open(folder, &table), DC3_OK);
    assert_string_equal(dc3_table_notes(table),
                        "preprocessor_config.json says that images are normalised by a mean of 0.5, which is "
                        "not followed");
    dc3_table_close(&table);
    put_json("preprocessor_config.json", "{\"image_std\": [0.25, 0.25, 0.25]}");
    assert_int_equal(dc3_weights_open(folder, &table), DC3_OK);
    assert_string_equal(
        dc3_table_notes(table),
        "preprocessor_config.json says that images are normalised by a deviation of 0.25, which "
        "is not followed");
    dc3_table_close(&table);
    static const char *const made[] = {
        "w.safetensors.index.json", "w-1.safetensors", "w-00001-of-00003.safetensors",
        "model.safetensors",        "config.json",     "preprocessor_config.json"};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) remove(path_of(made[i]));
}

/* .bin, where there is no safetensors; which goes first where there is. */
static void checkpoints_in_place(void **state)
{
    char *data;
    size_t size;
    dc3_table *table;
    (void)state;
    assert_int_equal(dc3_file_read(DC3_TEST_DATA "/pth/plain.pth", 1 << 20, &data, &size), DC3_OK);
    assert_int_equal(dc3_file_write(path_of("u.bin"), data, size), DC3_OK);
    assert_int_equal(dc3_file_write(path_of("pytorch_model.bin"), data, size), DC3_OK);
    assert_int_equal(dc3_file_write(path_of("s-1.bin"), data, size), DC3_OK);
    free(data);
    assert_int_equal(dc3_weights_open_model(folder, "u", &table), DC3_OK);
    assert_non_null(dc3_table_find(table, "0.weight"));
    assert_string_equal(dc3_table_notes(table), "read from u.bin, for want of u.safetensors");
    dc3_table_close(&table);
    assert_int_equal(dc3_weights_open_model(folder, "model", &table), DC3_OK);
    dc3_table_close(&table);
    put_json("s.bin.index.json", "{\"weight_map\": {\"0.weight\": \"s-1.bin\"}}");
    assert_int_equal(dc3_weights_open_model(folder, "s", &table), DC3_OK);
    assert_non_null(dc3_table_find(table, "0.weight"));
    dc3_table_close(&table);
    put("u.safetensors", one, sizeof one - 1, 2);
    assert_int_equal(dc3_weights_open_model(folder, "u", &table), DC3_OK);
    assert_null(dc3_table_find(table, "0.weight"));
    assert_string_equal(dc3_table_notes(table), "");
    dc3_table_close(&table);
    assert_int_equal(dc3_file_write(path_of("flax_model.msgpack"), "x", 1), DC3_OK);
    assert_int_equal(dc3_weights_open_model(folder, "none", &table), DC3_ERR_IO);
    assert_non_null(strstr(dc3_error_text(), "or none.bin), found flax_model.msgpack"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trip),
                                       cmocka_unit_test(odd_tables),
                                       cmocka_unit_test(damaged),
                                       cmocka_unit_test(shards_and_variants),
                                       cmocka_unit_test(folders_and_indices),
                                       cmocka_unit_test(odd_tensors),
                                       cmocka_unit_test(other_files),
                                       cmocka_unit_test(checkpoints_in_place)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
