/* Byte-pair merging: of all neighbouring pairs in a word the one that stands first in the merges, leftmost
 * first, becomes one token, until no pair is left that merges. */
#include "tokenizer/tokenizer_bpe.h"

#include <glib.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "io/found.h"
#include "io/json.h"

enum { FILE_LIMIT = 64 << 20, MOST_IDS = 1 << 24, TOKEN_LIMIT = 4096 };

typedef struct merge {
    int32_t rank, made;
} merge;

struct dc3_bpe {
    GHashTable *ids;    /* token -> id + 1 */
    GHashTable *merges; /* left << 32 | right -> merge */
    int64_t size;
    int32_t letter[2][256]; /* id of a byte inside a word, and at its end; -1: none */
};

/* The letter that stands for a byte: itself where it is printable Latin-1, else one from U+0100 on. */
static gunichar byte_letter(int byte)
{
    static const int low[] = {0, 127, 173}, high[] = {32, 160, 173};
    int before = 0;
    for (int i = 0; i < 3; i++) {
        if (byte > high[i])
            before += high[i] - low[i] + 1;
        else if (byte >= low[i])
            return (gunichar)(256 + before + byte - low[i]);
    }
    return (gunichar)byte;
}

static guint pair_hash(gconstpointer key)
{
    uint64_t x = *(const uint64_t *)key * 0x9E3779B97F4A7C15u;
    return (guint)(x >> 32);
}

int64_t dc3_bpe_find(const dc3_bpe *bpe, const char *token)
{
    return (int64_t)GPOINTER_TO_INT(g_hash_table_lookup(bpe->ids, token)) - 1;
}

dc3_status dc3_bpe_add(dc3_bpe *bpe, const char *path, const char *token, const json_t *value)
{
    json_int_t id = json_is_integer(value) ? json_integer_value(value) : -1;
    if (id < 0 || id >= MOST_IDS)
        return dc3_fail(DC3_ERR_FORMAT, "%s: the id of '%.40s' should be an integer in 0 to %d", path, token,
                        MOST_IDS - 1);
    g_hash_table_insert(bpe->ids, g_strdup(token), GINT_TO_POINTER((int)id + 1));
    if (id + 1 > bpe->size) bpe->size = id + 1;
    return DC3_OK;
}

static dc3_status take_vocab(dc3_bpe *bpe, const char *path, const json_t *vocab)
{
    const char *token;
    json_t *value;
    json_object_foreach((json_t *)vocab, token, value) DC3_TRY(dc3_bpe_add(bpe, path, token, value));
    return bpe->size ? DC3_OK : dc3_fail(DC3_ERR_FORMAT, "%s: holds no tokens", path);
}

static dc3_status read_vocab(dc3_bpe *bpe, const char *path)
{
    json_t *json;
    DC3_TRY(dc3_json_read(path, FILE_LIMIT, &json));
    dc3_status status = take_vocab(bpe, path, json);
    json_decref(json);
    return status;
}

/* The pair of that rank; `where` says where it stands: "line 3". */
static dc3_status add_pair(dc3_bpe *bpe, const char *path, const char *where, int rank, const char *left,
                           const char *right)
{
    char made[TOKEN_LIMIT];
    if (snprintf(made, sizeof made, "%s%s", left, right) >= (int)sizeof made)
        return dc3_fail(DC3_ERR_FORMAT, "%s: %s: a token longer than %d bytes", path, where, TOKEN_LIMIT);
    const char *const parts[] = {left, right, made};
    int64_t id[3];
    for (int i = 0; i < 3; i++)
        if ((id[i] = dc3_bpe_find(bpe, parts[i])) < 0)
            return dc3_fail(DC3_ERR_FORMAT, "%s: %s: token '%.40s' is not in the vocabulary", path, where,
                            parts[i]);
    uint64_t key = (uint64_t)id[0] << 32 | (uint64_t)id[1];
    if (g_hash_table_contains(bpe->merges, &key))
        return dc3_fail(DC3_ERR_FORMAT, "%s: %s repeats the pair '%.40s %.40s'", path, where, left, right);
    uint64_t *k = g_new(uint64_t, 1);
    merge *m = g_new(merge, 1);
    *k = key;
    *m = (merge){rank, (int32_t)id[2]};
    g_hash_table_insert(bpe->merges, k, m);
    return DC3_OK;
}

