#include "info/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/text.h"

enum { LABEL = 13, LONGEST = 400 };

const char *dc3_count_text(double count, char text[DC3_NUMBER_TEXT])
{
    if (count < 1e4)
        snprintf(text, DC3_NUMBER_TEXT, "%.0f", count);
    else
        snprintf(text, DC3_NUMBER_TEXT, "%.2f M", count * 1e-6);
    return text;
}

/* The formatted text without control characters, cut; the caller frees, NULL without memory. */
static char *plain(const char *format, va_list args)
{
    char *text = NULL, *safe = NULL;
    if (vasprintf(&text, format, args) < 0) return NULL;
    safe = dc3_text_printable(text);
    free(text);
    if (safe && strlen(safe) > LONGEST) strcpy(safe + dc3_text_room(safe, LONGEST - 2), "..");
    return safe;
}

void dc3_info_title(dc3_info_page *page, const char *kind, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = plain(format, args), *path = dc3_text_printable(page->options->path);
    va_end(args);
    fprintf(page->text, "%s: %s\n", path ? path : "", text ? text : "");
    dc3_info_set(page, "kind", json_string(kind));
    free(text);
    free(path);
}

void dc3_info_line(dc3_info_page *page, const char *label, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = plain(format, args);
    va_end(args);
    fprintf(page->text, "  %-*s %s\n", LABEL, label, text ? text : "");
    free(text);
}

void dc3_info_set(dc3_info_page *page, const char *key, json_t *value)
{
    json_object_set_new(page->json, key, value);
}

void dc3_info_bytes(dc3_info_page *page, const char *label, double bytes)
{
    char text[DC3_NUMBER_TEXT];
    if (bytes < 1000)
        dc3_info_line(page, label, "%s", dc3_size_text(bytes, text));
    else
        dc3_info_line(page, label, "%s (%.0f bytes)", dc3_size_text(bytes, text), bytes);
    dc3_info_set(page, "bytes", json_integer((json_int_t)bytes));
}
