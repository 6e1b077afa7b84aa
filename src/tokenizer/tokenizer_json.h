/* tokenizer.json: a whole tokenizer in the form of the `tokenizers` library, of which CLIP's kind is read.
 * Private to this folder. */
#ifndef DC3_TOKENIZER_TOKENIZER_JSON_H
#define DC3_TOKENIZER_TOKENIZER_JSON_H

#include <stdbool.h>
#include "tokenizer/tokenizer_bpe.h"

/* A token that is searched in the text before it is cut into words. */
typedef struct dc3_special {
    char *text; /* of GLib */
    int64_t id;
    bool normalized;  /* searched in the normalized text, else in the text as it came */
    bool single_word; /* not inside a word */
} dc3_special;

typedef struct dc3_added {
    dc3_special *at; /* of GLib */
    size_t count;
} dc3_added;

/* Reads vocabulary, merges and added tokens; the texts of the begin and end tokens and the length where the
 * file has them. DC3_ERR_UNSUPPORTED for a tokenizer of another kind, named. What was made so far belongs to
 * the caller also after a failure. */
dc3_status dc3_tokenizer_json_read(const char *path, dc3_bpe **bpe, dc3_added *added, dc3_special *begin,
                                   dc3_special *end, int *max_length);

#endif
