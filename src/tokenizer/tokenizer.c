/* CLIP's tokenizer: special tokens are found in the text first, the rest becomes words, words become ids. */
#include "tokenizer/tokenizer.h"

#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "io/json.h"
#include "tokenizer/tokenizer_bpe.h"
#include "tokenizer/tokenizer_json.h"

enum { CONFIG_LIMIT = 16 << 20, DEFAULT_LENGTH = 77, LONGEST = 1 << 20 };
enum { BOS, EOS, UNK, PAD, SPECIALS };

struct dc3_tokenizer {
    dc3_bpe *bpe;
    dc3_special specials[SPECIALS];
    dc3_added added; /* of tokenizer.json */
    int max_length;
};

/* A special token of a configuration file: a string, or an object with "content". */
static dc3_status read_special(const json_t *json, const char *path, const char *key, dc3_special *s)
{
    const json_t *value = json_object_get(json, key), *text = value;
    int normalized = 0;
    if (!value || json_is_null(value)) return DC3_OK;
    if (json_is_object(value)) {
        text = json_object_get(value, "content");
        DC3_TRY(dc3_json_bool(value, path, "normalized", 0, &normalized));
    }
    if (!json_is_string(text) || !*json_string_value(text))
        return dc3_fail(DC3_ERR_FORMAT, "%s: '%s' should be a token or an object with its 'content'", path,
                        key);
    g_free(s->text);
    s->text = g_strdup(json_string_value(text));
    s->normalized = normalized != 0;
    return DC3_OK;
}

/* Takes what a configuration file, if there, says. */
static dc3_status read_config(dc3_tokenizer *t, const char *directory, const char *name)
{
    static const char *const keys[] = {"bos_token", "eos_token", "unk_token", "pad_token"};
    char *path = dc3_path_join(directory, name);
    json_t *json = NULL;
    int64_t length = t->max_length;
    dc3_status status = DC3_OK;
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "tokenizer: out of memory");
    if (dc3_path_what(path) != DC3_PATH_FILE) goto done;
    DC3_GOTO(dc3_json_read(path, CONFIG_LIMIT, &json));
    for (int i = 0; i < SPECIALS; i++) DC3_GOTO(read_special(json, path, keys[i], &t->specials[i]));
    DC3_GOTO(dc3_json_int(json, path, "model_max_length", t->max_length, 2, LONGEST, &length));
    t->max_length = (int)length;
done:
    json_decref(json);
    free(path);
    return status;
}

static dc3_status find_specials(dc3_tokenizer *t, const char *vocab_path)
{
    for (int i = 0; i < SPECIALS; i++) {
        t->specials[i].id = dc3_bpe_find(t->bpe, t->specials[i].text);
        if (t->specials[i].id < 0)
            return dc3_fail(DC3_ERR_FORMAT, "%s: the special token '%.40s' is missing", vocab_path,
                            t->specials[i].text);
    }
    return DC3_OK;
}

/* The vocabulary: vocab.json with merges.txt, or tokenizer.json, from which the names of the begin and end
 * tokens come too. */
static dc3_status open_vocabulary(dc3_tokenizer *t, const char *directory, char **origin)
{
    char *vocab = dc3_path_join(directory, "vocab.json"), *merges = dc3_path_join(directory, "merges.txt");
    char *whole = dc3_path_join(directory, "tokenizer.json");
    dc3_status status = DC3_OK;
    if (!vocab || !merges || !whole) DC3_GOTO(dc3_fail(DC3_ERR_MEMORY, "tokenizer: out of memory"));
    int apart = dc3_path_what(vocab) == DC3_PATH_FILE && dc3_path_what(merges) == DC3_PATH_FILE;
    int json = !apart && dc3_path_what(whole) == DC3_PATH_FILE;
    *origin = g_strdup(json ? whole : vocab);
    if (json)
        DC3_GOTO(dc3_tokenizer_json_read(whole, &t->bpe, &t->added, &t->specials[BOS], &t->specials[EOS],
                                         &t->max_length));
    else
        DC3_GOTO(dc3_bpe_open(vocab, merges, &t->bpe));
done:
    free(vocab);
    free(merges);
    free(whole);
    return status;
}

/* A name that is an added token too is searched as that one says. */
static void join_added(dc3_tokenizer *t)
{
    for (int i = 0; i < SPECIALS; i++)
        for (size_t k = 0; k < t->added.count; k++)
            if (strcmp(t->added.at[k].text, t->specials[i].text) == 0)
                t->specials[i].normalized = t->added.at[k].normalized;
}

static dc3_status open_parts(dc3_tokenizer *t, const char *directory)
{
    static const char *const names[] = {"<|startoftext|>", "<|endoftext|>", "<|endoftext|>", "<|endoftext|>"};
    char *origin = NULL;
    t->max_length = DEFAULT_LENGTH;
    for (int i = 0; i < SPECIALS; i++) t->specials[i].text = g_strdup(names[i]);
    dc3_status status = open_vocabulary(t, directory, &origin);
    if (status == DC3_OK) status = read_config(t, directory, "tokenizer_config.json");
    if (status == DC3_OK) status = read_config(t, directory, "special_tokens_map.json");
    if (status == DC3_OK) status = find_specials(t, origin);
    if (status == DC3_OK) join_added(t);
    g_free(origin);
    return status;
}

dc3_status dc3_tokenizer_open(const char *directory, dc3_tokenizer **tokenizer)
{
    *tokenizer = NULL;
    dc3_tokenizer *t = calloc(1, sizeof *t);
    if (!t) return dc3_fail(DC3_ERR_MEMORY, "tokenizer: out of memory");
    dc3_status status = open_parts(t, directory);
    if (status != DC3_OK) dc3_tokenizer_close(&t);
    *tokenizer = t;
    return status;
}

