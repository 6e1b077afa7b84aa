/* Text of unknown origin: file names and options may hold any bytes. */
#ifndef DC3_TEXT_H
#define DC3_TEXT_H

#ifdef __cplusplus
extern "C" {
#endif

/* 1 if `bytes` are UTF-8 (RFC 3629) throughout. */
int dc3_text_is_utf8(const char *bytes);
/* The same text, or where it is not UTF-8 with each byte that belongs to no character written as \xNN. The
 * caller frees; NULL without memory. */
char *dc3_text_utf8(const char *bytes);

#ifdef __cplusplus
}
#endif
#endif