/* The pair of a text "left right", which is cut. */
static dc3_status add_merge(dc3_bpe *bpe, const char *path, const char *where, int rank, char *text)
{
    char *gap = strchr(text, ' ');
    if (!gap || gap == text || !gap[1] || strchr(gap + 1, ' '))
        return dc3_fail(DC3_ERR_FORMAT, "%s: %s: expected two tokens with a space between, found '%.60s'",
                        path, where, text);
    *gap = 0;
    return add_pair(bpe, path, where, rank, text, gap + 1);
}

static dc3_status read_merges(dc3_bpe *bpe, const char *path)
{
    char *text, where[40];
    size_t size;
    int line = 0, rank = 0;
    DC3_TRY(dc3_file_read(path, FILE_LIMIT, &text, &size));
    dc3_status status = dc3_check_found(path, "the merges of a tokenizer", text, size);
    if (status == DC3_OK && strlen(text) != size)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: holds a zero byte", path);
    for (char *p = text; status == DC3_OK && *p;) {
        char *end = p + strcspn(p, "\n");
        char *next = *end ? end + 1 : end;
        if (end > p && end[-1] == '\r') end--;
        *end = 0;
        snprintf(where, sizeof where, "line %d", ++line);
        if (*p && !g_str_has_prefix(p, "#version")) status = add_merge(bpe, path, where, rank++, p);
        p = next;
    }
    free(text);
    return status;
}

/* Pairs as lists of two, or as texts. */
static dc3_status take_merges(dc3_bpe *bpe, const char *path, const json_t *merges)
{
    for (size_t i = 0; i < json_array_size(merges); i++) {
        const json_t *entry = json_array_get(merges, i);
        const char *left = json_string_value(json_array_get(entry, 0));
        const char *right = json_string_value(json_array_get(entry, 1)), *both = json_string_value(entry);
        char where[40];
        snprintf(where, sizeof where, "merge %zu", i);
        if (json_array_size(entry) == 2 && left && right) {
            DC3_TRY(add_pair(bpe, path, where, (int)i, left, right));
            continue;
        }
        if (!both) return dc3_fail(DC3_ERR_FORMAT, "%s: %s: expected a pair of tokens", path, where);
        char *copy = g_strdup(both);
        dc3_status status = add_merge(bpe, path, where, (int)i, copy);
        g_free(copy);
        DC3_TRY(status);
    }
    return DC3_OK;
}

static void find_letters(dc3_bpe *bpe)
{
    char text[16];
    for (int b = 0; b < 256; b++) {
        int n = g_unichar_to_utf8(byte_letter(b), text);
        text[n] = 0;
        bpe->letter[0][b] = (int32_t)dc3_bpe_find(bpe, text);
        strcpy(text + n, "</w>");
        bpe->letter[1][b] = (int32_t)dc3_bpe_find(bpe, text);
    }
}

static dc3_status open_empty(dc3_bpe **bpe)
{
    dc3_bpe *b = *bpe = calloc(1, sizeof *b);
    if (!b) return dc3_fail(DC3_ERR_MEMORY, "tokenizer: out of memory");
    b->ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    b->merges = g_hash_table_new_full(pair_hash, g_int64_equal, g_free, g_free);
    return DC3_OK;
}

dc3_status dc3_bpe_open(const char *vocab_path, const char *merges_path, dc3_bpe **bpe)
{
    DC3_TRY(open_empty(bpe));
    dc3_status status = read_vocab(*bpe, vocab_path);
    if (status == DC3_OK) status = read_merges(*bpe, merges_path);
    if (status == DC3_OK) find_letters(*bpe);
    if (status != DC3_OK) dc3_bpe_close(bpe);
    return status;
}

