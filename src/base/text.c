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

/* C0 and C1 controls, DEL, and U+202A..202E and U+2066..2069. */
static int is_control(const char *at, size_t length)
{
    const unsigned char *p = (const unsigned char *)at;
    if (length == 1) return *p < 0x20 || *p == 0x7f;
    if (length == 2) return *p == 0xc2 && p[1] < 0xa0;
    if (length != 3 || *p != 0xe2) return 0;
    return (p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) || (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
}

static char *escape(const char *bytes, int controls)
{
    char *text = malloc(4 * strlen(bytes) + 1), *to = text;
    while (text && *bytes) {
        size_t length = dc3_utf8_length(bytes);
        if (length && !(controls && is_control(bytes, length))) {
            memcpy(to, bytes, length);
            to += length;
            bytes += length;
        } else
            for (size_t n = length ? length : 1; n; n--)
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

int dc3_text_room(const char *text, int most)
{
    int used = 0;
    for (size_t length; (length = dc3_utf8_length(text + used)) && used + (int)length <= most;)
        used += (int)length;
    return used;
}

const char *dc3_size_text(double bytes, char text[DC3_NUMBER_TEXT])
{
    static const char *const units[] = {"kB", "MB", "GB", "TB"};
    int unit = -1;
    double value = bytes;
    while (value >= 1000 && unit < 3) value /= 1000, unit++;
    if (unit < 0)
        snprintf(text, DC3_NUMBER_TEXT, "%.0f bytes", bytes);
    else
        snprintf(text, DC3_NUMBER_TEXT, "%.1f %s", value, units[unit]);
    return text;
}

const char *dc3_duration_text(double seconds, char text[DC3_NUMBER_TEXT])
{
    if (seconds < 90)
        snprintf(text, DC3_NUMBER_TEXT, "%.0f s", seconds > 0 && seconds < 1 ? 1 : seconds);
    else if (seconds < 5400)
        snprintf(text, DC3_NUMBER_TEXT, "%.0f min", seconds / 60);
    else
        snprintf(text, DC3_NUMBER_TEXT, "%.1f h", seconds / 3600);
    return text;
}
