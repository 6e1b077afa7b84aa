#include "teacher/accuracy.h"

#include <stdio.h>

const char dc3_teacher_classes_key[] = "dc3.classes", dc3_teacher_accuracy_key[] = "dc3.accuracy";

json_t *dc3_teacher_accuracy_to_json(const dc3_teacher_accuracy *a)
{
    if (a->top1 < 0) return json_null();
    return json_pack("{s:f, s:I, s:s}", "top1", a->top1, "images", (json_int_t)a->images, "on", a->on);
}

dc3_teacher_accuracy dc3_teacher_accuracy_of_json(const json_t *object)
{
    dc3_teacher_accuracy a = {.top1 = -1};
    const char *on = json_string_value(json_object_get(object, "on"));
    double top1 = json_number_value(json_object_get(object, "top1"));
    if (!json_is_number(json_object_get(object, "top1")) || !(top1 >= 0 && top1 <= 1)) return a;
    a.top1 = top1;
    a.images = json_integer_value(json_object_get(object, "images"));
    snprintf(a.on, sizeof a.on, "%s", on ? on : "images");
    return a;
}

const char *dc3_teacher_accuracy_text(const dc3_teacher_accuracy *a, char text[DC3_ACCURACY_TEXT])
{
    if (a->top1 < 0)
        snprintf(text, DC3_ACCURACY_TEXT, "accuracy not known");
    else
        snprintf(text, DC3_ACCURACY_TEXT, "top-1 %.2f %% on %lld %s", 100 * a->top1, (long long)a->images,
                 a->on);
    return text;
}

/* The JSON under a key of the texts; NULL where there is none. */
static json_t *read_text(const dc3_table *table, const char *key)
{
    const char *text = dc3_table_text(table, key);
    return text ? json_loads(text, 0, NULL) : NULL;
}

json_t *dc3_teacher_classes_of(const dc3_table *table)
{
    json_t *names = read_text(table, dc3_teacher_classes_key), *name;
    size_t i;
    int usable = json_array_size(names) > 0;
    json_array_foreach(names, i, name) usable &= json_is_string(name);
    if (usable) return names;
    json_decref(names);
    return NULL;
}

dc3_teacher_accuracy dc3_teacher_accuracy_of(const dc3_table *table)
{
    json_t *object = read_text(table, dc3_teacher_accuracy_key);
    dc3_teacher_accuracy accuracy = dc3_teacher_accuracy_of_json(object);
    json_decref(object);
    return accuracy;
}