dc3_status dc3_bpe_open_json(const char *path, const json_t *model, dc3_bpe **bpe)
{
    const json_t *vocab = json_object_get(model, "vocab"), *merges = json_object_get(model, "merges");
    *bpe = NULL;
    if (!json_is_object(vocab) || !json_is_array(merges))
        return dc3_fail(DC3_ERR_FORMAT, "%s: expected 'vocab' (token to id) and 'merges' (pairs) in 'model'",
                        path);
    DC3_TRY(open_empty(bpe));
    dc3_status status = take_vocab(*bpe, path, vocab);
    if (status == DC3_OK) status = take_merges(*bpe, path, merges);
    if (status == DC3_OK) find_letters(*bpe);
    if (status != DC3_OK) dc3_bpe_close(bpe);
    return status;
}

void dc3_bpe_close(dc3_bpe **bpe)
{
    if (!bpe || !*bpe) return;
    g_hash_table_destroy((*bpe)->ids);
    g_hash_table_destroy((*bpe)->merges);
    free(*bpe);
    *bpe = NULL;
}

int64_t dc3_bpe_size(const dc3_bpe *bpe)
{
    return bpe->size;
}

dc3_status dc3_ids_add(dc3_ids *ids, int64_t id)
{
    if (ids->count == ids->room) {
        size_t room = ids->room ? 2 * ids->room : 128;
        int32_t *grown = realloc(ids->at, room * sizeof *grown);
        if (!grown) return dc3_fail(DC3_ERR_MEMORY, "tokenizer: out of memory");
        ids->at = grown;
        ids->room = room;
    }
    ids->at[ids->count++] = (int32_t)id;
    return DC3_OK;
}

/* What a pair becomes; rank INT_MAX where it does not merge. */
static merge merge_of(const dc3_bpe *bpe, int32_t left, int32_t right)
{
    uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    const merge *m = g_hash_table_lookup(bpe->merges, &key);
    return m ? *m : (merge){INT_MAX, -1};
}

/* Merges tokens [n] in place; pairs[i] belongs to tokens i and i + 1. Returns how many are left. */
static size_t merge_all(const dc3_bpe *bpe, int32_t *tokens, merge *pairs, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++) pairs[i] = merge_of(bpe, tokens[i], tokens[i + 1]);
    while (n > 1) {
        size_t best = 0;
        for (size_t i = 1; i + 1 < n; i++)
            if (pairs[i].rank < pairs[best].rank) best = i;
        if (pairs[best].rank == INT_MAX) break;
        tokens[best] = pairs[best].made;
        memmove(tokens + best + 1, tokens + best + 2, (n - best - 2) * sizeof *tokens);
        if (n - best > 2) memmove(pairs + best, pairs + best + 1, (n - best - 2) * sizeof *pairs);
        n--;
        if (best > 0) pairs[best - 1] = merge_of(bpe, tokens[best - 1], tokens[best]);
        if (best + 1 < n) pairs[best] = merge_of(bpe, tokens[best], tokens[best + 1]);
    }
    return n;
}

dc3_status dc3_bpe_word(const dc3_bpe *bpe, const char *word, size_t size, int64_t unknown, dc3_ids *ids)
{
    int32_t *tokens = malloc(size * sizeof *tokens);
    merge *pairs = malloc(size * sizeof *pairs);
    dc3_status status = DC3_OK;
    if (!tokens || !pairs) DC3_GOTO(dc3_fail(DC3_ERR_MEMORY, "tokenizer: out of memory"));
    for (size_t i = 0; i < size; i++) {
        tokens[i] = bpe->letter[i + 1 == size][(unsigned char)word[i]];
        if (tokens[i] < 0) tokens[i] = (int32_t)unknown;
    }
    size_t n = merge_all(bpe, tokens, pairs, size);
    for (size_t i = 0; i < n; i++) DC3_GOTO(dc3_ids_add(ids, tokens[i]));
done:
    free(tokens);
    free(pairs);
    return status;
}
