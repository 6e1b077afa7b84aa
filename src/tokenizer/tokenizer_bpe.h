/* Byte-pair merging of one word, and the splitting of text into words: the two halves of CLIP's tokenizer. */
#ifndef DC3_TOKENIZER_TOKENIZER_BPE_H
#define DC3_TOKENIZER_TOKENIZER_BPE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

/* Vocabulary and merges (Sennrich et al. 2016) over the printable letters that stand for bytes. */
typedef struct dc3_bpe dc3_bpe;

/* vocab: JSON object of token to id; merges: text lines "left right", best first, "#version" lines skipped.
 * The texts need not be kept. Errors name the file and what is wrong in it. */
dc3_status dc3_bpe_open(const char *vocab_path, const char *merges_path, dc3_bpe **bpe);
/* The same from the object "model" of a tokenizer.json, whose merges are pairs or such lines. */
dc3_status dc3_bpe_open_json(const char *path, const json_t *model, dc3_bpe **bpe);
void dc3_bpe_close(dc3_bpe **bpe);
/* A token that is found whole only. */
dc3_status dc3_bpe_add(dc3_bpe *bpe, const char *path, const char *token, const json_t *id);
int64_t dc3_bpe_size(const dc3_bpe *bpe); /* largest id + 1 */
/* The id of a whole token, or -1. */
int64_t dc3_bpe_find(const dc3_bpe *bpe, const char *token);

/* A growing list of ids. */
typedef struct dc3_ids {
    int32_t *at;
    size_t count, room;
} dc3_ids;
dc3_status dc3_ids_add(dc3_ids *ids, int64_t id);

/* Appends the ids of one word of `size` >= 1 bytes; a letter that the vocabulary lacks becomes `unknown`.
 * Time O(size^2) with a small factor. */
dc3_status dc3_bpe_word(const dc3_bpe *bpe, const char *word, size_t size, int64_t unknown, dc3_ids *ids);

/* NFC and lower case of UTF-8 text, spaces in a row as one, as a new string (release with g_free). */
char *dc3_clip_normalize(const char *text, size_t size);
/* The first word at or after `text` (normalized, NUL-terminated): its place and size; 0 at the end. */
size_t dc3_clip_next_word(const char *text, const char **word);

#endif
