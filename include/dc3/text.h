/* Text of unknown origin: file names and options may hold any bytes. */
#ifndef DC3_TEXT_H
#define DC3_TEXT_H

#include <stddef.h>
#include "dc3/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 1 if `bytes` are UTF-8 (RFC 3629) throughout. */
DC3_API int dc3_text_is_utf8(const char *bytes);
/* The same text, or where it is not UTF-8 with each byte that belongs to no character written as \xNN. The
 * caller frees; NULL without memory. */
DC3_API char *dc3_text_utf8(const char *bytes);

/* The same for a terminal or a line of a list: also bytes of characters that are not seen, controls (line
 * ends among them), those that turn the direction of writing and the like, are written as \xNN. */
DC3_API char *dc3_text_printable(const char *bytes);

/* Numbers as people read them; each returns its text. */
enum { DC3_NUMBER_TEXT = 24 };
/* "312 bytes", "4.2 kB", "29.5 MB", "1.3 GB". */
DC3_API const char *dc3_size_text(double bytes, char text[DC3_NUMBER_TEXT]);
/* The same to the byte, for sizes that are names: 4000 is "4.0 kB", 4001 is "4.001 kB". */
DC3_API const char *dc3_exact_size_text(double bytes, char text[DC3_NUMBER_TEXT]);
/* "40 s", "12 min", "3.5 h"; "0 s" where there is nothing. */
DC3_API const char *dc3_duration_text(double seconds, char text[DC3_NUMBER_TEXT]);

/* "an" before a name that begins with a vowel's letter, as efficientnet_b0, else "a". */
DC3_API const char *dc3_text_article(const char *name);

/* How many bytes of `a` must be put in, left out, replaced, or exchanged with the next one to make `b`; 64
 * for different texts of which one has more than 64 bytes. */
DC3_API int dc3_text_distance(const char *a, const char *b);
/* The name that is nearest to `word`, the first of several; NULL if none is within a third of its bytes and
 * none within 2 (1 of a word of up to 3 bytes). Names that begin with the word, from 3 bytes on, are near; a
 * word of more than 64 bytes has none. */
DC3_API const char *dc3_text_nearest(const char *word, const char *const *names, size_t count);
enum { DC3_HINT_SIZE = 120 };
/* "; did you mean 'NAME'?" for an error about a word that is none of the names, or "" where none is near; in
 * `text`, which is returned. */
DC3_API const char *dc3_hint(const char *word, const char *const *names, size_t count,
                             char text[DC3_HINT_SIZE]);

#ifdef __cplusplus
}
#endif
#endif
