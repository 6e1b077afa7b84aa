#include "io/datasets/sample_label.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "io/json.h"

int dc3_is_number(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

static const char mark[] = "\xef\xbb\xbf"; /* the byte order mark of UTF-8 */

void dc3_label_of_text(char *text)
{
    char *start = text + (strncmp(text, mark, sizeof mark - 1) == 0 ? sizeof mark - 1 : 0);
    start += strspn(start, " \t\r\n\f\v");
    size_t length = strcspn(start, "\r\n");
    while (length && strchr(" \t\f\v", start[length - 1])) length--;
    start[length] = 0;
    size_t whole = strspn(start, "0123456789"), zeros = whole ? strspn(start + whole, ".0") : 0;
    if (start[whole] == '.' && zeros > 1 && !start[whole + zeros] && !strchr(start + whole + 1, '.'))
        start[whole] = 0;
    if (*start == '-' && dc3_is_number(start + 1)) *start = 0;
    if (dc3_is_number(start))
        while (*start == '0' && start[1]) start++;
    memmove(text, start, strlen(start) + 1);
}

/* The names of the members. */
static void list_keys(const json_t *object, char *keys, size_t size)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        size_t used = strlen(keys);
        if (used + strlen(key) + 8 > size) {
            snprintf(keys + used, size - used, ", ..");
            return;
        }
        snprintf(keys + used, size - used, "%s%s", used ? ", " : "", key);
    }
}

/* Blanks the words that Python writes where JSON has no number, outside of strings: NaN, Infinity, -Infinity.
 */
static void blank_words(char *text, size_t length)
{
    static const char *const words[] = {"-Infinity", "Infinity", "NaN"};
    int inside = 0;
    for (size_t i = 0; i < length; i++) {
        if (inside && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            inside = !inside;
        for (size_t k = 0; !inside && k < sizeof words / sizeof *words; k++) {
            size_t size = strlen(words[k]);
            if (size > length - i || memcmp(text + i, words[k], size) != 0) continue;
            memset(text + i, ' ', size);
            text[i] = '0';
        }
    }
}

static json_t *load(const char *text, size_t length)
{
    size_t start =
        length >= sizeof mark - 1 && memcmp(text, mark, sizeof mark - 1) == 0 ? sizeof mark - 1 : 0;
    text += start;
    length -= start;
    json_t *value = json_loadb(text, length, JSON_DECODE_ANY, NULL);
    if (value) return value;
    char *copy = malloc(length + 1);
    if (!copy) return NULL;
    memcpy(copy, text, length);
    blank_words(copy, length);
    value = json_loadb(copy, length, JSON_DECODE_ANY, NULL);
    free(copy);
    return value;
}

/* A number from 0 on, also written as 3.0, or a text. */
static void take_label(const json_t *value, char *label, size_t size)
{
    enum { MOST = 1 << 30 };
    if (json_is_integer(value) && json_integer_value(value) >= 0)
        snprintf(label, size, "%lld", (long long)json_integer_value(value));
    double real = json_is_real(value) ? json_real_value(value) : -1;
    if (real >= 0 && real < MOST && real == (double)(long long)real)
        snprintf(label, size, "%lld", (long long)real);
    if (!json_is_string(value) || strlen(json_string_value(value)) >= size) return;
    snprintf(label, size, "%s", json_string_value(value));
    dc3_label_of_text(label);
}

void dc3_label_of_json(const char *text, size_t length, char *label, size_t size, char *keys,
                       size_t keys_size)
{
    static const char *const names[] = {"label",    "cls",       "class",      "class_name",  "class_id",
                                        "category", "target",    "class_idx",  "class_index", "class_label",
                                        "label_id", "label_idx", "category_id"};
    json_t *value = load(text, length);
    const json_t *inner = json_object_get(value, "meta");
    *label = *keys = 0;
    if (!json_is_object(value)) take_label(value, label, size);
    for (size_t i = 0; i < sizeof names / sizeof *names && !*label; i++)
        take_label(json_object_get(value, names[i]), label, size);
    for (size_t i = 0; i < sizeof names / sizeof *names && !*label; i++)
        take_label(json_object_get(inner, names[i]), label, size);
    if (!*label && json_is_object(value)) list_keys(value, keys, keys_size);
    if (!*label && !*keys) snprintf(keys, keys_size, "%s", value ? "(none)" : "(no JSON)");
    json_decref(value);
}

void dc3_named_label_of_json(const char *text, size_t length, char *number, char *name, size_t size)
{
    json_t *value = load(text, length);
    const json_t *class = json_object_get(value, "class");
    *number = *name = 0;
    take_label(json_object_get(value, "label"), number, size);
    if (json_is_string(class) && json_string_length(class) < size)
        snprintf(name, size, "%s", json_string_value(class));
    if (!*name || !dc3_is_number(number)) *number = *name = 0;
    json_decref(value);
}
