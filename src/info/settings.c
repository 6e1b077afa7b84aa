/* The settings of a run or a comparison, as lines that people read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "budget/searched.h"
#include "info/kinds.h"

enum { WIDTH = 90 };

/* Some settings to a line. */
typedef struct setting_lines {
    dc3_info_page *page;
    const char *label;
    char text[400];
} setting_lines;

static int is_size(const char *key)
{
    size_t n = strlen(key);
    return n >= 4 && strcmp(key + n - 4, "size") == 0;
}

static int is_budget(const char *key)
{
    const char *dot = strrchr(key, '.');
    return strcmp(dot ? dot + 1 : key, "budget") == 0;
}

/* One setting as "key value", with its unit. */
static void setting_text(char *text, size_t size, const char *key, const json_t *value)
{
    char *plain = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
    int pixels = is_size(key) && json_integer_value(value) > 0;
    char bytes[DC3_NUMBER_TEXT];
    const char *shown = json_is_string(value) ? json_string_value(value) : plain ? plain : "";
    if (is_budget(key) && json_is_number(value)) shown = dc3_exact_size_text(json_number_value(value), bytes);
    snprintf(text, size, "%.80s %.120s%s", key, shown, pixels ? " px" : "");
    free(plain);
}

static void end_line(setting_lines *to)
{
    if (*to->text) dc3_info_line(to->page, to->label, "%s", to->text);
    to->label = "", *to->text = 0;
}

/* Of an object its members, named behind it: "own_teacher.epochs 40". */
static void add_setting(setting_lines *to, const char *key, json_t *value)
{
    char one[280], inner[80];
    const char *name;
    json_t *member;
    if (json_is_null(value) || strstr(key, "fingerprint")) return;
    if (json_is_object(value)) {
        json_object_foreach(value, name, member)
        {
            snprintf(inner, sizeof inner, "%.39s.%.39s", key, name);
            add_setting(to, inner, member);
        }
        return;
    }
    setting_text(one, sizeof one, key, value);
    if (*to->text && strlen(to->text) + strlen(one) > WIDTH) end_line(to);
    size_t used = strlen(to->text);
    snprintf(to->text + used, sizeof to->text - used, "%s%s", used ? ", " : "", one);
}

/* What --search found. */
static void say_search(dc3_info_page *page, const dc3_search_found *f)
{
    dc3_info_line(page, "searched", "%d ways to spend the budget, each by a student that saw %.0f images",
                  f->count, f->images_seen);
    for (int i = 0; i < f->count; i++) {
        const dc3_search_tried *t = &f->tried[i];
        char way[DC3_SEARCHED_TEXT];
        dc3_searched_text(t, DC3_CHROMA_444, way);
        if (t->images)
            dc3_info_line(page, "", "%s: %.1f %% of %lld held-out images with %lld images%s", way,
                          100 * t->top1, (long long)f->held_out, (long long)t->images,
                          i == f->best ? "; this was taken" : "");
        else
            dc3_info_line(page, "", "%s: does not keep the budget", way);
    }
}

void dc3_info_settings(dc3_info_page *page, const json_t *settings)
{
    setting_lines lines = {page, "settings", ""};
    dc3_search_found found;
    const char *key;
    json_t *value;
    int searched = dc3_searched_read(settings, &found);
    json_object_foreach((json_t *)(uintptr_t)settings, key, value)
    {
        if (!searched || strcmp(key, "search") != 0) add_setting(&lines, key, value);
    }
    end_line(&lines);
    if (searched) say_search(page, &found);
    dc3_info_set(page, "settings", json_deep_copy(settings));
}
