#include "tokenizer/tokenizer_json.h"

#include <glib.h>
#include <string.h>
#include "io/json.h"

enum { FILE_LIMIT = 64 << 20, LONGEST = 1 << 20 };

static dc3_status refuse(const char *path, const char *what, const char *found, const char *expected)
{
    return dc3_fail(DC3_ERR_UNSUPPORTED, "%s: the %s is %.60s; expected CLIP's, %s", path, what, found,
                    expected);
}

static const char *type_of(const json_t *part)
{
    const char *type = json_string_value(json_object_get(part, "type"));
    return type ? type : "none";
}

/* The parts of a sequence, or the one part itself. */
static size_t count_parts(const json_t *whole, const char *key)
{
    return strcmp(type_of(whole), "Sequence") == 0 ? json_array_size(json_object_get(whole, key)) : 1;
}

static const json_t *part_at(const json_t *whole, const char *key, size_t i)
{
    return strcmp(type_of(whole), "Sequence") == 0 ? json_array_get(json_object_get(whole, key), i) : whole;
}

/* NFC and lower case; runs of spaces may become one, which changes no word. */
static dc3_status check_normalizer(const char *path, const json_t *whole)
{
    static const char *const expected = "which is NFC and lower case";
    int composes = 0, lowers = 0;
    for (size_t i = 0; i < count_parts(whole, "normalizers"); i++) {
        const json_t *part = part_at(whole, "normalizers", i);
        const char *type = type_of(part);
        const char *pattern = json_string_value(json_object_get(json_object_get(part, "pattern"), "Regex"));
        const char *content = json_string_value(json_object_get(part, "content"));
        int joins = strcmp(type, "Replace") == 0 && pattern && strcmp(pattern, "\\s+") == 0 && content &&
                    strcmp(content, " ") == 0;
        if (strcmp(type, "NFC") == 0)
            composes = 1;
        else if (strcmp(type, "Lowercase") == 0)
            lowers = 1;
        else if (!joins)
            return refuse(path, "normalizer", type, expected);
    }
    return composes && lowers ? DC3_OK : refuse(path, "normalizer", composes ? "NFC" : "Lowercase", expected);
}

static dc3_status check_pre_tokenizer(const char *path, const json_t *whole)
{
    static const char *const patterns[] = {"<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|["
                                           "\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+",
                                           "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"};
    static const char *const expected =
        "which splits letters, single numbers and other marks, then takes bytes";
    const json_t *split = part_at(whole, "pretokenizers", 0), *bytes = part_at(whole, "pretokenizers", 1);
    const char *pattern = json_string_value(json_object_get(json_object_get(split, "pattern"), "Regex"));
    int known = 0;
    for (int i = 0; pattern && i < 2; i++) known |= strcmp(pattern, patterns[i]) == 0;
    if (count_parts(whole, "pretokenizers") != 2 || strcmp(type_of(split), "Split") != 0 ||
        strcmp(type_of(bytes), "ByteLevel") != 0)
        return refuse(path, "pre_tokenizer", type_of(split), expected);
    const char *behavior = json_string_value(json_object_get(split, "behavior"));
    int removes =
        behavior && strcmp(behavior, "Removed") == 0 && json_is_true(json_object_get(split, "invert"));
    if (!known || !removes || json_is_true(json_object_get(bytes, "add_prefix_space")))
        return refuse(path, "pre_tokenizer", pattern ? pattern : "Split", expected);
    return DC3_OK;
}

static dc3_status check_model(const char *path, const json_t *model)
{
    const char *type = json_string_value(json_object_get(model, "type"));
    const char *suffix = json_string_value(json_object_get(model, "end_of_word_suffix"));
    const char *prefix = json_string_value(json_object_get(model, "continuing_subword_prefix"));
    static const char *const flags[] = {"byte_fallback", "ignore_merges"};
    if (!json_is_object(model)) return dc3_fail(DC3_ERR_FORMAT, "%s: expected an object 'model'", path);
    if (type && strcmp(type, "BPE") != 0) return refuse(path, "model", type, "BPE");
    if (!suffix || strcmp(suffix, "</w>") != 0)
        return refuse(path, "end_of_word_suffix", suffix ? suffix : "none", "'</w>'");
    if (prefix && *prefix) return refuse(path, "continuing_subword_prefix", prefix, "none");
    for (int i = 0; i < 2; i++)
        if (json_is_true(json_object_get(model, flags[i]))) return refuse(path, flags[i], "true", "false");
    return DC3_OK;
}

static dc3_status read_added(const char *path, const json_t *list, dc3_bpe *bpe, dc3_added *added)
{
    added->at = g_new0(dc3_special, json_array_size(list) + 1);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        const char *text = json_string_value(json_object_get(entry, "content"));
        if (!text || !*text)
            return dc3_fail(DC3_ERR_FORMAT, "%s: expected a 'content' in added_tokens, entry %zu", path, i);
        DC3_TRY(dc3_bpe_add(bpe, path, text, json_object_get(entry, "id")));
        bool normalized = json_is_true(json_object_get(entry, "normalized"));
        added->at[added->count++] =
            (dc3_special){.text = normalized ? dc3_clip_normalize(text, strlen(text)) : g_strdup(text),
                          .id = dc3_bpe_find(bpe, text),
                          .normalized = normalized,
                          .single_word = json_is_true(json_object_get(entry, "single_word"))};
    }
    return DC3_OK;
}

static void take_name(dc3_special *s, const char *text)
{
    if (!text || !*text) return;
    g_free(s->text);
    s->text = g_strdup(text);
}

/* What is put before and behind a text. */
static void read_ends(const json_t *post, dc3_special *begin, dc3_special *end)
{
    const json_t *single = json_object_get(post, "single");
    size_t n = json_array_size(single);
    take_name(begin, json_string_value(json_array_get(json_object_get(post, "cls"), 0)));
    take_name(end, json_string_value(json_array_get(json_object_get(post, "sep"), 0)));
    if (n < 2) return;
    const json_t *first = json_object_get(json_array_get(single, 0), "SpecialToken");
    const json_t *last = json_object_get(json_array_get(single, n - 1), "SpecialToken");
    take_name(begin, json_string_value(json_object_get(first, "id")));
    take_name(end, json_string_value(json_object_get(last, "id")));
}

static dc3_status read_whole(const char *path, const json_t *json, dc3_bpe **bpe, dc3_added *added,
                             dc3_special *begin, dc3_special *end, int *max_length)
{
    const json_t *model = json_object_get(json, "model"), *truncation = json_object_get(json, "truncation");
    int64_t length;
    DC3_TRY(check_model(path, model));
    DC3_TRY(check_normalizer(path, json_object_get(json, "normalizer")));
    DC3_TRY(check_pre_tokenizer(path, json_object_get(json, "pre_tokenizer")));
    DC3_TRY(dc3_bpe_open_json(path, model, bpe));
    DC3_TRY(read_added(path, json_object_get(json, "added_tokens"), *bpe, added));
    read_ends(json_object_get(json, "post_processor"), begin, end);
    DC3_TRY(dc3_json_int(truncation, path, "max_length", *max_length, 2, LONGEST, &length));
    *max_length = (int)length;
    return DC3_OK;
}

dc3_status dc3_tokenizer_json_read(const char *path, dc3_bpe **bpe, dc3_added *added, dc3_special *begin,
                                   dc3_special *end, int *max_length)
{
    json_t *json;
    DC3_TRY(dc3_json_read(path, FILE_LIMIT, &json));
    dc3_status status = read_whole(path, json, bpe, added, begin, end, max_length);
    json_decref(json);
    return status;
}
