#include "report/html.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

/* The number of a character of `length` bytes of UTF-8. */
static unsigned code_of(const char *at, size_t length)
{
    static const unsigned char first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    unsigned code = (unsigned char)*at & first[length];
    for (size_t i = 1; i < length; i++) code = code << 6 | ((unsigned char)at[i] & 0x3f);
    return code;
}

/* Controls, and what changes the direction of the text around it. */
static int hides(unsigned c)
{
    return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f ||
           c == 0x061c || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff ||
           (c & 0xfffe) == 0xfffe;
}

static void put(FILE *to, unsigned code, const char *at, size_t length)
{
    const char *entity = code == '&'    ? "&amp;"
                         : code == '<'  ? "&lt;"
                         : code == '>'  ? "&gt;"
                         : code == '"'  ? "&quot;"
                         : code == '\'' ? "&#39;"
                                        : NULL;
    if (entity)
        fputs(entity, to);
    else if (hides(code))
        fprintf(to, code < 0x80 ? "\\x%02x" : "\\u%04x", code);
    else
        fwrite(at, 1, length, to);
}

void dc3_html_text(FILE *to, const char *text)
{
    while (text && *text) {
        size_t length = dc3_utf8_length(text);
        if (length)
            put(to, code_of(text, length), text, length);
        else
            fprintf(to, "\\x%02x", (unsigned char)*text);
        text += length ? length : 1;
    }
}

dc3_status dc3_html_data(FILE *to, const char *id, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(5));
    if (!text) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    fprintf(to, "<script type=\"application/json\" id=\"%s\">", id);
    for (const char *c = text; *c; c++)
        if (*c == '<' || *c == '>' || *c == '&')
            fprintf(to, "\\u%04x", (unsigned)*c);
        else
            fputc(*c, to);
    fputs("</script>\n", to);
    free(text);
    return DC3_OK;
}

char *dc3_html_hash(const void *bytes, size_t size)
{
    guint8 digest[32];
    gsize length = sizeof digest;
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, bytes, (gssize)size);
    g_checksum_get_digest(sum, digest, &length);
    g_checksum_free(sum);
    char *text = g_base64_encode(digest, length), *hash = malloc(strlen(text) + 16);
    if (hash) sprintf(hash, "'sha256-%s'", text);
    g_free(text);
    return hash;
}
