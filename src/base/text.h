/* Characters of UTF-8. */
#ifndef DC3_BASE_TEXT_H
#define DC3_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include "base/status.h"
#include "dc3/text.h"

/* Bytes of the character that begins at `at`: 1 to 4; 0 at the end and where no character begins. */
size_t dc3_utf8_length(const char *at);

/* The number of the character of `length` bytes that begins at `at`. */
unsigned dc3_utf8_code(const char *at, size_t length);
/* 1 for what is not seen but changes what is: controls (C0, DEL, C1), marks that turn the direction of
 * writing, separators of lines and paragraphs, the byte order mark, and what is no character. */
int dc3_code_hides(unsigned code);

/* The bytes of as many whole characters of `text` as fit `most` bytes. */
int dc3_text_room(const char *text, int most);

/* What the word behind a number of things ends with: "" of one; else "s", or "es". */
static inline const char *dc3_s(int64_t count)
{
    return count == 1 ? "" : "s";
}
static inline const char *dc3_es(int64_t count)
{
    return count == 1 ? "" : "es";
}

/* "a, b, c" of names, NULL behind the last; cut at `size`. Returns `text`. */
const char *dc3_text_list(const char *const *names, char *text, size_t size);
/* The place of `word` among the names (NULL behind the last), or DC3_ERR_OPTION that names the setting, lists
 * them and suggests the nearest. */
dc3_status dc3_choose_name(const char *setting, const char *word, const char *const *names, int *place);

#endif
