#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t dc3_utf8_length(const char *at)
{
    const unsigned char *p = (const unsigned char *)at;
    if (*p < 0x80) return *p != 0;
    if (*p < 0xc2 || *p > 0xf4) return 0;
    /* Overlong forms, surrogates and numbers above U+10FFFF are told by the second byte. */
    unsigned low = *p == 0xe0 ? 0xa0 : *p == 0xf0 ? 0x90 : 0x80;
    unsigned high = *p == 0xed ? 0x9f : *p == 0xf4 ? 0x8f : 0xbf;
    size_t length = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : 2;
    if (p[1] < low || p[1] > high) return 0;
    for (size_t i = 2; i < length; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    return length;
}

int dc3_text_is_utf8(const char *bytes)
{
    for (size_t length; *bytes; bytes += length)
        if ((length = dc3_utf8_length(bytes)) == 0) return 0;
    return 1;
}

/* Control characters (C0, DEL, C1) and U+202A to U+202E, U+2066 to U+2069, which turn the direction of
 * writing. */
static int is_control(const char *at)
{
    const unsigned char *p = (const unsigned char *)at;
    if (*p < 32 || *p == 127) return 1;
    if (*p == 0xc2) return p[1] < 0xa0;
    if (*p != 0xe2) return 0;
    return (p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) || (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
}

static char *escape(const char *bytes, int controls)
{
    char *text = malloc(4 * strlen(bytes) + 1), *to = text;
    while (text && *bytes) {
        size_t length = dc3_utf8_length(bytes);
        if (length && !(controls && is_control(bytes))) {
            memcpy(to, bytes, length);
            to += length;
            bytes += length;
        } else
            for (size_t i = length ? length : 1; i > 0; i--)
                to += sprintf(to, "\\x%02x", (unsigned char)*bytes++);
    }
    if (text) *to = 0;
    return text;
}

char *dc3_text_utf8(const char *bytes)
{
    return escape(bytes, 0);
}

char *dc3_text_printable(const char *bytes)
{
    return escape(bytes, 1);
}
