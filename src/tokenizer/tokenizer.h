/* CLIP's byte-level BPE tokenizer (Radford et al. 2021), ids as the `transformers` library's CLIPTokenizer
 * gives them. */
#ifndef DC3_TOKENIZER_TOKENIZER_H
#define DC3_TOKENIZER_TOKENIZER_H

#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

typedef struct dc3_tokenizer dc3_tokenizer;

/* Opens `directory`/vocab.json (token to id) and `directory`/merges.txt (one pair a line, best first), or,
 * where these are not there, `directory`/tokenizer.json, which transformers 5 saves; and takes the names of
 * the special tokens and model_max_length from tokenizer_config.json and special_tokens_map.json where these
 * are there. A missing or damaged file gives DC3_ERR_IO or DC3_ERR_FORMAT with one sentence. On success the
 * caller closes *tokenizer. */
dc3_status dc3_tokenizer_open(const char *directory, dc3_tokenizer **tokenizer);
/* Accepts NULL; nulls. */
void dc3_tokenizer_close(dc3_tokenizer **tokenizer);

/* Number of ids (the largest id + 1): what the text encoder's embedding must have at least. */
int64_t dc3_tokenizer_size(const dc3_tokenizer *tokenizer);
/* model_max_length of the config, or 77. */
int dc3_tokenizer_max_length(const dc3_tokenizer *tokenizer);

/* Tokens of the UTF-8 `text`, the begin and end tokens among them, before it is cut to any length. */
dc3_status dc3_tokenizer_count(const dc3_tokenizer *tokenizer, const char *text, int64_t *count);

/* Ids of the UTF-8 `text` between the begin and end tokens, cut to `max_length` (>= 2) with the end token
 * last, or padded to it with the pad token: ids [max_length]. Bytes that are not UTF-8 count as U+FFFD.
 * Safe to call from several threads at once. */
dc3_status dc3_tokenizer_encode(const dc3_tokenizer *tokenizer, const char *text, int max_length,
                                int64_t *ids);

#endif
