#include "io/datasets/sample_label.h"

#include <stdio.h>
#include <string.h>
#include "io/json.h"

int dc3_is_number(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

void dc3_label_of_text(char *text)
{
    char *start = text + strspn(text, " \t\r\n\f\v");
    size_t length = strcspn(start, "\r\n");
    while (length && strchr(" \t\f\v", start[length - 1])) length--;
    start[length] = 0;
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

void dc3_label_of_json(const char *text, size_t length, char *label, size_t size, char *keys,
                       size_t keys_size)
{
    static const char *const names[] = {"label",    "cls",      "class", "class_name",
                                        "class_id", "category", "target"};
    json_t *object = json_loadb(text, length, 0, NULL);
    *label = *keys = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names && !*label; i++) {
        const json_t *value = json_object_get(object, names[i]);
        if (json_is_integer(value) && json_integer_value(value) >= 0)
            snprintf(label, size, "%lld", (long long)json_integer_value(value));
        if (!json_is_string(value) || strlen(json_string_value(value)) >= size) continue;
        snprintf(label, size, "%s", json_string_value(value));
        dc3_label_of_text(label);
    }
    if (!*label && json_is_object(object)) list_keys(object, keys, keys_size);
    if (!*label && !*keys) snprintf(keys, keys_size, "%s", object ? "(none)" : "(no JSON)");
    json_decref(object);
}
