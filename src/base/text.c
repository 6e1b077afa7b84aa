#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t dc3_utf8_length(const char *at)
{
    const unsigned char *p = (const unsigned char *)at;
    if (*p < 0x80) return *p != 0;
    if (*p < 0xc2 || *p > 0xf4) return 0;
    /* Overlong forms, surrogates and numbers above U+10FFFF are recognised by the second byte. */
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

unsigned dc3_utf8_code(const char *at, size_t length)
{
    static const unsigned char first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    unsigned code = (unsigned char)*at & first[length];
    for (size_t i = 1; i < length; i++) code = code << 6 | ((unsigned char)at[i] & 0x3f);
    return code;
}

int dc3_code_hides(unsigned c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff ||
           (c & 0xfffe) == 0xfffe;
}

static char *escape(const char *bytes, int controls)
{
    char *text = malloc(4 * strlen(bytes) + 1), *to = text;
    while (text && *bytes) {
        size_t length = dc3_utf8_length(bytes);
        if (length && !(controls && dc3_code_hides(dc3_utf8_code(bytes, length)))) {
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

static const char *const units[] = {"kB", "MB", "GB", "TB"};

const char *dc3_exact_size_text(double bytes, char text[DC3_NUMBER_TEXT])
{
    const double most = 1e15;
    const int64_t finest = 1000000000000; /* bytes of the largest unit, TB */
    int unit = 0;
    int64_t whole = bytes >= 1000 && bytes <= most ? (int64_t)bytes : 0, each = 1000;
    if (!whole) return dc3_size_text(bytes, text);
    for (; whole / each >= 1000 && unit < 3; each *= 1000) unit++;
    char exact[64];
    int length = snprintf(exact, sizeof exact, "%lld.%012lld", (long long)(whole / each),
                          (long long)(whole % each * (finest / each)));
    while (exact[length - 1] == '0' && exact[length - 2] != '.') length--;
    snprintf(text, DC3_NUMBER_TEXT, "%.*s %s", length, exact, units[unit]);
    return text;
}

const char *dc3_size_text(double bytes, char text[DC3_NUMBER_TEXT])
{
    int unit = -1;
    double value = bytes;
    while (value >= 1000 && unit < 3) value /= 1000, unit++;
    if (unit < 0)
        snprintf(text, DC3_NUMBER_TEXT, "%.0f bytes", bytes);
    else
        snprintf(text, DC3_NUMBER_TEXT, "%.1f %s", value, units[unit]);
    return text;
}

const char *dc3_text_article(const char *name)
{
    return *name && strchr("aeiouAEIOU", *name) ? "an" : "a";
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
