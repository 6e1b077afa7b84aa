/* Characters of UTF-8. */
#ifndef DC3_BASE_TEXT_H
#define DC3_BASE_TEXT_H

#include <stddef.h>
#include "dc3/text.h"

/* Bytes of the character that begins at `at`: 1 to 4; 0 at the end and where no character begins. */
size_t dc3_utf8_length(const char *at);

#endif
