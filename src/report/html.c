#include "report/html.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

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
    else if (code != '\n' && code != '\t' && dc3_code_hides(code))
        fprintf(to, code < 0x80 ? "\\x%02x" : "\\u%04x", code);
    else
        fwrite(at, 1, length, to);
}

void dc3_html_text(FILE *to, const char *text)
{
    while (text && *text) {
        size_t length = dc3_utf8_length(text);
        if (length)
            put(to, dc3_utf8_code(text, length), text, length);
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