void dc3_tokenizer_close(dc3_tokenizer **tokenizer)
{
    if (!tokenizer || !*tokenizer) return;
    for (int i = 0; i < SPECIALS; i++) g_free((*tokenizer)->specials[i].text);
    for (size_t i = 0; i < (*tokenizer)->added.count; i++) g_free((*tokenizer)->added.at[i].text);
    g_free((*tokenizer)->added.at);
    dc3_bpe_close(&(*tokenizer)->bpe);
    free(*tokenizer);
    *tokenizer = NULL;
}

int64_t dc3_tokenizer_size(const dc3_tokenizer *tokenizer)
{
    return dc3_bpe_size(tokenizer->bpe);
}

int dc3_tokenizer_max_length(const dc3_tokenizer *tokenizer)
{
    return tokenizer->max_length;
}

static bool is_word_part(gunichar c)
{
    return g_unichar_isalnum(c) || g_unichar_ismark(c) || c == '_';
}

/* Where the token is found first: whole words only, where it is of that kind. */
static const char *find_special(const dc3_special *s, const char *text)
{
    size_t size = strlen(s->text);
    for (const char *at = strstr(text, s->text); at; at = strstr(at + 1, s->text)) {
        if (!s->single_word) return at;
        const char *before = g_utf8_find_prev_char(text, at);
        bool inside = (before && is_word_part(g_utf8_get_char(before))) ||
                      (at[size] && is_word_part(g_utf8_get_char(at + size)));
        if (!inside) return at;
    }
    return NULL;
}

/* The leftmost, then longest special or added token in `text`; NULL if there is none. */
static const dc3_special *first_special(const dc3_tokenizer *t, const char *text, bool normalized,
                                        const char **place)
{
    const dc3_special *found = NULL;
    for (size_t i = 0; i < SPECIALS + t->added.count; i++) {
        const dc3_special *s = i < SPECIALS ? &t->specials[i] : &t->added.at[i - SPECIALS];
        const char *at = s->normalized == normalized ? find_special(s, text) : NULL;
        if (!at || (found && at > *place)) continue;
        if (found && at == *place && strlen(s->text) <= strlen(found->text)) continue;
        found = s;
        *place = at;
    }
    return found;
}

/* Ids of a word; a special name that came out of lower-casing is cut in "<|", its letters and "|>". */
static dc3_status add_word(const dc3_tokenizer *t, const char *word, size_t size, dc3_ids *ids)
{
    if (size > 4 && word[0] == '<' && word[1] == '|' && g_ascii_isalpha(word[2])) {
        DC3_TRY(dc3_bpe_word(t->bpe, word, 2, t->specials[UNK].id, ids));
        DC3_TRY(dc3_bpe_word(t->bpe, word + 2, size - 4, t->specials[UNK].id, ids));
        return dc3_bpe_word(t->bpe, word + size - 2, 2, t->specials[UNK].id, ids);
    }
    return dc3_bpe_word(t->bpe, word, size, t->specials[UNK].id, ids);
}

static dc3_status add_words(const dc3_tokenizer *t, const char *text, dc3_ids *ids)
{
    const char *word;
    for (size_t n; (n = dc3_clip_next_word(text, &word)) > 0; text = word + n)
        DC3_TRY(add_word(t, word, n, ids));
    return DC3_OK;
}

/* Text without special tokens of the raw kind: normalizes, cuts out those of the other, adds the words. */
static dc3_status add_segment(const dc3_tokenizer *t, const char *text, size_t size, dc3_ids *ids)
{
    char *normal = dc3_clip_normalize(text, size), *rest = normal;
    const char *place = NULL;
    const dc3_special *s;
    dc3_status status = DC3_OK;
    while ((s = first_special(t, rest, true, &place))) {
        size_t before = (size_t)(place - rest);
        char saved = rest[before];
        rest[before] = 0;
        status = add_words(t, rest, ids);
        rest[before] = saved;
        if (status == DC3_OK) status = dc3_ids_add(ids, s->id);
        if (status != DC3_OK) goto done;
        rest += before + strlen(s->text);
    }
    status = add_words(t, rest, ids);
done:
    g_free(normal);
    return status;
}

static dc3_status add_text(const dc3_tokenizer *t, const char *text, dc3_ids *ids)
{
    const char *place = NULL;
    const dc3_special *s;
    while ((s = first_special(t, text, false, &place))) {
        DC3_TRY(add_segment(t, text, (size_t)(place - text), ids));
        DC3_TRY(dc3_ids_add(ids, s->id));
        text = place + strlen(s->text);
    }
    return add_segment(t, text, strlen(text), ids);
}

dc3_status dc3_tokenizer_count(const dc3_tokenizer *tokenizer, const char *text, int64_t *count)
{
    dc3_ids found = {0};
    dc3_status status = add_text(tokenizer, text, &found);
    *count = (int64_t)found.count + 2;
    free(found.at);
    return status;
}

dc3_status dc3_tokenizer_encode(const dc3_tokenizer *tokenizer, const char *text, int max_length,
                                int64_t *ids)
{
    dc3_ids found = {0};
    if (max_length < 2)
        return dc3_fail(DC3_ERR_ARGUMENT, "tokenizer: max_length should be at least 2, is %d", max_length);
    dc3_status status = add_text(tokenizer, text, &found);
    if (status == DC3_OK) {
        int n = 0;
        ids[n++] = tokenizer->specials[BOS].id;
        for (size_t i = 0; i < found.count && n < max_length - 1; i++) ids[n++] = found.at[i];
        ids[n++] = tokenizer->specials[EOS].id;
        while (n < max_length) ids[n++] = tokenizer->specials[PAD].id;
    }
    free(found.at);
    return status;
}
