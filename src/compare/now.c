#include "compare/now.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"

static const char file[] = "now.json";
static const char *const words[] = {"", "condensing", "training"};

void dc3_now_write(const char *out, dc3_doing doing, const int64_t *numbers, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++) json_array_append_new(list, json_integer(numbers[i]));
    json_t *now = json_pack("{s:s, s:o}", "doing", words[doing], "scores", list);
    if (now) dc3_json_write(out, file, now, JSON_SORT_KEYS);
    json_decref(now);
}

void dc3_now_remove(const char *out)
{
    char *path = dc3_path_join(out, file);
    if (path) unlink(path);
    free(path);
}

dc3_doing dc3_now_read(const char *out, int64_t total, json_t **numbers)
{
    char *path = dc3_path_join(out, file);
    json_t *now = NULL, *one;
    size_t i;
    dc3_doing doing = DC3_DOING_UNKNOWN;
    *numbers = json_array();
    if (path && dc3_path_what(path) == DC3_PATH_FILE && dc3_json_read(path, 1 << 20, &now) == DC3_OK) {
        const char *word = json_string_value(json_object_get(now, "doing"));
        for (int k = DC3_DOING_SET; k <= DC3_DOING_STUDENTS; k++)
            if (word && strcmp(word, words[k]) == 0) doing = (dc3_doing)k;
    }
    json_array_foreach(json_object_get(now, "scores"), i, one)
    {
        if (json_is_integer(one) && json_integer_value(one) >= 0 && json_integer_value(one) < total)
            json_array_append(*numbers, one);
    }
    json_decref(now);
    free(path);
    return doing;
}
