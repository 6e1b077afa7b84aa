/* Characters of UTF-8. */
#ifndef DC3_BASE_TEXT_H
#define DC3_BASE_TEXT_H

#include <stddef.h>
#include "dc3/text.h"

/* Bytes of the character that begins at `at`: 1 to 4; 0 at the end and where no character begins. */
size_t dc3_utf8_length(const char *at);

enum { DC3_HINT_SIZE = 120 };
/* "; did you mean 'NAME'?" for an error about a word that is none of the names, or "" where none is near; in
 * `text`, which is returned. */
const char *dc3_hint(const char *word, const char *const *names, size_t count, char text[DC3_HINT_SIZE]);

#endif
