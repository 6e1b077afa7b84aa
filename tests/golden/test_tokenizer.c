/* The tokenizer against ids of transformers' CLIPTokenizer (tools/golden/tokenizer.py). Another vocabulary
 * with its strings.json can be checked by hand: test_tokenizer DIRECTORY. */
#include "support/random_tensors.h"
#include <stdio.h>
#include <unistd.h>
#include "base/file.h"
#include "io/json.h"
#include "tokenizer/tokenizer.h"

enum { LENGTH = 77 };
static const char *directory = DC3_TEST_DATA "/tokenizer";

static void must(dc3_status status)
{
    if (status != DC3_OK) fail_msg("%s", dc3_error_text());
}

/* Number of strings whose ids differ; prints the first of them. */
static int differs(const dc3_tokenizer *t, const json_t *entry)
{
    const char *text = json_string_value(json_object_get(entry, "text"));
    const json_t *wanted = json_object_get(entry, "ids");
    int64_t ids[LENGTH];
    size_t n = json_array_size(wanted);
    int64_t pad = json_integer_value(json_array_get(wanted, n - 1));
    must(dc3_tokenizer_encode(t, text, LENGTH, ids));
    for (size_t i = 0; i < LENGTH; i++) {
        int64_t want = i < n ? json_integer_value(json_array_get(wanted, i)) : pad;
        if (ids[i] == want) continue;
        print_error("'%s': id %zu is %lld, not %lld\n", text, i, (long long)ids[i], (long long)want);
        return 1;
    }
    return 0;
}

static void hard_strings(void **state)
{
    (void)state;
    char path[600];
    dc3_tokenizer *t;
    json_t *json;
    int wrong = 0;
    must(dc3_tokenizer_open(directory, &t));
    assert_int_equal(dc3_tokenizer_max_length(t), LENGTH);
    snprintf(path, sizeof path, "%s/strings.json", directory);
    must(dc3_json_read(path, 16 << 20, &json));
    const json_t *strings = json_object_get(json, "strings");
    assert_true(json_array_size(strings) > 300);
    for (size_t i = 0; i < json_array_size(strings); i++) wrong += differs(t, json_array_get(strings, i));
    assert_int_equal(wrong, 0);
    json_decref(json);
    dc3_tokenizer_close(&t);
    assert_null(t);
}

static void put(const char *folder, const char *name, const char *text)
{
    char *path = dc3_path_join(folder, name);
    must(dc3_file_write(path, text, strlen(text)));
    free(path);
}

/* merges.txt as lists of two, or as the lines themselves. */
static json_t *read_merges(int pairs)
{
    char path[600], *text, *rest, *line;
    size_t size;
    json_t *merges = json_array();
    snprintf(path, sizeof path, "%s/merges.txt", directory);
    must(dc3_file_read(path, 16 << 20, &text, &size));
    rest = text;
    while ((line = strsep(&rest, "\n"))) {
        char *gap = strchr(line, ' ');
        if (!gap || *line == '#') continue;
        json_t *entry = json_string(line);
        if (pairs) {
            json_decref(entry);
            entry = json_pack("[s%s]", line, (size_t)(gap - line), gap + 1);
        }
        json_array_append_new(merges, entry);
    }
    free(text);
    return merges;
}

/* The frame, a tokenizer.json of transformers, with the vocabulary in it. */
static json_t *whole_of(const char *frame, int pairs)
{
    char path[600];
    json_t *json, *vocab;
    snprintf(path, sizeof path, "%s/%s", directory, frame);
    must(dc3_json_read(path, 16 << 20, &json));
    snprintf(path, sizeof path, "%s/vocab.json", directory);
    must(dc3_json_read(path, 16 << 20, &vocab));
    json_object_set_new(json_object_get(json, "model"), "vocab", vocab);
    json_object_set_new(json_object_get(json, "model"), "merges", read_merges(pairs));
    return json;
}

/* Opens a folder with that tokenizer.json alone. */
static dc3_status open_whole(const json_t *whole, dc3_tokenizer **t)
{
    char folder[] = "/tmp/dc3-tokenizer-XXXXXX", path[80], *text = json_dumps(whole, 0);
    assert_non_null(mkdtemp(folder));
    put(folder, "tokenizer.json", text);
    dc3_status status = dc3_tokenizer_open(folder, t);
    snprintf(path, sizeof path, "%s/tokenizer.json", folder);
    remove(path);
    rmdir(folder);
    free(text);
    return status;
}

/* tokenizer.json alone gives the same ids, whatever the form of its merges. */
static void json_alone(void **state)
{
    (void)state;
    char path[600];
    json_t *json;
    snprintf(path, sizeof path, "%s/strings.json", directory);
    must(dc3_json_read(path, 16 << 20, &json));
    const json_t *strings = json_object_get(json, "strings");
    for (int pairs = 0; pairs < 2; pairs++) {
        json_t *whole = whole_of("frame.json", pairs);
        dc3_tokenizer *t;
        int wrong = 0;
        must(open_whole(whole, &t));
        for (size_t i = 0; i < json_array_size(strings); i++) wrong += differs(t, json_array_get(strings, i));
        assert_int_equal(wrong, 0);
        dc3_tokenizer_close(&t);
        json_decref(whole);
    }
    json_decref(json);
}

static void added_tokens(void **state)
{
    (void)state;
    json_t *whole = whole_of("frame_added.json", 1);
    const json_t *strings = json_object_get(whole, "strings");
    dc3_tokenizer *t;
    int wrong = 0;
    must(open_whole(whole, &t));
    assert_true(json_array_size(strings) > 15);
    for (size_t i = 0; i < json_array_size(strings); i++) wrong += differs(t, json_array_get(strings, i));
    assert_int_equal(wrong, 0);
    dc3_tokenizer_close(&t);
    json_decref(whole);
}

/* Tokenizers of other kinds are refused by name. */
static void other_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *error;
    } cases[] = {
        {"model", "{\"type\": \"Unigram\", \"vocab\": []}", "the model is Unigram"},
        {"model", "{\"type\": \"WordPiece\", \"vocab\": {}}", "the model is WordPiece"},
        {"model", "{\"type\": \"BPE\", \"vocab\": {}, \"merges\": []}", "end_of_word_suffix is none"},
        {"normalizer", "null", "the normalizer is "},
        {"normalizer", "{\"type\": \"BertNormalizer\"}", "the normalizer is BertNormalizer"},
        {"normalizer", "{\"type\": \"NFC\"}", "the normalizer is NFC"},
        {"pre_tokenizer", "{\"type\": \"Whitespace\"}", "the pre_tokenizer is Whitespace"},
        {"pre_tokenizer", "null", "the pre_tokenizer is none"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *whole = whole_of("frame.json", 1);
        dc3_tokenizer *t;
        json_object_set_new(whole, cases[i].key, json_loads(cases[i].value, JSON_DECODE_ANY, NULL));
        assert_int_equal(open_whole(whole, &t), DC3_ERR_UNSUPPORTED);
        assert_null(t);
        if (!strstr(dc3_error_text(), cases[i].error)) fail_msg("%s", dc3_error_text());
        json_decref(whole);
    }
}

static void lengths(void **state)
{
    (void)state;
    dc3_tokenizer *t;
    int64_t ids[4];
    must(dc3_tokenizer_open(directory, &t));
    int64_t eos = dc3_tokenizer_size(t) - 1;
    assert_int_equal(dc3_tokenizer_encode(t, "a", 1, ids), DC3_ERR_ARGUMENT);
    must(dc3_tokenizer_encode(t, "a b c d", 2, ids));
    assert_int_equal(ids[0], eos - 1);
    assert_int_equal(ids[1], eos);
    must(dc3_tokenizer_encode(t, "a b c d", 4, ids));
    assert_int_equal(ids[3], eos);
    assert_int_not_equal(ids[2], eos);
    must(dc3_tokenizer_encode(t, "\xff\xc3", 4, ids)); /* not UTF-8 */
    dc3_tokenizer_close(&t);
}

/* Opens a tokenizer of these files. */
static dc3_status open_texts(const char *vocab, const char *merges, const char *config)
{
    char folder[] = "/tmp/dc3-tokenizer-XXXXXX";
    static const char *const names[] = {"vocab.json", "merges.txt", "tokenizer_config.json"};
    dc3_tokenizer *t;
    assert_non_null(mkdtemp(folder));
    put(folder, names[0], vocab);
    put(folder, names[1], merges);
    put(folder, names[2], config);
    dc3_status status = dc3_tokenizer_open(folder, &t);
    if (status != DC3_OK) assert_null(t);
    dc3_tokenizer_close(&t);
    for (int i = 0; i < 3; i++) {
        char *path = dc3_path_join(folder, names[i]);
        remove(path);
        free(path);
    }
    rmdir(folder);
    return status;
}

#define VOCAB "{\"a\": 0, \"b</w>\": 1, \"ab</w>\": 2, \"<|startoftext|>\": 3, \"<|endoftext|>\": 4}"

static void damaged(void **state)
{
    (void)state;
    dc3_tokenizer *t;
    must(open_texts(VOCAB, "#version: 0.2\na b</w>\n", "{}"));
    static const char *const vocabs[] = {
        "", "[]", "{}", "{\"a\": -1}", "{\"a\": \"0\"}", "{\"a\": 99999999999}", "{\"a\": 0}"};
    for (size_t i = 0; i < sizeof vocabs / sizeof *vocabs; i++)
        if (open_texts(vocabs[i], "", "{}") != DC3_ERR_FORMAT) fail_msg("accepted vocabulary %s", vocabs[i]);
    static const char *const merges[] = {"a\n", "a b c\n", " b</w>\n", "a c\n", "a b</w>\na b</w>\n", "a \n"};
    for (size_t i = 0; i < sizeof merges / sizeof *merges; i++)
        if (open_texts(VOCAB, merges[i], "{}") != DC3_ERR_FORMAT) fail_msg("accepted merges %s", merges[i]);
    static const char *const configs[] = {"{\"bos_token\": 3}",        "{\"bos_token\": \"\"}",
                                          "{\"bos_token\": {}}",       "{\"bos_token\": \"<s>\"}",
                                          "{\"model_max_length\": 1}", "{"};
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++)
        if (open_texts(VOCAB, "", configs[i]) != DC3_ERR_FORMAT) fail_msg("accepted config %s", configs[i]);
    assert_int_equal(dc3_tokenizer_open("/nonexistent", &t), DC3_ERR_IO);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hard_strings), cmocka_unit_test(json_alone),
                                       cmocka_unit_test(added_tokens), cmocka_unit_test(other_kinds),
                                       cmocka_unit_test(lengths),      cmocka_unit_test(damaged)};
    if (argc > 1) directory = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
